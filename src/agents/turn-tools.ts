import type { TerminalSignal } from '../core/terminal-signal.ts';
import type { ToolDefinition } from '../core/tool-definitions.ts';
import type { ToolReply } from '../core/issue-tools.ts';

/** Yardmaster's own tools, bound to one task, attempt and token. */
export interface TurnTools {
  readonly definitions: readonly ToolDefinition[];
  /** What the agent asks for, checked as hostile input. Never throws for what it is given. */
  call(name: string, input: unknown): Promise<ToolReply>;
  /** What speaks MCP on its standard streams in the cell and leads to these tools. */
  readonly server: {
    readonly argv: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  };
  /** Null as long as the agent has not said how its work ended. */
  readonly terminal: TerminalSignal | null;
  /** Fires with the terminal signal. */
  readonly ended: AbortSignal;
}
