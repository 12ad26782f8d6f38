import { memoryStore } from '../sim/memory-store.ts';
import { storeSuite } from './store.ts';

storeSuite('the in-memory store', (parts) => {
  const open = memoryStore(parts);
  return Promise.resolve(() => Promise.resolve(open()));
});
