import { makeRedactor } from '../../src/core/redact.ts';
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Agent, AgentEvent, AgentRun, Turn, TurnEnd } from '../../src/agents/agent.ts';
import type { CellLimits } from '../../src/core/cell-policy.ts';
import { findMarked } from '../../src/process/tree.ts';
import { resolveSandbox } from '../../src/config/sandbox-schema.ts';
import type { SandboxSupport } from '../../src/core/sandbox-choice.ts';
import { Cells } from '../../src/sandbox/cells.ts';
import { NO_SANDBOXES } from '../fixtures/cells.ts';
import { until } from '../fixtures/yard/until.ts';
import { memoryHog, whyNoMemoryLimit } from '../fixtures/sandbox/memory-hog.ts';
import { PLAIN_TURN } from '../fixtures/agents/plain-turn.ts';
import { useTemporaryDirectory } from '../fixtures/temporary-directory.ts';

/** Makes the agent under test, which is to run this shell script in its turn; null: a program that does not exist. */
export type MakeAgent = (script: string | null) => Agent;

export interface AgentTraits {
  readonly make: MakeAgent;
  /** The prompt comes on the script's stdin, and its exit code is the agent's. */
  readonly isTransparent: boolean;
}

interface Arena {
  readonly lane: string;
  readonly turn: Turn;
}

const ENVIRONMENT = { PATH: process.env['PATH'] ?? '', GIVEN: 'one\ntwo', EMPTY: '' };

async function makeArena(rest: Partial<Turn> = {}, limits: Partial<CellLimits> = {}): Promise<Arena> {
  const directory = await useTemporaryDirectory('agent');
  const lane = join(directory, 'lane');
  const outbox = join(directory, 'outbox');
  await mkdir(lane);
  await mkdir(outbox);
  await mkdir(join(directory, 'scratch'));
  const turn: Turn = {
    taskId: 'TASK-1',
    attempt: 2,
    token: 7,
    baseCommit: 'a'.repeat(40),
    directory: lane,
    prompt: 'Do it.\n',
    run: runIn(directory, lane, limits),
    environment: ENVIRONMENT,
    marker: `${directory}:TASK-1:2:7`,
    outbox,
    ...PLAIN_TURN,
    home: join(directory, 'home'),
    seed: join(directory, 'seed'),
    transcript: join(directory, 'transcript.ndjson'),
    rawLog: join(directory, 'raw.ndjson'),
    redactor: makeRedactor([]),
    timeoutMs: 60_000,
    idleMs: null,
    killGraceMs: 100,
    ...rest,
  };
  return { lane, turn };
}

function runIn(
  directory: string,
  lane: string,
  limits: Partial<CellLimits>,
  support: SandboxSupport = NO_SANDBOXES,
): Turn['run'] {
  const scratch = join(directory, 'scratch');
  const request = { directory: lane, scratch, egressLog: join(directory, 'network.ndjson') };
  const { agents } = resolveSandbox('auto');
  const repository = { root: '/nowhere', commonDirectory: '/nowhere/.git' };
  const self = [process.execPath, ''];
  const cells = new Cells({ stateDirectory: directory, repository, support, self, redact: (text) => text });
  return cells.enter({ ...agents, limits: { ...agents.limits, ...limits } }, request);
}

interface Played {
  readonly end: TurnEnd;
  readonly events: readonly AgentEvent[];
}

/** Reads the run to its end, and holds it to the contract of the stream. */
async function read(
  run: AgentRun,
  turn: Turn,
  onEvent: (event: AgentEvent) => void | Promise<void> = () => undefined,
): Promise<Played> {
  const events: AgentEvent[] = [];
  for await (const event of run.events) {
    events.push(event);
    await onEvent(event);
  }
  const last = events.at(-1);
  if (last?.kind !== 'ended') throw new Error(`the last event is ${last?.kind ?? 'none'}`);
  expect(events.filter(({ kind }) => kind === 'ended')).toHaveLength(1);
  expect(findMarked(turn.marker)).toEqual([]);
  return { end: last.end, events };
}

