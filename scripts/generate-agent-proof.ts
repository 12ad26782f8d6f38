import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROGRAMS } from '../test/fixtures/agents/cache.ts';
import { FAILED, PASSED, readProof, SECOND_TRY } from './agent-proof.ts';
import type { AgentProof, ProgramProof } from './agent-proof.ts';

const BEGIN =
  '<!-- proof: generated from agents-proof.json by `npm run generate`, which `npm run test:agents` writes. -->';
const END = '<!-- end of proof -->';

/** `docs/agents.md`, with its table of what was proven brought up to date. */
export function makeAgentsDoc(): string {
  const page = readFileSync(join(import.meta.dirname, '../docs/agents.md'), 'utf8');
  return replaceProof(page, readProof(), Object.keys(PROGRAMS));
}

/**
 * The page with the proof between its marks.
 * @throws Error where the marks are missing.
 */
export function replaceProof(page: string, proof: AgentProof, programs: readonly string[]): string {
  const [before, after] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (before < 0 || after < before) throw new Error('the page has no marks for the proof');
  return `${page.slice(0, before + BEGIN.length)}\n\n${renderProof(proof, programs)}\n${page.slice(after)}`;
}

function renderProof(proof: AgentProof, programs: readonly string[]): string {
  const ran = programs.flatMap((name): [string, ProgramProof][] =>
    proof[name] === undefined ? [] : [[name, proof[name]]],
  );
  const never = programs.filter((name) => proof[name] === undefined);
  const summary = ran.map(([name, { package: from, version, date, machine, network, cases }]) => {
    const outcomes = Object.values(cases);
    const count = (wanted: (outcome: string) => boolean): string => String(outcomes.filter(wanted).length);
    const second = outcomes.filter((outcome) => outcome === SECOND_TRY).length;
    const passed = `${count(isPassed)}${second === 0 ? '' : ` (${second} at the second try)`}`;
    return row([
      name,
      `\`${from}\` ${version}`,
      date,
      passed,
      count(isFailed),
      count(isSkipped),
      `${machine}; ${network}`,
    ]);
  });
  return [
    row(['program', 'package', 'date', 'passed', 'failed', 'skipped', 'on']),
    '|---|---|---|---|---|---|---|',
    ...summary,
    ...never.map((name) => row([name, '', 'not run yet', '', '', '', ''])),
    '',
    ...(ran.length === 0 ? [] : [...matrix(ran), '']),
    ...notes(ran),
  ].join('\n');
}

/** The cases that at least two programs have; what one alone has is counted above, and named below where it failed. */
function matrix(ran: readonly (readonly [string, ProgramProof])[]): string[] {
  const titles = [...new Set(ran.flatMap(([, { cases }]) => Object.keys(cases)))];
  const common = titles.filter((title) => ran.filter(([, { cases }]) => Object.hasOwn(cases, title)).length > 1);
  const shown = ran.length === 1 ? titles : common;
  return [
    row(['case', ...ran.map(([name]) => name)]),
    row(Array.from({ length: ran.length + 1 }, () => '---')),
    ...shown.map((title) => row([title, ...ran.map(([, { cases }]) => mark(cases[title]))])),
  ];
}

function notes(ran: readonly (readonly [string, ProgramProof])[]): string[] {
  const lines = ran.flatMap(([name, { cases }]) =>
    Object.entries(cases).flatMap(([title, outcome]) => {
      return outcome === PASSED ? [] : [`- ${name}, ${title}: ${outcome}.`];
    }),
  );
  return lines.length === 0 ? [] : [...lines, ''];
}

function mark(outcome: string | undefined): string {
  if (outcome === undefined) return '';
  if (isPassed(outcome)) return 'yes';
  return isFailed(outcome) ? '**failed**' : 'skipped';
}

function isPassed(outcome: string): boolean {
  return outcome === PASSED || outcome === SECOND_TRY;
}

function isFailed(outcome: string): boolean {
  return outcome === FAILED;
}

function isSkipped(outcome: string): boolean {
  return outcome.startsWith('skipped: ');
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}
