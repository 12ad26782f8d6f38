import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runProcess } from '../../src/process/run.ts';
import { laterParts } from '../../src/process/rotated-log.ts';
import { root } from '../fixtures/repository-files.ts';
import { useTemporaryDirectory } from '../fixtures/temporary-directory.ts';

/** `YARD_FLOOD_MB=5000` is the case as it is promised; it takes minutes. */
const MEGABYTES = Number(process.env['YARD_FLOOD_MB'] ?? 200);
const FLOODED = join(root, 'test/fixtures/processes/flooded.ts');
const MIB = 1024 * 1024;
const RSS_MAX_MB = 300;

const SHAPES = {
  'long lines': 'yes "$(printf "%01000d" 0)" | head -c $BYTES',
  'lines of one byte': 'yes | head -c $(($BYTES / 50))',
  'a single line': 'head -c $BYTES /dev/zero | tr "\\0" x',
  'random bytes': 'head -c $(($BYTES / 4)) /dev/urandom',
};

/** Both read by the same code; they keep it each in its own way. */
const FLOODS = [
  ['agent', 'long lines'],
  ['agent', 'lines of one byte'],
  ['agent', 'a single line'],
  ['gate', 'a single line'],
  ['gate', 'random bytes'],
] as const;

test.each(FLOODS.map(([listener, shape]) => [listener, shape, SHAPES[shape]] as const))(
  `case 55: ${MEGABYTES} MB from the %s, in %s: flat memory, beginning and end kept`,
  async (listener, _, command) => {
    const directory = await useTemporaryDirectory('flood');
    const flood = `echo the beginning; ${command.replace('$BYTES', String(MEGABYTES * 1_000_000))}; echo; echo the end`;
    const result = await runProcess(process.execPath, [FLOODED, listener, directory, flood], {
      cwd: directory,
      env: { PATH: process.env['PATH'] ?? '' },
    });
    expect(result.stderr.toString()).toBe('');
    const { end, maxRssMb, ms } = JSON.parse(result.stdout.toString());
    console.log(`${listener}: ${maxRssMb} MB of memory, ${ms} ms`);
    expect(end).toBe(listener === 'agent' ? 'finished' : 'exited');
    expect(maxRssMb).toBeLessThan(RSS_MAX_MB);
    const log = join(directory, 'log');
    const parts = [log, ...laterParts(log)];
    const sizes = await Promise.all(parts.map(async (path) => (await stat(path).catch(() => null))?.size ?? 0));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(65 * MIB);
    expect((await readFile(log)).indexOf('the beginning')).toBeLessThan(100);
    const last = sizes[2] === 0 ? log : laterParts(log)[1];
    expect((await readFile(last)).subarray(-100).toString()).toContain('the end');
  },
  600_000,
);
