/** What can be asked of a failpoint; see `src/process/failpoint.ts`. */
export const ACTIONS = ['kill', 'stop', 'error', 'enospc', 'delay'] as const;
export type Action = (typeof ACTIONS)[number];

export interface Fault {
  /** Of the failpoint: `store.finish:commit`. */
  readonly name: string;
  /** The first hit, over all processes of the scenario, is 1; 0 stands for every hit until the operator mends it. */
  readonly hit: number;
  readonly action: Action;
}

/** What is done to a run besides its faults. */
export const DISTURBANCES = [
  /** A second `yard run` beside the first. */
  'rival',
  /** A person commits to the target after the first run has ended. */
  'target-moves',
  /** When a process has been stopped, a second `yard run` whose clock is minutes ahead takes over; then it goes on. */
  'usurper',
  /** The same, but it only takes the lease, and starts nothing. */
  'usurper-drains',
] as const;
export type Disturbance = (typeof DISTURBANCES)[number];

export type SweptScenario = 'small' | 'person';

/** One case of the campaign. Its text is all that is needed to repeat it. */
export interface FaultCase {
  readonly scenario: SweptScenario;
  readonly faults: readonly Fault[];
  readonly disturbances: readonly Disturbance[];
}

/** `[person/]<name>:<n>:<action>[,…][+<disturbance>…]`, as `--case` takes it. */
export function formatCase({ scenario, faults, disturbances }: FaultCase): string {
  const prefix = scenario === 'small' ? '' : `${scenario}/`;
  return [`${prefix}${formatFaults(faults)}`, ...disturbances].join('+');
}

/** As `YARD_FAILPOINTS` takes them. */
export function formatFaults(faults: readonly Fault[]): string {
  return faults.map(({ name, hit, action }) => `${name}:${hit}:${action}`).join(',');
}

/** Throws for what is no case. */
export function parseCase(text: string): FaultCase {
  const [, prefix, rest = ''] = /^(?:(small|person)\/)?(.*)$/.exec(text) ?? [];
  const [faults = '', ...disturbances] = rest.split('+');
  return {
    scenario: prefix === 'person' ? 'person' : 'small',
    faults: faults.split(',').filter(Boolean).map(parseFault),
    disturbances: disturbances.map((name) => known(DISTURBANCES, name)),
  };
}

function parseFault(text: string): Fault {
  const [, name = '', hit = '', action = ''] = /^(.+):(\d+):([a-z]+)$/.exec(text) ?? [];
  if (name === '') throw new Error(`${text} is not <name>:<n>:<${ACTIONS.join('|')}>`);
  return { name, hit: Number(hit), action: known(ACTIONS, action) };
}

function known<T extends string>(all: readonly T[], name: string): T {
  const found = all.find((each) => each === name);
  if (found === undefined) throw new Error(`${name} is none of ${all.join(', ')}`);
  return found;
}

/** What was found lost, and which promise of docs/promises.md it breaks. */
export interface Loss {
  readonly promise: PromiseId;
  readonly what: string;
}

export const PROMISES = ['P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7', 'P8'] as const;
export type PromiseId = (typeof PROMISES)[number];
