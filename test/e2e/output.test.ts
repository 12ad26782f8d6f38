import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { commandTree } from '../../scripts/command-tree.ts';
import { bashScript } from '../../src/cli/completion/bash.ts';
import { programShape } from '../../src/cli/completion/command-shape.ts';
import { fishScript } from '../../src/cli/completion/fish.ts';
import { SHELLS } from '../../src/cli/completion/shell.ts';
import { zshScript } from '../../src/cli/completion/zsh.ts';
import { commandsIn, commandsInHelp, readPages } from '../fixtures/documented-commands.ts';
import { startYard } from '../fixtures/e2e/command.ts';
import type { Ran } from '../fixtures/e2e/command.ts';
import { minimalEnvironment } from '../fixtures/e2e/git.ts';
import { masked } from '../fixtures/e2e/mask.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';
import type { E2eYard } from '../fixtures/e2e/yard.ts';
import { root } from '../fixtures/repository-files.ts';

// What each command prints, as the built program prints it: a change of it is seen in a review. After one that was
// meant: npm run vitest -- test/e2e/output.test.ts -u

const commands: readonly Command[] = commandTree().commands;
const AT_ONCE = 3;

/** What only reads, in any order. */
const LOOKS = `
yard status
yard status --json
yard tasks
yard tasks --json
yard tasks --status ready,blocked --area api
yard show TASK-0001
yard show TASK-0006 --json
yard graph
yard graph --json
yard graph --mermaid
yard graph --dot
yard events --type task.landed,task.no-progress
yard events --type task.landed --json
yard why TASK-0001
yard why TASK-0004 --json
yard why --all
yard why --all --json
yard next
yard next --explain
yard next --json
yard logs TASK-0001 -f
yard diff TASK-0001
yard diff TASK-0001 --stat
yard salvage
yard salvage --json
yard salvage show TASK-0001/2
yard salvage show TASK-0001/2 --json
yard salvage show TASK-0001/2 --patch
yard config limits
yard config limits --json
yard breaker
yard breaker --json
yard pools
yard pools --json
yard cost
yard cost --json
yard cost --by agent
yard cost --by day --days 7
yard report --since 8h
yard report --since yesterday --markdown
yard report --since 8h --json
yard metrics --since 7d
yard metrics --json
yard metrics --prometheus
yard notify
yard notify --json
yard notify test
yard why TASK-0009
yard why TASK-0009 --json
yard launch
yard run --json --fast
yard help exit-codes
yard help unpark
`;

/** What acts, or takes the place of a scheduler for a moment, one after the other. */
const STEERS = `
yard init --gate "npm test"
yard reconcile --dry-run
yard reconcile --dry-run --json
yard gc --dry-run
yard gc --dry-run --json
yard migrate --dry-run
yard migrate --json
yard export --to yard-history
yard export --since 40 --json
yard add "Refuse an order without lines" --owns src/orders --accept "an order without lines is refused, with a test"
yard add "One more" --accept "it is there" --json
yard add "Use node: imports in packages/core" --owns packages/core --accept "no import without node:"
yard add "Use const in the tests of letter a" --owns "test/a*.js" --accept "no var in test/a*.js that is never assigned again"
yard add Third
yard add --from backlog.md --dry-run
yard import gluerun ../engine --dry-run
yard import gluerun ../engine --dry-run --json
yard cancel TASK-0007
yard reconcile --drain
yard reconcile --drain --json
yard edit TASK-0001
yard edit TASK-0001 --add-owns docs/cli.md
yard edit TASK-0004 --priority 4 --json
yard edit TASK-0002 TASK-0003 --area cli --priority 3
yard priority TASK-0001 5
yard reassign TASK-0001 claude
yard answer TASK-0001 "Keep the old name as an alias"
yard answer TASK-0002 "This one"
yard answer TASK-0002 "This one" --json
yard approve TASK-0001 3f2a9c01d4e7
yard approve TASK-0003 --json
yard refuse TASK-0001
yard refuse TASK-0005
yard refuse TASK-0005 --json
yard salvage restore TASK-0001/2 --to restored
yard salvage restore TASK-0001/2 --branch saved/task-0001
yard unpark TASK-0001
yard park TASK-0001 --why "after the release"
yard park TASK-0004 --json
yard unpark --all
yard unpark TASK-0004 --json
yard wake
yard wake --json
yard pause agent claude --why "its quota"
yard pause train
yard pause --json
yard resume
yard resume agent claude
yard resume train --json
yard pools pause second --why "it is somebody's turn"
yard pools resume second
yard pools clear claude
yard supersede TASK-0001 "Rename the flag, and keep the old name as an alias" --accept "both names work"
yard supersede TASK-0001 --by TASK-0002
yard supersede TASK-0005 --by TASK-0007 --json
yard drive TASK-0001
yard cancel TASK-0001
yard cancel TASK-0008 TASK-0010 TASK-0011
yard cancel TASK-0009 --json
yard breaker reset
yard breaker reset --json
yard stop --wait
yard stop --json
yard status
yard resume --json
yard drive TASK-0003
yard attach
yard run
yard run --max-hours 8
yard drain
yard drain --json
yard run --detach --json
yard update 0.1.0
yard update 0.1.0 --json
`;

