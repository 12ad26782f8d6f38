import { expect, test } from 'vitest';
import { memoryStore } from '../../test/sim/memory-store.ts';
import type { Config } from '../config/schema.ts';
import type { Notice } from '../core/notice.ts';
import { DEFAULT_RETRY_POLICY } from '../core/task-state.ts';
import type { Sent } from './notice-channel.ts';
import { Notifier } from './notifier.ts';
import type { NotifierOptions } from './notifier.ts';
import type { Settings } from './settings.ts';

const CLOSED = { failuresInARow: 0, limits: { consecutiveFailures: 2 } } as Parameters<Notifier['look']>[0];
const OPEN = { ...CLOSED, failuresInARow: 2 };

/** A store, settings that can change, and one receiver, who answers when the test says so. */
function makeScene() {
  const clock = { nowMs: () => 1_000, monotonicMs: () => 1_000 };
  const store = memoryStore({ clock, policy: () => DEFAULT_RETRY_POLICY })();
  const notify: Config['notify'] = { webhook: null, desktop: true, on: ['stopped'], windowMs: 0 };
  const scene = {
    store,
    sent: [] as Notice[],
    troubles: [] as unknown[],
    reply: (): Promise<Sent> => Promise.resolve({ kind: 'ok' }),
    settings: () => Promise.resolve({ config: { notify, limits: { consecutiveFailures: 2 } } } as unknown as Settings),
    make: () => {
      const options: NotifierOptions = {
        store,
        settings: { current: () => scene.settings() },
        repository: { name: 'shop' },
        redactor: { text: (text) => text.replaceAll('hunter2', '[redacted:X]') },
        clock,
        environment: {},
        onTrouble: (error) => scene.troubles.push(error),
        channelsOf: ({ desktop }) =>
          desktop
            ? [
                {
                  name: 'desktop',
                  where: 'here',
                  problem: null,
                  send: (notice) => {
                    scene.sent.push(notice);
                    return scene.reply();
                  },
                },
              ]
            : [],
      };
      return new Notifier(options);
    },
  };
  return scene;
}

const texts = (notices: readonly Notice[]) => notices.map(({ items }) => items.map(({ text }) => text));

test('a way that is new begins with what happens from then on, without its secrets', async () => {
  const scene = makeScene();
  await scene.store.stop('train', 'old');
  const notifier = scene.make();
  await notifier.open();
  await notifier.finish();
  expect(scene.sent).toEqual([]);
  await scene.store.resume();
  await scene.store.stop('train', 'hunter2 is damaged');
  await notifier.finish();
  expect(texts(scene.sent)).toEqual([['stopped by train: [redacted:X] is damaged']]);
});

test('a look returns at once, and none begins while one sends; what came meanwhile is told at the end', async () => {
  const scene = makeScene();
  const { promise, resolve } = Promise.withResolvers<Sent>();
  const began = Promise.withResolvers<void>();
  scene.reply = () => {
    began.resolve();
    return promise;
  };
  const notifier = scene.make();
  await notifier.open();
  await scene.store.stop('train', 'one');
  notifier.look(CLOSED);
  await began.promise;
  await scene.store.stop('train', 'two');
  notifier.look(CLOSED);
  expect(scene.sent).toHaveLength(1);
  resolve({ kind: 'ok' });
  await notifier.finish();
  expect(texts(scene.sent)).toEqual([['stopped by train: one'], ['stopped by train: two']]);
});

test('that too many attempts failed in a row is an event, once each time, whoever looks', async () => {
  const scene = makeScene();
  const opened = async () => (await scene.store.events({ types: ['breaker.opened'] })).length;
  for (const notifier of [scene.make(), scene.make()]) {
    await notifier.open();
    for (const snapshot of [CLOSED, OPEN, OPEN]) {
      notifier.look(snapshot);
      await notifier.finish();
    }
    expect(await opened()).toBe(1);
  }
  await scene.store.resetBreaker();
  const notifier = scene.make();
  notifier.look(OPEN);
  await notifier.finish();
  expect(await opened()).toBe(2);
});

test('what goes wrong beside the sending is told once, fails nothing, and is made up for', async () => {
  const scene = makeScene();
  const notifier = scene.make();
  await notifier.open();
  const { settings } = scene;
  scene.settings = () => Promise.reject(new Error('the disk is full'));
  await scene.store.stop('train', 'one');
  await notifier.finish();
  await notifier.finish();
  expect(scene.troubles).toEqual([new Error('the disk is full')]);
  scene.settings = settings;
  await notifier.finish();
  expect(texts(scene.sent)).toEqual([['stopped by train: one']]);
});
