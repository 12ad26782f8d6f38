import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { protectedPaths } from '../core/scope-check.ts';
import { isUserError, type UserError } from '../core/user-error.ts';
import { loadConfig } from './load.ts';
import { ALWAYS_PROTECTED } from './protected-paths.ts';

const SMALLEST = `version: 1
target: agent/integration
defaults: { agent: codemod, gate: default }
gates:
  default: { run: npm test, timeout: 10m }
agents:
  codemod: { kind: command, run: [node, scripts/codemod.mjs] }
limits: { concurrent: 5, retries: 3 }
`;

async function project(files: Record<string, string | Buffer>): Promise<string> {
  const root = await useTemporaryDirectory('config');
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  return root;
}

async function load(text: string, environment: Record<string, string> = {}, local?: string) {
  const files = { '.yard/config.yaml': text, ...(local !== undefined && { '.yard/config.local.yaml': local }) };
  return loadConfig(await project(files), environment);
}

async function failure(promise: Promise<unknown>): Promise<UserError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!isUserError(error)) throw new Error(`no UserError: ${String(error)}`);
  return error;
}

/** The smallest configuration with one line replaced. */
function changed(from: string, to: string): string {
  if (!SMALLEST.includes(from)) throw new Error(`not in the smallest configuration: ${from}`);
  return SMALLEST.replace(from, to);
}

describe('the smallest configuration', () => {
  test('is complete once loaded', async () => {
    const { config, warnings, hash } = await load(SMALLEST);
    expect(config).toMatchObject({
      target: 'agent/integration',
      defaults: { agent: 'codemod', gate: 'default' },
      gates: { default: { run: 'npm test', timeoutMs: 600_000, environment: { allow: [] } } },
      agents: {
        codemod: { kind: 'command', run: ['node', 'scripts/codemod.mjs'], timeoutMs: 7_200_000, idleMs: null },
      },
      identity: { name: 'Yardmaster' },
      audit: 'off',
      preflight: { requireAcceptance: true },
      provision: [],
      prewarm: [],
    });
    expect(config.limits).toEqual({
      concurrent: 5,
      dispatchPerCycle: 5,
      retries: 3,
      consecutiveFailures: 5,
      backlog: 20,
      runMs: 12 * 3_600_000,
      gates: null,
      gateTimeoutMs: 3_600_000,
      killGraceMs: 10_000,
      agentTimeoutMs: 7_200_000,
      agentIdleMs: 600_000,
      agentPatienceMs: 180_000,
      diskReserveBytes: 2 * 1024 ** 3,
    });
    expect(config.protected).toContain('.yard/**');
    expect(warnings).toEqual([]);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
  });

  test('is frozen to the bottom, and its records answer only for what they hold', async () => {
    const { config } = await load(SMALLEST);
    expect(Object.isFrozen(config.gates['default']?.environment.allow)).toBe(true);
    expect(config.gates['toString']).toBeUndefined();
  });
});

describe('every key', () => {
  test('reaches the configuration', async () => {
    const { config } = await load(
      `${changed('limits: { concurrent: 5, retries: 3 }', 'limits: { concurrent: 2, gateTimeout: 5m }')}
provision:
  - source: .env.test
  - { source: secrets/key, target: config/key, required: true }
environment: { allow: [CI, 'NPM_*'] }
prewarm:
  - { run: npm ci, key: [package-lock.json], outputs: [node_modules/], secrets: [NPM_TOKEN] }
secrets: [OTHER]
secretScan: { allow: ['test/keys/**'] }
areas:
  web: { concurrent: 1 }
protected: [.yard/**, b]
identity: { name: Robot, email: robot@example.com }
preflight: { requireAcceptance: false }
`
        .replace('{ run: npm test, timeout: 10m }', '{ run: npm test, environment: { allow: [DB, CI] } }')
        .replace('codemod.mjs] }', 'codemod.mjs], environment: { allow: [EDITOR] }, secrets: [API_KEY] }'),
    );
    expect(config.provision).toEqual([
      { source: '.env.test', target: '.env.test', required: false },
      { source: 'secrets/key', target: 'config/key', required: true },
    ]);
    expect(config.gates['default']).toMatchObject({
      run: 'npm test',
      timeoutMs: 300_000,
      environment: { allow: ['CI', 'NPM_*', 'DB', '!NPM_TOKEN'] },
      secrets: [],
    });
    expect(config.prewarm).toEqual([
      {
        run: 'npm ci',
        key: ['package-lock.json'],
        outputs: ['node_modules'],
        timeoutMs: 1_800_000,
        environment: { allow: ['CI', 'NPM_*', 'NPM_TOKEN'] },
        secrets: ['NPM_TOKEN'],
      },
    ]);
    expect(config.agents['codemod']).toMatchObject({
      environment: { allow: ['CI', 'NPM_*', 'EDITOR', 'API_KEY', '!NPM_TOKEN'] },
      secrets: ['API_KEY'],
    });
    expect(config.secrets).toEqual(['OTHER']);
    expect(config.secretScan.allow).toEqual(['test/keys/**']);
    expect(config.areas).toEqual({ web: { concurrent: 1 } });
    expect(config.limits.backlog).toBe(8);
    expect(config.preflight.requireAcceptance).toBe(false);
    expect(config.protected).toEqual([...ALWAYS_PROTECTED, 'b']);
  });

  test('a protected list that leaves instructions open is warned about', async () => {
    const { warnings } = await load(`${SMALLEST}protected: [CLAUDE.md]\n`);
    expect(warnings).toHaveLength(1);
  });
});