/** In a repository without a yard. */
const SET_UP = `
yard status
yard init --yes
yard init --yes
`;

/** What is told by no line of these tests, and why. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  agents: 'tells of the machine: test/e2e/agents.test.ts',
  demo: 'its own story: test/e2e/demo.test.ts',
  doctor: 'tells of the machine: test/e2e/doctor.test.ts',
  version: 'tells of the machine: test/e2e/version.test.ts',
  completion: 'a script for a shell: src/cli/completion/completion.test.ts',
};

/** Documented lines that other tests run. */
const RUN_ELSEWHERE: Readonly<Record<string, string>> = {
  'yard agents': 'test/e2e/agents.test.ts',
  'yard agents probe claude codex': 'test/e2e/agents.test.ts',
  'yard demo': 'test/e2e/demo.test.ts',
  'yard demo --agent codex --stub-model': 'test/e2e/demo-agent.test.ts',
  'yard doctor --repair': 'test/e2e/doctor-repair.test.ts',
  'yard version': 'test/e2e/version.test.ts',
  'yard update 0.1.0 --install': 'test/e2e/version.test.ts',
  'yard events --since 1200 -f': 'test/e2e/look.test.ts',
  'yard run --detach': 'test/e2e/detach.test.ts',
};

test('each command is told of here, as text and as JSON, or elsewhere', () => {
  const lines = `${LOOKS}${STEERS}${SET_UP}`.split('\n').map((line) => line.split(' '));
  const missing = commands.flatMap((command) => {
    const own = lines.filter(([, name]) => name === command.name());
    if (ELSEWHERE[command.name()] !== undefined)
      return own.length === 0 ? [] : [`${command.name()}: told here as well`];
    const hasJson = command.options.some(({ long }) => long === '--json');
    return [
      ...(own.some((words) => !words.includes('--json')) ? [] : [`${command.name()} as text`]),
      ...(!hasJson || own.some((words) => words.includes('--json')) ? [] : [`${command.name()} as JSON`]),
    ];
  });
  expect(missing).toEqual([]);
  const names = new Set(commands.map((command) => command.name()));
  for (const [name, why] of Object.entries(ELSEWHERE)) {
    expect(names).toContain(name);
    expect(existsSync(join(root, why.split(': ').at(-1) ?? ''))).toBe(true);
  }
});

