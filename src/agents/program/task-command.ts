import { TOOL_SERVER } from '../../core/tool-definitions.ts';
import type { Turn } from '../agent.ts';

/*
 * What gemini and its descendant qwen have in common. In a prompt of its own every `@word` that some file matches is taken
 * for the file, which is put in; not so in what follows a command, which is added to the command's text as it is. So each
 * prompt is given to a command, which is a file in the program's home.
 */

export const TASK_COMMAND = {
  /** And that of its file. */
  name: 'yard-task',
  description: 'A task of Yardmaster',
  text: 'What follows the first word below is what you are to do.',
} as const;

export function taskCommand(prompt: string): string {
  return `/${TASK_COMMAND.name} ${prompt}`;
}

/** Settings by which they start Yardmaster's tools, and call them without asking. */
export function trustedServers(tools: Turn['tools']): object {
  if (tools === null) return {};
  const { command, args, env } = tools.server;
  return { [TOOL_SERVER]: { command, args, env, trust: true } };
}
