import type { ListChange, TaskChange } from '../../core/task-change.ts';
import { changedList } from '../../core/task-change.ts';
import type { TaskSpec } from '../../core/task.ts';
import { UserError } from '../../core/user-error.ts';
import { nearest } from '../../core/nearest.ts';

/** The options of `yard edit` that say what is to change. */
export interface EditOptions {
  readonly title?: string;
  readonly objective?: string;
  readonly context?: string;
  readonly area?: string;
  readonly gate?: string;
  readonly agent?: string;
  readonly testPolicy?: string;
  readonly priority?: number;
  readonly owns?: readonly string[];
  readonly addOwns?: readonly string[];
  readonly dropOwns?: readonly string[];
  readonly forbids?: readonly string[];
  readonly addForbids?: readonly string[];
  readonly dropForbids?: readonly string[];
  readonly after?: readonly string[];
  readonly addAfter?: readonly string[];
  readonly dropAfter?: readonly string[];
  readonly accept?: readonly string[];
  readonly addAccept?: readonly string[];
  /** Of the editor: not going on with what was kept. */
  readonly discard?: boolean;
  readonly json?: boolean;
}

/** What the options say; null where they say nothing. @throws UserError `usage` for those that contradict each other. */
export function changeOf(options: EditOptions): TaskChange | null {
  const { title, objective, context, priority } = options;
  const named = (value: string | undefined): string | null | undefined => (value?.trim() === '' ? null : value);
  const change: { readonly [K in keyof TaskChange]: TaskChange[K] | undefined } = {
    title,
    objective,
    context,
    priority,
    area: named(options.area),
    gate: named(options.gate),
    agent: named(options.agent),
    testPolicy: named(options.testPolicy),
    owns: listChange('owns', options.owns, options.addOwns, options.dropOwns),
    forbids: listChange('forbids', options.forbids, options.addForbids, options.dropForbids),
    after: listChange('after', options.after, options.addAfter, options.dropAfter),
    acceptance: listChange('accept', options.accept, options.addAccept, undefined),
  };
  const given = Object.entries(change).filter(([, value]) => value !== undefined);
  return given.length === 0 ? null : Object.fromEntries(given);
}

function listChange(
  name: string,
  set: readonly string[] | undefined,
  add: readonly string[] | undefined,
  drop: readonly string[] | undefined,
): ListChange | undefined {
  if (set === undefined)
    return add === undefined && drop === undefined ? undefined : { add: add ?? [], drop: drop ?? [] };
  if (add === undefined && drop === undefined) return { set: set.filter((entry) => entry.trim() !== '') };
  throw new UserError({
    code: 'usage',
    message: `--${name} says all entries, so that --add-${name} and --drop-${name} have no place beside it`,
    hint: 'Use the one or the others.',
  });
}

/** @throws UserError `no-such-entry` where something is to be dropped that is not there. */
export function refuseMissing(spec: TaskSpec, change: TaskChange): void {
  for (const key of ['owns', 'forbids', 'after'] as const) {
    const list = change[key];
    if (list === undefined || 'set' in list) continue;
    const missing = list.drop.map((entry) => entry.trim()).find((entry) => !spec[key].includes(entry));
    if (missing === undefined) continue;
    const near = nearest(missing, spec[key]);
    const there = changedList(spec[key], undefined).join(', ') || 'nothing';
    throw new UserError({
      code: 'no-such-entry',
      message: `${spec.id} has no ${JSON.stringify(missing)} in ${key}`,
      hint: near === null ? `There is: ${there}` : `Did you mean ${near}? There is: ${there}`,
    });
  }
}