test('each documented command line is run here, or by another test', async () => {
  const pages = await readPages();
  // That test runs this part of the README as it stands.
  const readme = (pages.get('README.md') ?? '').replace(/<!-- example:[\s\S]*?<!-- \/example -->/, '');
  const documented = [...commandsIn(new Map([...pages, ['README.md', readme]])), ...commandsInHelp()];
  const run = new Set([...`${LOOKS}${STEERS}${SET_UP}`.split('\n'), ...Object.keys(RUN_ELSEWHERE)]);
  for (const shell of SHELLS) run.add(`yard completion ${shell}`);
  const missing = documented.filter(({ words }) => !run.has(words.join(' ')));
  expect(missing.map(({ place }) => place)).toEqual([]);
  expect(Object.values(RUN_ELSEWHERE).filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test('the scripts for shells', async () => {
  const program = programShape(commandTree());
  const env = { ...minimalEnvironment('/nowhere'), YARD_STATE_DIR: '/nowhere' };
  const told = await inTurns(SHELLS, async (shell) => {
    const { code, stdout, stderr } = await startYard(['completion', shell], { cwd: '/', env }).done;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout;
  });
  expect(told).toEqual([bashScript(program), zshScript(program), fishScript(program)]);
});

test('the help of each command', async () => {
  const env = { ...minimalEnvironment('/nowhere'), YARD_STATE_DIR: '/nowhere' };
  const asked = [['--help'], ...commands.map((command) => [command.name(), '--help'])];
  const told = await inTurns(asked, async (args) => {
    const { code, stdout, stderr } = await startYard(args, { cwd: '/', env }).done;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return `$ yard ${args.join(' ')}\n${stdout}\n`;
  });
  await expect(told.join('\n')).toMatchFileSnapshot('__snapshots__/help.txt');
});

test('what they print before there is a yard', async () => {
  const made = await makeYard({ config: null, files: { 'package.json': '{"scripts":{"test":"true"}}\n' } });
  await expect(await story(made, SET_UP)).toMatchFileSnapshot('__snapshots__/set-up.txt');
});

test('what they print of a small yard', async () => {
  const made = await smallYard();
  const looks = await inTurns(linesOf(LOOKS), (args) => tell(made, args));
  await expect(looks.join('\n')).toMatchFileSnapshot('__snapshots__/looks.txt');
  const { stdout } = await made.yard(['_complete', 'TASK-', 'unpark', 'tasks', 'parked']);
  expect(stdout).toBe('TASK-0001\n');
  await expect(await story(made, STEERS)).toMatchFileSnapshot('__snapshots__/steers.txt');
});

/**
 * One is parked after two red gates, one asks, one waits for it, two changed protected paths, one has landed. One after
 * the other, so that all runs are alike.
 */
async function smallYard(): Promise<E2eYard> {
  const made = await makeYard({
    config: {
      gates: { default: { run: 'test ! -e half.txt' } },
      agents: { claude: { kind: 'command', run: ['/bin/false'] } },
      limits: { concurrent: 1, retries: 1 },
    },
    tasks: [
      { id: 'TASK-0001', title: 'Fail', does: 'echo working on it; echo "$YARD_ATTEMPT" > half.txt' },
      { id: 'TASK-0002', title: 'Ask', does: 'if [ "$YARD_ATTEMPT" = 1 ]; then echo "Which one?" > BLOCKED.md; fi' },
      { id: 'TASK-0003', title: 'Change what is protected', area: 'api', does: 'echo x > AGENTS.md' },
      { id: 'TASK-0004', title: 'Wait', area: 'api', after: ['TASK-0002'], does: 'echo x > four.txt' },
      { id: 'TASK-0005', title: 'Change it, too', does: 'echo y > AGENTS.md' },
      { id: 'TASK-0006', title: 'Add a file', does: 'echo x > one.txt' },
    ],
  });
  await made.does('TASK-0007', 'mkdir -p src/orders; echo x > src/orders/lines.txt');
  await made.write('repo/backlog.md', '# Backlog\n\n- [ ] Fix the cart\n  - it is fixed\n');
  await made.write('engine/docs/orchestration/tasks/TASK-0001.md', FOREIGN);
  expect(await made.yard(['drive', 'TASK-0006'])).toMatchObject({ code: 0 });
  expect(await made.yard(['run'])).toMatchObject({ code: 3 });
  return made;
}

/** A task file of another orchestrator. */
const FOREIGN = `# TASK-0001: Move the cart

Status: ready
Area: cart
Depends on: none

## Objective

Move the cart.

## Scope

### Owned files

- src/cart/

## Acceptance Criteria

- [ ] it moves
`;

async function story(made: E2eYard, lines: string): Promise<string> {
  const told: string[] = [];
  for (const args of linesOf(lines)) told.push(await tell(made, args));
  return told.join('\n');
}

async function tell(made: E2eYard, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr }: Ran = await made.yard(args);
  const typed = args.map((word) => (/^[\w./:-]+$/.test(word) ? word : JSON.stringify(word))).join(' ');
  const talk = stderr === '' ? '' : `--- stderr\n${masked(stderr, made.base)}`;
  return `$ yard ${typed}\n${masked(stdout, made.base)}${talk}--- exit code ${code}\n`;
}

function linesOf(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => (line.match(/"[^"]*"|\S+/g) ?? []).slice(1).map((word) => word.replaceAll('"', '')));
}

/** Some at once; the results in order. */
async function inTurns<T>(all: readonly T[], act: (one: T) => Promise<string>): Promise<string[]> {
  const results: string[] = [];
  const rest = [...all.entries()];
  const work = async (): Promise<void> => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) results[next[0]] = await act(next[1]);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return results;
}
