import { isDrained } from '../../core/plan.ts';
import type { LocalYard } from '../../reconcile/yard.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import { openReady } from '../run/open-ready.ts';
import { atWork, describeUnfinished, waitFor } from '../run/at-work.ts';
import type { Waited } from '../run/at-work.ts';
import { schedulerOf } from '../schedule/scheduler.ts';
import { snapshotNow } from '../schedule/seen-snapshot.ts';
import { drive } from './run.ts';

const BY = 'yard drain';
const ALL = { of: 'all' } as const;

/**
 * `yard drain`: nothing new starts, what runs comes to its end and lands, and then the run ends. Beside a live run the
 * yard is paused until that is so, and stopped then; where no run is live, or none is any more, the command itself drives
 * what is left.
 */
export async function drainCommand(
  context: CommandContext,
  options: { readonly timeout?: number; readonly json?: boolean },
): Promise<ExitCode> {
  const { output } = context;
  const yard = await openReady(context);
  try {
    const timeoutMs = options.timeout ?? Infinity;
    const talk = options.json === true ? { ...context, output: output.asTalk() } : context;
    const waited = await drain(talk, yard, timeoutMs);
    const { store } = yard;
    const { stopped, pauses } = await store.control();
    const left = await atWork(store, context.compose.clock);
    if (options.json === true) output.json({ drained: waited === 'done', stopped: stopped !== null, atWork: left });
    if (waited === 'done') {
      const goOn = stopped === null ? 'yard run' : 'yard resume && yard run';
      if (options.json !== true)
        output.print(`drained: nothing runs, and what could land has landed. Go on with: ${goOn}`);
      return EXIT.ok;
    }
    const isShut = stopped !== null || pauses.some(({ subject }) => subject.of === 'all');
    const goOn = isShut ? 'Nothing new starts before: yard resume' : 'Go on with: yard run';
    output.say(`${describeUnfinished(waited, timeoutMs, left)}. ${goOn}`);
    return EXIT.failed;
  } finally {
    await yard.store.close();
  }
}

/** Runs may end and begin meanwhile: what is not driven by one is driven here. */
async function drain(context: CommandContext, yard: LocalYard, timeoutMs: number): Promise<Waited> {
  const untilMs = performance.now() + timeoutMs;
  const { store } = yard;
  const before = (await store.control()).pauses.find(({ subject }) => subject.of === 'all');
  // One that a drain has left which was killed, or not waited for, is taken over.
  let isOurs = before?.by === BY;
  for (;;) {
    const leftMs = Math.max(0, untilMs - performance.now());
    if (await isDriven(context, yard)) {
      if (before === undefined && !isOurs) await store.pause(ALL, BY, 'what runs is let come to its end');
      isOurs ||= before === undefined;
      const waited = await besideRun(context, yard, leftMs);
      if (waited === 'no-run') continue;
      // One thing to take away again, not two; in this order, so that nothing starts between them.
      if (waited === 'done') await store.stop('the operator', 'drained');
      if (waited === 'done' && isOurs) await store.unpause(ALL);
      return waited;
    }
    const waited = await alone(context, yard, leftMs);
    if (waited !== 'done' && waited !== 'interrupted' && (await isDriven(context, yard))) continue;
    if (waited === 'done' && isOurs) await store.unpause(ALL);
    return waited;
  }
}

async function isDriven({ compose }: CommandContext, { store }: LocalYard): Promise<boolean> {
  return (await schedulerOf(store, compose.clock)) !== null;
}

/** `no-run`: the run has ended, and left something to do. */
async function besideRun(context: CommandContext, yard: LocalYard, timeoutMs: number): Promise<Waited | 'no-run'> {
  const { store } = yard;
  const interrupt = new Interrupt(() => process.exit(EXIT.failed));
  const reading = await context.compose.reading(context.cwd);
  let isOver = false;
  try {
    const left = async (): Promise<string[]> => {
      const snapshot = await snapshotNow(reading, context.compose.clock);
      if (snapshot === null || isDrained(snapshot)) return [];
      isOver = !(await isDriven(context, yard));
      if (isOver) return [];
      const names = await atWork(store, context.compose.clock);
      return names.length > 0 ? names : ['what is accepted, to land'];
    };
    const waited = await waitFor(context.output, left, { signal: interrupt.signal, timeoutMs });
    return isOver ? 'no-run' : waited;
  } finally {
    interrupt.dispose();
    await reading.reader.close();
  }
}

async function alone(context: CommandContext, yard: LocalYard, timeoutMs: number): Promise<Waited> {
  let isDone = false;
  const code = await drive(context, yard, {
    drain: true,
    maxMs: timeoutMs,
    until: ({ snapshot, commands }) => {
      isDone = commands.length === 0 && isDrained(snapshot);
      return isDone;
    },
  });
  if (isDone) return 'done';
  return code === EXIT.failed ? 'interrupted' : 'timed-out';
}
