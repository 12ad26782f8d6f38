import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

import { startModel } from '../../src/cli/demo/model/stub-model.ts';
import type { StubModel } from '../../src/cli/demo/model/stub-model.ts';
import type { Step } from '../../src/cli/demo/model/step.ts';
import { DUMMY_KEY, findProgram } from '../fixtures/agents/cache.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';
import type { E2eYard } from '../fixtures/e2e/yard.ts';

interface Listed {
  readonly name: string;
  readonly configured: boolean;
  readonly path: string | null;
  readonly version: string | null;
  readonly login: { readonly kind: string };
  readonly proven: string | null;
}

async function list(made: E2eYard, env: Readonly<Record<string, string>> = {}): Promise<ReadonlyMap<string, Listed>> {
  const { code, stdout } = await made.yard(['agents', '--json'], { env });
  expect(code).toBe(0);
  const { agents } = JSON.parse(stdout) as { readonly agents: readonly Listed[] };
  return new Map(agents.map((agent) => [agent.name, agent]));
}

test('without a configuration and without any agent: what there could be, and how it is installed', async () => {
  const made = await makeYard({ config: null });
  const agents = await list(made);
  expect(agents.get('claude')).toMatchObject({ configured: false, path: null, version: null, login: { kind: 'none' } });
  const listed = await made.yard(['agents']);
  expect(listed.stdout).toContain('npm install -g @openai/codex');
  expect(listed.stderr).toContain('None of these programs is installed');
  expect(listed.stderr).not.toContain('NAME');
  expect((await made.yard(['agents', 'probe', 'cluade'])).stderr).toContain('did you mean claude?');
  const probed = await made.yard(['agents', 'probe', 'claude', 'codex']);
  expect(probed.code).toBe(1);
  expect(probed.stdout).toContain('claude is not installed');
  expect(probed.stdout).toContain('Install it: npm install -g @anthropic-ai/claude-code; log in');
  expect(probed.stdout).toContain('Install it: npm install -g @openai/codex');
  expect((await made.yard(['agents', 'probe'])).code).toBe(2);
});

test('what is installed, its version, its login; what is configured comes first', async () => {
  const made = await makeYard({
    config: { defaults: { agent: 'mine', gate: 'default' }, agents: { mine: { kind: 'command', run: ['git'] } } },
  });
  const bin = join(made.base, 'bin');
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, 'claude'), '#!/bin/sh\n[ "$*" = --version ] && echo "2.9.1 (Claude Code)"\n');
  await writeFile(join(bin, 'codex'), '#!/bin/sh\necho "no library"; echo "Segmentation fault" >&2; exit 3\n');
  for (const name of ['claude', 'codex']) await chmod(join(bin, name), 0o755);
  const env = { PATH: `${bin}:${made.environment['PATH'] ?? ''}`, OPENAI_API_KEY: DUMMY_KEY };
  const agents = await list(made, env);
  expect([...agents.keys()].slice(0, 2)).toContain('mine');
  expect(agents.get('claude')).toMatchObject({ path: join(bin, 'claude'), version: '2.9.1', login: { kind: 'none' } });
  expect(agents.get('codex')).toMatchObject({ version: null, login: { kind: 'key', variable: 'OPENAI_API_KEY' } });
  // That it is a command of theirs is no failure.
  expect((await made.yard(['agents', 'probe', 'mine'], { env })).code).toBe(0);
  expect((await made.yard(['agents', 'probe', 'nobody'], { env })).code).toBe(2);
  expect((await made.yard(['agents', 'probe', 'codex:gpt-5:hihg'], { env })).stderr).toContain('did you mean high?');
  const crashed = await made.yard(['agents', 'probe', 'codex'], { env });
  expect(crashed.stdout).toContain('why: codex ended in its turn (exit code 3): Segmentation fault');
  expect(crashed.stdout).toMatch(/it said at its end:\n +Segmentation fault\n/);
  const open = await made.yard(['agents', 'probe', 'acp:nothere', 'acp'], { env });
  expect(open.stdout).toContain('acp:nothere: nothere is not installed');
  expect(open.stdout).toContain('try again: yard agents probe acp:nothere\n');
  expect(open.stdout).toContain('acp: it does not say which program it is\n');
  // No turn is taken where nobody is logged in: the program here would fail it otherwise.
  const loggedOut = await made.yard(['agents', 'probe', 'claude'], { env });
  expect(loggedOut.code).toBe(1);
  expect(loggedOut.stdout).toContain('claude: nobody is logged in to it');
  expect(loggedOut.stdout).toContain('hint: Log in with: claude auth login');
});

test('an agent that only a task names is told of as one that is used', async () => {
  const made = await makeYard({
    config: { sandbox: 'none' },
    tasks: [{ id: 'TASK-1', agent: 'claude:opus' }],
  });
  const bin = join(made.base, 'bin');
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, 'claude'), '#!/bin/sh\nexit 1\n');
  await chmod(join(bin, 'claude'), 0o755);
  const env = { PATH: `${bin}:${made.environment['PATH'] ?? ''}`, ANTHROPIC_API_KEY: DUMMY_KEY };
  const line = /^sandbox: none for .*agents\.claude/mu;
  const { stdout } = await made.yard(['doctor', '--quick', '--json'], { env });
  const { checks } = JSON.parse(stdout) as { readonly checks: readonly { id: string; message: string }[] };
  const said = new Map(checks.map(({ id, message }) => [id, message]));
  expect(said.get('agents')).toContain('claude');
  expect(said.get('sandbox')).toContain('agents.claude');
  expect((await made.yard(['run'], { env })).stderr).toMatch(line);
  // It is in the store by now.
  expect((await made.yard(['run'], { env })).stderr).toMatch(line);
});

