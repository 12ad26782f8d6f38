import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import type { ProcessIdentity } from '../../core/process-identity.ts';
import { UserError } from '../../core/user-error.ts';
import { spawnDetached } from '../../process/spawn.ts';
import type { LocalYard } from '../../reconcile/yard.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { schedulerOf, tellDriven } from '../schedule/scheduler.ts';
import { openReady } from './open-ready.ts';

const POLL_MS = 50;
/** Of the log of a run that did not come up. */
const TAIL_LINES = 40;

/**
 * `yard run --detach`: starts the run in a session of its own and returns once its first cycle has worked, or says why it
 * did not. What a run would refuse is refused here, before anything is started.
 */
export async function detachRun(
  context: CommandContext,
  options: { readonly maxHours?: number; readonly json?: boolean },
): Promise<ExitCode> {
  const { output } = context;
  const yard = await openReady(context);
  try {
    const before = await schedulerOf(yard.store, context.compose.clock);
    if (before !== null) return drivenAlready(context, before, options);
    const run = await start(context, yard, options.maxHours);
    const code = await awaitFirstCycle(context, yard, run);
    // Of two that were started at once, one finds the other at work.
    const other = code === null ? null : await schedulerOf(yard.store, context.compose.clock);
    if (other !== null) return drivenAlready(context, other, options);
    if (code !== null) return notStarted(context, run, code);
    if (options.json === true) output.json({ started: true, pid: run.pid, log: run.log });
    else output.print(`the run goes on by itself: process ${run.pid}, log ${run.log}`);
    output.say('Watch it with: yard attach. Look with: yard status. End it with: yard stop');
    return EXIT.ok;
  } finally {
    await yard.store.close();
  }
}

function drivenAlready(
  { output }: CommandContext,
  { pid }: ProcessIdentity,
  options: { readonly json?: boolean },
): ExitCode {
  if (options.json === true) output.json({ started: false, pid, log: null });
  tellDriven(output, pid);
  return EXIT.ok;
}

interface DetachedRun {
  readonly pid: number;
  readonly log: string;
  /** Events up to this number were there before it. */
  readonly seq: number;
  /** How it ended; null while it runs. */
  readonly ended: () => string | null;
}

async function start(context: CommandContext, yard: LocalYard, maxHours: number | undefined): Promise<DetachedRun> {
  const [program = '', ...args] = context.compose.self;
  const stamp = new Date(context.compose.clock.nowMs()).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const log = join(yard.stateDirectory, 'logs', `run-${stamp}.log`);
  const [last] = await yard.store.events({ limit: 1, newest: true });
  let ended: string | null = null;
  const limit = maxHours === undefined ? [] : ['--max-hours', String(maxHours)];
  const spawned = await spawnDetached(program, [...args, 'run', ...limit], {
    cwd: yard.repository.root,
    // It is this very program, started by the same person: it reads its environment as this one would.
    env: Object.fromEntries(
      Object.entries(context.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ),
    logFile: log,
    onExit: (code, signal) => void (ended = signal ?? `exit code ${code ?? 'unknown'}`),
  });
  if (spawned.kind === 'spawn-failed') {
    throw new UserError({
      code: 'not-started',
      message: `the run could not be started: ${spawned.message}`,
      hint: 'Mend that, or run it here: yard run',
      exitCode: EXIT.failed,
    });
  }
  return { pid: spawned.identity.pid, log, seq: last?.seq ?? 0, ended: () => ended };
}

/** Null: it works. A text: how it ended before it did. */
async function awaitFirstCycle(
  { output }: CommandContext,
  { store }: LocalYard,
  { pid, seq, ended }: DetachedRun,
): Promise<string | null> {
  output.say(`started as process ${pid}; waiting for its first cycle …`);
  for (;;) {
    const end = ended();
    const events = await store.events({ sinceSeq: seq, types: ['run.started'] });
    if (events.some(({ data }) => (data as { pid?: number } | null)?.pid === pid)) return null;
    if (end !== null) return end;
    await delay(POLL_MS);
  }
}

function notStarted({ output }: CommandContext, { log }: DetachedRun, end: string): ExitCode {
  const lines = existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES) : [];
  for (const line of lines) output.say(line);
  throw new UserError({
    code: 'not-started',
    message: `the run ended before its first cycle was done (${end})`,
    hint: `What it said is above, and in ${log}`,
    exitCode: EXIT.failed,
  });
}