test.each(['[]', '[docs/**]', '["**/*.ts"]'])(
  'protected: %s leaves the yard and the agents protected',
  async (list) => {
    const { config } = await load(`${SMALLEST}protected: ${list}\n`);
    expect(protectedPaths(config.protected, ['.yard/config.yaml', '.YARD/x', 'a/.claude/settings.json', 'a'])).toEqual([
      '.yard/config.yaml',
      '.YARD/x',
      'a/.claude/settings.json',
    ]);
  },
);

describe('layers', () => {
  test('local over repository, environment over both; lists are replaced', async () => {
    const base = `${SMALLEST}protected: [b, a]\n`;
    const local = 'limits: { retries: 1 }\nprotected: [b]\ngates:\n  default: { timeout: 1m }\n';
    const { config, originOf } = await load(
      base,
      { YARD_LIMITS_CONCURRENT: '9', YARD_TARGET: 'yard/x', YARD_STATE_DIR: '/s' },
      local,
    );
    expect(config.limits).toMatchObject({ concurrent: 9, retries: 1 });
    expect(config.target).toBe('yard/x');
    expect(config.protected).toEqual([...ALWAYS_PROTECTED, 'b']);
    expect(config.gates['default']).toMatchObject({ run: 'npm test', timeoutMs: 60_000 });
    expect(originOf(['target'])).toEqual({ kind: 'environment', variable: 'YARD_TARGET' });
    expect(originOf(['limits', 'retries'])).toEqual({
      kind: 'file',
      file: '.yard/config.local.yaml',
      line: 1,
      column: 11,
    });
    expect(originOf(['gates', 'default', 'run'])).toEqual({
      kind: 'file',
      file: '.yard/config.yaml',
      line: 5,
      column: 14,
    });
    expect(originOf(['limits', 'hours'])).toEqual({ kind: 'default' });
  });

  test('every plain value can be set by a variable', async () => {
    const environment = {
      YARD_PREFLIGHT_REQUIRE_ACCEPTANCE: 'false',
      YARD_LIMITS_HOURS: '0.5',
      YARD_LIMITS_GATE_TIMEOUT: '2m',
      YARD_DEFAULTS_AGENT: 'codemod:big',
    };
    const { config } = await load(SMALLEST, environment);
    expect(config.preflight.requireAcceptance).toBe(false);
    expect(config.limits).toMatchObject({ runMs: 1_800_000, gateTimeoutMs: 120_000 });
    expect(config.defaults.agent).toBe('codemod:big');
  });

  test('a bad value of a variable is told with its name', async () => {
    const error = await failure(load(SMALLEST, { YARD_LIMITS_CONCURRENT: 'many' }));
    expect(error.message).toBe('YARD_LIMITS_CONCURRENT: limits.concurrent must be a number, not the text "many"');
  });

  test('a misspelt variable of a group is an error, a foreign one is not', async () => {
    const error = await failure(load(SMALLEST, { YARD_LIMITS_RETRYS: '1', YARD_TASK_ID: 'T-1', YARD_MARKER: 'x' }));
    expect(error.message).toBe(
      'YARD_LIMITS_RETRYS: no key of the configuration is set by YARD_LIMITS_RETRYS; did you mean YARD_LIMITS_RETRIES?',
    );
  });

  test('the hash follows what holds, not how it is written', async () => {
    const hashes = await Promise.all([
      load(SMALLEST),
      load(`# a comment\n${SMALLEST}`),
      load(SMALLEST, { YARD_TARGET: 'agent/integration' }),
      load(SMALLEST, { YARD_TARGET: 'other' }),
    ]);
    const [first, second, third, other] = hashes.map(({ hash }) => hash);
    expect([second, third]).toEqual([first, first]);
    expect(other).not.toBe(first);
  });
});