/** What every adapter must do, whatever program is behind it. */
export function agentSuite(name: string, traits: AgentTraits): void {
  const play = async (script: string | null, rest: Partial<Turn> = {}): Promise<Played & Arena> => {
    const arena = await makeArena(rest);
    return { ...(await read(traits.make(script).start(arena.turn), arena.turn)), ...arena };
  };
  describe(name, () => {
    reportTests(play);
    if (traits.isTransparent) fileTests(play);
    outputTests(play, traits);
    endTests(play, traits);
  });
}

type Play = (script: string | null, rest?: Partial<Turn>) => Promise<Played & Arena>;

const WRITE_RESULT = 'cat > "$YARD_RESULT" <<"END"\n';
const writeResult = (text: string): string => `${WRITE_RESULT}${text}\nEND`;

function reportTests(play: Play): void {
  test('files edited and exit 0: finished, with a report of the host', async () => {
    const { end, events, lane } = await play('echo new > file.txt; echo hello');
    expect(end).toMatchObject({ kind: 'finished', packet: { source: 'host' } });
    expect(await readFile(join(lane, 'file.txt'), 'utf8')).toBe('new\n');
    expect(events.find(({ kind }) => kind === 'started')).toBeDefined();
    expect(events.some((event) => event.kind === 'text' && event.text === 'hello')).toBe(true);
  });

  test('a packet by YARD_RESULT', async () => {
    const packet = { summary: 'did it', tests: ['a test'], task: 'TASK-1', attempt: 2, token: 7 };
    const { end } = await play(writeResult(JSON.stringify(packet)));
    expect(end).toEqual({
      kind: 'finished',
      packet: { source: 'agent', summary: 'did it', tests: ['a test'], commands: [], blockers: [] },
    });
  });

  test('a question counts whatever the exit code is', async () => {
    const { end } = await play(`${writeResult('{"question": "Which one?"}')}\nexit 3`);
    expect(end).toEqual({ kind: 'question', text: 'Which one?' });
  });

  test('a packet does not count where the program failed', async () => {
    const { end } = await play(`${writeResult('{"summary": "did it"}')}\necho why; exit 3`);
    expect(end.kind).toBe('no-packet');
    expect(end.kind === 'no-packet' && end.outputTail).toContain('why');
  });

  test.each([
    ['no JSON', 'APPROVED'],
    ['of another token', '{"summary": "x", "token": 6}'],
  ])('a result file that is not taken: %s', async (_, text) => {
    const { end } = await play(writeResult(text));
    expect(end.kind).toBe('no-packet');
  });
}

/** The same for every adapter that is a command underneath: told once. */
function fileTests(play: Play): void {
  test.each([
    ['a symbolic link', 'echo \'{"summary": "x"}\' > elsewhere; ln -s "$PWD/elsewhere" "$YARD_RESULT"'],
    ['a FIFO', 'mkfifo "$YARD_RESULT"'],
    ['a directory', 'mkdir "$YARD_RESULT"'],
    [
      'larger than a packet can be',
      '{ printf \'{"summary": "\'; head -c 2000000 /dev/zero | tr "\\0" x; printf \'"}\'; } > "$YARD_RESULT"',
    ],
    ['in a directory that was replaced', 'out=$(dirname "$YARD_RESULT"); rm -r "$out"; echo > "$out"'],
  ])('a result file is refused: %s', async (_, script) => {
    const { end } = await play(script);
    expect(end.kind).toBe('no-packet');
  });
}

