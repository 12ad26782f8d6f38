import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { useBubblewrap } from '../../../test/fixtures/bubblewrap.ts';
import { StubEngine } from '../../../test/fixtures/container/stub-engine.ts';
import { root } from '../../../test/fixtures/repository-files.ts';
import { useTemporaryDirectory } from '../../../test/fixtures/temporary-directory.ts';
import { useTools } from '../../../test/fixtures/tools/open-tools.ts';
import type { TestTools } from '../../../test/fixtures/tools/open-tools.ts';
import { resolveSandbox } from '../../config/sandbox-schema.ts';
import type { SandboxKind, SandboxSupport } from '../../core/sandbox-choice.ts';
import { allowedEnvironment } from '../../process/environment.ts';
import { runProcess } from '../../process/run.ts';
import type { RunOptions, StartedProcess } from '../../process/run.ts';
import { Cells } from '../../sandbox/cells.ts';
import type { RunInCell } from '../../sandbox/cells.ts';
import { probeContainers } from '../../sandbox/probe-containers.ts';

const MAIN = join(root, 'test/fixtures/yard/from-source.js');
const CLIENT = join(root, 'test/fixtures/processes/mcp-client.ts');
const SELF = [process.execPath, MAIN] as const;
const base: RunOptions = { cwd: root, env: allowedEnvironment([], {}), killGraceMs: 1_000 };
const bubblewrap = (await useBubblewrap()).support;
const whyNot = bubblewrap.bubblewrap.kind === 'works' ? '' : ` (skipped: ${bubblewrap.bubblewrap.why})`;

interface Held extends TestTools {
  readonly run: RunInCell;
}

const stubContainers = async (directory: string): Promise<SandboxSupport['container']> =>
  probeContainers('auto', (await StubEngine.make(directory)).environment);

/** The tools of an attempt, and a cell as its agent has it. Without a network: the socket is all that leads out. */
async function useCell(kind: SandboxKind): Promise<Held> {
  const stateDirectory = await useTemporaryDirectory('tools');
  const [directory, scratch] = [join(stateDirectory, 'lane'), join(stateDirectory, 'scratch')];
  for (const path of [directory, scratch]) await mkdir(path);
  const repository = { root: '/nowhere', commonDirectory: '/nowhere/.git' };
  const support: SandboxSupport =
    kind === 'container' ? { ...bubblewrap, container: await stubContainers(stateDirectory) } : bubblewrap;
  const cells = new Cells({ stateDirectory, repository, support, self: SELF, redact: (text) => text });
  const policy = { ...resolveSandbox('auto').agents, kind, image: 'image', network: 'none' } as const;
  const { owner } = cells.sandboxFor(policy);
  const tools = await useTools({ owner, program: cells.ownProgram(policy) });
  const { readable } = tools.tools.server;
  const egressLog = join(stateDirectory, 'network.ndjson');
  return { ...tools, run: cells.enter(policy, { directory, scratch, readable, egressLog }) };
}

type Calls = readonly (readonly [name: string, input: object])[];

async function talk({ run, tools }: Held, calls: Calls, discovers = false): Promise<unknown> {
  const { command, args, env } = tools.server;
  // In a container there is the Node of the image; elsewhere it is our own.
  const argv = [command, CLIENT] as const;
  const input = JSON.stringify({ command, args, env, calls, discovers });
  const result = await run({ argv, env: allowedEnvironment([], {}) }, { input, killGraceMs: 100, timeoutMs: 45_000 });
  expect([result.kind, result.stderr.toString()]).toEqual(['exited', '']);
  return JSON.parse(result.stdout.toString());
}

