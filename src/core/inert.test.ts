import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codeList, codeSpan, fence } from './fence.ts';
import { inert, inertLine, inertStyled } from './inert.ts';

const ESC = '\u001b';
const CONTROL = /(?![\n\t])\p{Cc}/u;
const INVISIBLE = /[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/u;

/** Text made of what is dangerous, and of a little that is not. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ESC,
        '[',
        ']',
        '31m',
        '0;title',
        '\u0007',
        `${ESC}\\`,
        '\u009b',
        '\u009c',
        '\u009d',
        '\u0090',
        'P',
        '\\',
      ),
      fc.constantFrom('\r', '\n', '\r\n', '\t', '\0', '\b', '\u007f', '\u0085', '`', '```', '````', '~~~', '    ', 'a'),
      fc.constantFrom(
        '\u202e',
        '\u2066',
        '\u200b',
        '\u2028',
        '\ufeff',
        '\u{e0041}',
        '\u{e0101}',
        '\ud800',
        '\udc00',
        '😀',
      ),
      fc.string({ unit: 'binary', maxLength: 5 }),
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(''));

describe('inert', () => {
  test.each([
    ['plain\n\ttext: größe 日本 😀 👩‍💻 ❤️', 'plain\n\ttext: größe 日本 😀 👩‍💻 ❤️'],
    [`${ESC}[1;31mred${ESC}[0m`, 'red'],
    [`${ESC}[?25l${ESC}[2J${ESC}[10;20Hx${ESC}[>4;2m`, 'x'],
    [`${ESC}]0;title\u0007x`, 'x'],
    [`${ESC}]8;;https://example.com${ESC}\\link${ESC}]8;;${ESC}\\`, 'link'],
    [`${ESC}P1$r q${ESC}\\x${ESC}_apc${ESC}\\`, 'x'],
    [`${ESC}(B${ESC}7x${ESC}8${ESC}=`, 'x'],
    ['\u009b31mred\u009d0;t\u009cx', 'redx'],
    // Not finished: only the introducer goes, never the rest of the text.
    [`${ESC}]0;title\nkept`, '0;title\nkept'],
    [`a${ESC}`, 'a'],
    [`${ESC}[31`, '31'],
    ['50%\r100%\r\ndone', '50%\n100%\ndone'],
    ['a\0b\bc\u007fd\u0085e', 'abcde'],
    ['abc\u202edcba\u2066x', 'abc<U+202E>dcba<U+2066>x'],
    ['ze\u200bro\ufeff\u{e0041}', 'ze<U+200B>ro<U+FEFF><U+E0041>'],
    ['half \ud83d', 'half \ufffd'],
  ])('%j', (text, shown) => {
    expect(inert(text)).toBe(shown);
  });

  test('leaves nothing that a terminal obeys or that hides, and has no more to do', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const shown = inert(text);
        expect(shown).not.toMatch(CONTROL);
        expect(shown).not.toMatch(INVISIBLE);
        expect(shown.isWellFormed()).toBe(true);
        expect(inert(shown)).toBe(shown);
      }),
      { numRuns: 1_000 },
    );
  });

  test('takes linear time for sequences that never end', () => {
    for (const start of [`${ESC}]`, '\u009d', `${ESC}[`, `${ESC}P`, `${ESC}]a`, '\u009d1', ' \r']) {
      expect(inert(start.repeat(200_000))).not.toMatch(CONTROL);
    }
    expect(inert(`${ESC}]${'a'.repeat(1_000_000)}`)).toHaveLength(1_000_000);
    expect(inert(`${ESC}[${'0'.repeat(1_000_000)}`)).toHaveLength(1_000_000);
  });
});

describe('inertLine', () => {
  test.each([
    ['  two\n\n lines\t', 80, 'two lines'],
    ['abcdef', 6, 'abcdef'],
    ['abcdef', 5, 'abcd…'],
    ['abcdef', 1, '…'],
    ['abcdef', 0, ''],
    ['ab😀cd', 4, 'ab…'],
  ])('%j, at most %i', (text, max, shown) => {
    expect(inertLine(text, max)).toBe(shown);
  });

  test('is one bounded line', () => {
    fc.assert(
      fc.property(hostile, fc.nat({ max: 40 }), (text, max) => {
        const line = inertLine(text, max);
        expect(line).not.toMatch(/[\n\t]/);
        expect(line).not.toMatch(CONTROL);
        expect(line.length).toBeLessThanOrEqual(max);
        expect(line.isWellFormed()).toBe(true);
      }),
    );
  });
});

describe('fence', () => {
  test('is longer than any run of backticks inside', () => {
    expect(fence('plain')).toBe('```\nplain\n```');
    expect(fence('ends\n', 'sh')).toBe('```sh\nends\n```');
    expect(fence('')).toBe('```\n```');
    expect(fence('```\ncode\n```')).toBe('````\n```\ncode\n```\n````');
    expect(fence('a ``````` b')).toMatch(/^`{8}\n/);
  });

  test('takes no language that could end its first line', () => {
    expect(fence('x', 'sh\n```\nout')).toBe('```\nx\n```');
    expect(fence('x', 'c++')).toBe('```c++\nx\n```');
  });

  test('cannot be closed from inside', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const [open = '', ...rest] = fence(text).split('\n');
        const close = rest.pop();
        expect(close).toBe(open);
        // CommonMark: a closing fence is a line of at least as many backticks, indented by at most three spaces.
        for (const line of rest) expect(/^ {0,3}(`+)\s*$/.exec(line)?.[1]?.length ?? 0).toBeLessThan(open.length);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('codeSpan', () => {
  test.each([
    ['src/a.ts', '`src/a.ts`'],
    ['a`b', '``a`b``'],
    ['`', '`` ` ``'],
    ['a\nb', '`a b`'],
    [' \u0000', '(empty)'],
  ])('%j', (text, shown) => {
    expect(codeSpan(text)).toBe(shown);
  });

  test('cannot be closed from inside', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const span = codeSpan(text);
        fc.pre(span !== '(empty)');
        const marks = /^`+/.exec(span)?.[0] ?? '';
        const inside = span.slice(marks.length, -marks.length);
        expect((inside.match(/`+/g) ?? []).every((run) => run.length < marks.length)).toBe(true);
        expect(span).toBe(`${marks}${inside}${marks}`);
        expect(span).not.toContain('\n');
      }),
      { numRuns: 1_000 },
    );
  });

  test('a list of them is bounded', () => {
    expect(codeList(['a', 'b', 'c'], 2)).toBe('- `a`\n- `b`\n- and 1 more');
    expect(codeList([])).toBe('');
  });
});

test('of a styled line only colours are left', () => {
  expect(inertStyled(`${ESC}[31mred${ESC}[39m ${ESC}[2J${ESC}]0;title\u0007${ESC}[1;32mgreen${ESC}[0m\u202e`)).toBe(
    `${ESC}[31mred${ESC}[39m ${ESC}[1;32mgreen${ESC}[0m<U+202E>`,
  );
  fc.assert(
    fc.property(hostile, (text) => {
      const colours = new RegExp(`${ESC}\\[[0-9;]*m`, 'g');
      expect(inertStyled(text).replaceAll(colours, '')).not.toMatch(CONTROL);
      expect(inertStyled(text).replaceAll(colours, '')).not.toMatch(INVISIBLE);
    }),
  );
});
