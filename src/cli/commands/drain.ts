import { isDrained } from '../../core/plan.ts';
import { onlooker } from '../../process/onlooker.ts';
import type { LocalYard } from '../../reconcile/yard.ts';
import { isHeld } from '../../store/lease-holder.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { Interrupt } from '../interrupt.ts';
import { openReady } from '../open-ready.ts';
import { atWork, describeUnfinished, waitFor } from '../quiet.ts';
import type { Waited } from '../quiet.ts';
import { snapshotNow } from '../seen-snapshot.ts';
import { drive } from './run.ts';

const BY = 'yard drain';
const ALL = { of: 'all' } as const;

/**
 * `yard drain`: nothing new starts, what runs comes to its end and lands, and then the run ends. Beside a live run the
 * yard is paused until that is so, and stopped then; where no run is live, the command itself drives what is left.
 */
export async function drainCommand(
  context: CommandContext,
  options: { readonly timeout?: number; readonly json?: boolean },
): Promise<ExitCode> {
  const { output } = context;
  const yard = await openReady(context);
  try {
    const timeoutMs = options.timeout ?? Infinity;
    const waited = (await isDriven(context, yard))
      ? await besideRun(context, yard, timeoutMs)
      : await alone(options.json === true ? { ...context, output: output.asTalk() } : context, yard, timeoutMs);
    const { store } = yard;
    const { stopped } = await store.control();
    const left = await atWork(store, context.compose.clock);
    if (options.json === true) output.json({ drained: waited === 'done', stopped: stopped !== null, atWork: left });
    if (waited === 'done') {
      const goOn = stopped === null ? 'yard run' : 'yard resume && yard run';
      if (options.json !== true)
        output.print(`drained: nothing runs, and what could land has landed. Go on with: ${goOn}`);
      return EXIT.ok;
    }
    output.say(`${describeUnfinished(waited, timeoutMs, left)}. Nothing new starts before: yard resume`);
    return EXIT.failed;
  } finally {
    await yard.store.close();
  }
}

async function isDriven({ compose }: CommandContext, { store }: LocalYard): Promise<boolean> {
  const lease = await store.lease('scheduler');
  return lease !== null && isHeld(lease, onlooker(compose.clock));
}

async function besideRun(context: CommandContext, yard: LocalYard, timeoutMs: number): Promise<Waited> {
  const { store } = yard;
  const before = (await store.control()).pauses.some(({ subject }) => subject.of === 'all');
  if (!before) await store.pause(ALL, BY, 'what runs is let come to its end');
  const interrupt = new Interrupt(() => process.exit(EXIT.failed));
  const reading = await context.compose.reading(context.cwd);
  try {
    const left = async (): Promise<string[]> => {
      const snapshot = await snapshotNow(reading, context.compose.clock);
      if (snapshot === null || isDrained(snapshot)) return [];
      const names = await atWork(store, context.compose.clock);
      return names.length > 0 ? names : ['what is accepted, to land'];
    };
    const waited = await waitFor(context.output, left, { signal: interrupt.signal, timeoutMs });
    if (waited !== 'done') return waited;
    // One thing to take away again, not two; in this order, so that nothing starts between them.
    await store.stop('the operator', 'drained');
    if (!before) await store.unpause(ALL);
    return waited;
  } finally {
    interrupt.dispose();
    await reading.reader.close();
  }
}

async function alone(context: CommandContext, yard: LocalYard, timeoutMs: number): Promise<Waited> {
  let isDone = false;
  await drive(context, yard, {
    drain: true,
    maxMs: timeoutMs,
    until: ({ snapshot, commands }) => {
      isDone = commands.length === 0 && isDrained(snapshot);
      return isDone;
    },
  });
  return isDone ? 'done' : 'timed-out';
}
