import { existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'vitest';
import { describe, expect, test } from 'vitest';

import type { AgentEvent, TurnEnd } from '../../src/agents/agent.ts';
import { programAgent } from '../../src/agents/program/adapter.ts';
import type { Adapter, ProgramSettings } from '../../src/agents/program/adapter.ts';
import type { StepInput } from '../../src/cli/demo/model/step.ts';
import type { StubModel } from '../../src/cli/demo/model/stub-model.ts';
import { probeBubblewrap } from '../../src/sandbox/probe.ts';
import { emptyEnvironment } from '../fixtures/agents/cache.ts';
import type { FoundProgram } from '../fixtures/agents/cache.ts';
import { makeArena } from '../fixtures/agents/program-arena.ts';
import type { Arena, Played, Subject } from '../fixtures/agents/program-arena.ts';
import { NO_SANDBOXES } from '../fixtures/cells.ts';
import { until } from '../fixtures/yard/until.ts';

/** What the suite must know of a program; all else is the same for all of them. */
export interface ProgramTraits {
  readonly adapter: Adapter;
  /** As found in the cache of programs, or why not. */
  readonly program: FoundProgram | { readonly skipped: string };
  readonly settings?: Partial<ProgramSettings>;
  /** What leads it to the stub model, beside an empty environment with dummy keys. */
  readonly environment: (model: StubModel) => Readonly<Record<string, string>>;
  readonly prepare?: (model: StubModel, home: string) => Promise<void>;
  /** It waits as long as a 429 asks it to, and goes on. */
  readonly waitsForRetryAfter: boolean;
  /**
   * What becomes of a model that refuses for good. `overload`: the program tells that it was the provider, and no more;
   * `silence`: it tries again for minutes and tells nobody; `unfinished`: it ends its turn as if nothing had been.
   */
  readonly refused: { readonly [Status in 429 | 500 | 401]: 'provider' | 'overload' | 'silence' | 'unfinished' };
  /** Asks its model for more than the script knows of, which counts as use: a title, a summary. */
  readonly asksAside?: boolean;
  /** What reports tokens that were written to a cache. */
  readonly tellsCacheWrites?: boolean;
  /** A prompt of megabytes is more than it takes. */
  readonly refusesLargePrompts?: boolean;
  /** The steps by which its model gives a last message that is held to a schema; needed where `capabilities.schema`. */
  readonly structured?: (value: unknown) => readonly StepInput[];
  /** Too large for several at once. */
  readonly isHeavy?: boolean;
  /** A session that was killed is on disk by then, and can be gone on with. */
  readonly resumesAfterKill?: boolean;
}

type With = (body: (arena: Arena, context: TestContext) => Promise<void>) => (context: TestContext) => Promise<void>;

const TIMEOUT_MS = 170_000;
/** A busy machine may take longer to start a program than is waited for it at first. */
const IDLE_MS = [6_000, 20_000, 60_000];

const report = (more: Readonly<Record<string, unknown>> = {}): StepInput => ({
  tool: { name: 'report_packet', arguments: { summary: 'It is done.', ...more } },
});
const DONE: StepInput = { tool: { name: 'finish', arguments: { status: 'done' } } };
/** How an agent without tools ends its work. */
const lastMessage = (fields: Readonly<Record<string, unknown>>): StepInput => ({
  say: { text: JSON.stringify({ task: 'TASK-7', attempt: 2, ...fields }) },
});
const TELLING: readonly StepInput[] = [
  { tool: { name: 'get_task', arguments: {} } },
  { tool: { name: 'report_progress', arguments: { phase: 'editing', focus: 'all' } } },
];
const FINISHED: TurnEnd = {
  kind: 'finished',
  packet: { source: 'agent', summary: 'It is done.', tests: [], commands: [], blockers: [] },
};

/** What every adapter must do with its real program, before a model that does what a script says. */
export function programSuite(name: string, traits: ProgramTraits): void {
  const { program } = traits;
  const within: With = (body) => async (context) => {
    if ('skipped' in program) return context.skip(program.skipped);
    await using arena = await makeArena(subjectOf(traits, program));
    await body(arena, context);
  };
  const version = 'skipped' in program ? 'not in the cache' : program.version;
  const suite = traits.isHeavy === true ? describe : describe.concurrent;
  suite(`${name} (${version})`, { timeout: TIMEOUT_MS }, () => {
    workTests(within, traits);
    cellTest(traits);
    signalTests(within, traits);
    providerTests(within, traits);
    endTests(within, traits);
    sessionTests(within, traits);
    sizeTests(within, traits);
  });
}

function subjectOf(traits: ProgramTraits, program: FoundProgram): Subject {
  return {
    adapter: traits.adapter,
    settings: { run: [program.path, ...program.prefixArgs], ...traits.settings },
    environment: (model, home) => ({ ...emptyEnvironment(home), ...traits.environment(model) }),
    prepare: traits.prepare,
  };
}

/** As agents run on a machine that has a sandbox: where we are root, as nobody. */
function cellTest(traits: ProgramTraits): void {
  const { program } = traits;
  test('in a cell', async (context) => {
    if ('skipped' in program) return context.skip(program.skipped);
    const bubblewrap = await probeBubblewrap(process.env['PATH'] ?? '');
    if (bubblewrap.kind !== 'works') return context.skip(bubblewrap.why);
    // What is run may be a link into its package, or a script of it.
    const files = [program.path, ...program.prefixArgs].map(
      (path) => /^.*?(?=\/node_modules\/)/u.exec(path)?.[0] ?? path,
    );
    const enclosure = { support: { ...NO_SANDBOXES, bubblewrap }, readable: [...files, dirname(process.execPath)] };
    await using arena = await makeArena(subjectOf(traits, program), enclosure);
    const { end, sessionId } = await arena.play([{ write: { path: 'new.txt', content: 'one\n' } }, ...doneBy(traits)]);
    expect(end).toEqual(FINISHED);
    expect(await readFile(join(arena.lane, 'new.txt'), 'utf8')).toBe('one\n');
    if (traits.adapter.capabilities(settingsOf(traits)).resume) expect(sessionId).not.toBe(null);
  });
}

function workTests(within: With, traits: ProgramTraits): void {
  test.for([true, false])('does its work, reports it and ends; enclosed: %s', (isEnclosed, context) =>
    within(async ({ lane, model, play, progress }) => {
      const canary = `canary-${crypto.randomUUID()}`;
      process.env[`YARD_TEST_${canary}`] = canary;
      const { end, events, sessionId, usage } = await play(
        [
          { write: { path: 'sub/new.txt', content: 'one\n"two" é\n' } },
          { run: { command: 'env > environment.txt; cat sub/new.txt' } },
          ...(hasTools(traits) ? TELLING : []),
          ...doneBy(traits),
          { say: { text: 'That was all.' } },
        ],
        { isEnclosed },
      );
      delete process.env[`YARD_TEST_${canary}`];
      expect(end).toEqual(FINISHED);
      expect(await readFile(join(lane, 'sub/new.txt'), 'utf8')).toBe('one\n"two" é\n');
      const environment = await readFile(join(lane, 'environment.txt'), 'utf8');
      expect(environment).toContain('YARD_TASK_ID=TASK-7');
      expect(environment).not.toContain(canary);
      expect(progress.map(({ phase }) => phase)).toEqual(hasTools(traits) ? ['editing'] : []);
      expect(isAsked(model)).toBe(true);
      expect(kindsOf(events)).toContain('started');
      expect(toolsOf(events)).toBeGreaterThanOrEqual(hasTools(traits) ? 5 : 2);
      const { resume, cost } = traits.adapter.capabilities(settingsOf(traits));
      if (resume) expect(sessionId).not.toBe(null);
      if (cost !== null) expect(usage.inputTokens).toBeGreaterThan(0);
      if (cost === 'reported') expect(usage.costUsd).not.toBe(null);
    })(context),
  );

  test(
    'a prompt comes as it is, whatever it begins with',
    within(async ({ model, play }) => {
      for (const prompt of ['/help @README.md', '--version -p "@README.md" !ls\n  two\t@nothing\n']) {
        await play([{ say: { text: 'Read.' } }], { prompt });
        const texts = model.requests.flatMap(({ conversation }) => conversation?.messages ?? []);
        expect(texts.some(({ role, text }) => role === 'user' && text.includes(prompt))).toBe(true);
      }
    }),
  );

  test(
    'standing instructions reach the model, those of a turn that goes on too',
    within(async ({ model, play }) => {
      const { sessionId } = await play([{ say: { text: 'Yes.' } }], { system: 'Standing order ONE.' });
      expect(toldOf(model)).toContain('Standing order ONE.');
      if (!traits.adapter.capabilities(settingsOf(traits)).resume || sessionId === null) return;
      const asked = model.requests.length;
      await play([{ say: { text: 'Yes.' } }], {
        system: 'Standing order TWO.',
        session: { id: sessionId, totals: null },
      });
      expect(toldOf(model, asked)).toContain('Standing order TWO.');
    }),
  );

  test(
    'told in the middle of its work that its time is nearly up',
    within(async ({ lane, model, turn, play }, context) => {
      if (!traits.adapter.capabilities(settingsOf(traits)).steer)
        return context.skip('it takes nothing while it works');
      const waits = 'for i in $(seq 200); do [ -e told ] && break; sleep 0.1; done';
      const { end, events } = await play(
        [{ run: { command: waits } }, ...doneBy(traits)],
        { lastCallMs: turn.timeoutMs },
        (event) => (event.kind === 'told' ? writeFile(join(lane, 'told'), '') : undefined),
      );
      expect(end).toEqual(FINISHED);
      expect(kindsOf(events).filter((kind) => kind === 'told')).toHaveLength(1);
      expect(toldOf(model)).toContain('Your time is nearly up');
    }),
  );

  test(
    'a last message that is held to a schema',
    within(async ({ play }, context) => {
      if (!traits.adapter.capabilities(settingsOf(traits)).schema) return context.skip('it has no schemas');
      const message = { task: 'TASK-7', attempt: 2, status: 'done', summary: 'By message.' };
      const properties = Object.fromEntries(
        Object.entries(message).map(([key, value]) => [
          key,
          { type: typeof value === 'number' ? 'integer' : 'string' },
        ]),
      );
      const schema = { type: 'object', properties, required: Object.keys(message), additionalProperties: false };
      const steps = traits.structured?.(message) ?? [{ say: { text: JSON.stringify(message) } }];
      const { end } = await play(steps, { schema, tools: null });
      expect(end).toMatchObject({ kind: 'finished', packet: { source: 'agent', summary: 'By message.' } });
    }),
  );
}

function signalTests(within: With, traits: ProgramTraits): void {
  test(
    'a question ends the turn',
    within(async ({ play }) => {
      const ask = { tool: { name: 'ask_question', arguments: { question: 'Which one?' } } };
      const told = lastMessage({ status: 'blocked', reason: 'Which one?' });
      const { end } = await play(hasTools(traits) ? [ask, { run: { command: 'sleep 1000' } }] : [told]);
      expect(end).toEqual({ kind: 'question', text: 'Which one?' });
    }),
  );

  test(
    'words are no report',
    within(async ({ play }) => {
      const { end, events } = await play([{ say: { text: 'DONE. All tests pass. APPROVED.' } }]);
      expect(end.kind).toBe('unfinished');
      expect(events.some((event) => event.kind === 'text' && event.text.includes('APPROVED'))).toBe(true);
    }),
  );

  test.for<[string, StepInput, string]>([
    // Some programs hold their model to the tool's schema, and never call it so.
    ['malformed', { tool: { name: 'report_packet', arguments: { summary: ' ' } } }, 'malformed'],
    ['of another task', report({ task: 'TASK-8' }), 'foreign'],
    ['of an earlier token', report({ token: 8 }), 'foreign'],
  ])('a packet is refused: %s', ([, step, because], context) =>
    within(async ({ play, log, tools }) => {
      if (!hasTools(traits)) return context.skip('it has no tools');
      const { end } = await play([step, DONE, { say: { text: 'So be it.' } }]);
      expect(end.kind).toBe('unfinished');
      expect(log.map((entry) => entry['because'])).toEqual([because, 'no-packet']);
      expect(tools.terminal).toBe(null);
    })(context),
  );
}

function providerTests(within: With, traits: ProgramTraits): void {
  test(
    'a 429 that says when to come back',
    within(async ({ play }) => {
      const { end } = await play([{ error: { status: 429, retryAfterS: 1, times: 1 } }, ...doneBy(traits)]);
      if (!traits.waitsForRetryAfter) return expectProvider(end, ['overload', 'quota']);
      expect(end).toEqual(FINISHED);
    }),
  );

  const expected = { 429: ['overload', 'quota'], 500: ['overload'], 401: ['authentication'] } as const;
  test.for([429, 500, 401] as const)('a model that refuses for good: %d', (status, context) =>
    within(async ({ model, play }) => {
      const isSilent = traits.refused[status] === 'silence';
      const steps = [{ error: { status } }];
      const { end } = isSilent ? await playIdle({ model, play }, steps) : await play(steps);
      expect(isAsked(model)).toBe(true);
      if (isSilent) expect(end.kind).toBe('no-packet');
      else if (traits.refused[status] === 'unfinished') expect(end.kind).toBe('unfinished');
      else expectProvider(end, traits.refused[status] === 'overload' ? ['overload'] : expected[status]);
    })(context),
  );

  test(
    'a model that never answers',
    within(async ({ model, play }) => {
      const { end } = await playIdle({ model, play }, [{ stall: {} }]);
      expect(isAsked(model)).toBe(true);
      expect(end.kind).toBe('no-packet');
      expect(end.kind === 'no-packet' && end.why).toContain('its idle limit');
    }),
  );
}

function endTests(within: With, traits: ProgramTraits): void {
  const HANGING: readonly StepInput[] = [{ run: { command: 'touch up; sleep 1000 & sleep 1000' } }, ...doneBy(traits)];
  const isUp = ({ lane }: Arena): Promise<boolean> => until('its command', () => existsSync(join(lane, 'up')));

  test(
    'killed in the middle of a tool, and gone on with',
    within(async (arena) => {
      const { end, sessionId } = await arena.play(HANGING, {}, (event) => {
        if (event.kind === 'started') void isUp(arena).then(() => process.kill(event.pid, 'SIGKILL'));
      });
      expect(end.kind).toBe('no-packet');
      if (traits.resumesAfterKill !== true) return;
      expect(sessionId).not.toBe(null);
      const next = await arena.play([...doneBy(traits)], { session: { id: sessionId ?? '', totals: null } });
      expect(next.end).toEqual(FINISHED);
    }),
  );

  test(
    'cancelled in the middle of a tool',
    within(async (arena) => {
      const { end } = await arena.play(HANGING, {}, (event, cancel) => {
        if (event.kind === 'started') void isUp(arena).then(cancel);
      });
      expect(end).toEqual({ kind: 'cancelled' });
    }),
  );

  test(
    'what it leaves running is ended',
    within(async ({ play }) => {
      const command = 'setsid sleep 1000 > /dev/null 2>&1 & sleep 1000 > /dev/null 2>&1 & echo left';
      expect((await play([{ run: { command } }, ...doneBy(traits)])).end).toEqual(FINISHED);
    }),
  );

  test(
    'a program that does not exist',
    within(async ({ turn }) => {
      const settings = { ...settingsOf(traits), run: ['no-such-program'] };
      const events: AgentEvent[] = [];
      for await (const event of programAgent(traits.adapter, settings).start(turn).events) events.push(event);
      expect(events.at(-1)).toMatchObject({ kind: 'ended', end: { kind: 'infrastructure' } });
    }),
  );
}

function sessionTests(within: With, traits: ProgramTraits): void {
  const { resume, cost } = traits.adapter.capabilities(settingsOf(traits));
  const COUNTED = { input: 100, cached: 30, cacheWrite: traits.tellsCacheWrites === true ? 7 : 0, output: 20 };

  test(
    'three turns of one session, each with what it used itself',
    within(async ({ model, play }, context) => {
      if (!resume) return context.skip('it has no sessions');
      let session: { id: string; totals: Played['totals'] } | null = null;
      for (const number of [1, 2, 3]) {
        const word = `WORD-${number}.`;
        const played: Played = await play([{ usage: COUNTED }, { say: { text: word } }], { session, prompt: word });
        expect(played.end.kind).toBe('unfinished');
        expect(played.sessionId).not.toBe(null);
        if (session !== null) expect(played.sessionId).toBe(session.id);
        session = { id: played.sessionId ?? '', totals: played.totals };
        if (cost === null) continue;
        const { inputTokens, cachedTokens, cacheWriteTokens, outputTokens, costUsd } = played.usage;
        const counted = {
          input: inputTokens,
          cached: cachedTokens,
          cacheWrite: cacheWriteTokens,
          output: outputTokens,
        };
        // Never more than what all requests of this turn were told.
        if (traits.asksAside === true) expect(outputTokens).toBeLessThan(20 * 10);
        else expect(counted).toEqual(COUNTED);
        if (cost === 'reported') expect(costUsd).not.toBe(null);
      }
      const last = model.requests.findLast(({ conversation }) => (conversation?.tools.length ?? 0) > 0);
      const said = last?.conversation?.messages.map(({ text }) => text).join('\n') ?? '';
      for (const word of ['WORD-1.', 'WORD-2.', 'WORD-3.']) expect(said).toContain(word);
    }),
  );

  test(
    'a session that is not there is refused',
    within(async ({ play }, context) => {
      if (!resume) return context.skip('it has no sessions');
      const { end, sessionId } = await play([{ say: { text: 'Yes.' } }]);
      expect(end.kind).toBe('unfinished');
      // As its ids are, but another one.
      const id = (sessionId ?? '').replaceAll(/[0-9a-f]/gu, (digit) => (digit === '0' ? '1' : '0'));
      expect((await play([...doneBy(traits)], { session: { id, totals: null } })).end.kind).toBe('session-refused');
    }),
  );
}

function sizeTests(within: With, traits: ProgramTraits): void {
  test.for([0.5, 5] as const)('a prompt of %d MB', (megabytes, context) =>
    within(async ({ play }) => {
      const prompt = 'A line of many.\n'.repeat(megabytes * 65_536);
      const { end } = await play([...doneBy(traits)], { prompt });
      if (megabytes === 5 && traits.refusesLargePrompts === true) expect(end.kind).toBe('no-packet');
      else expect(end).toEqual(FINISHED);
    })(context),
  );

  test(
    '200 MB of output, and bytes that are no text, stay within bounds',
    within(async ({ play, turn }) => {
      const command = `printf '\\377\\376'; yes "$(printf '%01000d' 0)" | head -c 200000000`;
      const { end, events } = await play([{ run: { command } }, ...doneBy(traits)]);
      expect(end).toEqual(FINISHED);
      expect(events.length).toBeLessThan(20_000);
      expect((await stat(turn.transcript)).size).toBeLessThan(66 * 1024 * 1024);
    }),
  );

  test(
    'words of the model that are no UTF-8',
    within(async ({ model, play, turn }) => {
      const { end } = await play([{ garbage: {} }]);
      expect(isAsked(model)).toBe(true);
      // Or the program takes it for a connection that breaks.
      expect(['unfinished', 'no-packet', 'provider']).toContain(end.kind);
      const lines = (await readFile(turn.transcript, 'utf8')).trimEnd().split('\n');
      for (const line of lines) expect(JSON.parse(line)).toHaveProperty('text');
    }),
  );
}

function expectProvider(end: TurnEnd, types: readonly string[]): void {
  expect(end.kind, JSON.stringify(end)).toBe('provider');
  if (end.kind === 'provider') expect(types).toContain(end.failure.type);
}

/** A turn that falls silent once it has asked its model. */
async function playIdle({ model, play }: Pick<Arena, 'model' | 'play'>, steps: readonly StepInput[]): Promise<Played> {
  for (const idleMs of IDLE_MS) {
    const played = await play(steps, { idleMs });
    if (isAsked(model)) return played;
  }
  throw new Error('it never asked its model');
}

function isAsked({ requests }: StubModel): boolean {
  return requests.some(({ conversation }) => conversation !== null);
}

function kindsOf(events: readonly AgentEvent[]): readonly string[] {
  return events.map(({ kind }) => kind);
}

/** Calls of tools that have had their result. */
function toolsOf(events: readonly AgentEvent[]): number {
  const results = new Set(events.flatMap((event) => (event.kind === 'tool-result' && event.ok ? [event.id] : [])));
  return new Set(events.flatMap((event) => (event.kind === 'tool' && results.has(event.id) ? [event.id] : []))).size;
}

/** All texts that the model was told, whatever their role. */
function toldOf({ requests }: StubModel, from = 0): string {
  return requests
    .slice(from)
    .flatMap(({ conversation }) => [
      conversation?.system ?? '',
      ...(conversation?.messages ?? []).map(({ text }) => text),
    ])
    .join('\n');
}

function settingsOf(traits: ProgramTraits): ProgramSettings {
  const none = { run: null, model: null, effort: null, protocol: null, accountHome: null };
  return { name: traits.adapter.kind, ...none, ...traits.settings };
}

function hasTools(traits: ProgramTraits): boolean {
  return traits.adapter.capabilities(settingsOf(traits)).tools !== null;
}

/** The steps by which its model says that the work is done. */
function doneBy(traits: ProgramTraits): readonly StepInput[] {
  return hasTools(traits) ? [report(), DONE] : [lastMessage({ status: 'done', summary: 'It is done.' })];
}
