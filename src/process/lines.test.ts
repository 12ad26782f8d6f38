import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Line, LineSplitter } from './lines.ts';

function split(chunks: readonly (Buffer | string)[], maxLineBytes = 100): Line[] {
  const lines: Line[] = [];
  const splitter = new LineSplitter(maxLineBytes, (line) => lines.push(line));
  for (const chunk of chunks) splitter.push(Buffer.from(chunk as string));
  splitter.end();
  return lines;
}

const text = (...lines: string[]): Line[] => lines.map((line) => ({ text: line, cutBytes: 0, terminated: true }));

describe('LineSplitter', () => {
  it('splits at LF only', () => {
    expect(split(['a\r\nb\u2028c\u0085d\n', '\n', 'e\n'])).toEqual(text('a\r', 'b\u2028c\u0085d', '', 'e'));
  });

  it('tells a last line without an LF apart', () => {
    expect(split(['a\n{"half":'])).toEqual([...text('a'), { text: '{"half":', cutBytes: 0, terminated: false }]);
    expect(split([])).toEqual([]);
  });

  it('keeps characters whole across chunks, and replaces what is not UTF-8', () => {
    const line = Buffer.from('naïve 🚂 train\n');
    expect(split([...line].map((byte) => Buffer.from([byte])))).toEqual(text('naïve 🚂 train'));
    expect(split([Buffer.from([0x61, 0xff, 0xc3, 0x0a])])).toEqual(text('a\uFFFD\uFFFD'));
  });

  it('cuts a line that is too long, counts what it dropped, and goes on', () => {
    expect(split(['aaaa', 'aaaa', 'aa\nbbb\nccccc'], 4)).toEqual([
      { text: 'aaaa[... 6 bytes cut]', cutBytes: 6, terminated: true },
      { text: 'bbb', cutBytes: 0, terminated: true },
      { text: 'cccc[... 1 bytes cut]', cutBytes: 1, terminated: false },
    ]);
  });

  it('gives the same lines however the bytes are cut into chunks', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'é', '\n', '🚂') }), fc.nat(5), (whole, size) => {
        const all = Buffer.from(whole);
        const chunks: Buffer[] = [];
        for (let at = 0; at < all.length; at += size + 1) chunks.push(all.subarray(at, at + size + 1));
        expect(split(chunks, 6)).toEqual(split([all], 6));
      }),
    );
  });
});
