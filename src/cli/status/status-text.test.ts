import { describe, expect, test } from 'vitest';
import type { RunView } from './run-view.ts';
import { renderMarkdown } from './status-markdown.ts';
import { renderStatus } from './status-text.ts';
import type { StatusView, TaskStatusView } from './status-view.ts';

const run: RunView = {
  id: 'T-1',
  attempt: 2,
  agent: 'codex',
  phase: 'gating',
  ageMs: 65_000,
  idleMs: 3_000,
  activity: 'reading',
  wait: { reason: 'slot', detail: 'it waits for a slot to run its gate in' },
  lastActivityMs: 0,
  pid: 4711,
  lane: '/state/lanes/T-1',
  evidence: '/state/attempts/T-1/2',
  base: null,
  ref: null,
};

const open = (id: string, reason: string, detail: string, more: Partial<TaskStatusView> = {}): TaskStatusView => ({
  id,
  title: `do ${id}`,
  status: 'ready',
  attempt: 0,
  waiting: [{ reason, detail }],
  area: null,
  priority: 0,
  ...more,
});

const status = (more: Partial<StatusView> = {}): StatusView => ({
  target: 'main',
  stateDirectory: '/state',
  stopped: null,
  pauses: [],
  pools: [],
  failures: { open: false, inARow: 0, limit: 5 },
  scheduler: { pid: 1 },
  sandboxes: [],
  configProblem: null,
  refusal: null,
  counts: {
    proposed: 0,
    ready: 1,
    running: 1,
    blocked: 1,
    accepted: 0,
    landing: 0,
    'in-review': 0,
    landed: 0,
    parked: 0,
    cancelled: 0,
    superseded: 0,
  },
  running: [run],
  putOff: [],
  recent: [],
  unimported: 0,
  brokenFiles: [],
  open: [
    { ...open('T-1', 'x', ''), status: 'running', waiting: [] },
    open('T-2', 'slots', '1 attempt runs (limit 1)'),
    open('T-3', 'question', 'it asks: why?', { status: 'blocked' }),
  ],
  finished: [],
  ...more,
});

describe('as text', () => {
  test('a run says what is known of it before its agent has said anything', () => {
    const begun: RunView = { ...run, wait: null, activity: '', phase: 'implementing' };
    const running = [begun, { ...begun, phase: 'preparing' }, { ...begun, activity: 'reads a.ts' }];
    const text = renderStatus(status({ running }), 200).join('\n');
    for (const doing of ['starting codex', 'filling its lane', 'reads a.ts']) expect(text).toContain(doing);
    expect(renderMarkdown(status({ running }), '')).toContain('— starting codex');
  });

  test('a reason does not repeat the status, and where one is cut it is said what has it whole', () => {
    const parked = open('T-4', 'parked', 'it is parked: attempt 2: the gate is red again and again', {
      status: 'parked',
    });
    const wide = renderStatus(status({ open: [parked] }), 200).join('\n');
    expect(wide).toContain('  attempt 2: the gate is red again and again');
    expect(wide).not.toContain('yard why --all');
    expect(renderStatus(status({ open: [parked] }), 60)).toContain('reasons in full: yard why --all');
  });

  test('a wide terminal shows process and lane of a run, a narrow one what it does', () => {
    const wide = renderStatus(status(), 200).join('\n');
    expect(wide).toMatch(/RUNS +ATTEMPT +PHASE +AGENT +FOR +QUIET +PID +LANE +DOING\n/);
    expect(wide).toMatch(
      /T-1 +2 +gating +codex +1 min +3 s +4711 +lanes\/T-1 +it waits for a slot to run its gate in\n/,
    );
    const narrow = renderStatus(status(), 90);
    expect(narrow.join('\n')).toMatch(/T-1 +2 +gating +codex +1 min +3 s +it waits for a slot/);
    expect(renderStatus(status(), 60).join('\n')).toMatch(/T-1 +2 +gating +1 min +it waits for a slot/);
    for (const width of [40, 90, 200]) {
      const long = renderStatus(status(), width)
        .slice(2)
        .filter((line) => line.length > width);
      expect(long).toEqual([]);
    }
  });

  test('a broken configuration, pauses and what ended last are told', () => {
    const lines = renderStatus(
      status({
        configProblem: '.yard/config.yaml:3:1: bad',
        pauses: [{ subject: 'area:api', by: 'ada', why: 'lunch', resume: 'yard resume area api' }],
        recent: [
          { id: 'T-9', attempt: 1, agent: 'codex', outcome: 'gate-red', why: 'red', agoMs: 5_000, durationMs: 1 },
        ],
      }),
      200,
    );
    expect(lines).toContain(
      'the configuration has a mistake: .yard/config.yaml:3:1: bad; the last good one is in force',
    );
    expect(lines).toContain('area:api is paused by ada: lunch (go on with: yard resume area api)');
    expect(lines).toContain('T-9/1  gate-red  codex  5 s ago  red');
  });
});

describe('as Markdown', () => {
  test('what waits for a person is on top', () => {
    const page = renderMarkdown(status(), '2026-01-02 03:04:05');
    const headings = [...page.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual(['Waits for you', 'Runs', 'Waits']);
    expect(page).toContain('- **T-3** blocked: do T-3 — it asks: why?\n');
    expect(page).toContain('- **T-2** ready: do T-2 — 1 attempt runs (limit 1)\n');
    expect(page).toContain('as of 2026-01-02 03:04:05');
  });

  test('text of others stays text', () => {
    const title = 'x](http://evil) ![i](u) <img src=x> `c` **b** |\n# h @all www.evil.example';
    const page = renderMarkdown(status({ open: [open('T-2', 'slots', 'y', { title })] }), 'now');
    expect(page).toContain(
      String.raw`- **T-2** ready: x\](http&#58;//evil) \!\[i\](u) \<img src=x\> ${'\\`c\\`'} \*\*b\*\* \| \# h &#64;all www&#46;evil.example — y`,
    );
  });
});
