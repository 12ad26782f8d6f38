import { join } from 'node:path';
import { openStore } from '../../src/store/sqlite-store.ts';
import { useTemporaryDirectory } from '../fixtures/temporary-directory.ts';
import { storeSuite } from './store.ts';

storeSuite('the SQLite store', async (parts) => {
  const path = join(await useTemporaryDirectory('store'), 'state', 'state.db');
  return () => openStore(path, parts);
});