const PROBE: readonly Step[] = [
  { tool: { name: 'get_task', arguments: {} } },
  { tool: { name: 'report_packet', arguments: { summary: 'probe' } } },
  { tool: { name: 'finish', arguments: { status: 'done' } } },
];

const addresses = ({ url }: StubModel): Record<string, string> => ({
  ANTHROPIC_BASE_URL: url,
  ANTHROPIC_API_KEY: DUMMY_KEY,
  OPENAI_BASE_URL: `${url}/v1`,
  OPENAI_API_KEY: DUMMY_KEY,
  CODEX_API_KEY: DUMMY_KEY,
});

/** Spec, program in the cache, arguments that come before all others. */
const PROBED = [
  ['claude', 'claude'],
  ['codex', 'codex'],
  ['acp:claude', 'claude-acp'],
] as const;

test.for(PROBED)('a probe of %s takes one real turn, and proves its tools', async ([spec, name], context) => {
  const program = findProgram(name);
  if ('skipped' in program) return context.skip(program.skipped);
  const kind = spec.split(':')[0] ?? '';
  const run = [program.path, ...program.prefixArgs];
  const made = await makeYard({
    config: { defaults: { agent: spec, gate: 'default' }, agents: { [kind]: { kind, run } } },
  });
  let steps = PROBE;
  const model = await startModel({ script: (prompt) => (prompt.includes('PROBE-1') ? steps : null) });
  onTestFinished(() => model.close());
  const env = addresses(model);
  const { code, stdout } = await made.yard(['agents', 'probe', '--json'], { env });
  const { probes } = JSON.parse(stdout) as { readonly probes: readonly object[] };
  expect(probes, stdout).toHaveLength(1);
  const proof = { started: true, answered: true, calledTool: true, reported: true };
  expect(probes[0]).toMatchObject({ spec, ok: true, login: { kind: 'key' }, proof });
  expect(code).toBe(0);

  steps = [{ error: { status: 401 } }];
  const refused = await made.yard(['agents', 'probe', '--all'], { env });
  expect(refused.code).toBe(1);
  expect(refused.stdout).toContain('no  its model answers');
  expect(refused.stdout).toMatch(/hint: (Log in with: .*; or set|Set) .* \(login found: \w+_KEY\)/);
});

test('init takes an agent that is named, or with --yes one that is installed and logged in', async () => {
  const named = await makeYard({ config: null });
  expect((await named.yard(['init', '--gate', 'true', '--agent', 'codex:gpt-5.5:high'])).code).toBe(0);
  expect(await readFile(join(named.root, '.yard/config.yaml'), 'utf8')).toContain('agent: "codex:gpt-5.5:high"');
  expect((await named.yard(['config'])).code).toBe(0);

  const found = await makeYard({ config: null });
  const bin = join(found.base, 'bin');
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, 'claude'), '#!/bin/sh\necho 2.9.1\n');
  await chmod(join(bin, 'claude'), 0o755);
  const env = { PATH: `${bin}:${found.environment['PATH'] ?? ''}`, ANTHROPIC_API_KEY: DUMMY_KEY };
  const made = await found.yard(['init', '--gate', 'true', '--yes'], { env });
  expect(made.stderr).toContain('agent: claude');
  expect(await readFile(join(found.root, '.yard/config.yaml'), 'utf8')).toContain('agent: claude');

  const loggedOut = await makeYard({ config: null });
  const said = await loggedOut.yard(['init', '--gate', 'true'], { env: { PATH: env.PATH } });
  expect(said.stderr).toContain('claude is installed, but nobody is logged in to it; log in with: claude auth login');
  expect(said.stderr).toContain(
    'Next: log in, set defaults.agent: claude in .yard/config.yaml (or a command of your own',
  );
  const toDo = await loggedOut.yard(['run'], { env: { PATH: env.PATH } });
  expect(toDo).toMatchObject({ code: 2, stderr: expect.stringContaining('hint: Set defaults.agent: claude,') });
  // With what was advised, and no more, the command that only fails is in nobody's way.
  const file = join(loggedOut.root, '.yard/config.yaml');
  await writeFile(file, (await readFile(file, 'utf8')).replace('agent: default', 'agent: claude'));
  expect((await loggedOut.yard(['run'], { env: { PATH: env.PATH } })).code).toBe(0);

  const wrong = await makeYard({ config: null });
  expect((await wrong.yard(['init', '--agent', 'nobody'])).stderr).toContain('the agent nobody is not configured');
  expect((await wrong.yard(['init', '--agent', 'cluade'])).stderr).toContain('did you mean claude?');
  expect((await wrong.yard(['init', '--agent', 'codex:review'])).stderr).toContain('codex:review only reviews');
});
