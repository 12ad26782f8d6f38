import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeYard } from '../fixtures/e2e/yard.ts';

const KEY = 'a-key-of-an-address-0123456789';

interface Message {
  readonly title: string;
  readonly items: readonly { readonly taskId: string | null; readonly text: string }[];
}

/** Somebody who is told, on this machine. */
async function receiver(): Promise<{ address: string; messages: Message[]; status: number }> {
  const state = { address: '', messages: [] as Message[], status: 200 };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (state.status === 200) state.messages.push(JSON.parse(Buffer.concat(chunks).toString('utf8')) as Message);
      response.writeHead(state.status).end(KEY);
    });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  state.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/${KEY}`;
  return state;
}

const told = ({ items }: Message) => items.map(({ taskId, text }) => `${taskId ?? 'yard'}: ${text}`);

test('a person is told of what needs them, once, whoever was killed on the way; the address stands nowhere', async () => {
  const here = await receiver();
  const made = await makeYard({
    config: { limits: { retries: 0 }, notify: { webhook: { variable: 'HOOK' }, window: '1h' } },
    tasks: [
      { id: 'ASK-1', does: 'echo "Which one?" > BLOCKED.md' },
      { id: 'LATE-1', does: 'touch "$BASE/late"; wait_for go; echo "And this?" > BLOCKED.md' },
    ],
  });
  const env = { HOOK: here.address };
  const all: string[] = [];
  const yard = async (...args: string[]) => {
    const ran = await made.yard(args, { env });
    all.push(ran.stdout, ran.stderr);
    return ran;
  };

  // Killed while the question waits for the end of its window.
  const first = made.start(['run'], { env });
  await made.waitForFile('late');
  await made.waitForStatus('ASK-1', 'blocked');
  process.kill(first.pid, 'SIGKILL');
  await first.done;
  expect(here.messages).toEqual([]);

  // The receiver refuses; what it was to be told is kept.
  here.status = 500;
  await made.touch('go');
  expect(await yard('run')).toMatchObject({ code: 3 });
  expect((await yard('notify')).stdout).toMatch(/webhook .* fails since .*: 127\.0\.0\.1:\d+ refused it: HTTP 500\n/);
  expect(await yard('notify', 'test')).toMatchObject({ code: 1 });

  here.status = 200;
  expect(await yard('run')).toMatchObject({ code: 3 });
  expect(here.messages.map(told)).toEqual([
    ['yard: the run has ended, and what is left needs a person', 'ASK-1: Which one?', 'LATE-1: And this?'],
  ]);
  expect(await yard('run')).toMatchObject({ code: 3 });
  expect(here.messages.map(told).slice(1).flat()).toEqual(['yard: the run has ended, and what is left needs a person']);
  expect((await yard('notify', '--json')).stdout).toContain('"failing": null');
  expect((await yard('notify', 'test')).stdout).toMatch(/^webhook: sent to 127\.0\.0\.1:\d+ \(json\)\n$/);

  expect((await yard('report')).stdout).toContain('$ yard answer ASK-1 "…"');
  await yard('export', '--to', join(made.base, 'exported'));
  all.push(...filesIn(made.state), ...filesIn(join(made.base, 'exported')));
  expect(all.filter((text) => text.includes(KEY))).toEqual([]);
});

function filesIn(directory: string): string[] {
  const paths = readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) => join(directory, name));
  return paths.filter((path) => statSync(path).isFile()).map((path) => readFileSync(path, 'latin1'));
}
