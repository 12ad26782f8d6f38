import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeRedactor } from './redact.ts';
import { secretForms, unfitSecret } from './secret-forms.ts';
import type { NamedSecret } from './secret-forms.ts';

// An alphabet so small that texts are full of beginnings of secrets.
const value = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '"', 'é'), minLength: 8, maxLength: 14 });
const secrets: fc.Arbitrary<NamedSecret[]> = fc.array(
  fc.record({ name: fc.constantFrom('X', 'Y', 'Z'), value }).filter((secret) => unfitSecret(secret.value) === null),
  { maxLength: 3 },
);

interface Case {
  readonly secrets: readonly NamedSecret[];
  readonly text: string;
  readonly chunks: readonly string[];
}

/** Forms of the secrets between other text, cut into chunks of all sizes; as latin1, like a stream of bytes. */
const cases: fc.Arbitrary<Case> = secrets.chain((named) => {
  const forms = named.flatMap(secretForms).map(({ text }) => text);
  const piece = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', 'b', '\n', '"', '.'), maxLength: 6 }),
    ...(forms.length === 0 ? [] : [fc.constantFrom(...forms)]),
  );
  return fc
    .record({
      text: fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
      sizes: fc.oneof(fc.constant([1]), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 })),
    })
    .map(({ text, sizes }) => ({ secrets: named, text, chunks: cut(text, sizes) }));
});

function cut(text: string, sizes: readonly number[]): string[] {
  const chunks: string[] = [];
  for (let at = 0; at < text.length;) {
    const size = sizes[chunks.length % sizes.length] ?? 1;
    chunks.push(text.slice(at, at + size));
    at += size;
  }
  return chunks;
}

function streamed({ secrets: named, chunks }: Case): string {
  const stream = makeRedactor(named).stream();
  return chunks.map((chunk) => stream.push(chunk)).join('') + stream.end();
}

test('a stream comes out the same however it is cut', () => {
  fc.assert(
    fc.property(cases, (one) => {
      expect(streamed(one)).toBe(makeRedactor(one.secrets).text(one.text));
    }),
    { numRuns: 300 },
  );
});

test('nothing that comes out gives a named secret away, and twice is the same as once', () => {
  fc.assert(
    fc.property(cases, (one) => {
      const given = streamed(one);
      const redactor = makeRedactor(one.secrets);
      expect(redactor.find(given)).toEqual([]);
      expect(redactor.text(given)).toBe(given);
    }),
    { numRuns: 300 },
  );
});

test('what is no secret comes out as it went in', () => {
  fc.assert(
    fc.property(cases, (one) => {
      const found = makeRedactor(one.secrets).find(one.text);
      const pieces = streamed(one).split(/\[redacted:[XYZ]\]/);
      let at = 0;
      const between = found.map(({ start, end }) => {
        const piece = one.text.slice(at, start);
        at = end;
        return piece;
      });
      expect(pieces).toEqual([...between, one.text.slice(at)]);
    }),
    { numRuns: 200 },
  );
});
