import { join } from 'node:path';

import { errnoOf } from '../process/errno.ts';
import { writeFileDurably } from '../process/file.ts';
import type { Agent, AgentEvent, Turn } from './agent.ts';
import { COMMAND_CAPABILITIES, commandAgent } from './command.ts';
import type { Recipes } from './recipe.ts';
import { stepsFor } from './recipe.ts';

export interface ReplayOptions {
  readonly name: string;
  readonly recipes: Recipes;
  /** Program and arguments that start this package's own `replay-steps` command. */
  readonly self: readonly string[];
}

const STEPS_FILE = 'steps.json';

/**
 * Plays a recipe instead of thinking, so that a backlog can be rehearsed. It is a real program in a process of its
 * own, driven in the same way as any other.
 */
export function replayAgent(options: ReplayOptions): Agent {
  const inner = (turn: Turn): Agent =>
    commandAgent({ name: options.name, run: [...options.self, 'replay-steps', join(turn.outbox, STEPS_FILE)] });
  return {
    name: options.name,
    kind: 'replay',
    capabilities: COMMAND_CAPABILITIES,
    runner: () => Promise.resolve('replay'),
    start: (turn) => {
      const steps = stepsFor(options.recipes, turn.taskId, turn.attempt);
      let cancel = (): void => undefined;
      let cancelled = false;
      const events = (async function* (): AsyncGenerator<AgentEvent, void, undefined> {
        try {
          await writeFileDurably(join(turn.outbox, STEPS_FILE), JSON.stringify(steps), 0o644);
        } catch (error) {
          if (errnoOf(error) === null || !(error instanceof Error)) throw error;
          yield {
            kind: 'ended',
            end: { kind: 'infrastructure', why: `the recipe could not be written: ${error.message}` },
          };
          return;
        }
        const run = inner(turn).start(turn);
        cancel = () => run.cancel();
        if (cancelled) cancel();
        yield* run.events;
      })();
      return {
        events,
        cancel: () => {
          cancelled = true;
          cancel();
        },
      };
    },
  };
}
