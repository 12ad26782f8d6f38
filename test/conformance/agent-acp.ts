import { acpAdapter } from '../../src/agents/acp/acp.ts';
import type { FoundProgram } from '../fixtures/agents/cache.ts';
import { programSuite } from './agent-program.ts';
import type { ProgramTraits } from './agent-program.ts';

type AcpTraits = Omit<ProgramTraits, 'adapter' | 'program' | 'settings'> & { readonly args: readonly string[] };

/** The one adapter of the Agent Client Protocol, with one of the programs that speak it. */
export function acpSuite(
  word: string,
  program: FoundProgram | { readonly skipped: string },
  { args, ...traits }: AcpTraits,
): void {
  const run = 'skipped' in program ? null : [program.path, ...program.prefixArgs, ...args];
  // Its account is where the suite puts it.
  const settings = { run, model: word, effort: null, protocol: null };
  const adapter = acpAdapter({ name: 'acp', accountHome: null, ...settings });
  programSuite(`acp:${word}`, { adapter, program, settings, ...traits });
}
