import { isAlive } from '../../process/identity.ts';
import { ok, warning } from './check.ts';
import type { Check, Finding } from './check.ts';
import type { Patient } from './patient.ts';

/** Who works in this yard, and who died at it. */
export const leaseChecks: readonly Check[] = [
  { id: 'scheduler', needs: ['store'], examine: examineScheduler },
  { id: 'leases', needs: ['store'], examine: examineLeases },
];

const REMEDY = 'The next yard run takes it over; nothing is lost.';

async function examineScheduler(patient: Patient): Promise<Finding> {
  const lease = await patient.know('reading').reader.lease('scheduler');
  if (!lease?.owner) return ok('no scheduler runs');
  const { pid } = lease.owner;
  if (isAlive(lease.owner)) return ok(`process ${pid} drives this yard`);
  return warning(`the scheduler (process ${pid}) has died`, REMEDY);
}

async function examineLeases(patient: Patient): Promise<Finding> {
  const leases = (await patient.know('reading').reader.leases()).filter(({ resource }) => resource !== 'scheduler');
  const dead = leases.filter(({ owner }) => owner !== null && !isAlive(owner));
  if (dead.length === 0) return ok(leases.length === 0 ? 'none are held' : `${leases.length} held, every owner lives`);
  const list = dead.map(({ resource, owner }) => `${resource} (process ${owner?.pid ?? 'unknown'})`).join(', ');
  return warning(`the owner has died of ${list}`, REMEDY);
}
