import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { minimalEnvironment } from '../fixtures/e2e/git.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';

describe('what is installed once', () => {
  test('serves lanes and slots, once for each state of its key', async () => {
    const made = await makeYard({
      files: {
        '.gitignore': 'vendor/\n',
        'lock.txt': 'v1\n',
        'library/v1/tool.sh': 'echo tool one\n',
        'library/v2/tool.sh': 'echo tool two\n',
        'install.sh':
          'echo run >> "$INSTALLS"; mkdir -p vendor; cp -r "library/$(cat lock.txt)" vendor/tool; chmod -R u=rwX vendor\n',
      },
      config: {
        environment: { allow: ['INSTALLS'] },
        gates: { default: { run: 'sh vendor/tool/tool.sh | grep -q "^tool"' } },
        prewarm: [{ run: 'sh install.sh', key: ['lock.txt', 'install.sh', 'library'], outputs: ['vendor'] }],
      },
      tasks: [
        { id: 'A-1', does: 'sh vendor/tool/tool.sh > a.txt; echo "exit 1" > vendor/tool/tool.sh' },
        { id: 'B-1', does: 'sh vendor/tool/tool.sh > b.txt' },
        { id: 'C-1', after: ['A-1', 'B-1'], does: 'echo v2 > lock.txt' },
        { id: 'D-1', after: ['C-1'], does: 'sh vendor/tool/tool.sh > d.txt' },
      ],
    });
    const env = { INSTALLS: join(made.base, 'installs') };
    expect(await made.yard(['run'], { env })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/\n4 landed\n$/),
    });
    expect(made.git('show', 'agent/integration:b.txt')).toBe('tool one');
    expect(made.git('show', 'agent/integration:d.txt')).toBe('tool two');
    expect(made.git('ls-tree', '-r', '--name-only', 'agent/integration')).not.toContain('vendor/');
    expect(await made.readText('installs')).toBe('run\nrun');
    expect(readdirSync(join(made.state, 'prewarm')).filter((name) => !name.endsWith('.making'))).toHaveLength(2);
  });

  test('a JavaScript project whose gate needs npm ci', async (context) => {
    const { status } = spawnSync('npm', ['--version'], { env: minimalEnvironment('/nonexistent') });
    if (status !== 0) context.skip('there is no npm');
    const made = await makeYard({
      files: {
        '.gitignore': 'node_modules/\n',
        'package.json': JSON.stringify({
          name: 'app',
          version: '1.0.0',
          private: true,
          scripts: { test: 'node test.js' },
          dependencies: { greeting: 'file:greeting.tgz' },
        }),
        'test.js': `if (require('greeting') !== 'hello') throw new Error('no greeting');\nrequire('./a.js');\n`,
        'a.js': '',
      },
      config: {
        gates: { default: { run: 'npm test' } },
        prewarm: [
          {
            run: 'npm ci --offline --no-audit --no-fund',
            key: ['package.json', 'package-lock.json', '*.tgz'],
            outputs: ['node_modules'],
          },
        ],
      },
      tasks: [
        {
          id: 'A-1',
          does: `node -e "process.exit(require('greeting') === 'hello' ? 0 : 1)"; echo 'module.exports = 1;' > a.js`,
        },
      ],
    });
    const npm = (cwd: string, ...args: string[]): void => {
      const done = spawnSync('npm', args, { cwd, env: minimalEnvironment(made.home), encoding: 'utf8' });
      expect(done.stderr).not.toContain('npm error');
    };
    await made.write('greeting/package.json', JSON.stringify({ name: 'greeting', version: '1.0.0' }));
    await made.write('greeting/index.js', `module.exports = 'hello';\n`);
    npm(join(made.base, 'greeting'), 'pack', '--pack-destination', made.base);
    spawnSync('mv', [join(made.base, 'greeting-1.0.0.tgz'), join(made.root, 'greeting.tgz')]);
    npm(made.root, 'install', '--package-lock-only', '--offline', '--no-audit', '--no-fund');
    made.git('add', '--all');
    made.git('commit', '--quiet', '--message=Lock');
    expect(await made.yard(['run'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n1 landed\n$/) });
    expect(made.git('ls-tree', '-r', '--name-only', 'agent/integration')).not.toContain('node_modules');
  });

  test('an installer that fails is told, and no retry is spent on it', async () => {
    const made = await makeYard({
      files: { 'lock.txt': 'v1\n' },
      config: { prewarm: [{ run: 'echo no such package; exit 7', key: ['lock.txt'], outputs: ['vendor'] }] },
      tasks: [{ id: 'A-1', does: 'echo a > a.txt' }],
    });
    await made.yard(['reconcile', '--sync']);
    const record = await made.read((reader) => reader.task('A-1'));
    expect(record).toMatchObject({ counters: { retries: 0, infrastructure: 1 }, state: { status: 'ready' } });
    const [attempt] = await made.read((reader) => reader.attempts('A-1'));
    expect(attempt?.outcome).toMatchObject({ kind: 'infrastructure', why: expect.stringContaining('no such package') });
  });
});

