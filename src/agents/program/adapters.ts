import type { ProgramKind } from '../../core/agent-kind.ts';
import type { Adapter } from './adapter.ts';

/** The adapters, each loaded when an agent of its kind is first asked for. */
export const ADAPTERS: { readonly [Kind in ProgramKind]?: () => Promise<Adapter> } = {
  claude: async () => (await import('../claude/claude.ts')).CLAUDE,
  codex: async () => (await import('../codex/codex.ts')).CODEX,
};
