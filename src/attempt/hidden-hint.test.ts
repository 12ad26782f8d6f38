import { writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import type { CellPolicy } from '../core/cell-policy.ts';
import { hiddenHint } from './hidden-hint.ts';

const POLICY: CellPolicy = {
  kind: 'bubblewrap',
  network: 'open',
  networkAsked: false,
  read: [],
  write: [],
  limits: { memoryBytes: null, processes: 64, fileBytes: 1, diskBytes: 1, nice: 0 },
  image: null,
  engine: 'auto',
};
const PLACES = { path: '/usr/bin:/bin', stateDirectory: join(homedir(), '.state/yard') };
const LOGIN = join(homedir(), '.config/no-such-agent/login');
const WHY = `the agent a exited with 1: my-agent: not logged in: ${LOGIN} is missing`;

test('a reason that names a place of the operator\u2019s home says that the cell has another', () => {
  const hint = hiddenHint(WHY, null, POLICY, PLACES);
  expect(hint).toContain('HOME is an empty directory');
  expect(hint).toContain(`(${LOGIN}) under sandbox.agents.read or sandbox.agents.write`);
  expect(hiddenHint('exited with 1: cannot open ~/.netrc', null, POLICY, PLACES)).toContain('(~/.netrc)');
});

test.each([
  ['what it may read', WHY, { read: ['~/.config/no-such-agent'] }],
  ['what it may change', WHY, { write: ['~/.config/no-such-agent/'] }],
  ['its own lane', `exited with 1: ${join(PLACES.stateDirectory, 'lanes/T-1/a.js')}:3`, {}],
  ['the system', 'exited with 1: /usr/lib/x.js is broken', {}],
  ['a page', 'exited with 1: see https://example.org/root/x', {}],
  ['nothing', 'exited with 1', {}],
])('no hint: it names %s', (_name, why, policy: Partial<CellPolicy>) => {
  expect(hiddenHint(why, null, { ...POLICY, ...policy }, PLACES)).toBe('');
});

test('a program that is not found although it is there', async () => {
  const directory = await useTemporaryDirectory('hidden');
  const program = join(directory, 'agent.sh');
  await writeFile(program, '');
  const why = `the agent a exited with 127: nice: No such file or directory`;
  const hint = `; ${program} is hidden in the cell: name it under sandbox.agents.read`;
  const inTmp = program.startsWith('/tmp/') || program.startsWith(`${homedir()}/`);
  expect(inTmp).toBe(true);
  expect(hiddenHint(why, [program, 'x'], POLICY, PLACES)).toBe(hint);
  expect(hiddenHint('the agent a could not be run: nice: ENOENT', [program], POLICY, PLACES)).toBe(hint);
  expect(hiddenHint(why, `exec ${program} --quick`, POLICY, PLACES)).toBe(hint);
  expect(hiddenHint(why, [program], { ...POLICY, read: [directory] }, PLACES)).toBe('');
  expect(hiddenHint(why, [`${program}.gone`], POLICY, PLACES)).toBe('');
  expect(hiddenHint('the agent a exited with 1', [program], POLICY, PLACES)).toBe('');
});
