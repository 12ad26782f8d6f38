import type { Intent } from '../../src/store/store.ts';
import { frozenJson } from './frozen.ts';
import type { Write } from './memory-write.ts';

export function openIntent({ tables, nowMs }: Write, intent: Intent): number {
  const id = tables.intents.size + 1;
  tables.intents.set(id, { id, intent: frozenJson(intent), openedMs: nowMs, closedMs: null });
  return id;
}
