import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { writeScript } from '../../src/cli/demo/model/prompt-script.ts';
import type { StepInput } from '../../src/cli/demo/model/step.ts';
import { type StubModel, startModel } from '../../src/cli/demo/model/stub-model.ts';
import type { ProcessResult } from '../../src/process/process-result.ts';
import { runProcess } from '../../src/process/run.ts';
import { BARE_PROGRAMS, bareRun } from '../fixtures/agents/bare-run.ts';
import { emptyEnvironment, findProgram, namedPrograms } from '../fixtures/agents/cache.ts';
import { useTemporaryDirectory } from '../fixtures/temporary-directory.ts';

// The real programs, without any of our adapters: that the stub model is a model to each of them.

interface Done {
  readonly result: ProcessResult;
  readonly model: StubModel;
  /** Where the program worked. */
  readonly lane: string;
  /** The file that the server of tools wrote. */
  readonly told: string;
}

const REPORTER = join(import.meta.dirname, '../fixtures/agents/reporter.ts');
const MODELS: Readonly<Record<string, readonly string[]>> = {
  // All its tools are told; those of servers are searched for; all are called by a script of the model's.
  codex: ['gpt-5.1-codex', 'gpt-5.5', 'gpt-5.6-sol'],
};
const WITHOUT_SERVERS = new Set(['pi']);
const named = BARE_PROGRAMS.filter((name) => namedPrograms()?.includes(name) ?? true);
const cases = named.flatMap((name) => (MODELS[name] ?? ['']).map((model) => [name, model] as const));

async function play(name: string, steps: readonly StepInput[], modelName: string): Promise<Done | { skipped: string }> {
  const program = findProgram(name);
  if ('skipped' in program) return program;
  const directory = await useTemporaryDirectory(name);
  const [lane, home, told] = [join(directory, 'lane'), join(directory, 'home'), join(directory, 'told')];
  await mkdir(lane);
  await mkdir(home);
  await writeFile(join(lane, 'old.txt'), 'old\n');
  const model = await startModel();
  onTestFinished(() => model.close());
  const { args, ...rest } = bareRun(name, program, {
    url: model.url,
    prompt: `Do it.\n${writeScript(steps)}`,
    home,
    ...(modelName === '' ? {} : { model: modelName }),
    ...(WITHOUT_SERVERS.has(name) ? {} : { tools: [process.execPath, REPORTER, told] }),
  });
  const result = await runProcess(program.path, args, { cwd: lane, timeoutMs: 110_000, ...rest });
  return { result, model, lane, told };
}

test.for(cases)('the steps of a script are done by %s %s', { timeout: 120_000 }, async ([name, modelName], context) => {
  const canary = `canary-${crypto.randomUUID()}`;
  process.env['YARD_TEST_CANARY'] = canary;
  onTestFinished(() => void delete process.env['YARD_TEST_CANARY']);
  const report = { tool: { name: 'report_packet', arguments: { summary: 'all' } } };
  const done = await play(
    name,
    [
      { write: { path: 'sub/new.txt', content: 'one\n"two" é\n' } },
      { write: { path: 'old.txt', content: 'replaced' } },
      { run: { command: 'env > environment.txt; cat sub/new.txt' } },
      ...(WITHOUT_SERVERS.has(name) ? [] : [report]),
      { usage: { input: 11, cached: 12, output: 13 } },
      { say: { text: 'That was all.' } },
    ],
    modelName,
  );
  if ('skipped' in done) return context.skip(done.skipped);
  const { result, model, lane, told } = done;
  const said = result.stdout.toString('utf8');
  expect(result.kind === 'exited' && result.code, said + result.stderr.toString('utf8')).toBe(0);
  expect(said).toContain('That was all.');
  expect(await readFile(join(lane, 'sub/new.txt'), 'utf8')).toBe('one\n"two" é\n');
  expect(await readFile(join(lane, 'old.txt'), 'utf8')).toBe('replaced');
  expect(model.requests.some(({ conversation }) => conversation !== null)).toBe(true);

  const environment = await readFile(join(lane, 'environment.txt'), 'utf8');
  expect(environment).toContain('PATH=');
  const reported = existsSync(told) ? await readFile(told, 'utf8') : '';
  if (!WITHOUT_SERVERS.has(name)) expect(JSON.parse(reported)).toMatchObject({ told: { summary: 'all' } });
  for (const text of [environment, reported, said]) expect(text).not.toContain(canary);
});

test('what a program is given besides its own settings', () => {
  expect(Object.keys(emptyEnvironment('/home/x')).filter((name) => !name.endsWith('_API_KEY'))).toEqual([
    'PATH',
    'HOME',
    'TERM',
  ]);
});
