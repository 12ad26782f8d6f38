import type { AttemptOutcome } from './attempt.ts';
import { decide } from './decision.ts';
import { impossible } from './impossible.ts';

/**
 * What a product failure said, without what differs from run to run: equal texts are the same failure. Null for what is
 * no failure of the agent's.
 */
export function failureText(outcome: AttemptOutcome): string | null {
  if (decide(outcome, 0)?.kind !== 'product-failure') return null;
  return `${outcome.kind}\n${withoutChance(detailOf(outcome))}`;
}

function detailOf(outcome: AttemptOutcome): string {
  switch (outcome.kind) {
    case 'gate-red':
      return `${outcome.summary}\n${outcome.logTail}`;
    case 'audit-needs-fix':
      return outcome.summary;
    case 'no-packet':
      return `${outcome.why}\n${outcome.outputTail}`;
    case 'scope':
      return outcome.violations.map(({ path, why }) => `${why} ${path}`).join('\n');
    case 'conflict':
      return outcome.paths.join('\n');
    case 'accepted':
    case 'no-change':
    case 'question':
    case 'needs-approval':
    case 'provider':
    case 'budget':
    case 'infrastructure':
    case 'integrity':
    case 'policy':
    case 'cancelled':
    case 'lost':
      return '';
    default:
      throw impossible(outcome satisfies never);
  }
}

/**
 * In this order: what stands first may hold what stands below. Too much is no harm: two attempts are the same only when
 * their files are as well.
 */
const CHANCE: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?/g, '<time>'],
  [/\b\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d+)?\b/g, '<time>'],
  [/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, '<id>'],
  // Checkouts of gates, evidence of attempts, and what is made by mkdtemp, ours and others'.
  [/\/gates\/\d+/g, '/gates/<n>'],
  [/(\/attempts\/[^/\s]+)\/\d+/g, '$1/<n>'],
  [/\b(agent|gate)-(?:[\da-f.]+-)?[A-Za-z0-9]{6}\b/g, '$1-<id>'],
  [/(?:\/private)?\/(?:tmp|var\/folders|var\/tmp)\/[^\s'":,)]+/g, '<tmp>'],
  [/\b\d+(?:\.\d+)?\s?(?:ns|[µu]s|ms|s|sec|secs|seconds?|min|minutes?)\b/g, '<duration>'],
  [/\b0x[0-9a-f]+\b/gi, '<id>'],
  [/\b(?=[0-9a-f]*\d)[0-9a-f]{7,64}\b/gi, '<id>'],
  // Agents are told the number of their attempt, and say it; test runners print durations without a unit.
  [/\b(attempt|try|retry)[ #:=-]{0,2}\d+\b/gi, '$1 <n>'],
  [/\b\d+\.\d+\b/g, '<n>'],
  [/\b\d{4,}\b/g, '<n>'],
];

function withoutChance(text: string): string {
  return CHANCE.reduce((left, [pattern, name]) => left.replace(pattern, name), text).replace(/[ \t]+$/gm, '');
}
