import { SCENARIO_NAMES } from '../demo/scenario-names.ts';
import { TASK_STATUSES } from '../../core/task-state.ts';
import type { TaskStatus } from '../../core/task-state.ts';

/** What a shell offers where a value is typed. */
export type Values =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** Asked when it is typed: `yard _complete WORD BEFORE QUESTION…`. */
  | { readonly kind: 'ask'; readonly question: readonly string[] }
  /** Nothing of ours: the shell offers names of files. */
  | { readonly kind: 'files' };

const FILES: Values = { kind: 'files' };
const ANY_TASK: Values = { kind: 'ask', question: ['tasks'] };

function words(...list: readonly string[]): Values {
  return { kind: 'words', words: list };
}

/** Ids of tasks in these states. */
function tasks(...statuses: readonly TaskStatus[]): Values {
  return { kind: 'ask', question: ['tasks', ...statuses] };
}

/** What the configuration, or this version, names. */
function named(what: 'agents' | 'areas' | 'checks' | 'gates' | 'keys'): Values {
  return { kind: 'ask', question: [what] };
}

const OPEN = tasks('ready', 'running', 'blocked', 'accepted', 'landing', 'in-review', 'parked');
const SUBJECTS = [words('area', 'agent', 'train'), { kind: 'ask', question: ['named'] } as Values];

/** Of arguments by their places, where the name of the argument does not say it; the last one counts for all after it. */
const ARGUMENTS: Readonly<Record<string, readonly Values[]>> = {
  answer: [tasks('blocked'), FILES],
  approve: [tasks('blocked'), FILES],
  refuse: [tasks('blocked'), FILES],
  park: [tasks('ready', 'running', 'blocked', 'accepted', 'landing', 'in-review')],
  unpark: [tasks('parked')],
  wake: [tasks('ready')],
  cancel: [OPEN],
  supersede: [OPEN, FILES],
  edit: [OPEN],
  priority: [OPEN, FILES],
  reassign: [OPEN, named('agents')],
  drive: [OPEN],
  salvage: [words('list', 'show', 'restore'), ANY_TASK],
  breaker: [words('show', 'reset')],
  pools: [words('pause', 'resume', 'clear')],
  pause: SUBJECTS,
  resume: SUBJECTS,
  config: [named('keys')],
  doctor: [named('checks')],
  notify: [words('show', 'test')],
};

/** Of options that take the name of something. */
const NAMES: Readonly<Record<string, Values>> = {
  '--area': named('areas'),
  '--agent': named('agents'),
  '--gate': named('gates'),
  '--status': words(...TASK_STATUSES),
  '--scenario': words(...SCENARIO_NAMES),
};

/** What may stand at this place of a command's arguments. */
export function argumentValues(command: string, place: number, name: string): Values {
  const known = ARGUMENTS[command];
  if (known !== undefined) return known[place] ?? known.at(-1) ?? FILES;
  return name === 'id' || name === 'ids' ? ANY_TASK : FILES;
}

/** What an option takes, by its long name and the name of its value. */
export function optionValues(long: string, valueName: string): Values {
  if (valueName === 'id' || long.endsWith('-after')) return long === '--commit' ? FILES : ANY_TASK;
  return /^(?:name|spec|status)$/.test(valueName) ? (NAMES[long] ?? FILES) : FILES;
}

/** Commands that {@link argumentValues} knows by name. */
export const NAMED_COMMANDS: readonly string[] = Object.keys(ARGUMENTS);
