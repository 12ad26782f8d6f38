import { nearest } from '../../core/nearest.ts';
import type { Config } from '../../config/schema.ts';
import { inertLine } from '../../core/inert.ts';
import { UserError } from '../../core/user-error.ts';
import type { SpendingView } from '../../store/spending.ts';
import type { Store } from '../../store/store.ts';
import { openAccountReading } from '../account/account-reading.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { poolRows, reportPools } from '../pools/pool-report.ts';
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
  const { compose, output } = context;
  const { reading, config } = await openAccountReading(context);
  try {
    const spending = (await reading?.reader.spending()) ?? NO_SPENDING;
    const pools = reportPools(spending, config, compose.clock.nowMs());
    if (json) output.json({ pools });
    else if (pools.length === 0) output.print('No agent of this yard is in a pool.');
    else for (const line of renderTable(poolRows(pools), output.width)) output.print(line);
    return EXIT.ok;
  } finally {
    await reading?.reader.close();
  }
}

/** Before the first run. */
const NO_SPENDING: SpendingView = { pools: [], spends: [], working: [] };

async function noName(context: CommandContext, action: Action): Promise<UserError> {
  const { reading, config } = await openAccountReading(context);
  const spending = (await reading?.reader.spending()) ?? NO_SPENDING;
  await reading?.reader.close();
  const known = reportPools(spending, config, context.compose.clock.nowMs()).map(({ name }) => name);
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
    const known = (await yard.store.spending()).pools.map((pool) => pool.name);
    refuseUnknown(name, config, known);
    const changed = await carryOut(yard.store, action, name, options.why);
    if (options.json === true) {
      const pools = reportPools(await yard.store.spending(), config, context.compose.clock.nowMs());
      context.output.json({ changed, pools });
    } else {
      context.output.print(changed ? DONE[action](name) : UNCHANGED[action](name));
    }
    return EXIT.ok;
  } finally {
    await yard.store.close();
  }
}

async function carryOut(
  store: Store,
  action: Action,
  name: string,
  why = `yard pools pause ${name}`,
): Promise<boolean> {
  if (action === 'resume') return store.resumePool(name);
  if (action === 'clear') return store.clearPool(name);
  await store.holdPool(name, 'the operator', why);
  return true;
}

type Sentences = { readonly [A in Action]: (name: string) => string };

const DONE: Sentences = {
  pause: (name) => `Nothing starts in the pool ${name}. Go on with: yard pools resume ${name}`,
  resume: (name) => `The pool ${name} is paused no longer.`,
  clear: (name) => `What failures did to the pool ${name} is forgotten.`,
};
const UNCHANGED: Sentences = {
  pause: DONE.pause,
  resume: (name) =>
    `Nobody has paused the pool ${name}. What failures did to it is taken away by: yard pools clear ${name}`,
  clear: (name) => `No failure holds the pool ${name}. A pause is taken away by: yard pools resume ${name}`,
};

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