function outputTests(play: Play, { make, isTransparent }: AgentTraits): void {
  test.runIf(isTransparent)('the prompt comes on stdin, whole', async () => {
    const prompt = `${'é\u0000 line\n'.repeat(100_000)}end`;
    const { lane } = await play('cat > got', { prompt });
    expect(await readFile(join(lane, 'got'), 'utf8')).toBe(prompt);
  });

  test('a prompt of 5 MB that the program does not read', async () => {
    const { end } = await play('echo done', { prompt: 'x'.repeat(5_000_000) });
    expect(end.kind).toBe('finished');
  });

  test.runIf(isTransparent)('200 MB of output stay within bounds, although nobody takes the events', async () => {
    const { turn, lane } = await makeArena();
    const run = make('yes "$(printf "%01000d" 0)" | head -c 200000000; touch wrote').start(turn);
    const { end, events } = await read(run, turn, async (event) => {
      if (event.kind === 'started') await until('the end of the output', () => existsSync(join(lane, 'wrote')));
    });
    expect(end.kind).toBe('finished');
    expect(events.length).toBeLessThan(20_000);
    expect((await stat(turn.transcript)).size).toBeLessThan(66 * 1024 * 1024);
  });

  test('a line without an end, bytes that are no text, and escapes', async () => {
    const { end, events, turn } = await play(
      'printf "\\033]0;title\\007\\377\\n"; head -c 3000000 /dev/zero | tr "\\0" x',
    );
    expect(end.kind).toBe('finished');
    expect(events.some((event) => event.kind === 'text' && event.text.includes('\u001b]0;title\u0007\ufffd'))).toBe(
      true,
    );
    const lines = (await readFile(turn.transcript, 'utf8')).trimEnd().split('\n');
    for (const line of lines) expect(JSON.parse(line)).toHaveProperty('text');
    expect((await stat(turn.transcript)).size).toBeLessThan(1_000_000);
  });

  test('the environment is what was given, and the words of the turn', async () => {
    const { lane, turn } = await play('env -0 > got');
    const entries = (await readFile(join(lane, 'got'), 'utf8')).split('\0').filter((entry) => entry !== '');
    const found = Object.fromEntries(
      entries.map((entry) => [entry.split('=', 1)[0] ?? '', entry.slice(entry.indexOf('=') + 1)]),
    );
    // The shell's own.
    for (const own of ['PWD', 'OLDPWD', 'SHLVL', '_']) delete found[own];
    // The cell's.
    expect(found['TMPDIR']).toMatch(/\/scratch\/tmp$/);
    delete found['TMPDIR'];
    expect(found).toEqual({
      ...ENVIRONMENT,
      YARD_TASK_ID: 'TASK-1',
      YARD_ATTEMPT: '2',
      YARD_TOKEN: '7',
      YARD_BASE_SHA: turn.baseCommit,
      YARD_TASK: join(turn.outbox, 'task.json'),
      YARD_RESULT: join(turn.outbox, 'result.json'),
      YARD_MARKER: turn.marker,
    });
  });

  test('the environment cannot speak for the turn', async () => {
    const environment = { ...ENVIRONMENT, YARD_TASK_ID: 'TASK-9', YARD_RESULT: '/nowhere' };
    const { end, lane } = await play(`echo "$YARD_TASK_ID" > got; ${writeResult('{"summary": "x"}')}`, { environment });
    expect(end.kind).toBe('finished');
    expect(await readFile(join(lane, 'got'), 'utf8')).toBe('TASK-1\n');
  });
}

