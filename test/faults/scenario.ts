import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { minimalEnvironment, runGit } from '../fixtures/e2e/git.ts';
import { renderTask } from '../fixtures/e2e/task.ts';
import type { TaskDraft } from '../fixtures/e2e/task.ts';

/*
 * A repository and a backlog that pass through most of the code in a second or two, run by the built command. What a
 * task makes is the same in whatever attempt it is made, but for its journal: one file for each attempt that got as far
 * as its agent. So the end of a disturbed run can be compared with that of an undisturbed one, modulo attempts, and no
 * work of any attempt may be missing from the salvaged and the landed trees together.
 */

/** Where one scenario lives: all of it below one directory, so that its processes can be told from all others. */
export interface Scenario {
  readonly base: string;
  readonly root: string;
  readonly state: string;
  readonly home: string;
  /** Hits of failpoints, one file each. */
  readonly failpoints: string;
  /** What agents say that they have written: a file for each attempt. */
  readonly acknowledged: string;
  readonly tasks: readonly string[];
  /** Those that the operator calls off. */
  readonly cancelled: readonly string[];
}

export type ScenarioKind = 'small' | 'person' | 'large';

/** Of every landed tree; attempts that were lost have written more of them. */
export const JOURNAL = /(?:^|\/)journal-\d+$/;

export const TARGET = 'agent/integration';

interface Blueprint {
  readonly tasks: readonly (TaskDraft & { readonly does: string })[];
  readonly files: Readonly<Record<string, string>>;
  readonly config: Readonly<Record<string, unknown>>;
}

const AGENT = `set -eu
PROMPT=$(cat)
mkdir -p "$YARD_TASK_ID"
journal="$YARD_TASK_ID/journal-$YARD_ATTEMPT"
echo "$YARD_TASK_ID, attempt $YARD_ATTEMPT, token $YARD_TOKEN" > "$journal"
written="$SCENARIO/acknowledged/$YARD_TASK_ID.$YARD_ATTEMPT.$YARD_TOKEN"
cp "$journal" "$written.tmp"
mv "$written.tmp" "$written"
. "$SCENARIO/does/$YARD_TASK_ID.sh"
`;

/** Red while any value is not what it should be, or made from another that is missing. It leaves a process behind. */
const GATE = `#!/bin/sh
chmod u-w gate.sh
sleep 300 > /dev/null 2>&1 &
for value in */value; do
  [ "$value" = '*/value' ] && break
  grep -q '^good$' "$value" || { echo "$value is bad"; exit 1; }
done
for needed in $(cat */needs 2>/dev/null); do
  [ -f "$needed/value" ] || { echo "$needed is missing"; exit 1; }
done
`;

const GOOD = 'echo good > "$YARD_TASK_ID/value"';
const BAD_AT_FIRST = `case "$YARD_ATTEMPT" in 1) echo bad ;; *) echo good ;; esac > "$YARD_TASK_ID/value"`;
const DAEMON = 'setsid sleep 300 > /dev/null 2>&1 &';

function task(id: string, does: string, over: Partial<TaskDraft> = {}): TaskDraft & { readonly does: string } {
  return { id, owns: [`${id}/**`], does, ...over };
}

function config(concurrent: number): Record<string, unknown> {
  return {
    version: 1,
    target: TARGET,
    defaults: { agent: 'script', gate: 'default' },
    gates: { default: { run: 'sh gate.sh', timeout: '1m' } },
    agents: { script: { kind: 'command', run: 'exec sh "$SCENARIO/agent.sh"' } },
    // Where the scenario is, so that its repository is the same wherever that may be.
    environment: { allow: ['SCENARIO'] },
    // Disks of tests are small.
    limits: { concurrent, killGrace: '1s', agentTimeout: '2m', diskReserve: 0 },
  };
}

function small(): Blueprint {
  return {
    tasks: [
      task('A-1', BAD_AT_FIRST),
      task('B-1', `${GOOD}\n${DAEMON}`),
      task('C-1', `${GOOD}\necho B-1 > C-1/needs`, { after: ['B-1'] }),
    ],
    files: {},
    config: config(3),
  };
}

