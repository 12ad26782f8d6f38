import type { AttemptWork, Ready } from '../../src/attempt/attempt-work.ts';
import type { TurnEnd } from '../../src/agents/agent.ts';
import type { TurnAccount } from '../../src/attempt/turn-account.ts';
import type { AttemptOutcome } from '../../src/core/attempt.ts';
import type { Fence } from '../../src/core/lease.ts';
import type { Store } from '../../src/store/store.ts';
import type { Machine, SimProcess } from './machine.ts';
import { isHealthy, treeOf } from './world.ts';
import type { World } from './world.ts';

/** What an agent does in one attempt of a task; the last of a script is repeated. */
export type Deed =
  | { readonly kind: 'write'; readonly path: string; readonly value: string }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'ask' }
  | { readonly kind: 'machine-fails' }
  /** Its provider refuses it. */
  | { readonly kind: 'provider-fails'; readonly type: 'quota' | 'overload' }
  /** Never ends by itself. */
  | { readonly kind: 'hang' };

export interface AttemptPlaces {
  readonly machine: Machine;
  readonly world: World;
  readonly store: Store;
  readonly process: SimProcess;
  readonly taskId: string;
  readonly attempt: number;
  readonly fence: Fence;
  readonly marker: string;
  readonly deed: Deed;
  /** Against which its one turn is counted. */
  readonly account: TurnAccount;
  readonly nowMs: () => number;
}

const AGENT_MS = 20_000;
/** After that an agent is ended, as by `limits.agentTimeout`. */
const TIMEOUT_MS = 300_000;

/** An attempt's work in the simulated world; its agent is a process of its own, which may outlive it. */
export function scriptedAttempt(places: AttemptPlaces, signal: AbortSignal): AttemptWork<Ready> {
  const { machine, world, process, taskId, store, fence, deed } = places;
  const step = <T>(label: string, effect: () => T): Promise<T> => machine.step(process, `${taskId} ${label}`, effect);
  return {
    prepare: async () => {
      const base = await step('read-base', () => world.record);
      await step('fill', () => world.fillLane(taskId, base));
      return { kind: 'ready', lane: { base } };
    },
    implement: async () => {
      const open = await places.account.reserve(1);
      if (open.kind !== 'open') return open;
      const end = await runAgent(places, signal);
      const turn = turnEndOf(end, places);
      if (!signal.aborted)
        await open.settle({ end: turn, usage: end === 'ended' ? USAGE : null, model: null, reached: 'start' });
      if (turn.kind === 'provider') {
        const { why, failure } = turn;
        const { pool } = places.account;
        return { kind: 'provider', why, retryAtMs: failure.resetMs, failure, ...(pool === null ? {} : { pool }) };
      }
      if (end === 'cancelled') return { kind: 'cancelled' };
      if (end === 'late') return { kind: 'no-packet', why: 'out of time', outputTail: `late ${places.attempt}` };
      if (end === 'killed') return { kind: 'infrastructure', why: 'the agent was killed' };
      if (deed.kind === 'ask') return { kind: 'question', text: 'which?' };
      if (deed.kind === 'machine-fails') return { kind: 'infrastructure', why: 'no such program' };
      return { kind: 'implemented' };
    },
    collect: (_spec, { lane: { base } }) =>
      step('collect', () => {
        const files = world.lane(taskId);
        if (treeOf(files) === world.treeOf(base)) return { kind: 'no-change' } as const;
        return { kind: 'collected', head: world.commit(files, [base]), tree: treeOf(files) } as const;
      }),
    takeUp: (_spec, head) => step('take-up', () => ({ kind: 'collected', head, tree: world.treeOf(head) }) as const),
    gate: async (_spec, { head, tree }): Promise<AttemptOutcome | null> => {
      const isGreen = await step('gate', () => isHealthy(world.filesOf(head)));
      if (signal.aborted) return { kind: 'cancelled' };
      if (!isGreen) return { kind: 'gate-red', head, summary: 'bad', logTail: `red ${places.attempt}` };
      await store.addVerdict(fence, verdictOn(tree));
      return null;
    },
    audit: () => step('audit', () => undefined),
    signature: () => Promise.resolve(null),
    seal: () => step('seal', () => undefined),
  };
}

export function verdictOn(tree: string) {
  return { key: `default ${tree}`, tree, gate: 'default', atMs: 0, durationMs: 1, evidence: 'log' };
}

const USAGE = { inputTokens: 10, cachedTokens: 5, cacheWriteTokens: 0, outputTokens: 3, costUsd: 0.01 };
const QUOTA_MS = 60_000;

function turnEndOf(end: AgentEnd, { deed, nowMs }: AttemptPlaces): TurnEnd {
  if (end === 'cancelled') return { kind: 'cancelled' };
  if (end === 'killed' || deed.kind === 'machine-fails') return { kind: 'infrastructure', why: 'it was killed' };
  if (end === 'late') return { kind: 'no-packet', why: 'out of time', outputTail: '' };
  if (deed.kind !== 'provider-fails') return { kind: 'question', text: 'served' };
  const resetMs = deed.type === 'quota' ? nowMs() + QUOTA_MS : null;
  return { kind: 'provider', why: deed.type, failure: { type: deed.type, status: 429, resetMs, code: null } };
}

/** What is awaited for ever. */
const never = Promise.withResolvers<never>().promise;

type AgentEnd = 'ended' | 'killed' | 'cancelled' | 'late';

async function runAgent(places: AttemptPlaces, signal: AbortSignal): Promise<AgentEnd> {
  const { machine, world, process, taskId, fence, marker, deed } = places;
  const { promise, resolve } = Promise.withResolvers<AgentEnd>();
  const agent = await machine.step(process, `${taskId} start-agent`, () =>
    machine.start(`agent ${taskId}`, marker, async (self) => {
      if (deed.kind === 'hang') await never;
      for (let turn = 0; turn < 3; turn += 1) {
        await machine.step(
          self,
          'write',
          () => {
            if (deed.kind === 'write') world.write(taskId, fence.token, self, deed.path, deed.value);
            else world.write(taskId, fence.token, self, 'README.md', 'a project');
          },
          machine.random.below(AGENT_MS),
        );
      }
      resolve('ended');
    }),
  );
  if (agent.state === 'dead') return 'killed';
  agent.onDeath.push(() => resolve('killed'));
  const endAgent = (how: AgentEnd, inMs?: number): void => {
    const end = (): void => {
      resolve(how);
      machine.end(agent);
    };
    void machine.step(process, `${taskId} end-agent: ${how}`, end, inMs);
  };
  endAgent('late', TIMEOUT_MS);
  const cancel = (): void => endAgent('cancelled');
  if (signal.aborted) cancel();
  signal.addEventListener('abort', cancel, { once: true });
  return promise;
}
