import { expect, test } from 'vitest';

import { openYard } from '../../test/fixtures/yard/yard.ts';
import type { AgentEvent } from '../agents/agent.ts';
import { ownIdentity } from '../process/identity.ts';
import { followTurn, tellingStore } from './follow-turn.ts';

test('what is known of a turn is told at once: that it has begun, and what its agent says first', async () => {
  const yard = await openYard();
  await yard.add('TASK-1');
  const dispatched = await yard.dispatch('TASK-1');
  await yard.store.claim(dispatched.fence, ownIdentity(), Number.MAX_SAFE_INTEGER);
  const context = { ...(await yard.context('TASK-1', dispatched)), agentSpec: 'codex', signal: AbortSignal.any([]) };
  const seen: string[] = [];
  const look = async (): Promise<void> => void seen.push((await yard.record('TASK-1', 1)).activity);
  async function* events(): AsyncGenerator<AgentEvent> {
    yield { kind: 'started', pid: 1 };
    await look();
    yield { kind: 'session', id: 'one', model: 'gpt-5.5' };
    await look();
    yield { kind: 'session', id: 'two', model: 'forged' };
    await look();
    yield { kind: 'text', text: 'I read a.ts' };
    await look();
    yield { kind: 'ended', end: { kind: 'cancelled' } };
  }
  const agent = { events: events(), cancel: () => undefined };
  const followed = await followTurn(agent, context.signal, tellingStore(context));
  expect(followed).toMatchObject({ reached: 'start' });
  expect(seen).toEqual(['', 'codex has begun (gpt-5.5)', 'codex has begun (gpt-5.5)', 'I read a.ts']);
});
