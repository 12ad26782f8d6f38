// Runs the suites of agents against the real programs, all of them or the named: `npm run test:agents [-- NAME…]`.
// Fetches what is missing first. Then nothing but the loopback address is there, where the machine can do that.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { agentCache, PROGRAMS } from '../test/fixtures/agents/cache.ts';
import { fillAll } from './agent-cache.ts';

const names = process.argv.slice(2);
const missing = await fillAll(names.length > 0 ? names : Object.keys(PROGRAMS));

const suites = names.length > 0 ? ['test/conformance/agent-model', ...names.map(suiteOf)] : ['test/conformance/agent'];
const vitest = ['npm', 'run', '--silent', 'vitest', '--', ...suites];
const isolation = isolate();
console.log(isolation.why === null ? 'without a network: loopback only' : `with the network: ${isolation.why}`);
const [program = '', ...args] = isolation.why === null ? [...isolation.command, ...vitest] : vitest;
const run = spawnSync(program, args, {
  cwd: join(import.meta.dirname, '..'),
  env: { ...process.env, YARD_AGENT_CACHE: agentCache(), YARD_TEST_AGENTS: 'all' },
  stdio: 'inherit',
});
if (run.error) console.error(run.error.message);
if (missing.length > 0) console.log(`could not be fetched, and were skipped: ${missing.join(', ')}`);
if (run.status !== 0 || missing.length > 0) process.exitCode = 1;

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
