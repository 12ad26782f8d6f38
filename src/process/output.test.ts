import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundedOutput } from './output.ts';

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));

describe('BoundedOutput', () => {
  it('keeps the beginning and the end, and says what is gone between them', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 12 }), fc.nat(60), (chunks, maxBytes) => {
        const output = new BoundedOutput(maxBytes);
        for (const chunk of chunks) output.append(chunk);
        const all = Buffer.concat(chunks);
        const cut = Math.max(0, all.length - maxBytes);
        expect(output.cutBytes).toBe(cut);
        const mark = Buffer.from(`\n[... ${cut} bytes cut ...]\n`);
        const head = all.subarray(0, Math.ceil(maxBytes / 2));
        const tail = all.subarray(all.length - Math.floor(maxBytes / 2));
        expect(output.toBuffer()).toEqual(cut === 0 ? all : Buffer.concat([head, mark, tail]));
      }),
    );
  });
});
