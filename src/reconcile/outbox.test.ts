import { describe, expect, test } from 'vitest';
import { imported, processIdentity } from '../../test/conformance/store-yard.ts';
import { memoryStore } from '../../test/sim/memory-store.ts';
import type { AttemptOutcome } from '../core/attempt.ts';
import type { Fence } from '../core/lease.ts';
import type { Notice } from '../core/notice.ts';
import { NOTICE_KINDS } from '../core/notice.ts';
import { DEFAULT_RETRY_POLICY } from '../core/task-state.ts';
import type { Store } from '../store/store.ts';
import type { Sent } from './notice-channel.ts';
import { Outbox } from './outbox.ts';

const RULES = { on: NOTICE_KINDS, windowMs: 30_000, failuresLimit: 5 };
const QUESTION: AttemptOutcome = { kind: 'question', text: 'which of the two?' };

class SetClock {
  now = 1_000_000;
  nowMs = (): number => this.now;
  monotonicMs = (): number => this.now;
}

/** A store in which tasks come to an end, and a channel that takes what it is sent, or does not. */
class Scene {
  readonly clock = new SetClock();
  readonly store: Store = memoryStore({ clock: this.clock, policy: () => ({ ...DEFAULT_RETRY_POLICY, retries: 0 }) })();
  readonly sent: Notice[] = [];
  answer: Sent = { kind: 'ok' };
  #scheduler: Fence | null = null;

  /** As a process opens it that has just begun. */
  async open(isFailing = false): Promise<Outbox> {
    const seq = (await this.store.cursor('notify:webhook')) ?? 0;
    const channel = {
      name: 'webhook',
      where: 'here',
      problem: null,
      send: (notice: Notice) => {
        this.sent.push(notice);
        return Promise.resolve(this.answer);
      },
    } as const;
    const { store, clock } = this;
    return new Outbox({ store, channel, clock, repository: 'shop', redact: (text) => text, seq, isFailing });
  }

  async ends(id: string, outcome: AttemptOutcome): Promise<void> {
    await this.store.importTasks([imported(id)]);
    this.#scheduler ??= await this.#acquire();
    const options = { agent: 'mock', bootId: 'boot-1', expiresMonotonicMs: Infinity };
    const { attempt, fence } = await this.store.dispatch(this.#scheduler, id, options);
    await this.store.claim(fence, processIdentity(2), Infinity);
    await this.store.finish(fence, id, attempt, outcome);
  }

  async types(): Promise<string[]> {
    const events = await this.store.events({ types: ['notify.failed', 'notify.mended'] });
    return events.map(({ type }) => type);
  }

  async #acquire(): Promise<Fence> {
    const acquired = await this.store.acquire('scheduler', processIdentity(1), Infinity, () => false);
    if (acquired.kind === 'held') throw new Error('nobody else is here');
    return acquired.fence;
  }
}

const ids = ({ items }: Notice) => items.map(({ taskId }) => taskId);

describe('when it sends', () => {
  test('a storm of 500 is one message, at the end of the window that the first began', async () => {
    const scene = new Scene();
    const outbox = await scene.open();
    await scene.ends('T-1', { kind: 'no-change' });
    await outbox.look(RULES);
    scene.clock.now += 29_000;
    for (let number = 2; number <= 500; number += 1) await scene.ends(`T-${number}`, { kind: 'no-change' });
    await outbox.look(RULES);
    expect(scene.sent).toEqual([]);
    scene.clock.now += 1_000;
    await outbox.look(RULES);
    expect(scene.sent).toMatchObject([{ counts: { parked: 500 }, more: 490 }]);
    scene.clock.now += 60_000;
    await outbox.look(RULES);
    expect(scene.sent).toHaveLength(1);
  });

  test('the last look does not wait for the window', async () => {
    const scene = new Scene();
    const outbox = await scene.open();
    await scene.ends('T-1', QUESTION);
    await outbox.look(RULES, true);
    expect(scene.sent).toMatchObject([{ title: 'shop: 1 question' }]);
  });

  test('what a person settled meanwhile is not told, nor what nobody wants to hear of', async () => {
    const scene = new Scene();
    const outbox = await scene.open();
    await scene.ends('T-1', QUESTION);
    await scene.ends('T-2', QUESTION);
    await scene.ends('T-3', { kind: 'no-change' });
    await outbox.look(RULES);
    await scene.store.answer('T-1', 'this one');
    await outbox.look({ ...RULES, on: ['question'] }, true);
    expect(scene.sent.map(ids)).toEqual([['T-2']]);
    await outbox.look(RULES, true);
    expect(scene.sent).toHaveLength(1);
  });

  test('what a person did is not told: parked, refused, stopped', async () => {
    const scene = new Scene();
    const outbox = await scene.open();
    await scene.store.importTasks([imported('T-1')]);
    await scene.store.withdraw('T-1', { kind: 'parked', why: 'not now' });
    await scene.ends('T-2', QUESTION);
    await scene.store.transition('T-2', { kind: 'refused', why: 'no' });
    await scene.store.stop('the operator', 'lunch');
    await outbox.look(RULES, true);
    expect(scene.sent).toEqual([]);
  });

  test('a stop by the machine, failures in a row, and a run that needs a person', async () => {
    const scene = new Scene();
    const outbox = await scene.open();
    for (let number = 1; number <= 5; number += 1) await scene.ends(`T-${number}`, { kind: 'no-change' });
    await scene.store.note('breaker.opened', { inARow: 5, limit: 5 });
    await scene.store.stop('train', 'the target is damaged');
    await scene.store.note('run.ended', { end: { kind: 'settled' }, exitCode: 3 });
    await outbox.look({ ...RULES, on: ['stopped'] }, true);
    expect(scene.sent.map(({ items }) => items.map(({ text }) => text))).toEqual([
      [
        'the run has ended, and what is left needs a person',
        'stopped by train: the target is damaged',
        '5 attempts failed in a row (limit 5), so nothing starts',
      ],
    ]);
    await scene.store.note('run.ended', { end: { kind: 'settled' }, exitCode: 0 });
    await scene.store.note('run.ended', { end: { kind: 'interrupted' }, exitCode: 1 });
    await outbox.look(RULES, true);
    expect(scene.sent).toHaveLength(1);
  });
});

