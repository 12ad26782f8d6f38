import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tidyChain } from '../core/agent-spec.ts';
import type { TaskSpec } from '../core/task.ts';
import { trimText } from './markdown.ts';
import { knownSection } from './task-sections.ts';
import { formatTaskFile } from './task-file-writer.ts';
import { parseTaskFile } from './task-file.ts';

// Pieces that Markdown and YAML have opinions about, in any order, beside any text.
const piece = fc.constantFrom(
  '# ',
  '## Objective',
  '### x',
  '\\# a',
  '\\\\## b',
  '```',
  '````',
  '~~~',
  '\\```',
  '``` js',
  '``` a`b',
  '- ',
  '- [ ] ',
  '[x] ',
  '1. ',
  '* ',
  '  ',
  '\t',
  '---',
  '...',
  '&a *a',
  '!x',
  ': ',
  ' #',
  '"',
  "'",
  '{',
  '%',
  '\n',
  '\n\n',
  'word',
  '\u2028',
  '<b>',
  '|',
  'null',
);
const chunk = fc.oneof(
  { weight: 3, arbitrary: piece },
  fc.string({ maxLength: 8 }),
  fc.string({ unit: 'grapheme', maxLength: 5 }),
);
// Tidy is what reading makes of it: no carriage returns, nothing blank around it.
const block = fc.array(chunk, { maxLength: 12 }).map((chunks) => trimText(chunks.join('').replaceAll('\r', '')));
const item = block.map((text) => text.trim()).filter((text) => text !== '' && !/\n[ \t]+(?=\n)/.test(text));
const line = fc
  .array(chunk, { minLength: 1, maxLength: 6 })
  .map((chunks) =>
    chunks
      .join('')
      .replace(/\p{Cc}/gu, '')
      .trim(),
  )
  .filter((text) => text !== '');
const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const id = fc
  .tuple(fc.constantFrom('TASK', 'a', 'Fix_2'), fc.nat(99_999))
  .map(([prefix, number]) => `${prefix}-${number}`);
const heading = fc
  .stringMatching(/^[A-Za-z][A-Za-z0-9 :.,!?*_-]{0,20}$/)
  .map((text) => text.trim().replace(/ +/g, ' '))
  .filter((text) => knownSection(text) === null);

const spec: fc.Arbitrary<TaskSpec> = fc
  .record({
    id,
    title: line,
    area: orNull(line),
    objective: block.filter((text) => text !== ''),
    acceptance: fc.array(item, { maxLength: 4 }),
    context: block,
    owns: fc.uniqueArray(
      fc.constantFrom('src/a.ts', 'docs/**', '{a,b}/x', '*.md', '**/y', 'a b/c', "it's", 'true', '#x'),
      { maxLength: 4 },
    ),
    forbids: fc.uniqueArray(fc.constantFrom('src/forbidden.ts', 'other/**'), { maxLength: 2 }),
    after: fc.uniqueArray(id, { maxLength: 3 }),
    gate: orNull(line),
    agent: orNull(line).map((text) => tidyChain(text ?? '')),
    priority: fc.integer(),
    supersedes: fc.uniqueArray(id, { maxLength: 2 }),
    testPolicy: orNull(line),
    extra: fc.array(fc.record({ heading, text: block }), { maxLength: 3 }),
  })
  .filter(
    (task) => ![...task.after, ...task.supersedes].some((other) => other.toLowerCase() === task.id.toLowerCase()),
  );

test('what is written is read back', () => {
  fc.assert(
    fc.property(spec, (task) => {
      expect(parseTaskFile(formatTaskFile(task), '.yard/tasks/x.md')).toEqual({ spec: task, warnings: [] });
    }),
    { numRuns: 1000 },
  );
});

test('with CRLF and a byte order mark too', () => {
  fc.assert(
    fc.property(spec, (task) => {
      const text = `\uFEFF${formatTaskFile(task).replaceAll('\n', '\r\n')}`;
      expect(parseTaskFile(text, '.yard/tasks/x.md').spec).toEqual(task);
    }),
  );
});

test('any text is read or refused with a place, never anything else', () => {
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 30 }), (chunks) => {
      const text = `---\nid: TASK-1\n${chunks.join('')}`;
      try {
        parseTaskFile(text, 'x.md');
      } catch (error) {
        expect(error).toMatchObject({ name: 'UserError', code: expect.stringMatching(/^task-/) as string });
      }
    }),
    { numRuns: 1000 },
  );
});