describe.each([
  ['without a sandbox', '', 'none'],
  ['in a cell', whyNot, 'bubblewrap'],
  ['in a container', whyNot, 'container'],
] as const)('a client of the protocol %s%s', (_, missing, kind) => {
  test.skipIf(missing !== '')('reports and finishes by the bridge', async () => {
    const one = await useCell(kind);
    const said = await talk(one, [
      ['report_progress', { phase: 'editing', focus: 'the greeting' }],
      ['finish', { status: 'done' }],
      ['report_packet', { summary: 'Did it.\u2028' }],
      ['finish', { status: 'done' }],
      ['finish', { status: 'cannot', reason: 'x' }],
    ]);
    expect(said).toMatchObject({
      server: { name: 'yard' },
      tools: ['get_task', 'report_progress', 'ask_question', 'report_packet', 'request_scope', 'finish'],
      replies: [{ isError: false }, { isError: true }, { isError: false }, { isError: false }, { isError: true }],
    });
    expect(one.tools.terminal).toMatchObject({ kind: 'done', packet: { summary: 'Did it.<U+2028>' } });
    expect(one.progress).toHaveLength(1);
  });
});

test('a client of the newest revision finds its way', async () => {
  const said = await talk(await useCell('none'), [['get_task', {}]], true);
  expect(said).toMatchObject({ replies: [{ isError: false }] });
});

test.skipIf(whyNot !== '')(`another attempt's socket is not there in a cell${whyNot}`, async () => {
  const [one, other] = [await useCell('bubblewrap'), await useCell('bubblewrap')];
  const argv = [...SELF, '_tools', other.socketPath] as const;
  const env = allowedEnvironment([], { YARD_TOOLS_KEY: other.key });
  const result = await one.run({ argv, env }, { killGraceMs: 100 });
  expect(result).toMatchObject({ kind: 'exited', code: 1 });
  expect(result.stderr.toString()).toContain('the tools cannot be reached');
  expect(other.log).toEqual([]);
});

describe('the bridge', () => {
  const bridge = (args: readonly string[], key: string | null, options: Partial<RunOptions> = {}) =>
    runProcess(process.execPath, [MAIN, '_tools', ...args], {
      ...base,
      env: allowedEnvironment([], key === null ? {} : { YARD_TOOLS_KEY: key }),
      ...options,
    });
  const ping = `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })}\n`;

  test('prints what the server says and nothing else, and ends with its input', async () => {
    const { socketPath, key } = await useTools();
    const result = await bridge([socketPath], key, { input: ping });
    expect(result).toMatchObject({ kind: 'exited', code: 0 });
    expect([result.stdout.toString(), result.stderr.toString()]).toEqual([
      '{"jsonrpc":"2.0","id":1,"result":{}}\n',
      '',
    ]);
  });

  test('ends when the attempt ends, though its input is held open', async () => {
    const { tools, socketPath, key } = await useTools();
    const result = await bridge([socketPath], key, {
      holdInput: true,
      onStarted: ({ write }: StartedProcess) => write(ping),
      onOutput: () => void tools.close(),
    });
    expect(result).toMatchObject({ kind: 'exited', code: 1 });
  });

  test('with the key of another attempt gets nothing', async () => {
    const [one, other] = [await useTools(), await useTools()];
    const result = await bridge([one.socketPath], other.key, { input: ping, holdInput: true });
    expect(result).toMatchObject({ kind: 'exited', code: 1 });
    expect(result.stdout.toString()).toBe('');
    expect(one.log).toMatchObject([{ refused: 'wrong-key' }]);
  });

  test('says that there is no server', async () => {
    const result = await bridge([join(await useTemporaryDirectory('tools'), 's')], 'key');
    expect(result).toMatchObject({ kind: 'exited', code: 1 });
    expect(result.stderr.toString()).toMatch(/the tools cannot be reached: .*ENOENT/);
  });

  test.each([
    ['a socket', [], 'key'],
    ['a key', ['socket'], null],
  ])('wants %s', async (_, args, key) => {
    const result = await bridge(args, key);
    expect(result.stderr.toString()).toContain('usage: YARD_TOOLS_KEY=KEY yard _tools SOCKET');
  });
});
