import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { makeRepository, readFileAt, runGit, writeFiles } from '../../test/fixtures/git/repository.ts';
import { laneRequest, moveOn, read, useLane, useYard } from '../../test/fixtures/git/yard.ts';
import type { TestYard } from '../../test/fixtures/git/yard.ts';
import { openDepot } from './depot.ts';
import type { LaneRequest } from './prepare-lane.ts';
import { prepareLane } from './prepare-lane.ts';

/** A git that kills the process which called it, at the n-th call, before or after its work. */
function makeKiller(yard: TestYard, when: 'before' | 'after'): string {
  const bin = join(yard.directory, `bin-${when}`);
  mkdirSync(bin);
  const path = process.env['PATH'] ?? '';
  const script = `#!/bin/sh
PATH='${path}'
n=$(($(cat "$YARD_COUNT") + 1)); echo $n >"$YARD_COUNT"
[ "$n $when" = "$YARD_KILL before" ] && kill -9 $PPID && exit 1
git "$@"; code=$?
[ "$n $when" = "$YARD_KILL after" ] && kill -9 $PPID
exit $code
`.replaceAll('$when', when);
  // What the code under test hands to git is an allow-list: the numbers are written in.
  const count = join(yard.directory, `count-${when}`);
  writeFileSync(
    join(bin, 'git'),
    script.replaceAll('$YARD_COUNT', count).replaceAll('$YARD_KILL', `$(cat ${count}.kill)`),
  );
  chmodSync(join(bin, 'git'), 0o755);
  return bin;
}

const lanes = new URL('./prepare-lane.ts', import.meta.url).href;
const redact = new URL('../core/redact.ts', import.meta.url).href;

/** Runs `prepareLane` in a process of its own; says whether it was killed. */
async function prepareUntil(yard: TestYard, request: LaneRequest, bin: string, call: number): Promise<boolean> {
  const count = bin.replace('/bin-', '/count-');
  writeFileSync(count, '0\n');
  writeFileSync(`${count}.kill`, String(call));
  const script = `const { prepareLane } = await import(${JSON.stringify(lanes)});
    const { makeRedactor } = await import(${JSON.stringify(redact)});
    await prepareLane({ ...JSON.parse(process.argv[1]), redactor: makeRedactor([]) });`;
  const env = { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}` };
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script, JSON.stringify(request)], {
    env,
    cwd: yard.directory,
    stdio: 'inherit',
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  if (signal === null && code !== 0) throw new Error(`the process failed with ${code}`);
  return signal === 'SIGKILL';
}

test.each(['before', 'after'] as const)(
  'a process that is killed %s any call of git loses no work, and the next one ends where it would have',
  { timeout: 240_000 },
  async (when) => {
    const yard = await useYard({ f: 'f\n', g: 'g\n' });
    const base = await moveOn(yard, { f: 'theirs\n' });
    const next = await moveOn(yard, { g: 'newer\n' });
    const first = await useLane(yard);
    await writeFiles(first.directory, { f: 'ours\n' });
    const second = await useLane(yard, { attempt: 2, base });
    await writeFiles(second.directory, { work: 'of the second\n' });
    // Something that git cannot hold, so that the lane is moved aside too.
    await makeRepository(join(second.directory, 'nested'), { precious: 'p' });

    const bin = makeKiller(yard, when);
    let wasKilled = true;
    for (let call = 1; wasKilled; call += 1) {
      const stateDirectory = `${yard.stateDirectory}-${call}`;
      await cp(yard.stateDirectory, stateDirectory, { recursive: true, verbatimSymlinks: true });
      const copy = { ...yard, stateDirectory, depot: await openDepot(stateDirectory, 'sha1') };
      const keepsake = join(yard.directory, `keepsake-${call}`);
      const request = laneRequest(copy, { attempt: 3, base: next, keepsake });

      wasKilled = await prepareUntil(copy, request, bin, call);
      const third = await prepareLane(request);
      expect(third).toMatchObject({ base: next, continued: true, conflicts: ['f'] });
      expect(await readFileAt(copy.depot.path, third.content, 'work')).toBe('of the second\n');
      expect(await readFileAt(copy.depot.path, third.content, 'g')).toBe('newer\n');
      expect(await read(copy, third)).toEqual({ changes: [], refused: [], special: [], ignored: [] });
      expect(readFileSync(join(keepsake, 'lane-of-2/nested/precious'), 'utf8')).toBe('p');
      expect(existsSync(join(third.directory, 'nested'))).toBe(false);
      expect(await runGit(third.directory, ['status', '--porcelain', '--', 'g'])).toBe('');
      expect(call).toBeLessThan(60);
    }
  },
);
