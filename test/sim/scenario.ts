import type { TaskSpec } from '../../src/core/task.ts';
import type { Random } from './random.ts';
import type { Deed } from './scripted-attempt.ts';

export interface ScriptedTask {
  readonly spec: TaskSpec;
  /** What its agent does, attempt by attempt; the last deed is repeated, and is one that can land. */
  readonly deeds: readonly Deed[];
}

const TASKS_MAX = 7;

/** A backlog with some of everything: files of one's own and shared ones, reds, questions, dependencies. */
export function makeBacklog(random: Random): ScriptedTask[] {
  const count = 2 + random.below(TASKS_MAX - 1);
  return Array.from({ length: count }, (_, index) => makeTask(random, index + 1));
}

function makeTask(random: Random, number: number): ScriptedTask {
  const isShared = random.once(4);
  const path = isShared ? 'shared' : `file-${number}`;
  const good: Deed = { kind: 'write', path, value: `good-${number}` };
  return {
    spec: {
      id: `T-${number}`,
      title: `task ${number}`,
      area: null,
      objective: `something ${number}`,
      acceptance: ['it is done'],
      context: '',
      // Unscoped tasks run beside each other, and may conflict.
      owns: isShared ? [] : [path],
      forbids: [],
      after: number > 1 && random.once(4) ? [`T-${1 + random.below(number - 1)}`] : [],
      gate: null,
      agent: null,
      priority: random.below(2),
      supersedes: [],
      testPolicy: null,
      extra: [],
    },
    deeds: [...firstDeeds(random, path), good],
  };
}

function firstDeeds(random: Random, path: string): Deed[] {
  switch (random.below(12)) {
    case 10:
      return [{ kind: 'provider-fails', type: 'quota' }];
    case 11:
      return [
        { kind: 'provider-fails', type: 'overload' },
        { kind: 'provider-fails', type: 'overload' },
      ];
    case 9:
      return [{ kind: 'hang' }];
    case 0:
      return [{ kind: 'write', path, value: 'bad' }];
    case 1:
      return [{ kind: 'nothing' }];
    case 2:
      return [{ kind: 'ask' }];
    case 3:
      return [{ kind: 'machine-fails' }];
    case 4:
      // Green by itself, red beside its counterpart.
      return [{ kind: 'write', path, value: random.once(2) ? 'left' : 'right' }];
    default:
      return [];
  }
}
