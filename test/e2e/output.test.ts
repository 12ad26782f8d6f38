import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { commandTree } from '../../scripts/command-tree.ts';
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
yard show TASK-0001
yard show TASK-0001 --json
yard graph
yard graph --json
yard graph --mermaid
yard graph --dot
yard events --type task.landed
yard events --type task.landed --json
yard why TASK-0004
yard why TASK-0004 --json
yard why --all
yard why --all --json
yard next
yard next --explain
yard next --json
yard logs TASK-0001
yard diff TASK-0001
yard salvage
yard salvage --json
yard salvage show TASK-0003/1
yard salvage show TASK-0003/1 --json
yard config limits
yard config limits --json
yard breaker
yard breaker --json
yard why TASK-0009
yard why TASK-0009 --json
yard unpark TASK-0001
yard launch
yard run --json --fast
yard help exit-codes
`;

/** What acts, or takes the place of a scheduler for a moment, one after the other. */
const STEERS = `
yard init
yard reconcile --dry-run
yard reconcile --dry-run --json
yard gc --dry-run
yard gc --dry-run --json
yard migrate --dry-run
yard migrate --json
yard add Another --owns another/ --accept "it is there"
yard add "One more" --accept "it is there" --json
yard add Third
yard cancel TASK-0007
yard reconcile --drain
yard reconcile --drain --json
yard edit TASK-0004 --priority 3
yard edit TASK-0004 --priority 4 --json
yard priority TASK-0004 5
yard reassign TASK-0004 script
yard answer TASK-0002 "This one"
yard answer TASK-0002 "This one" --json
yard approve TASK-0002
yard approve TASK-0005 --json
yard refuse TASK-0006
yard refuse TASK-0006 --json
yard unpark TASK-0006
yard unpark TASK-0003 --json
yard park TASK-0003 TASK-0006 --why later
yard park TASK-0004 --json
yard wake
yard wake --json
yard pause agent script --why "its quota"
yard pause --json
yard resume
yard resume agent script --json
yard supersede TASK-0003 "Another way" --accept "it is there"
yard supersede TASK-0006 --by TASK-0007 --json
yard cancel TASK-0008
yard cancel TASK-0009 --json
yard breaker reset
yard breaker reset --json
yard stop --why enough
yard stop --json
yard status
yard resume --json
yard drive TASK-0005
yard attach
yard run
yard drain
yard drain --json
yard update 0.1.0
yard update 0.1.0 --json
yard run --detach --json
`;

/** What is told by no line of these tests, and why. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  demo: 'its own story: test/e2e/demo.test.ts',
  doctor: 'tells of the machine: test/e2e/doctor.test.ts',
  version: 'tells of the machine: test/e2e/version.test.ts',
  completion: 'a script for a shell: src/cli/completion/completion.test.ts',
};

test('each command is told of here, as text and as JSON, or elsewhere', () => {
  const lines = `${LOOKS}${STEERS}`.split('\n').map((line) => line.split(' '));
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

test('what they print of a small yard', async () => {
  const made = await smallYard();
  const looks = await inTurns(linesOf(LOOKS), (args) => tell(made, args));
  await expect(looks.join('\n')).toMatchFileSnapshot('__snapshots__/looks.txt');
  const steers: string[] = [];
  for (const args of linesOf(STEERS)) steers.push(await tell(made, args));
  await expect(steers.join('\n')).toMatchFileSnapshot('__snapshots__/steers.txt');
});

/** One has landed, one asks, one is parked, one waits, two changed protected paths. One after the other, so that all runs are alike. */
async function smallYard(): Promise<E2eYard> {
  const made = await makeYard({
    config: { limits: { concurrent: 1, retries: 0 } },
    tasks: [
      { id: 'TASK-0001', title: 'Add a file', does: 'echo working on it; echo x > one.txt' },
      { id: 'TASK-0002', title: 'Ask', does: 'if [ "$YARD_ATTEMPT" = 1 ]; then echo "Which one?" > BLOCKED.md; fi' },
      { id: 'TASK-0003', title: 'Fail', does: 'echo half > half.txt; exit 1' },
      { id: 'TASK-0004', title: 'Wait', after: ['TASK-0002'], does: 'echo x > four.txt' },
      { id: 'TASK-0005', title: 'Change what is protected', does: 'echo x > AGENTS.md' },
      { id: 'TASK-0006', title: 'Change it, too', does: 'echo y > AGENTS.md' },
    ],
  });
  await made.does('TASK-0007', 'mkdir another; echo x > another/one.txt');
  expect(await made.yard(['drive', 'TASK-0001'])).toMatchObject({ code: 0 });
  expect(await made.yard(['run'])).toMatchObject({ code: 3 });
  return made;
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
