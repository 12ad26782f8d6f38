import { nearest } from '../../core/nearest.ts';
import type { Config } from '../../config/schema.ts';
import { inertLine } from '../../core/inert.ts';
import type { PoolState } from '../../core/pool.ts';
import { UserError } from '../../core/user-error.ts';
import type { SpendingView } from '../../store/spending.ts';
import type { Store } from '../../store/store.ts';
import { openAccountReading } from '../account/account-reading.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { poolRows, reportPools } from '../pools/pool-report.ts';
import type { PoolReport } from '../pools/pool-report.ts';
import { checkWhy } from '../tasks/on-tasks.ts';
import { renderTable } from '../terminal/table.ts';

export interface PoolsOptions {
  readonly why?: string;
  readonly json?: boolean;
}

const ACTIONS = ['pause', 'resume', 'clear'] as const;
type Action = (typeof ACTIONS)[number];

/** `yard pools [pause|resume|clear NAME]`. */
export async function poolsCommand(
  context: CommandContext,
  words: readonly string[],
  options: PoolsOptions,
): Promise<ExitCode> {
  const [word, name, ...rest] = words;
  if (word === undefined) return show(context, options.json === true);
  const action = ACTIONS.find((known) => known === word);
  if (action !== undefined && name === undefined) throw await noName(context, action);
  if (action === undefined || name === undefined || rest.length > 0) {
    throw new UserError({
      code: 'unknown-action',
      message: `yard pools knows pause NAME, resume NAME and clear NAME, not ${JSON.stringify(inertLine(words.join(' '), 60))}`,
      hint: 'See: yard pools --help',
    });
  }
  return act(context, action, name, options);
}

async function show(context: CommandContext, json: boolean): Promise<ExitCode> {
  const { output } = context;
  const pools = await poolsHere(context);
  if (json) output.json({ pools });
  else if (pools.length === 0) output.print('No agent of this yard is in a pool.');
  else for (const line of renderTable(poolRows(pools), output.width)) output.print(line);
  return EXIT.ok;
}

async function poolsHere(context: CommandContext): Promise<PoolReport[]> {
  const { reading, config } = await openAccountReading(context);
  try {
    const spending = (await reading?.reader.spending()) ?? NO_SPENDING;
    return reportPools(spending, config, context.compose.clock.nowMs());
  } finally {
    await reading?.reader.close();
  }
}

/** Before the first run. */
const NO_SPENDING: SpendingView = { pools: [], spends: [], working: [] };

async function noName(context: CommandContext, action: Action): Promise<UserError> {
  const known = (await poolsHere(context)).map(({ name }) => name);
  return new UserError({
    code: 'no-pool-named',
    message: `yard pools ${action} takes the name of a pool`,
    hint: known.length === 0 ? 'There is none.' : `Name one: ${known.join(', ')}`,
    exitCode: EXIT.usage,
  });
}

async function act(context: CommandContext, action: Action, name: string, options: PoolsOptions): Promise<ExitCode> {
  checkWhy(options.why);
  const yard = await context.compose.yard(context.cwd);
  try {
    const { config } = await yard.settings.current();
    const { pools: stored } = await yard.store.spending();
    refuseUnknown(
      name,
      config,
      stored.map((pool) => pool.name),
    );
    const held = stored.find((pool) => pool.name === name)?.state.paused ?? null;
    const changed = await carryOut(yard.store, action, { name, held, why: options.why });
    if (options.json === true) {
      const pools = reportPools(await yard.store.spending(), config, context.compose.clock.nowMs());
      context.output.json({ changed, pools });
    } else {
      context.output.print(changed ? DONE[action](name, held) : UNCHANGED[action](name, held));
    }
    return EXIT.ok;
  } finally {
    await yard.store.close();
  }
}

/** A pool and what is known of it. */
interface Meant {
  readonly name: string;
  /** Who has paused it before. */
  readonly held: PoolState['paused'];
  readonly why: string | undefined;
}

async function carryOut(store: Store, action: Action, { name, held, why }: Meant): Promise<boolean> {
  if (action === 'resume') return store.resumePool(name);
  if (action === 'clear') return store.clearPool(name);
  // Who has nothing new to say does not write over what the first has said.
  if (held !== null && why === undefined) return false;
  await store.holdPool(name, 'the operator', why ?? `yard pools pause ${name}`);
  return true;
}

type Sentences = { readonly [A in Action]: (name: string, held: PoolState['paused']) => string };

const DONE: Sentences = {
  pause: (name, held) =>
    `Nothing starts in the pool ${name}. Go on with: yard pools resume ${name}${held === null ? '' : `. It was paused before by ${heldText(held)}`}`,
  resume: (name) => `The pool ${name} is paused no longer.`,
  clear: (name, held) => `What failures did to the pool ${name} is forgotten.${held === null ? '' : stays(name, held)}`,
};
const UNCHANGED: Sentences = {
  pause: (name, held) =>
    `already so: the pool ${name} is paused by ${held === null ? 'somebody' : heldText(held)}. Go on with: yard pools resume ${name}`,
  resume: (name) =>
    `Nobody has paused the pool ${name}. What failures did to it is taken away by: yard pools clear ${name}`,
  clear: (name, held) =>
    `No failure holds the pool ${name}.${held === null ? ` A pause is taken away by: yard pools resume ${name}` : stays(name, held)}`,
};

function stays(name: string, held: NonNullable<PoolState['paused']>): string {
  return ` It stays paused by ${heldText(held)}; go on with: yard pools resume ${name}`;
}

function heldText({ by, why }: NonNullable<PoolState['paused']>): string {
  return `${inertLine(by, 80)} (${inertLine(why, 200)})`;
}

/** A pool of a misspelt name would hold nothing. */
function refuseUnknown(name: string, config: Config, stored: readonly string[]): void {
  const known = knownPools(config, stored);
  if (known.includes(name)) return;
  const near = nearest(name, known);
  throw new UserError({
    code: 'no-such-pool',
    message: `there is no pool ${JSON.stringify(inertLine(name, 60))}`,
    hint: near === null ? `Known: ${known.join(', ') || 'none'}` : `Did you mean ${near}? Known: ${known.join(', ')}`,
  });
}

function knownPools(config: Config, stored: readonly string[]): string[] {
  const ofAgents = Object.values(config.agents).flatMap(({ pool }) => (pool === null ? [] : [pool]));
  return [...new Set([...Object.keys(config.pools), ...ofAgents, ...stored])];
}
