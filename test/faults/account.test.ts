import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeYard } from '../fixtures/e2e/yard.ts';

const dyingAt = (name: string): Record<string, string> => ({ YARD_FAILPOINTS: `${name}:1:kill` });

test('an export that is killed half-way is not taken for a whole one', async () => {
  const made = await makeYard({ tasks: [{ id: 'A-1', does: 'echo a > a.txt' }] });
  expect(await made.yard(['run'])).toMatchObject({ code: 0 });
  for (const moment of ['before', 'after']) {
    const to = join(made.base, moment);
    const killed = await made.yard(['export', '--to', to], { env: dyingAt(`fs.append-file:${moment}`) });
    expect(killed.code).toBeNull();
    expect(existsSync(join(to, 'README.md'))).toBe(false);
    expect(await made.yard(['export', '--to', to])).toMatchObject({ code: 2 });
  }
  expect(await made.yard(['export', '--to', join(made.base, 'whole')])).toMatchObject({ code: 0 });
  expect(readdirSync(join(made.base, 'whole'))).toContain('README.md');
});

test('whoever dies over the record of what was told tells it again, with the same id, and not a third time', async () => {
  const ids: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      ids.push((JSON.parse(Buffer.concat(chunks).toString('utf8')) as { id: string }).id);
      response.end();
    });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const HOOK = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  const made = await makeYard({
    config: { notify: { webhook: { variable: 'HOOK' }, window: '1s' } },
    tasks: [
      { id: 'ASK-1', does: 'echo "Which one?" > BLOCKED.md' },
      { id: 'LONG-1', does: 'wait_for go; echo x > x.txt' },
    ],
  });
  for (const moment of ['before', 'commit', 'after']) {
    const env = { HOOK, ...dyingAt(`store.setCursor:${moment}`) };
    expect((await made.yard(['run'], { env })).code).toBeNull();
  }
  const run = made.start(['run'], { env: { HOOK } });
  await made.waitForStatus('ASK-1', 'blocked');
  await made.touch('go');
  expect(await run.done).toMatchObject({ code: 3 });
  // The end of the run is told besides.
  expect(new Set(ids).size).toBeLessThanOrEqual(3);
  const told = ids.length;
  expect(told).toBeGreaterThan(0);
  expect(await made.yard(['notify', '--json'], { env: { HOOK } })).toMatchObject({ code: 0 });
  expect(ids).toHaveLength(told);
});
