import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { CELL_PLANTS } from '../fixtures/hostile/cell-plants.ts';
import { TARGET } from '../fixtures/hostile/ground.ts';
import { SharedLife } from '../fixtures/hostile/shared-life.ts';

// What only a sandbox prevents: there is no such group without one.

describe('sandbox bubblewrap', () => {
  const servers: Server[] = [];
  let connections = 0;

  const life = new SharedLife(CELL_PLANTS, 'bubblewrap', async (base) => {
    for (const path of [join(base, 'home/agent.sock'), `/run/${basename(base)}.sock`]) {
      const server = createServer(() => (connections += 1));
      servers.push(server);
      const { promise, resolve } = Promise.withResolvers<void>();
      // Only root may put one below /run.
      server.once('error', () => resolve());
      server.listen(path, () => resolve());
      await promise;
    }
  });

  // The files go with them.
  afterAll(() => {
    for (const server of servers) server.close();
  });

  test('all of it ends as it should', (context) => life.judge(context, CELL_PLANTS));

  test('case 50: nothing outside of the cell was reached', (context) => {
    const { made } = life.get(context);
    const did = CELL_PLANTS.map(({ id }) => [id, made.git('show', `${TARGET}:${id}/did`)]);
    expect(did).toEqual(CELL_PLANTS.map(({ id }) => [id, '']));
    expect(connections).toBe(0);
  });

  test('each took two attempts: none was lost', (context) => {
    const attempts = CELL_PLANTS.map(({ id }) => [
      id,
      life
        .get(context)
        .fate(id)
        .outcomes.map((outcome) => outcome?.kind),
    ]);
    expect(attempts).toEqual(CELL_PLANTS.map(({ id }) => [id, ['no-packet', 'accepted']]));
  });

  test('nothing outside was changed, and every landed tree was proven', (context) => life.judgeWhole(context));
});
