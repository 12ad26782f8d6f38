import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fault } from './fault.ts';
import type { Scenario } from './scenario.ts';

/** A process has come by a failpoint. */
export interface Hit {
  readonly name: string;
  readonly number: number;
  readonly pid: number;
  /** The process's arguments: `run`, `attempt …`, `train …`. */
  readonly role: string;
  readonly atMs: number;
}

/** All hits so far, in no particular order. */
export function readHits({ failpoints }: Pick<Scenario, 'failpoints'>): Hit[] {
  return readdirSync(failpoints)
    .filter(isHit)
    .flatMap((file) => readHit(failpoints, file) ?? []);
}

/** The hit that set off the fault, or null while it was not. */
export function deliveryOf({ failpoints }: Pick<Scenario, 'failpoints'>, { name, hit }: Fault): Hit | null {
  return readHit(failpoints, `${name}.${Math.max(hit, 1)}`);
}

/** How often each failpoint was hit. */
export function countHits(scenario: Pick<Scenario, 'failpoints'>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const file of readdirSync(scenario.failpoints).filter(isHit)) {
    const name = file.slice(0, file.lastIndexOf('.'));
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

function readHit(directory: string, file: string): Hit | null {
  const path = join(directory, file);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return null;
  const [pid = '', role = ''] = readFileSync(path, 'utf8').trim().split(' ');
  // Made, but not written yet.
  if (pid === '') return null;
  const dot = file.lastIndexOf('.');
  return { name: file.slice(0, dot), number: Number(file.slice(dot + 1)), pid: Number(pid), role, atMs: stat.mtimeMs };
}

/** Ends all faults at once: somebody has made room on the disk. */
export function mend({ failpoints }: Pick<Scenario, 'failpoints'>): void {
  writeFileSync(join(failpoints, MENDED), '');
}

/** See `src/process/failpoint.ts`. */
const MENDED = 'mended';

function isHit(file: string): boolean {
  return file !== MENDED;
}
