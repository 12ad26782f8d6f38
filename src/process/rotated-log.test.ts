import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory, useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { LogFollower } from './log-follower.ts';
import { RotatedLog, laterParts } from './rotated-log.ts';

const OPTIONS = {
  endOfHead: (later: readonly string[]) => `[goes on in ${later.join(' and ')}]`,
  startOfPart: (offsetBytes: number) => `[goes on at ${String(offsetBytes).padStart(40, '0')}]`,
  limits: { headBytes: 40, partBytes: 20 },
};
/** Ten bytes. */
const line = (index: number): string => `line ${String(index).padStart(4, '0')}`;
const isMark = (text: string): boolean => text.startsWith('[goes on');

function write(log: RotatedLog, from: number, to: number): void {
  for (let index = from; index < to; index += 1) log.write(Buffer.from(`${line(index)}\n`));
}

function lines(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => line(from + index));
}

describe('a log', () => {
  it('that is short is one file', async () => {
    const path = join(await useTemporaryDirectory('log'), 'log');
    const log = new RotatedLog(path, OPTIONS);
    write(log, 0, 4);
    log.close();
    expect(readFileSync(path, 'utf8')).toBe('line 0000\nline 0001\nline 0002\nline 0003\n');
    for (const part of laterParts(path)) expect(() => statSync(part)).toThrow('ENOENT');
  });

  it('keeps its beginning and its end, and says where each goes on', async () => {
    const path = join(await useTemporaryDirectory('log'), 'log');
    const log = new RotatedLog(path, OPTIONS);
    write(log, 0, 1001);
    log.close();
    const [before, last] = laterParts(path);
    const texts = [path, before, last].map((file) => readFileSync(file, 'utf8').trimEnd().split('\n'));
    expect(texts).toEqual([
      [...lines(0, 4), '[goes on in log.before and log.last]'],
      [OPTIONS.startOfPart(9980), ...lines(998, 1000)],
      [OPTIONS.startOfPart(10_000), ...lines(1000, 1001)],
    ]);
    for (const file of [path, before, last]) expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('neither follows nor waits for what somebody put in the place of its parts, at any time', async () => {
    const directory = await useTemporaryDirectory('log');
    const precious = join(directory, 'precious');
    writeFileSync(precious, 'precious');
    const path = join(directory, 'log');
    const [before, last] = laterParts(path);
    const plant = (): void => {
      execFileSync('rm', ['-rf', before]);
      mkdirSync(join(before, 'full'), { recursive: true });
    };
    execFileSync('mkfifo', [last]);
    symlinkSync(precious, before);
    const log = new RotatedLog(path, OPTIONS);
    write(log, 0, 5);
    plant();
    write(log, 5, 7);
    log.close();
    expect(readFileSync(precious, 'utf8')).toBe('precious');
    expect(readFileSync(before, 'utf8')).toContain(line(4));
    expect(readFileSync(last, 'utf8')).toContain(line(6));
  });

  it.skipIf(process.platform !== 'linux')('tells what the disk says at once', () => {
    const log = new RotatedLog('/dev/full', { ...OPTIONS, limits: { headBytes: 1e9, partBytes: 1 } });
    expect(() => write(log, 0, 1)).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
    log.close();
  });
});

describe('a follower', () => {
  it('sees every line in order while it keeps up, and never one twice', async () => {
    const steps = fc.array(fc.nat({ max: 9 }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(steps, async (counts) => {
        await using directory = await temporaryDirectory('log');
        const path = join(directory.path, 'log');
        const log = new RotatedLog(path, OPTIONS);
        const seen: string[] = [];
        const follower = new LogFollower(path, 1000, (text) => seen.push(text));
        let written = 0;
        // Two parts hold four lines: a follower that looks after every two misses nothing.
        let keepsUp = true;
        for (const count of counts) {
          write(log, written, written + count);
          written += count;
          keepsUp &&= count <= 2;
          await follower.read();
        }
        follower.end();
        log.close();
        const text = seen.filter((each) => !isMark(each));
        expect(text).toEqual([...new Set(text)].toSorted());
        if (keepsUp) expect(text).toEqual(lines(0, written));
        // Beginning and end are seen whatever happened between them.
        expect(text.slice(0, 4)).toEqual(lines(0, Math.min(4, written)));
        expect(text.at(-1)).toBe(written === 0 ? undefined : line(written - 1));
      }),
    );
  });

  it('ends a line that was torn where a part ends', async () => {
    const path = join(await useTemporaryDirectory('log'), 'log');
    const log = new RotatedLog(path, OPTIONS);
    log.write(Buffer.from('x'.repeat(40)));
    log.write(Buffer.from('y\n'));
    log.close();
    const seen: string[] = [];
    const follower = new LogFollower(path, 1000, (text) => seen.push(text));
    await follower.read();
    expect(seen.filter((text) => !isMark(text))).toEqual([
      'x'.repeat(40) + '[goes on in log.before and log.last]',
      'y',
    ]);
  });

  it.each(['fifo', 'directory', 'link', 'nothing'])('takes a %s for no log', async (kind) => {
    const path = join(await useTemporaryDirectory('log'), 'log');
    if (kind === 'fifo') execFileSync('mkfifo', [path]);
    if (kind === 'directory') mkdirSync(path);
    if (kind === 'link') symlinkSync('/etc/passwd', path);
    const seen: string[] = [];
    const follower = new LogFollower(path, 1000, (text) => seen.push(text));
    await follower.read();
    follower.end();
    expect(seen).toEqual([]);
  });
});