/** What needs a person, and what a project brings along. */
function person(): Blueprint {
  const asks = `case "$PROMPT" in *'The first.'*) ;; *) echo '{"question": "Which?"}' > "$YARD_RESULT"; exit 0 ;; esac\n${GOOD}`;
  return {
    tasks: [
      task('A-1', asks),
      task('B-1', `${GOOD}\necho '*.txt text' > .gitattributes`, { owns: ['B-1/**', '.gitattributes'] }),
      task('C-1', `${GOOD}\ntest -e installed/by && test -e .env`),
      task('X-1', `echo '{"question": "Why?"}' > "$YARD_RESULT"`),
    ],
    files: { 'lock.json': '1\n' },
    config: {
      ...config(2),
      provision: [{ source: '.env', required: true }],
      prewarm: [{ run: 'mkdir installed && cp lock.json installed/by', key: ['lock.json'], outputs: ['installed'] }],
    },
  };
}

function large(count: number): Blueprint {
  const ids = Array.from({ length: count }, (_, index) => `T-${index + 1}`);
  return {
    tasks: ids.map((id, index) =>
      index % 4 === 3
        ? task(id, `${GOOD}\necho ${ids[index - 3]} > ${id}/needs`, { after: [ids[index - 3] ?? ''] })
        : task(id, index % 4 === 1 ? `${GOOD}\n${DAEMON}` : `${GOOD}\nsleep 0.5`),
    ),
    files: {},
    config: {
      ...config(5),
      gates: { default: { run: 'sleep 0.2; exec sh gate.sh', timeout: '1m' } },
      // Whoever kills agents and gates would otherwise park every task.
      limits: { concurrent: 5, killGrace: '1s', retries: 100, consecutiveFailures: 1000, diskReserve: 0 },
    },
  };
}

function blueprint(kind: ScenarioKind, count: number): Blueprint {
  switch (kind) {
    case 'small':
      return small();
    case 'person':
      return person();
    case 'large':
      return large(count);
  }
}

/** Makes one in an empty directory. `count` is the number of tasks of a large one. */
export function makeScenario(base: string, kind: ScenarioKind, count = 40): Scenario {
  const { tasks, files, config: settings } = blueprint(kind, count);
  const scenario: Scenario = {
    base,
    root: join(base, 'repo'),
    state: join(base, 'state'),
    home: join(base, 'home'),
    failpoints: join(base, 'failpoints'),
    acknowledged: join(base, 'acknowledged'),
    tasks: tasks.map(({ id }) => id).filter((id) => !id.startsWith('X-')),
    cancelled: tasks.map(({ id }) => id).filter((id) => id.startsWith('X-')),
  };
  for (const path of [scenario.root, scenario.home, scenario.failpoints, scenario.acknowledged]) mkdirSync(path);
  const write = (path: string, content: string): void => {
    mkdirSync(dirname(join(base, path)), { recursive: true });
    writeFileSync(join(base, path), content);
  };
  write('agent.sh', AGENT);
  write('repo/gate.sh', GATE);
  write('repo/.gitignore', '.env\ninstalled/\n');
  write('repo/.env', 'SECRET=1\n');
  for (const [path, content] of Object.entries(files)) write(`repo/${path}`, content);
  write('repo/.yard/config.yaml', JSON.stringify(settings, null, 2));
  for (const draft of tasks) {
    write(`repo/.yard/tasks/${draft.id}.md`, renderTask(draft));
    write(`does/${draft.id}.sh`, draft.does);
  }
  chmodSync(join(base, 'repo/gate.sh'), 0o755);
  const git = (...args: string[]): string => runGit(scenario.root, scenario.home, args);
  git('init', '--quiet', '--template=', '--initial-branch=main');
  git('add', '--all');
  git('commit', '--quiet', '--message=First');
  return scenario;
}

/** The whole environment of what a person starts in it. */
export function environmentOf(scenario: Scenario): Record<string, string> {
  return {
    ...minimalEnvironment(scenario.home),
    YARD_STATE_DIR: scenario.state,
    YARD_SANDBOX: 'none',
    SCENARIO: scenario.base,
  };
}
