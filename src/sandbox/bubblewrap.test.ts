import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { resolveSandbox } from '../config/sandbox-schema.ts';
import { give } from '../process/owner.ts';
import { bubblewrapSandbox } from './bubblewrap.ts';
import { probeBubblewrap } from './probe.ts';
import { runInCell } from './run-in-cell.ts';

const support = await probeBubblewrap(process.env['PATH'] ?? '');

interface Odd {
  readonly home: string;
  readonly hidden?: readonly string[];
}

/** What a cell shows of a repository, and whether its home can be written to. */
async function look(oddOf: (base: string) => Odd, context: { skip: (why: string) => void }): Promise<string> {
  if (support.kind !== 'works') {
    context.skip(support.why);
    throw new Error('skipped');
  }
  const sandbox = bubblewrapSandbox(support.program);
  const base = await useTemporaryDirectory('odd');
  for (const name of ['lane', 'scratch', 'repo', 'real-home', 'homes']) mkdirSync(join(base, name), { mode: 0o755 });
  writeFileSync(join(base, 'repo/secret'), 'secret');
  symlinkSync(join(base, 'real-home'), join(base, 'homes/linked'));
  if (sandbox.owner !== null) give(join(base, 'lane'), sandbox.owner);
  const { home, hidden = [] } = oddOf(base);
  const cell = {
    directory: join(base, 'lane'),
    writable: [],
    readable: [],
    hidden: [join(base, 'repo'), ...hidden],
    bridge: [],
    scratch: join(base, 'scratch'),
    network: 'none',
    limits: resolveSandbox('auto').gates.limits,
    egressLog: join(base, 'network.ndjson'),
    layers: [],
    redact: (text: string) => text,
  } as const;
  const script = `cat ${base}/repo/secret /proc/${process.pid}/comm; (echo x > "$HOME/x") 2> /dev/null && echo home`;
  const command = { argv: ['/bin/sh', '-c', script], env: { PATH: process.env['PATH'] ?? '', HOME: home } } as const;
  const result = await runInCell(sandbox, cell, command, { timeoutMs: 60_000 });
  return result.stdout.toString('utf8');
}

test.for(['/', '/..', '', '.', '/no/such/home'])('a home at %j opens nothing', async (home, context) => {
  expect(await look(() => ({ home }), context)).toBe('home\n');
});

test('a home behind a link in a hidden place is there', async (context) => {
  const odd = (base: string): Odd => ({ home: join(base, 'homes/linked'), hidden: [join(base, 'homes')] });
  expect(await look(odd, context)).toBe('home\n');
});

test('what is to be hidden at / is refused, not forgotten', async (context) => {
  await expect(look((base) => ({ home: base, hidden: ['/'] }), context)).rejects.toThrow('cannot be hidden');
});
