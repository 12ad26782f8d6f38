import { formatBytes } from '../../core/disk.ts';
import { withoutLease } from '../../core/gc-plan.ts';
import { faultOf } from '../../core/machine-fault.ts';
import { carryOutGc, gcDecisions, removedBytes } from '../../reconcile/gc.ts';
import type { Collected, DepotWork } from '../../reconcile/gc.ts';
import { Scheduler } from '../../reconcile/scheduler.ts';
import type { LocalYard } from '../../reconcile/yard.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';

export interface GcOptions {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** `yard gc`: removes what a yard no longer needs, and says what it keeps. */
export async function gcCommand(context: CommandContext, options: GcOptions): Promise<ExitCode> {
  const yard = await context.compose.yard(context.cwd);
  try {
    if (options.dryRun === true) await report(context, yard, options, { kind: 'dry' });
    else await collect(context, yard, options);
    return EXIT.ok;
  } finally {
    await yard.store.close();
  }
}

async function collect(context: CommandContext, yard: LocalYard, options: GcOptions): Promise<void> {
  const { output } = context;
  const acquired = await acquire(yard);
  if (acquired.kind === 'held') {
    output.say(`process ${acquired.lease.owner?.pid ?? 'unknown'} drives this yard; nothing was removed`);
    output.say('What could go: yard gc --dry-run');
    return;
  }
  if (acquired.kind === 'no-room') output.say('the disk is full: only old evidence and logs are removed for now');
  try {
    await report(context, yard, options, acquired);
  } finally {
    if (acquired.kind === 'acquired') await acquired.scheduler.release();
  }
}

type Taken = Awaited<ReturnType<typeof Scheduler.acquire>> | { readonly kind: 'no-room' };

/** A full disk does not let a lease be written, and is the very reason to make room. */
async function acquire(yard: LocalYard): Promise<Taken> {
  try {
    return await Scheduler.acquire(yard, () => undefined);
  } catch (error) {
    if (faultOf(error) !== 'disk-full') throw error;
    return { kind: 'no-room' };
  }
}

async function report(
  { output }: CommandContext,
  yard: LocalYard,
  { dryRun = false, json = false }: GcOptions,
  how: { readonly kind: 'dry' | 'no-room' } | { readonly kind: 'acquired'; readonly scheduler: Scheduler },
): Promise<void> {
  const planned = await gcDecisions(yard);
  const possible = how.kind === 'no-room' ? withoutLease(planned) : planned;
  const { decisions, depot }: Collected =
    how.kind === 'dry'
      ? { decisions: possible, depot: 'left' }
      : await carryOutGc(yard, possible, how.kind === 'acquired' ? how.scheduler : null);
  const things = decisions.map(({ kind, name, sizeBytes, remove, why }) => ({ kind, name, sizeBytes, remove, why }));
  const sizeBytes = removedBytes(decisions);
  if (json) return output.json({ dryRun, removedBytes: sizeBytes, depot, things });
  for (const { name, sizeBytes: size, remove, why } of things) {
    const verb = remove ? (dryRun ? 'would remove' : 'removed') : dryRun ? 'would keep' : 'kept';
    output.print(`${verb} ${name}${size === 0 ? '' : ` (${formatBytes(size)})`}: ${why}`);
  }
  output.print(`${dryRun ? 'would free' : 'freed'} ${formatBytes(sizeBytes)}${DEPOT_LINES[depot]}`);
}

const DEPOT_LINES: Readonly<Record<DepotWork, string>> = {
  left: '',
  repacked: '; the depot was repacked, nothing in it pruned: a lane or something that runs may need it',
  pruned: '; the depot was repacked and pruned',
};