describe('over restarts', () => {
  test('nothing is told twice, and nothing that was not sent is lost', async () => {
    const scene = new Scene();
    await scene.ends('T-1', QUESTION);
    const first = await scene.open();
    await first.look(RULES, true);
    await scene.ends('T-2', QUESTION);
    // Killed within its window.
    await first.look(RULES);
    const second = await scene.open();
    await second.look(RULES, true);
    await (await scene.open()).look(RULES, true);
    expect(scene.sent.map(ids)).toEqual([['T-1'], ['T-2']]);
  });

  test('a message that is sent again, for whoever sent it was killed before it was written down, has the same id', async () => {
    const scene = new Scene();
    await scene.ends('T-1', QUESTION);
    scene.store.setCursor = () => Promise.reject(new Error('killed'));
    await expect((await scene.open()).look(RULES, true)).rejects.toThrow('killed');
    // That of its class again.
    Reflect.deleteProperty(scene.store, 'setCursor');
    await scene.store.note('run.started', { pid: 7 });
    await (await scene.open()).look(RULES, true);
    const [first, second] = scene.sent;
    expect(scene.sent).toHaveLength(2);
    expect(second).toEqual(first);
  });

  test('events that nobody is told of are not read again and again', async () => {
    const scene = new Scene();
    const outbox = await scene.open();
    for (let count = 0; count < 999; count += 1) await scene.store.note('noted', null);
    await outbox.look(RULES);
    expect(await scene.store.cursor('notify:webhook')).toBeNull();
    await scene.store.note('noted', null);
    await outbox.look(RULES);
    expect(await scene.store.cursor('notify:webhook')).toBe(1_000);
    expect(scene.sent).toEqual([]);
  });
});

describe('a receiver that fails', () => {
  test('is told of once, tried again later and later, and then told all that came together', async () => {
    const scene = new Scene();
    scene.answer = { kind: 'failed', why: 'h.example refused it: HTTP 500' };
    const outbox = await scene.open();
    await scene.ends('T-1', QUESTION);
    await outbox.look(RULES);
    scene.clock.now += 30_000;
    await outbox.look(RULES);
    await outbox.look(RULES);
    expect(scene.sent).toHaveLength(1);
    scene.clock.now += 5_000;
    await outbox.look(RULES);
    scene.clock.now += 5_000;
    await outbox.look(RULES);
    expect(scene.sent).toHaveLength(2);
    expect(await scene.types()).toEqual(['notify.failed']);
    await scene.ends('T-2', QUESTION);
    scene.answer = { kind: 'ok' };
    scene.clock.now += 20_000;
    await outbox.look(RULES);
    expect(scene.sent.map(ids).at(-1)).toEqual(['T-1', 'T-2']);
    expect(await scene.types()).toEqual(['notify.failed', 'notify.mended']);
  });

  test('is known to fail by the next process too; its own wish for time is heard', async () => {
    const scene = new Scene();
    scene.answer = { kind: 'failed', why: 'h.example refused it: HTTP 429', retryAfterMs: 600_000 };
    const outbox = await scene.open(true);
    await scene.ends('T-1', QUESTION);
    await outbox.look(RULES);
    scene.clock.now += 30_000;
    await outbox.look(RULES);
    scene.clock.now += 599_000;
    await outbox.look(RULES);
    expect(scene.sent).toHaveLength(1);
    scene.clock.now += 1_000;
    await outbox.look(RULES);
    expect(scene.sent).toHaveLength(2);
    expect(await scene.types()).toEqual([]);
  });
});
