import { expect, test } from 'vitest';

import { UserError } from '../../core/user-error.ts';
import type { AgentEvent } from '../agent.ts';
import { streamTurn } from './stream-turn.ts';

async function eventsOf(thrown: Error): Promise<AgentEvent[]> {
  const run = streamTurn((queue) => {
    queue.push({ kind: 'text', text: 'said' });
    return Promise.reject(thrown);
  });
  const events: AgentEvent[] = [];
  for await (const event of run.events) events.push(event);
  return events;
}

const failure = (code: string, more: object = {}): Error =>
  Object.assign(new Error(`it is ${code}`), { code, ...more });

test.each([
  ['a full disk', failure('ENOSPC'), { fault: 'disk-full', why: expect.stringContaining('it is ENOSPC') as string }],
  ['too many processes', failure('EAGAIN'), { fault: 'exhausted' }],
  [
    'what a person can mend',
    new UserError({ code: 'agent-missing', message: 'no program', hint: 'Install it.' }),
    { why: 'no program. Install it.' },
  ],
])('a turn that ends by %s is a failure of the machine, and says so', async (_, thrown, end) => {
  const [said, last] = await eventsOf(thrown);
  expect(said).toEqual({ kind: 'text', text: 'said' });
  expect(last).toMatchObject({ kind: 'ended', end: { kind: 'infrastructure', ...end } });
});

test('a bug is no fault of the machine', async () => {
  const last = (await eventsOf(new TypeError('x is not a function'))).at(-1);
  expect(last?.kind === 'ended' && 'fault' in last.end).toBe(false);
});

test.each([failure('EIO'), failure('ENOSPC', { syscall: 'fsync' })])(
  'nobody goes on after a disk has broken: %s',
  async (thrown) => {
    await expect(eventsOf(thrown)).rejects.toBe(thrown);
  },
);