describe('bad input', () => {
  test('no configuration', async () => {
    const error = await failure(loadConfig(await project({ x: '' })));
    expect(error).toMatchObject({ code: 'no-config', hint: 'Make one with: yard init', exitCode: 2 });
  });

  test.each<[string, string, string]>([
    [
      'an unknown key',
      changed('limits: {', 'limits: { retrys: 3,'),
      '8:11: unknown key "retrys" in limits; did you mean retries?',
    ],
    ['an unknown key at the top', `${SMALLEST}gate: x\n`, '9:1: unknown key "gate"; did you mean gates?'],
    [
      'an unknown key in an agent',
      changed('kind: command, ', 'kind: command, tiemout: 1s, '),
      '7:29: unknown key "tiemout" in agents.codemod; did you mean timeout?',
    ],
    [
      'a wrong type',
      changed('concurrent: 5', 'concurrent: five'),
      '8:11: limits.concurrent must be a number, not the text "five"',
    ],
    [
      'a wrong type of a map',
      changed('limits: { concurrent: 5, retries: 3 }', 'limits: 5'),
      '8:1: limits must be a map, not 5',
    ],
    ['a number out of range', changed('concurrent: 5', 'concurrent: 0'), '8:11: limits.concurrent must be at least 1'],
    [
      'a fraction',
      changed('concurrent: 5', 'concurrent: 1.5'),
      '8:11: limits.concurrent must be a whole number, not 1.5',
    ],
    ['a missing key', changed('target: agent/integration\n', ''), '1:1: target is missing'],
    ['a missing nested key', changed('run: npm test, ', ''), '5:3: gates.default.run is missing'],
    [
      'a duration without a unit',
      changed('timeout: 10m', 'timeout: 10'),
      '5:29: gates.default.timeout must be text, not 10',
    ],
    [
      'a bad duration',
      changed('timeout: 10m', 'timeout: soon'),
      '5:29: gates.default.timeout is not a duration; write 30s, 10m or 1h',
    ],
    [
      'a duration that timers cannot hold',
      changed('timeout: 10m', 'timeout: 9999h'),
      '5:29: gates.default.timeout is longer than a week',
    ],
    [
      'an unknown kind of agent',
      changed('kind: command', 'kind: comand'),
      '7:14: agents.codemod.kind must be command, replay, claude, gemini, opencode, qwen, pi, coderabbit, local, codex or acp, not the text "comand"',
    ],
    [
      'an agent without a command',
      changed('run: [node, scripts/codemod.mjs]', 'run: []'),
      '7:29: agents.codemod.run must have at least 1 entry',
    ],
    [
      'a command of a wrong type',
      changed('run: [node, scripts/codemod.mjs]', 'run: 5'),
      '7:29: agents.codemod.run must be text or a list, not 5',
    ],
    ['a version that there never was', changed('version: 1', 'version: 0'), '1:1: version must be 1, not 0'],
    [
      'a version of Yardmaster that is none',
      changed('version: 1', 'yardmaster: ../evil'),
      '1:1: yardmaster is not a version of Yardmaster; write one such as 0.1.0',
    ],
    [
      'a gate that does not exist',
      changed('gate: default }', 'gate: defualt }'),
      '3:29: defaults.gate names defualt, which is not under gates; did you mean default?',
    ],
    [
      'an agent that does not exist',
      changed('agent: codemod,', 'agent: codemid,'),
      '3:13: defaults.agent names codemid, which is not under agents; did you mean codemod?',
    ],
    [
      'an effort that no agent of the kind knows',
      changed('agent: codemod,', 'agent: codex:gpt-5.5:hihg,'),
      '3:13: defaults.agent names codex:gpt-5.5:hihg, which has no effort "hihg"; did you mean high?',
    ],
    [
      'an agent for tasks that only reviews',
      changed('agent: codemod,', 'agent: codex:review,'),
      '3:13: defaults.agent names codex:review, which only reviews',
    ],
    ['a gate with an odd name', changed('  default: {', '  ../x: {'), '5:3: the name "../x" in gates is not a name'],
    [
      'a variable list that lets everything through',
      `${SMALLEST}environment: { allow: ['*'] }\n`,
      '9:24: environment.allow[0] is not the name of a variable',
    ],
    [
      'a provision path outside',
      `${SMALLEST}provision: [{ source: ../.env }]\n`,
      '9:15: provision[0].source leads out of the repository',
    ],
    [
      'an absolute provision path',
      `${SMALLEST}provision: [{ source: /etc/passwd }]\n`,
      '9:15: provision[0].source is not relative',
    ],
    [
      'a provision path into .git',
      `${SMALLEST}provision: [{ source: a, target: .GIT/hooks/x }]\n`,
      '9:26: provision[0].target leads into .git',
    ],
    [
      'two that fill one place',
      `${SMALLEST}provision: [{ source: a }]\nprewarm: [{ run: x, key: [b], outputs: [a/c] }]\n`,
      '10:41: prewarm[0] and provision[0] both fill a/c',
    ],
    ['a pattern outside', `${SMALLEST}protected: [../x]\n`, '9:13: protected[0] leads out of the repository'],
    ['an audit that is not built', `${SMALLEST}audit: on\n`, '9:1: audit must be off, not the text "on"'],
    ['a duplicate key', `${SMALLEST}version: 1\n`, '9:1: the key "version" stands twice'],
    ['__proto__', `${SMALLEST}__proto__: { target: main }\n`, '9:1: the key __proto__ is refused'],
    ['a list', '- 1\n', '1:1: the configuration must be a map, not a list'],
    ['nothing', '', '1:1: target is missing'],
  ])('%s', async (_name, text, start) => {
    const error = await failure(load(text));
    expect(error.message).toContain(`.yard/config.yaml:${start}`);
    expect(error).toMatchObject({ code: 'config-invalid', exitCode: 2, place: { file: '.yard/config.yaml' } });
    expect(error.message.startsWith(`.yard/config.yaml:${start}`) || text === '').toBe(true);
    expect(error.hint).toBeTruthy();
  });

  test.each(['-rf', '--upload-pack=x', 'HEAD', 'refs/heads/main', '@{-1}', 'a.lock', 'a b', '$(id)', 'a..b'])(
    'the target %j',
    async (target) => {
      const error = await failure(load(changed('target: agent/integration', `target: ${JSON.stringify(target)}`)));
      expect(error.message).toContain('.yard/config.yaml:2:1: target is not a branch name');
    },
  );

  test('a format from the future: nothing else is said of it', async () => {
    const error = await failure(load(changed('version: 1', 'version: 2\nnovelty: 1')));
    expect(error).toMatchObject({
      code: 'config-newer',
      message: 'the configuration has version 2, and this yardmaster knows versions up to 1',
      hint: expect.stringMatching(/^Update yardmaster/),
      place: { file: '.yard/config.yaml', line: 1, column: 1 },
    });
  });

  test('all problems at once, in the order of the file', async () => {
    const text = changed('concurrent: 5', 'concurrent: x').replace('version: 1', 'version: 0');
    const error = await failure(load(`${text}gate: 1\n`));
    expect(error.message.split('\n')).toEqual([
      '.yard/config.yaml:1:1: version must be 1, not 0',
      'and 2 more:',
      '  .yard/config.yaml:8:11: limits.concurrent must be a number, not the text "x"',
      '  .yard/config.yaml:9:1: unknown key "gate"; did you mean gates?',
    ]);
  });

  test('the local file is told by its own name', async () => {
    const error = await failure(load(SMALLEST, {}, 'limits:\n  retries: -1\n'));
    expect(error.message).toBe('.yard/config.local.yaml:2:3: limits.retries must be at least 0');
  });

  test('control characters of a key do not reach the terminal', async () => {
    const error = await failure(load(`${SMALLEST}"\\e]0;x": 1\n`));
    expect(error.message).toContain('unknown key "\\u001b]0;x"');
  });

  test('what is no text file', async () => {
    const binary = await failure(loadConfig(await project({ '.yard/config.yaml': Buffer.from([0xff, 0xfe, 0x00]) })));
    expect(binary.message).toBe('.yard/config.yaml:1:1: it is not UTF-8 text');
    const large = await failure(loadConfig(await project({ '.yard/config.yaml': Buffer.alloc(1024 * 1024 + 1, '#') })));
    expect(large.message).toContain('.yard/config.yaml:1:1: it cannot be read:');
    const root = await project({ target: SMALLEST, '.yard/x': '' });
    await symlink(join(root, 'target'), join(root, '.yard/config.yaml'));
    expect((await failure(loadConfig(root))).code).toBe('config-invalid');
  });
});
