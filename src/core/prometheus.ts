import type { Metrics } from './metrics.ts';
import type { Spread } from './spread.ts';

// The text format 0.0.4 of Prometheus. Times are seconds, as its users expect.

interface Sample {
  /** Added to the name of the family: `_sum`, `_count`. */
  readonly suffix?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'summary';
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** With a line break at the end, which the format asks for. */
export function prometheusText(metrics: Metrics): string {
  return familiesOf(metrics)
    .map(
      ({ name, type, help, samples }) =>
        `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${samples.map((sample) => line(name, sample)).join('')}`,
    )
    .join('');
}

function familiesOf(metrics: Metrics): Family[] {
  const { attempts, asked, depth, failures } = metrics;
  const one = (name: string, help: string, value: number): Family => {
    return { name: `yardmaster_${name}`, type: 'counter', help, samples: [{ value }] };
  };
  return [
    one('tasks_landed_total', 'Tasks that landed.', metrics.landed),
    one('attempts_started_total', 'Attempts that were started.', attempts.started),
    one('attempts_lost_total', 'Attempts whose process was lost.', attempts.lost),
    {
      name: 'yardmaster_failures_total',
      type: 'counter',
      help: 'Attempts that did not come to acceptance, by whom it belongs to and what it was.',
      samples: failures.flatMap(({ owner, kinds }) =>
        Object.entries(kinds).map(([outcome, value]) => ({ labels: { owner, outcome }, value })),
      ),
    },
    {
      name: 'yardmaster_person_needed_total',
      type: 'counter',
      help: 'How often the yard needed a person, by what for.',
      samples: Object.entries(asked).map(([kind, value]) => ({ labels: { kind }, value })),
    },
    summary('lead_time_seconds', 'From entry into the backlog to landing.', metrics.leadMs, 1000),
    summary('attempts_per_landing', 'Attempts that a landed task took.', metrics.attemptsPerLanding, 1),
    summary('gate_seconds', 'Time that attempts stood at their gate.', metrics.gateMs, 1000),
    summary('person_wait_seconds', 'Time that a question or an approval stood.', metrics.waitedMs, 1000),
    {
      name: 'yardmaster_tasks',
      type: 'gauge',
      help: 'Tasks by status.',
      samples: Object.entries(depth).map(([status, value]) => ({ labels: { status }, value })),
    },
  ];
}

function summary(name: string, help: string, spread: Spread, divisor: number): Family {
  const quantiles = [
    ['0.5', spread.median],
    ['0.9', spread.p90],
  ] as const;
  return {
    name: `yardmaster_${name}`,
    type: 'summary',
    help,
    samples: [
      ...quantiles.map(([quantile, value]) => ({
        labels: { quantile },
        // What the format has for a quantile of nothing.
        value: value === null ? Number.NaN : value / divisor,
      })),
      { suffix: '_sum', value: spread.total / divisor },
      { suffix: '_count', value: spread.count },
    ],
  };
}

function line(name: string, { suffix = '', labels = {}, value }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  return `${name}${suffix}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`;
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
