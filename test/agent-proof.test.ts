import { describe, expect, test } from 'vitest';

import { addProof, casesOf, DEMO_CASE, PASSED, readProof, SECOND_TRY } from '../scripts/agent-proof.ts';
import type { ProgramProof } from '../scripts/agent-proof.ts';
import type { RanCase } from '../scripts/case-reporter.ts';
import { replaceProof } from '../scripts/generate-agent-proof.ts';
import { PROGRAMS } from './fixtures/agents/cache.ts';

const ran = (title: string, more: Partial<RanCase> = {}): RanCase => ({
  file: 'test/conformance/agent-codex.test.ts',
  within: ['codex (0.1.2)'],
  title,
  state: 'passed',
  why: null,
  ...more,
});

describe('what the cases of a run prove of a program', () => {
  test('those of its own file, by title; a second suite of it under its name', () => {
    const cases = casesOf(
      'codex',
      [
        ran('works'),
        ran('works', { within: ['codex exec (0.1.2)'] }),
        ran('codex: alone', { within: [] }),
        ran('speaks', { state: 'skipped', why: 'it cannot' }),
        ran('falls', { state: 'failed' }),
        ran('other', { file: 'test/conformance/agent-claude.test.ts' }),
      ],
      [],
    );
    expect(cases).toEqual({
      works: 'passed',
      'codex exec: works': 'passed',
      alone: 'passed',
      speaks: 'skipped: it cannot',
      falls: 'failed',
    });
  });

  test('the suite of another program is not its own, whatever its name begins with', () => {
    const acp = ran('works', { file: 'test/conformance/agent-claude-acp.test.ts', within: ['acp:claude (0.1.2)'] });
    expect(casesOf('claude', [acp], [])).toBeNull();
    expect(casesOf('claude-acp', [acp], [])).toEqual({ works: 'passed' });
  });

  test('the demo counts for the program that worked on it', () => {
    const demo = ran('the backlog of the demo is worked on by the real claude, before a stub model', {
      file: 'test/e2e/demo-agent.test.ts',
      within: [],
    });
    expect(casesOf('claude', [demo], [])).toEqual({ [DEMO_CASE]: 'passed' });
    expect(casesOf('claude-acp', [demo], [])).toBeNull();
  });

  test('what failed and passed alone is told apart; what failed twice has failed', () => {
    const failed = [
      ran('late', { state: 'failed' }),
      ran('wrong', { state: 'failed' }),
      ran('lost', { state: 'failed' }),
    ];
    expect(casesOf('codex', failed, [ran('late'), ran('wrong', { state: 'failed' })])).toEqual({
      late: SECOND_TRY,
      wrong: 'failed',
      lost: 'failed',
    });
  });
});

const about = { machine: '2 cores', network: 'loopback only' };
const proof = (cases: ProgramProof['cases'], more: Partial<ProgramProof> = {}): ProgramProof => ({
  package: 'a',
  version: '1.0.0',
  date: '2026-01-01',
  ...about,
  cases,
  ...more,
});

test('a program that did not run keeps what was proven of it, with its date and version', () => {
  const earlier = { a: proof({ works: PASSED }), b: proof({ works: PASSED }), gone: proof({}) };
  const programs = { a: { package: 'a', version: '2.0.0' }, b: { package: 'b', version: '2.0.0' }, c: PROGRAMS['pi']! };
  const now = addProof(earlier, { b: { works: 'failed' }, c: null }, { programs, date: '2026-02-02', ...about });
  expect(now).toEqual({
    a: earlier.a,
    b: proof({ works: 'failed' }, { package: 'b', version: '2.0.0', date: '2026-02-02' }),
  });
});

describe('the page', () => {
  const begin =
    '<!-- proof: generated from agents-proof.json by `npm run generate`, which `npm run test:agents` writes. -->';
  const page = `before\n${begin}\nold\n<!-- end of proof -->\nafter\n`;
  const both = { a: proof({ x: PASSED, y: 'failed' }), b: proof({ x: SECOND_TRY, y: 'skipped: it | cannot' }) };

  test('has each program, each case and why it did not pass, and the rest of the page as it was', () => {
    const text = replaceProof(page, both, ['a', 'b', 'c']);
    expect(text.startsWith(`before\n${begin}\n`)).toBe(true);
    expect(text.endsWith('<!-- end of proof -->\nafter\n')).toBe(true);
    expect(text).not.toContain('old');
    expect(text).toContain('| a | `a` 1.0.0 | 2026-01-01 | 1 | 1 | 0 | 2 cores; loopback only |');
    expect(text).toContain('| b | `a` 1.0.0 | 2026-01-01 | 1 (1 at the second try) | 0 | 1 | 2 cores; loopback only |');
    expect(text).toContain('| c |  | not run yet |');
    expect(text).toContain('| x | yes | yes |\n| y | **failed** | skipped |');
    expect(text).toContain('- a, y: failed.\n- b, x: passed at the second try.\n- b, y: skipped: it | cannot.');
  });

  test('is the same when it is written again', () => {
    const once = replaceProof(page, both, ['a', 'b']);
    expect(replaceProof(once, both, ['a', 'b'])).toBe(once);
  });

  test('without its marks is refused', () => {
    expect(() => replaceProof('no marks\n', both, [])).toThrow('marks');
  });
});

test('the proof names pinned programs only, and nothing of the machine that it ran on', () => {
  const now = readProof();
  expect(Object.keys(PROGRAMS)).toEqual(expect.arrayContaining(Object.keys(now)));
  expect(JSON.stringify(now)).not.toMatch(/\/(?:tmp|root|home|work)\b/u);
});
