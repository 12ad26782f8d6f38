import { inertLine } from '../../core/inert.ts';
import type { TaskSpec } from '../../core/task.ts';

const KEYS = [
  'title',
  'objective',
  'acceptance',
  'context',
  'owns',
  'forbids',
  'after',
  'area',
  'gate',
  'agent',
  'priority',
  'testPolicy',
  'supersedes',
  'extra',
] as const satisfies readonly (keyof TaskSpec)[];

const TEXT_MAX = 60;

/** The keys in which two versions of a task differ. */
export function changedKeys(before: TaskSpec, after: TaskSpec): (keyof TaskSpec)[] {
  return KEYS.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
}

/** What changed, in a line: `priority 0 → 5; owns + src/x`. */
export function describeEdit(before: TaskSpec, after: TaskSpec): string {
  return changedKeys(before, after)
    .map((key) => describeKey(key, before, after))
    .join('; ');
}

function describeKey(key: keyof TaskSpec, before: TaskSpec, after: TaskSpec): string {
  if (key === 'owns' || key === 'forbids' || key === 'after' || key === 'acceptance' || key === 'supersedes') {
    const added = after[key].filter((entry) => !before[key].includes(entry)).map((entry) => `+ ${shown(entry)}`);
    const dropped = before[key].filter((entry) => !after[key].includes(entry)).map((entry) => `- ${shown(entry)}`);
    return `${key} ${[...added, ...dropped].join(', ') || 'in another order'}`;
  }
  if (key === 'objective' || key === 'context' || key === 'extra') return `${key} rewritten`;
  return `${key} ${shown(before[key])} → ${shown(after[key])}`;
}

function shown(value: string | number | null): string {
  return value === null ? 'the default' : inertLine(String(value), TEXT_MAX);
}
