import { chmodSync, chownSync, existsSync, readdirSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { probeBubblewrap } from '../../src/sandbox/probe.ts';
import { defaultConfig, makeYard } from '../fixtures/e2e/yard.ts';
import type { E2eYard } from '../fixtures/e2e/yard.ts';

const bubblewrap = await probeBubblewrap(process.env['PATH'] ?? '');
const AUTO = { YARD_SANDBOX: 'auto' };
const ORDINARY = 12_345;

/** Looks for what a cell must not show, and says what it found. */
const SPY = `cat > /dev/null
for file in "$SECRETS"/state/state.db "$SECRETS"/repo/README.md "$SECRETS"/home/.netrc; do
  if cat "$file" > /dev/null 2>&1; then echo "read $file" >> found.txt; fi
  if (echo x >> "$file") 2> /dev/null && [ "$file" != "$SECRETS/home/.netrc" ]; then echo "wrote $file" >> found.txt; fi
done
git log --oneline -1 --format=%s > subject.txt
setsid sh -c 'while :; do echo x >> daemon.txt; sleep 0.01; done' > /dev/null 2>&1 &
echo done > done.txt
exit 0`;

function setupOf(made: E2eYard): string {
  return `version: 1
target: agent/integration
defaults: { agent: spy, gate: default }
gates: { default: { run: "test ! -e found.txt && test -e done.txt && ! cat '${made.root}/README.md'", timeout: 2m } }
agents: { spy: { kind: command, run: ${JSON.stringify(SPY.replaceAll('$SECRETS', made.base))} } }
limits: { killGrace: 1s }
`;
}

test('an agent and a gate in their cells: the lane and its git are there, nothing else is', async (context) => {
  if (bubblewrap.kind === 'missing') context.skip(bubblewrap.why);
  const made = await makeYard({ tasks: [{ id: 'S-1' }] });
  await made.write('home/.netrc', 'secret');
  await made.write('repo/.yard/config.yaml', setupOf(made));
  const ran = await made.yard(['run'], { env: AUTO });
  expect(ran.stderr).toMatch(/^sandbox: bubblewrap [\d.]+ for agents\.spy, gates\.default$/m);
  expect(ran).toMatchObject({ code: 0 });
  expect(made.git('ls-tree', '--name-only', 'agent/integration').split('\n')).toEqual(
    expect.arrayContaining(['done.txt', 'subject.txt']),
  );
  expect(made.git('show', 'agent/integration:subject.txt')).toContain('First');
  const evidence = JSON.parse(await made.readText('state/attempts/S-1/1/gate.json')) as unknown;
  expect(evidence).toMatchObject({ cell: { sandbox: 'bubblewrap', network: 'none' } });
  expect(JSON.parse(await made.readText('state/attempts/S-1/1/cell.json'))).toEqual({
    sandbox: 'bubblewrap',
    network: 'open',
  });
  expect(readdirSync(join(made.state, 'tmp'))).toEqual([]);
});

test('an ordinary user has the same', async (context) => {
  if (bubblewrap.kind === 'missing') context.skip(bubblewrap.why);
  if (process.getuid?.() !== 0) context.skip('this is an ordinary user: the test before says it');
  if (spawnSync(process.execPath, ['--version'], { uid: ORDINARY, gid: ORDINARY, cwd: '/' }).status !== 0) {
    context.skip('another user cannot run this Node');
  }
  const made = await makeYard({ tasks: [{ id: 'S-1' }] });
  await made.write('home/.netrc', 'secret');
  await made.write('repo/.yard/config.yaml', setupOf(made));
  giveAll(made.base);
  const as = { env: AUTO, uid: ORDINARY };
  const doctor = await made.yard(['doctor'], as);
  expect(doctor.stdout).toMatch(/^pass +sandbox +bubblewrap .*ways out were tried, none led out\. /m);
  expect(await made.yard(['run'], as)).toMatchObject({ code: 0 });
  expect((await made.yard(['diff', 'S-1'], as)).stdout).toContain('done.txt');
});

function giveAll(path: string): void {
  for (const entry of ['.', ...readdirSync(path, { recursive: true, encoding: 'utf8' })])
    chownSync(join(path, entry), ORDINARY, ORDINARY);
}

test('doctor tries to break out of each cell as it is configured, and says what is opened', async (context) => {
  if (bubblewrap.kind === 'missing') context.skip(bubblewrap.why);
  const made = await makeYard();
  const { stdout } = await made.yard(['doctor'], { env: AUTO });
  const tried =
    /^pass +sandbox +bubblewrap [\d.]+ for agents\.script, gates\.default; (\d+) ways out were tried, none led out\. agents\.script: network open$/m;
  expect(stdout).toMatch(tried);
  await made.write('home/sessions/one', '');
  chmodSync(join(made.home, 'sessions'), 0o777);
  await setPolicy(made, { network: 'none', write: ['~/sessions'] });
  const opened = await made.yard(['doctor'], { env: AUTO });
  expect(opened.stdout).toMatch(/none led out\. agents\.script: may change ~\/sessions$/m);
  // The network is tried now.
  expect(Number(/(\d+) ways out/.exec(opened.stdout)?.[1])).toBe(Number(tried.exec(stdout)?.[1]) + 1);
});

async function setPolicy(made: E2eYard, sandbox: object): Promise<void> {
  const config = defaultConfig(made.base);
  const { script } = config['agents'] as { readonly script: object };
  await made.write('repo/.yard/config.yaml', JSON.stringify({ ...config, agents: { script: { ...script, sandbox } } }));
}

test('a place that the yard stands on is refused before anything is made', async () => {
  const made = await makeYard({ tasks: [{ id: 'S-1', does: 'echo x > x' }] });
  await setPolicy(made, { write: [made.root] });
  const said = `write of agents.script names ${made.root}, which is your checkout`;
  const refused = await made.yard(['run'], { env: AUTO });
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toContain(said);
  expect(existsSync(made.state)).toBe(false);
  expect((await made.yard(['doctor'], { env: AUTO })).stdout).toContain(said);
});

test('a place that is not there is told by run and doctor', async (context) => {
  if (bubblewrap.kind === 'missing') context.skip(bubblewrap.why);
  const made = await makeYard({ tasks: [{ id: 'S-1', does: 'echo x > x' }] });
  await setPolicy(made, { write: ['~/.newagent'] });
  const said = 'write of agents.script: ~/.newagent does not exist: what is written there is thrown away';
  expect((await made.yard(['run'], { env: AUTO })).stderr).toContain(`warning: ${said}`);
  expect((await made.yard(['doctor'], { env: AUTO })).stdout).toMatch(/^warn +sandbox +write of agents\.script: /m);
  if (process.getuid?.() !== 0) return;
  await made.write('home/.newagent/login', '');
  chmodSync(join(made.home, '.newagent'), 0o700);
  expect((await made.yard(['run'], { env: AUTO })).stderr).toContain('cells run as nobody where the yard is root');
});

test('no sandbox is said at every turn', async () => {
  const made = await makeYard({ tasks: [{ id: 'S-1', does: 'echo x > x' }] });
  const says = 'for agents.script, gates.default';
  expect((await made.yard(['run'])).stderr).toContain(`sandbox: none ${says}; what runs without one has your rights`);
  expect((await made.yard(['status'])).stdout).toContain(`no sandbox ${says}: they have your rights`);
  expect(JSON.parse((await made.yard(['status', '--json'])).stdout)).toMatchObject({
    sandboxes: [{ kind: 'none', of: ['agents.script', 'gates.default'], why: null }],
  });
  expect((await made.yard(['doctor'])).stdout).toMatch(/^pass +sandbox +none for .* has your rights$/m);
  expect(await made.readText('state/attempts/S-1/1/gate.log')).toContain('[sandbox: none; network: open]');
});

test('auto without bubblewrap warns; bubblewrap without bubblewrap refuses', async () => {
  const made = await makeYard({ tasks: [{ id: 'S-1', does: 'echo x > x' }] });
  // Everything but bwrap.
  const bin = made.base + '/bin';
  for (const name of [
    'git',
    'sh',
    'cat',
    'dirname',
    'cp',
    'rm',
    'find',
    'sync',
    'setpriv',
    'prlimit',
    'nice',
    'true',
  ]) {
    const found = spawnSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
    await made.write(`bin/${name}`, `#!/bin/sh\nexec ${existsSync(found) ? found : `/bin/${name}`} "$@"\n`);
    spawnSync('chmod', ['+x', `${bin}/${name}`]);
  }
  const env = { YARD_SANDBOX: 'bubblewrap', PATH: bin };
  const refused = await made.yard(['run'], { env });
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toContain('the sandbox of agents.script cannot be had: bubblewrap (bwrap) is not installed');
  expect(existsSync(join(made.state, 'attempts'))).toBe(false);
  await setPolicy(made, { network: 'none' });
  const unkept = await made.yard(['run'], { env: { ...env, ...AUTO } });
  expect(unkept).toMatchObject({ code: 2, stdout: '' });
  expect(unkept.stderr).toContain(
    'the sandbox of agents.script cannot be had: without a sandbox nothing keeps it from the network, as its network: none asks (bubblewrap (bwrap) is not installed)',
  );
  await setPolicy(made, {});
  const warned = await made.yard(['run'], { env: { ...env, ...AUTO } });
  expect(warned.stderr).toContain(
    'warning: sandbox: none for agents.script, gates.default (bubblewrap (bwrap) is not installed)',
  );
  expect(warned).toMatchObject({ code: 0 });
  expect((await made.yard(['doctor'], { env: { ...env, ...AUTO } })).stdout).toMatch(/^warn +sandbox/m);
  const asBefore = await made.yard(['status'], { env: { ...env, ...AUTO } });
  expect(asBefore.stdout).toContain('no sandbox for agents.script, gates.default');
  expect(asBefore.stdout).not.toContain('will refuse');
  await setPolicy(made, { kind: 'bubblewrap' });
  const changed = await made.yard(['status'], { env: { ...env, ...AUTO } });
  const refusal = 'the sandbox of agents.script cannot be had: bubblewrap (bwrap) is not installed';
  expect(changed.stdout).toContain(`yard run will refuse: ${refusal}`);
  expect(changed.stdout).not.toContain('no sandbox');
  const json = await made.yard(['status', '--json'], { env: { ...env, ...AUTO } });
  expect(JSON.parse(json.stdout)).toMatchObject({ refusal });
});

test('no program of the yard is one of a lane, whatever PATH says', async () => {
  const made = await makeYard({ tasks: [{ id: 'S-1' }] });
  const planted = `mkdir -p bin; for name in git cp setpriv sh true; do
  printf '#!/bin/sh\\necho ran >> "${made.base}/ran"\\n' > bin/$name; chmod 755 bin/$name; done; echo "$PATH" > path.txt`;
  await made.write(
    'repo/.yard/config.yaml',
    `version: 1
target: agent/integration
defaults: { agent: spy, gate: default }
gates: { default: { run: "true" } }
agents: { spy: { kind: command, run: ${JSON.stringify(planted)} } }
prewarm: [{ run: "echo made > cache", key: [README.md], outputs: [cache] }]
`,
  );
  const path = made.environment['PATH'] ?? '';
  expect(await made.yard(['run'], { env: { PATH: `bin:.:${path}:` } })).toMatchObject({ code: 0 });
  expect(made.git('show', 'agent/integration:path.txt')).toBe(path);
  expect(existsSync(join(made.base, 'ran'))).toBe(false);
});
