import type { ProgramKind } from '../../core/agent-kind.ts';
import { acpAdapter } from '../acp/acp.ts';
import type { Adapter, ProgramSettings } from './adapter.ts';

/** The adapters, each loaded when an agent of its kind is first asked for. */
export const ADAPTERS: { readonly [Kind in ProgramKind]?: (settings: ProgramSettings) => Promise<Adapter> } = {
  claude: async () => (await import('../claude/claude.ts')).CLAUDE,
  codex: async () => (await import('../codex/codex.ts')).CODEX,
  acp: (settings) => Promise.resolve(acpAdapter(settings)),
  gemini: async () => (await import('../gemini/gemini.ts')).GEMINI,
  qwen: async () => (await import('../qwen/qwen.ts')).QWEN,
  opencode: async () => (await import('../opencode/opencode.ts')).OPENCODE,
  pi: async () => (await import('../pi/pi.ts')).PI,
  local: async () => (await import('../codex/local.ts')).LOCAL,
  coderabbit: async () => (await import('../coderabbit/coderabbit.ts')).CODERABBIT,
};
