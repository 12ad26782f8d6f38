import { expect, test } from 'vitest';
import type { Metrics } from './metrics.ts';
import { prometheusText } from './prometheus.ts';
import { spreadOf } from './spread.ts';
import { TASK_STATUSES } from './task-state.ts';

const METRICS: Metrics = {
  range: { sinceSeq: 0, untilSeq: 9, sinceMs: 0, untilMs: 3_600_000 },
  landed: 2,
  landedPerHour: 2,
  leadMs: spreadOf([1_500, 4_000]),
  attemptsPerLanding: spreadOf([1, 2]),
  attempts: { started: 4, ended: 4, accepted: 2, lost: 1, interrupted: 0 },
  failures: [{ owner: 'product', count: 3, kinds: { 'gate-red': 1, 'a "quoted\\\nkind"': 2 } }],
  gateMs: spreadOf([]),
  asked: { questions: 1, approvals: 0, parked: 0, stops: 0 },
  waitedMs: spreadOf([]),
  depth: Object.fromEntries(TASK_STATUSES.map((status) => [status, status === 'landed' ? 2 : 0])) as Metrics['depth'],
};

/** As the format has it: https://prometheus.io/docs/instrumenting/exposition_formats/ */
const SAMPLE =
  /^[a-z_]+(?:\{[a-z]+="(?:[^"\\\n]|\\["\\n])*"(?:,[a-z]+="(?:[^"\\\n]|\\["\\n])*")*\})? (?:NaN|-?\d+(?:\.\d+)?(?:e[+-]\d+)?)$/;

test('every line is a comment or a sample, and every family has its help and its type once, before its samples', () => {
  const text = prometheusText(METRICS);
  expect(text.endsWith('\n')).toBe(true);
  const families = new Map<string, string>();
  for (const line of text.trimEnd().split('\n')) {
    const [, word, name = '', type = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (word === 'HELP') expect(families.has(name)).toBe(false);
    if (word === 'TYPE') families.set(name, type);
    if (word !== undefined) continue;
    expect(line).toMatch(SAMPLE);
    const family = /^[a-z_]+/.exec(line)?.[0].replace(/_(?:sum|count)$/, '') ?? '';
    expect([...families.keys()].at(-1)).toBe(family);
  }
  expect([...families].filter(([name, type]) => type === 'counter' && !name.endsWith('_total'))).toEqual([]);
});

test('times are seconds, quantiles of nothing are no numbers, and labels are escaped', () => {
  const lines = prometheusText(METRICS).split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      'yardmaster_tasks_landed_total 2',
      'yardmaster_lead_time_seconds{quantile="0.5"} 1.5',
      'yardmaster_lead_time_seconds_sum 5.5',
      'yardmaster_lead_time_seconds_count 2',
      'yardmaster_gate_seconds{quantile="0.9"} NaN',
      'yardmaster_failures_total{owner="product",outcome="a \\"quoted\\\\\\nkind\\""} 2',
      'yardmaster_tasks{status="in-review"} 0',
    ]),
  );
});
