import { join } from 'node:path';
import { expect, test } from 'vitest';

import { heldBytes } from '../../../test/fixtures/held-memory.ts';
import { useTemporaryDirectory } from '../../../test/fixtures/temporary-directory.ts';
import { NO_USAGE } from '../../core/usage.ts';
import { makeRedactor } from '../../core/redact.ts';
import type { Json } from '../../core/yard-event.ts';
import { AcpUpdates } from '../acp/acp-updates.ts';
import type { AgentEvent, Turn } from '../agent.ts';
import { ClaudeDialect } from '../claude/claude-dialect.ts';
import { ThreadUsage } from '../codex/codex-usage.ts';
import { EventQueue } from '../event-queue.ts';
import { StreamJsonProtocol } from '../stream-json/stream-json-protocol.ts';
import { listAt, parseLine } from './json-line.ts';
import { SpokenText } from './spoken-text.ts';
import { TurnLog } from './turn-log.ts';

const MIB = 1024 * 1024;
const TIMES = 60;
/** A third of what all the lines have together. */
const HELD_MAX = 20 * MIB;

/** A line of a program, read anew: with a text of a mebibyte that no other line has. */
function large(number: number, line: (text: string) => object): Json {
  return parseLine(JSON.stringify(line(`${number}-${'x'.repeat(MIB)}`)));
}

function manyTimes(say: (number: number) => void): void {
  for (let number = 0; number < TIMES; number += 1) say(number);
}

test.each([
  ['titles', (text: string, number: number) => ({ toolCallId: String(number), title: text })],
  ['ids', (text: string) => ({ toolCallId: text })],
  ['ids of calls that run', (text: string) => ({ toolCallId: text, status: 'in_progress' })],
])('of calls of ACP with endless %s, little is kept', (_, call) => {
  const held = heldBytes(new AcpUpdates(() => undefined), (updates) =>
    manyTimes((number) =>
      updates.take(large(number, (text) => ({ sessionUpdate: 'tool_call', ...call(text, number) }))),
    ),
  );
  expect(held).toBeLessThan(HELD_MAX);
});

test('of threads of codex without end, or with names without end, little is kept', () => {
  const total = { ...NO_USAGE, inputTokens: 1 };
  const named = heldBytes(new ThreadUsage(), (usage) =>
    manyTimes((number) => void usage.add(String(Object.values(large(number, (text) => ({ text })) ?? {})[0]), total)),
  );
  expect(named).toBeLessThan(HELD_MAX);
  const usage = new ThreadUsage();
  usage.begin('own', NO_USAGE);
  for (let number = 0; number < 100_000; number += 1) usage.add(`thread ${number}`, total);
  expect(usage.totals('thread 99999')).toEqual(usage.totals('thread 99998'));
  expect(usage.add('own', { ...NO_USAGE, inputTokens: 7 })).toMatchObject({ inputTokens: 7 });
  expect(usage.add('thread 5', { ...NO_USAGE, inputTokens: 3 })).toMatchObject({ inputTokens: 2 });
});

test('a message in pieces of nothing takes no memory', () => {
  const held = heldBytes(new SpokenText(() => undefined), (spoken) => {
    for (let piece = 0; piece < 4_000_000; piece += 1) spoken.add('');
  });
  expect(held).toBeLessThan(HELD_MAX);
});

test('events that wait do not hold the lines that they came in', async () => {
  const transcript = join(await useTemporaryDirectory(), 'transcript.ndjson');
  const turn = { transcript, redactor: makeRedactor([]) } as unknown as Turn;
  const log = new TurnLog(turn, new EventQueue<AgentEvent>(), () => undefined);
  const protocol = new StreamJsonProtocol(new ClaudeDialect(), { session: null, tools: null });
  protocol.begin({ write: () => undefined, finish: () => undefined }, log.emit);
  const held = heldBytes(protocol, () =>
    manyTimes((number) => {
      const use = { type: 'tool_use', id: '1', name: 'Bash', input: { command: `${number}-${'x'.repeat(MIB)}` } };
      protocol.stdout(JSON.stringify({ type: 'assistant', message: { content: [use] } }));
    }),
  );
  log.close();
  expect(held).toBeLessThan(HELD_MAX);
});

test('of a list of a million entries, some are gone through', () => {
  const line = parseLine(`{"content":[${'{},'.repeat(1_000_000)}{}]}`) ?? undefined;
  expect(listAt(line, 'content').length).toBeLessThanOrEqual(10_000);
});