function endTests(play: Play, { make, isTransparent }: AgentTraits): void {
  test('a cell that cannot be made is the fault of the machine, and the reason is told', async () => {
    const { lane, turn } = await makeArena();
    const program = join(dirname(lane), 'bwrap');
    await writeFile(program, '#!/bin/sh\necho "bwrap: there are no namespaces here" >&2\nexit 1\n', { mode: 0o755 });
    const works = { kind: 'works', program, what: 'bubblewrap' } as const;
    const run = runIn(dirname(lane), lane, {}, { ...NO_SANDBOXES, bubblewrap: works });
    const { end } = await read(make('true').start({ ...turn, run }), turn);
    expect(end).toMatchObject({ kind: 'infrastructure' });
    expect(end.kind === 'infrastructure' && end.why).toContain('there are no namespaces here');
  });

  test('exit code other than 0: no packet, and the end of what it said', async () => {
    const { end } = await play('echo first; echo the reason >&2; exit 4');
    expect(end.kind).toBe('no-packet');
    expect(end.kind === 'no-packet' && end.outputTail).toContain('the reason');
  });

  test('a program that does not end', async () => {
    const { end } = await play('exec sleep 1000', { timeoutMs: 300 });
    expect(end.kind).toBe('no-packet');
  });

  test('a program that falls silent is ended with what it started, and its last words are told', async () => {
    const { end } = await play('echo begun; sleep 1000 & exec sleep 1000', { idleMs: 300 });
    expect(end.kind).toBe('no-packet');
    if (end.kind === 'no-packet' && isTransparent)
      expect(end.why).toMatch(/said nothing for 0\.3 s, its idle limit: begun$/);
  });

  test('a program that does not end when asked to', async () => {
    const { end } = await play('trap "" TERM; exec sleep 1000', { timeoutMs: 300 });
    expect(end.kind).toBe('no-packet');
  });

  test('a program that uses more than its limit is ended, and it is said which', async (context) => {
    const why = whyNoMemoryLimit();
    if (why !== null) context.skip(why);
    const { turn } = await makeArena({}, { memoryBytes: 300 * 1024 ** 2 });
    const { end } = await read(make(memoryHog(600 * 1024 ** 2)).start(turn), turn);
    expect(end.kind).toBe('no-packet');
    expect(end.kind === 'no-packet' && end.why).toContain(
      'used more than 300 MiB of memory, its limit (sandbox.agents.limits.memory)',
    );
  });

  test('cancelled in the middle', async () => {
    const { turn, lane } = await makeArena();
    const run = make('touch up; trap "" TERM; sleep 1000 & wait; sleep 1000').start(turn);
    const cancelled = until('the script', () => existsSync(join(lane, 'up'))).then(() => run.cancel());
    const { end } = await read(run, turn);
    await cancelled;
    expect(end).toEqual({ kind: 'cancelled' });
  });

  test('cancelled before it began', async () => {
    const { turn } = await makeArena();
    const run = make('exec sleep 1000').start(turn);
    run.cancel();
    expect((await read(run, turn)).end).toEqual({ kind: 'cancelled' });
  });

  test('what it leaves running is ended, in another session too', async () => {
    const { end } = await play('sleep 1000 > /dev/null 2>&1 & setsid sleep 1000 > /dev/null 2>&1 & echo left');
    expect(end.kind).toBe('finished');
  });

  test('a program that does not exist', async () => {
    const { end } = await play(null);
    expect(end.kind).toBe('infrastructure');
  });

  test('a lane that is gone', async () => {
    const { turn, lane } = await makeArena();
    const gone = { ...turn, run: runIn(dirname(lane), join(lane, 'gone'), {}) };
    expect((await read(make('true').start(gone), gone)).end.kind).toBe('infrastructure');
  });

  test('a transcript that cannot be written', async () => {
    const { turn } = await makeArena();
    const bad = { ...turn, transcript: turn.outbox };
    expect((await read(make('echo one; echo two').start(bad), bad)).end.kind).toBe('infrastructure');
  });

  test.runIf(isTransparent).each([126, 127])('exit code %d: nothing was run', async (code) => {
    const { end } = await play(`echo not found >&2; exit ${code}`);
    expect(end).toMatchObject({ kind: 'infrastructure' });
  });

  test.runIf(isTransparent)('ended by a signal', async () => {
    const { end } = await play('kill -KILL $$');
    expect(end.kind).toBe('no-packet');
  });
}