describe('what git does not hold', () => {
  test('an ignored file is provided to lanes and slots and never committed; one that is required and missing is told', async () => {
    const made = await makeYard({
      files: { '.gitignore': '.env\nlocal/\n' },
      config: {
        gates: { default: { run: 'grep -q "^KEY=1$" .env && test -f local/deep/config.json' } },
        provision: [
          { source: '.env', required: true },
          { source: 'local', target: 'local' },
        ],
      },
      tasks: [{ id: 'A-1', does: 'cp .env seen.txt; echo KEY=2 > .env; ls local/deep > deep.txt' }],
    });
    await made.write('repo/local/deep/config.json', '{}');
    expect(await made.yard(['run'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('the provisioned file .env is not there, and is required') as string,
    });
    await made.write('repo/.env', 'KEY=1\n');
    expect(await made.yard(['run'])).toMatchObject({ code: 0 });
    expect(made.git('show', 'agent/integration:seen.txt')).toBe('KEY=1');
    expect(made.git('show', 'agent/integration:deep.txt')).toBe('config.json');
    expect(made.git('ls-tree', '-r', '--name-only', 'agent/integration')).not.toMatch(/^(\.env|local\/)/m);
    expect(await made.readText('repo/.env')).toBe('KEY=1');
  });

  test('agents and gates see the variables that the configuration allows, and no other', async () => {
    const made = await makeYard({
      config: {
        environment: { allow: ['YARD_E2E_SHARED', 'E2E_GROUP_*', 'GIT_AUTHOR_*'] },
        gates: { default: { run: 'env > "$YARD_E2E_SHARED/gate.env"', environment: { allow: ['YARD_E2E_GATE'] } } },
      },
      tasks: [{ id: 'A-1', does: 'env > "$YARD_E2E_SHARED/agent.env"; echo a > a.txt' }],
    });
    const env = {
      YARD_E2E_SHARED: made.base,
      E2E_GROUP_A: 'a',
      YARD_E2E_GATE: 'g',
      YARD_E2E_SECRET: 's',
      AWS_SECRET_ACCESS_KEY: 's',
    };
    expect(await made.yard(['run'], { env })).toMatchObject({ code: 0 });
    const names = async (file: string): Promise<string[]> =>
      (await made.readText(file)).split('\n').map((line) => line.split('=')[0] ?? '');
    const agent = await names('agent.env');
    expect(agent).toEqual(
      expect.arrayContaining([
        'PATH',
        'HOME',
        'YARD_E2E_SHARED',
        'E2E_GROUP_A',
        'YARD_TASK_ID',
        'YARD_ATTEMPT',
        'YARD_BASE_SHA',
        'YARD_RESULT',
      ]),
    );
    for (const name of [
      'YARD_E2E_SECRET',
      'AWS_SECRET_ACCESS_KEY',
      'YARD_E2E_GATE',
      'YARD_STATE_DIR',
      'GIT_AUTHOR_NAME',
      'GIT_CONFIG_NOSYSTEM',
    ])
      expect(agent).not.toContain(name);
    const gate = await names('gate.env');
    expect(gate).toEqual(expect.arrayContaining(['CI', 'YARD_E2E_GATE', 'E2E_GROUP_A']));
    for (const name of ['YARD_E2E_SECRET', 'AWS_SECRET_ACCESS_KEY', 'YARD_STATE_DIR', 'YARD_RESULT'])
      expect(gate).not.toContain(name);
  });
});
