import { changedKeys } from '../config/entries.ts';
import type { Pin } from '../config/pin.ts';
import type { Fence } from '../core/lease.ts';
import type { UserError } from '../core/user-error.ts';
import type { Store } from '../store/store.ts';

/*
 * Writes down what becomes of the configuration: `config.changed` with the keys, `config.broken` while the last good
 * version stays in force, `config.mended` after it. Invariants:
 * 1. Each version is told once, however many cycles see it.
 * 2. Whoever reads the newest of `config.broken` and `config.mended` knows how it stands, across restarts too: a scheduler
 *    that starts at all has a good version.
 */

const MESSAGE_MAX = 500;

export class ConfigWatch {
  readonly #store: Pick<Store, 'note' | 'events'>;
  readonly #fence: Fence;
  #pin: Pin | null = null;
  /** The message that was told last; null: it is good. */
  #broken: string | null = null;

  constructor(store: Pick<Store, 'note' | 'events'>, fence: Fence) {
    this.#store = store;
    this.#fence = fence;
  }

  /** @param pin what is in force. @param state `before`: what was, when another process had the schedule. */
  async look(pin: Pin, state: { readonly problem: UserError | null; readonly before: Pin | null }): Promise<void> {
    const before = this.#pin ?? state.before;
    if (this.#pin === null) this.#broken = await this.#brokenBefore();
    if (state.problem !== null) await this.#tellBroken(state.problem);
    else if (this.#broken !== null) await this.#tellMended();
    const keys = before === null || before === pin ? [] : changesBetween(before, pin);
    if (keys.length > 0) await this.#note('config.changed', { keys });
    this.#pin = pin;
  }

  async #brokenBefore(): Promise<string | null> {
    const types = ['config.broken', 'config.mended'];
    const [last] = await this.#store.events({ types, newest: true, limit: 1 });
    return last?.type === 'config.broken' ? '' : null;
  }

  async #tellBroken({ code, message, place }: UserError): Promise<void> {
    if (this.#broken === message) return;
    this.#broken = message;
    const where = place === undefined ? {} : { place: { ...place } };
    await this.#note('config.broken', { code, message: message.slice(0, MESSAGE_MAX), ...where });
  }

  async #tellMended(): Promise<void> {
    this.#broken = null;
    await this.#note('config.mended', {});
  }

  async #note(type: string, data: Parameters<Store['note']>[1]): Promise<void> {
    await this.#store.note(type, data, { fence: this.#fence });
  }
}

/** Keys of the files, and recipes whose own file has changed. None where the older one does not say its values. */
function changesBetween(before: Pin, after: Pin): string[] {
  if (before.values === undefined || after.values === undefined) return [];
  const agents = new Set([...Object.keys(before.recipes), ...Object.keys(after.recipes)]);
  const recipes = [...agents].filter(
    (name) => JSON.stringify(before.recipes[name]) !== JSON.stringify(after.recipes[name]),
  );
  const keys = changedKeys(before.values, after.values);
  return [...new Set([...keys, ...recipes.map((name) => `agents.${name}.recipes`)])].toSorted();
}
