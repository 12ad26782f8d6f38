import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { ADAPTERS } from '../src/agents/program/adapters.ts';
import type { Adapter, ProgramSettings } from '../src/agents/program/adapter.ts';
import { writeScript } from '../src/cli/demo/model/prompt-script.ts';
import type { StepInput } from '../src/cli/demo/model/step.ts';
import type { StubModel } from '../src/cli/demo/model/stub-model.ts';
import { codeOf } from '../src/core/error-code.ts';
import { runProcess } from '../src/process/run.ts';
import { findMarked } from '../src/process/tree.ts';
import { bareRun } from '../test/fixtures/agents/bare-run.ts';
import { emptyEnvironment, findProgram } from '../test/fixtures/agents/cache.ts';
import type { FoundProgram } from '../test/fixtures/agents/cache.ts';
import { makeArena } from '../test/fixtures/agents/program-arena.ts';
import { writeProvider } from '../test/fixtures/agents/opencode-provider.ts';
import type { Arena } from '../test/fixtures/agents/program-arena.ts';
import type { Benchmark, Figure } from './benchmark.ts';
import { median } from './measure.ts';
import { YARD } from './program.ts';

const ROUNDS = 5;
const SAMPLE_EVERY_MS = 25;

/** Both have the model answer four times; ours reports in place of two commands. */
const BARE: readonly StepInput[] = [
  { write: { path: 'a.txt', content: 'a\n' } },
  { run: { command: 'true' } },
  { run: { command: 'true' } },
  { say: { text: 'Done.' } },
];
const DRIVEN: readonly StepInput[] = [
  { write: { path: 'a.txt', content: 'a\n' } },
  { tool: { name: 'report_packet', arguments: { summary: 'It is done.' } } },
  { tool: { name: 'finish', arguments: { status: 'done' } } },
  { say: { text: 'Done.' } },
];

interface Subject {
  readonly kind: 'claude' | 'codex' | 'gemini' | 'opencode';
  readonly settings: Partial<ProgramSettings>;
  readonly environment: (model: StubModel) => Readonly<Record<string, string>>;
  readonly prepare?: (model: StubModel, home: string) => Promise<void>;
}

const SUBJECTS: readonly Subject[] = [
  {
    kind: 'claude',
    settings: { model: 'claude-sonnet-4-5' },
    environment: ({ url }) => ({ ANTHROPIC_BASE_URL: url }),
  },
  { kind: 'codex', settings: { model: 'gpt-5.1-codex' }, environment: ({ url }) => ({ OPENAI_BASE_URL: `${url}/v1` }) },
  {
    kind: 'gemini',
    settings: { model: 'gemini-2.5-flash' },
    environment: ({ url }) => ({ GOOGLE_GEMINI_BASE_URL: url }),
  },
  {
    kind: 'opencode',
    settings: { model: 'stub/stub-model' },
    environment: () => ({ OPENCODE_DISABLE_MODELS_FETCH: '1' }),
    prepare: writeProvider,
  },
];

interface Sampled {
  readonly wallMs: number;
  /** Of all processes that were started, together; 0 where it cannot be seen. */
  readonly peakRssMb: number;
}

/** What driving a real program costs beside starting it by hand. */
export const turn: Benchmark = {
  name: 'turn',
  about:
    'One turn of a real program (from the cache of `npm run test:agents`) before the stub model, four answers: as a person would start it, and driven with tools. In turns; medians over pairs.',
  run: async ({ directory, rounds }) => {
    const figures: Figure[] = [];
    for (const subject of SUBJECTS) {
      const program = findProgram(subject.kind);
      if ('skipped' in program) figures.push({ what: `${subject.kind}: ${program.skipped}`, value: 0, unit: '' });
      else figures.push(...(await compare(subject, program, directory, rounds ?? ROUNDS)));
    }
    return figures;
  },
};

async function compare(subject: Subject, program: FoundProgram, directory: string, rounds: number): Promise<Figure[]> {
  const { kind } = subject;
  const adapter = await ADAPTERS[kind]?.({ name: kind } as ProgramSettings);
  if (adapter === undefined) return [];
  const [bare, driven]: [Sampled[], Sampled[]] = [[], []];
  for (let round = -1; round < rounds; round += 1) {
    const one = await withArena(adapter, program, subject, (arena) =>
      bareTurn(kind, program, arena, join(directory, `${kind}-${round}`)),
    );
    const other = await withArena(adapter, program, subject, drivenTurn);
    // The first round warms what both use.
    if (round < 0) continue;
    bare.push(one);
    driven.push(other);
  }
  const bareMs = median(bare.map(({ wallMs }) => wallMs));
  const overMs = median(driven.map(({ wallMs }, index) => wallMs - (bare[index]?.wallMs ?? Number.NaN)));
  const overMb = median(driven.map(({ peakRssMb }, index) => peakRssMb - (bare[index]?.peakRssMb ?? Number.NaN)));
  return [
    { what: `${kind} ${program.version}, bare`, value: bareMs, unit: 'ms' },
    { what: `${kind}, driven, over bare`, value: overMs, unit: 'ms', atMost: Math.max(50, bareMs / 10) },
    { what: `${kind}, peak memory over bare, MB`, value: overMb, unit: '' },
  ];
}

async function withArena(
  adapter: Adapter,
  program: FoundProgram,
  { settings, environment, prepare }: Subject,
  body: (arena: Arena) => Promise<Sampled>,
): Promise<Sampled> {
  await using arena = await makeArena({
    adapter,
    settings: { run: [program.path, ...program.prefixArgs], ...settings },
    environment: (model, home) => ({ ...emptyEnvironment(home), ...environment(model) }),
    prepare,
    self: YARD,
  });
  return await body(arena);
}

async function bareTurn(kind: string, program: FoundProgram, arena: Arena, home: string): Promise<Sampled> {
  mkdirSync(home);
  const { args, env, input } = bareRun(kind, program, {
    url: arena.model.url,
    prompt: `Do it.\n${writeScript(BARE)}`,
    home,
  });
  return sampled(arena.turn.marker, async () => {
    const options = { cwd: arena.lane, env, input, marker: arena.turn.marker, timeoutMs: 120_000 };
    const result = await runProcess(program.path, args, options);
    if (result.kind !== 'exited' || result.code !== 0) throw new Error(`${kind} failed: ${result.stderr.toString()}`);
  });
}

function drivenTurn(arena: Arena): Promise<Sampled> {
  return sampled(arena.turn.marker, async () => {
    const { end } = await arena.play(DRIVEN);
    if (end.kind !== 'finished') throw new Error(`the turn failed: ${JSON.stringify(end)}`);
  });
}

async function sampled(marker: string, body: () => Promise<void>): Promise<Sampled> {
  let peakRssMb = 0;
  const timer = setInterval(() => {
    const sumKb = findMarked(marker).reduce((sum, { pid }) => sum + residentKb(pid), 0);
    peakRssMb = Math.max(peakRssMb, sumKb / 1024);
  }, SAMPLE_EVERY_MS);
  try {
    const startedMs = performance.now();
    await body();
    return { wallMs: performance.now() - startedMs, peakRssMb };
  } finally {
    clearInterval(timer);
  }
}

function residentKb(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch (error) {
    // It has just ended.
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ESRCH') return 0;
    throw error;
  }
}
