import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PinnedProgram } from '../test/fixtures/agents/cache.ts';
import type { RanCase } from './case-reporter.ts';

/** What was proven of one program, the last time that its suite ran. */
export interface ProgramProof {
  readonly package: string;
  readonly version: string;
  /** A day: `2026-01-31`. */
  readonly date: string;
  /** What it ran on, without the name of anything. */
  readonly machine: string;
  readonly network: string;
  /** `passed`, `passed at the second try`, `failed`, or `skipped: why`, by title. */
  readonly cases: Readonly<Record<string, string>>;
}

/** `docs/agents-proof.json`: by the names of `versions.json`. */
export type AgentProof = Readonly<Record<string, ProgramProof>>;

export const PROOF_FILE = join(import.meta.dirname, '../docs/agents-proof.json');
export const PASSED = 'passed';
export const SECOND_TRY = 'passed at the second try';
export const FAILED = 'failed';
export const DEMO_CASE = "the demo's backlog: yard demo --agent NAME --stub-model";

export function readProof(): AgentProof {
  return JSON.parse(readFileSync(PROOF_FILE, 'utf8')) as AgentProof;
}

/**
 * What these cases prove of one program: those of its own suite, and that of the demo. Null: none of them ran.
 * `again` are those that failed at first, run once more.
 */
export function casesOf(
  name: string,
  first: readonly RanCase[],
  again: readonly RanCase[],
): ProgramProof['cases'] | null {
  const second = new Map(again.flatMap((each) => entryOf(name, each)));
  const cases = new Map(first.flatMap((each) => entryOf(name, each)));
  if (cases.size === 0) return null;
  for (const [title, outcome] of cases)
    if (outcome === FAILED && second.get(title) === PASSED) cases.set(title, SECOND_TRY);
  return Object.fromEntries(cases);
}

function entryOf(name: string, { file, within, title, state, why }: RanCase): [string, string][] {
  const outcome = state === 'skipped' ? `skipped: ${why ?? 'it does not say why'}` : state;
  if (file.endsWith('/demo-agent.test.ts')) return title.includes(`the real ${name},`) ? [[DEMO_CASE, outcome]] : [];
  if (!file.endsWith(`/agent-${name}.test.ts`)) return [];
  // `codex (0.1.2)`, `codex exec (0.1.2)`: the first is the program's own suite.
  const suite = within.join(' ').replace(/ \([^)]*\)$/u, '');
  const isOwn = suite === '' || suite === name || suite.startsWith('acp:');
  return [[`${isOwn ? '' : `${suite}: `}${title}`.replace(`${name}: `, ''), outcome]];
}

/** The proof after a run: what did not run is as it was. */
export function addProof(
  earlier: AgentProof,
  ran: Readonly<Record<string, ProgramProof['cases'] | null>>,
  {
    programs,
    ...about
  }: { readonly programs: Readonly<Record<string, PinnedProgram>> } & Pick<
    ProgramProof,
    'date' | 'machine' | 'network'
  >,
): AgentProof {
  // In the order of the pinned programs; one that is pinned no more is proven no more.
  const entries = Object.entries(programs).flatMap(([name, { package: from, version }]): [string, ProgramProof][] => {
    const cases = ran[name] ?? null;
    if (cases !== null) return [[name, { package: from, version, ...about, cases }]];
    const before = earlier[name];
    return before === undefined ? [] : [[name, before]];
  });
  return Object.fromEntries(entries);
}
