import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { makeRedactor } from '../../core/redact.ts';
import { Output } from './output.ts';
import { frameOf, watch } from './watch.ts';

test('a frame has no more rows than the terminal, and says what it leaves out', () => {
  const lines = ['one', 'two', 'three', 'four'];
  expect(frameOf(lines, 4)).toBe('\u001b[Hone\u001b[K\r\ntwo\u001b[K\r\nthree\u001b[K\r\nfour\u001b[K\u001b[J');
  expect(frameOf(lines, 3)).toBe('\u001b[Hone\u001b[K\r\ntwo\u001b[K\r\n… 2 more lines\u001b[K\u001b[J');
  expect(frameOf(lines, 1)).toBe('\u001b[H… 4 more lines\u001b[K\u001b[J');
});

test('it is drawn again when the terminal changes its size, and leaves the terminal as it was', async () => {
  const stdout = Object.assign(new PassThrough(), { isTTY: true, columns: 40, rows: 10 });
  const output = new Output(
    stdout as unknown as NodeJS.WriteStream,
    new PassThrough() as unknown as NodeJS.WriteStream,
    {},
    makeRedactor([]),
  );
  const widths: number[] = [];
  const look = (width: number): Promise<string[]> => {
    widths.push(width);
    if (width === 39) setImmediate(() => stdout.emit('resize', Object.assign(stdout, { columns: 70 })));
    // What Ctrl-C does.
    else setImmediate(() => process.emit('SIGINT'));
    return Promise.resolve([`at ${width}`, 'evil \u001b[2J title']);
  };
  const listeners = process.listenerCount('exit');
  await watch(output, look, 3_600_000);
  expect(widths).toEqual([39, 69]);
  const shown = String(stdout.read());
  expect(shown.startsWith('\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[Hat 39')).toBe(true);
  expect(shown.endsWith('\u001b[?7h\u001b[?25h\u001b[?1049lat 69\nevil  title\n')).toBe(true);
  expect(process.listenerCount('exit')).toBe(listeners);
});

test('it is left also where a look fails', async () => {
  const stdout = Object.assign(new PassThrough(), { isTTY: true, columns: 40, rows: 10 });
  const stderr = new PassThrough() as unknown as NodeJS.WriteStream;
  const output = new Output(stdout as unknown as NodeJS.WriteStream, stderr, {}, makeRedactor([]));
  await expect(watch(output, () => Promise.reject(new Error('gone')), 1)).rejects.toThrow('gone');
  expect(String(stdout.read()).endsWith('\u001b[?1049l')).toBe(true);
});
