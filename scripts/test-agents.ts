// Runs the suites of agents against the real programs, all of them or the named: `npm run test:agents [-- NAME…]`.
// Fetches what is missing first. Then nothing but the loopback address is there, where the machine can do that.
// What failed is run once more, one at a time. What came of it is written to docs/agents-proof.json and the page of agents.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { agentCache, findProgram, PROGRAMS } from '../test/fixtures/agents/cache.ts';
import { fillAll } from './agent-cache.ts';
import { addProof, casesOf, FAILED, PROOF_FILE, readProof } from './agent-proof.ts';
import { CASES_FILE } from './case-reporter.ts';
import type { RanCase } from './case-reporter.ts';
import { passes } from './step.ts';

interface Run {
  readonly passed: boolean;
  readonly cases: readonly RanCase[];
}

const root = join(import.meta.dirname, '..');
const given = process.argv.slice(2);
const names = given.length > 0 ? given : Object.keys(PROGRAMS);
const missing = await fillAll(names);
const isolation = isolate();
const network = isolation.why === null ? 'loopback only' : 'with a network';
console.log(isolation.why === null ? 'without a network: loopback only' : `with the network: ${isolation.why}`);

const suites = given.length > 0 ? ['test/conformance/agent-model', ...given.map(suiteOf)] : ['test/conformance/agent'];
const first = play([...suites, 'test/e2e/demo-agent.test.ts']);
const failed = first.cases.filter(({ state }) => state === 'failed');
const again = failed.length === 0 ? { passed: true, cases: [] } : playAgain(failed);
writeProof();

const left = failed.filter((one) => !again.cases.some((two) => two.state === 'passed' && nameOf(two) === nameOf(one)));
for (const each of left) console.log(`failed twice: ${each.file}: ${nameOf(each)}`);
for (const each of failed.filter((one) => !left.includes(one)))
  console.log(`passed only when it ran alone: ${each.file}: ${nameOf(each)}`);
if (missing.length > 0) console.log(`could not be fetched, and were skipped: ${missing.join(', ')}`);
// A file can fail outside of its cases, too.
const isWhole = first.cases.length > 0 && (first.passed || failed.length > 0) && again.passed;
if (!isWhole || left.length > 0 || missing.length > 0) process.exitCode = 1;

function play(words: readonly string[]): Run {
  const directory = mkdtempSync(join(tmpdir(), 'yardmaster-cases-'));
  try {
    const file = join(directory, 'cases.json');
    const reporters = ['--reporter=default', '--reporter=./scripts/case-reporter.ts'];
    const vitest = ['npm', 'run', '--silent', 'vitest', '--', ...reporters, ...words];
    const [program = '', ...args] = isolation.why === null ? [...isolation.command, ...vitest] : vitest;
    const run = spawnSync(program, args, {
      cwd: root,
      env: { ...process.env, YARD_AGENT_CACHE: agentCache(), YARD_TEST_AGENTS: names.join(','), [CASES_FILE]: file },
      stdio: 'inherit',
    });
    if (run.error) console.error(run.error.message);
    const cases = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as RanCase[]) : [];
    return { passed: run.status === 0, cases };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** One at a time: on a busy machine many at once fail by time alone. */
function playAgain(cases: readonly RanCase[]): Run {
  const titles = [...new Set(cases.map(nameOf))].map((title) => RegExp.escape(title));
  const files = new Set(cases.map(({ file }) => file));
  return play([...files, '--maxWorkers=1', '--maxConcurrency=1', '-t', `^(${titles.join('|')})$`]);
}

function writeProof(): void {
  const ran = names
    .filter((name) => PROGRAMS[name] !== undefined && !('skipped' in findProgram(name)))
    .map((name) => [name, casesOf(name, first.cases, again.cases)] as const);
  const { platform, arch, versions } = process;
  const proof = addProof(readProof(), Object.fromEntries(ran), {
    programs: PROGRAMS,
    date: new Date().toISOString().slice(0, 'YYYY-MM-DD'.length),
    machine: `${availableParallelism()} cores, ${platform} ${arch}, Node ${versions.node}`,
    network,
  });
  writeFileSync(PROOF_FILE, `${JSON.stringify(proof, null, 2)}\n`);
  if (!passes('generate')) process.exitCode = 1;
  for (const [name, cases] of ran) {
    const outcomes = Object.values(cases ?? {});
    const fine = outcomes.filter((outcome) => outcome !== FAILED).length;
    console.log(`${name}: ${cases === null ? 'none of its cases ran' : `${fine} of ${outcomes.length} did not fail`}`);
  }
}

/** As `-t` has it. */
function nameOf({ within, title }: RanCase): string {
  return [...within, title].join(' > ');
}

/** The file is its own whole name: `agent-claude` is not `agent-claude-acp`. */
function suiteOf(name: string): string {
  return `test/conformance/agent-${name}.test.ts`;
}

/** A network namespace: bubblewrap brings its loopback device up, and changes nothing else here. */
function isolate(): { why: string | null; command: readonly string[] } {
  const capabilities = process.getuid?.() === 0 ? ['--cap-add', 'ALL'] : [];
  const command = ['bwrap', '--dev-bind', '/', '/', '--unshare-net', ...capabilities, '--'];
  const { status, error, stderr } = spawnSync('bwrap', [...command.slice(1), 'true'], { encoding: 'utf8' });
  if (error !== undefined) return { why: 'bubblewrap (bwrap) is not installed', command };
  return { why: status === 0 ? null : stderr.trim(), command };
}
