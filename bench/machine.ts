import { execFileSync } from 'node:child_process';
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';

import { median } from './measure.ts';

/** What the figures depend on. `directory` is where they are measured. */
export function machineFacts(directory: string): string[] {
  const processors = cpus();
  const syncs = syncTimes(directory);
  return [
    `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    `${process.platform} ${release()}, node ${process.versions.node}, ${execFileSync('git', ['version'], { encoding: 'utf8' }).trim()}`,
    `fsync of 4 KiB in ${directory}: ${median(syncs).toFixed(2)} ms (median of ${syncs.length})`,
    `load ${loadavg()
      .map((load) => load.toFixed(1))
      .join(' ')} before the first measurement`,
  ];
}

function syncTimes(directory: string): number[] {
  const file = openSync(join(directory, 'fsync'), 'w');
  try {
    return Array.from({ length: 50 }, () => {
      const startedMs = performance.now();
      writeSync(file, Buffer.alloc(4096, 'x'));
      fsyncSync(file);
      return performance.now() - startedMs;
    });
  } finally {
    closeSync(file);
  }
}
