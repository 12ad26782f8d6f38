import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { impossible } from '../../core/impossible.ts';
import { LEASE_MS, taskResource } from '../../core/lease.ts';
import type { Lease, LeaseResource } from '../../core/lease.ts';
import { currentBootId, isAlive } from '../../process/identity.ts';
import { removeTree } from '../../process/removal.ts';
import type { Intent, IntentRecord } from '../../store/store.ts';
import { pass, warn } from './check.ts';
import type { Check, Finding, Hands } from './check.ts';
import type { Patient } from './patient.ts';

/** Who works in this yard, and who died at it. */
export const leaseChecks: readonly Check[] = [
  { id: 'scheduler', requires: ['store'], looksAt: ['reading'], examine: examineScheduler },
  { id: 'leases', requires: ['store'], looksAt: ['reading'], examine: examineLeases, repair: freeLeases },
  { id: 'intents', requires: ['store'], looksAt: ['reading'], examine: examineIntents },
  { id: 'slots', requires: ['store'], looksAt: ['reading'], examine: examineSlots, repair: removeRetired },
];

const REMEDY = 'The next yard run takes it over; nothing is lost.';
const RETIRED = /^\.(?:retired-|trash-)/;

async function examineScheduler(patient: Patient): Promise<Finding> {
  const lease = await patient.know('reading').reader.lease('scheduler');
  if (!lease?.owner) return pass('no scheduler runs');
  const { pid } = lease.owner;
  if (isAlive(lease.owner)) return pass(`process ${pid} drives this yard`);
  return warn(`the scheduler (process ${pid}) has died`, REMEDY);
}

async function examineLeases(patient: Patient): Promise<Finding> {
  const leases = (await patient.know('reading').reader.leases()).filter(({ resource }) => resource !== 'scheduler');
  const dead = leases.filter(isDead);
  if (dead.length === 0)
    return pass(leases.length === 0 ? 'none are held' : `${leases.length} held, every owner lives`);
  const bootId = currentBootId();
  const list = dead.map(({ resource, owner, bootId: boot }) =>
    boot === bootId
      ? `${resource} (process ${owner?.pid ?? 'unknown'})`
      : `${resource} (before the machine was restarted)`,
  );
  return warn(`the owner has died of ${list.join(', ')}`, REMEDY);
}

function isDead({ owner, bootId }: Lease): boolean {
  return bootId !== currentBootId() || (owner !== null && !isAlive(owner));
}

/** Those of attempts are for the next run: it ends what is left of them, and counts them as lost. */
async function freeLeases(_: Patient, { yard }: Hands): Promise<string[]> {
  const { store, host } = yard;
  const lines: string[] = [];
  for (const { resource } of (await store.leases()).filter(isDead)) {
    if (resource === 'scheduler' || resource.startsWith('task:')) continue;
    const taken = await store.acquire(resource, host.self, host.clock.monotonicMs() + LEASE_MS, isDead);
    if (taken.kind === 'held') continue;
    await store.release(taken.fence);
    lines.push(`the lease ${resource} of a dead process was given back`);
  }
  return lines;
}

async function examineIntents(patient: Patient): Promise<Finding> {
  const { reader } = patient.know('reading');
  const open = await reader.openIntents();
  const leases = new Map<string, Lease>((await reader.leases()).map((lease) => [lease.resource, lease]));
  const left = open.filter(({ intent }) => {
    const lease = leases.get(actorOf(intent));
    return lease === undefined || isDead(lease);
  });
  if (left.length === 0) return pass(open.length === 0 ? 'none are open' : `${open.length} open, at work`);
  return warn(
    `whoever was at it has died: ${left.map(describe).join(', ')}`,
    'yard run completes it, or takes it back.',
    'Nothing of it counts until it is completed.',
  );
}

/** Whose lease it is carried out under. */
function actorOf(intent: Intent): LeaseResource {
  switch (intent.kind) {
    case 'land':
      return 'train';
    case 'spawn':
      return taskResource(intent.taskId);
    case 'kill':
      return 'scheduler';
    default:
      throw impossible(intent satisfies never);
  }
}

function describe({ intent }: IntentRecord): string {
  switch (intent.kind) {
    case 'land':
      return `the landing of ${intent.taskId}`;
    case 'spawn':
      return `the start of ${intent.taskId}`;
    case 'kill':
      return `the end of ${intent.subject.of === 'train' ? 'a train' : intent.subject.taskId}`;
    default:
      throw impossible(intent satisfies never);
  }
}

function retiredIn(directory: string): string[] {
  const gates = join(directory, 'gates');
  return existsSync(gates) ? readdirSync(gates).filter((name) => RETIRED.test(name)) : [];
}

function examineSlots(patient: Patient): Promise<Finding> {
  const retired = retiredIn(patient.know('places').directory);
  if (retired.length === 0) return Promise.resolve(pass('none are retired'));
  return Promise.resolve(
    warn(
      `${retired.length} ${retired.length === 1 ? 'slot was' : 'slots were'} retired, because processes in it or files of it could not be removed`,
      'yard doctor --repair tries again.',
      'No gate uses them.',
    ),
  );
}

async function removeRetired(_: Patient, { yard, quiet }: Hands): Promise<string[]> {
  const retired = retiredIn(yard.stateDirectory);
  if (retired.length > 0 && !(await quiet())) return [`${retired.length} retired slots were left, because work runs`];
  const lines: string[] = [];
  for (const name of retired) {
    const removal = await removeTree(join(yard.stateDirectory, 'gates', name));
    lines.push(removal.kind === 'removed' ? `the retired slot ${name} was removed` : `${removal.path}: ${removal.why}`);
  }
  return lines;
}
