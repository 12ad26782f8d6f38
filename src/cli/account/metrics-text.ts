import type { Metrics } from '../../core/metrics.ts';
import type { Spread } from '../../core/spread.ts';
import { TASK_STATUSES } from '../../core/task-state.ts';
import { formatDuration, renderTable } from '../terminal/table.ts';
import { formatTime } from './moment.ts';

/** The metrics as lines of text. */
export function metricsText(metrics: Metrics, width: number): string[] {
  const { range, attempts, landedPerHour, attemptsPerLanding, asked, depth } = metrics;
  const perHour = landedPerHour === null ? '' : `, ${landedPerHour.toFixed(2)} an hour`;
  const ofAll =
    attemptsPerLanding.count === 0 ? '' : `${(attemptsPerLanding.total / attemptsPerLanding.count).toFixed(2)} each`;
  const rows = [
    ['landed', `${metrics.landed}${perHour}`],
    ['lead time', inWords(metrics.leadMs)],
    ['attempts', `${attempts.started} started, ${attempts.accepted} accepted, ${attempts.lost} lost`],
    [
      'attempts for a landing',
      attemptsPerLanding.count === 0 ? 'none' : `${ofAll}, most ${attemptsPerLanding.longest}`,
    ],
    ['at the gate', inWords(metrics.gateMs)],
    [
      'person needed',
      Object.entries(asked)
        .map(([kind, count]) => `${count} ${kind}`)
        .join(', '),
    ],
    ['person waited for', inWords(metrics.waitedMs)],
    [
      'tasks now',
      TASK_STATUSES.filter((name) => depth[name] > 0)
        .map((name) => `${depth[name]} ${name}`)
        .join(', '),
    ],
    ...metrics.failures.map(({ owner, kinds }) => [
      `failures: ${owner}`,
      Object.entries(kinds)
        .map(([kind, count]) => `${kind} ${count}`)
        .join(', '),
    ]),
  ];
  return [`from ${formatTime(range.sinceMs)} to ${formatTime(range.untilMs)}`, ...renderTable(rows, width)];
}

function inWords({ count, median, p90, longest }: Spread): string {
  if (median === null || p90 === null || longest === null) return 'none';
  return `median ${formatDuration(median)}, nine of ten within ${formatDuration(p90)}, longest ${formatDuration(longest)} (of ${count})`;
}
