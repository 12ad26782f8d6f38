import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { expect, test } from 'vitest';

import { useBubblewrap } from '../../test/fixtures/bubblewrap.ts';
import { openYard } from '../../test/fixtures/yard/yard.ts';
import { Cells } from '../sandbox/cells.ts';

const TASK = 'TASK-1';
const OWN = `homes/${TASK}/implementer/kept`;
/** What is another one's, of the state directory. */
const OTHERS = [
  'homes/TASK-2/implementer/login.json',
  `homes/${TASK}/auditor/login.json`,
  'lanes/TASK-2/a.txt',
  `attempts/${TASK}/1/prompt.md`,
  'attempts/TASK-2/1/checkpoint.json',
  'state.db',
  'depot.git/config',
  'depot.git/HEAD',
];

/** Reads and writes what it can of these, and tells in its lane which it could. */
const SCRIPT = `for path in $PATHS; do
  if cat "$STATE/$path" > /dev/null 2>&1; then echo "read $path"; fi
  if [ -e "$STATE/$path" ] && echo evil >> "$STATE/$path"; then echo "wrote $path"; fi
  mkdir -p "$(dirname "$STATE/$path")" && echo evil > "$(dirname "$STATE/$path")/evil"
done > did 2> /dev/null
ls "$STATE" "$STATE/homes" "$STATE/homes/${TASK}" > seen 2>&1
echo '{"type":"system","subtype":"init","session_id":"s"}'
echo '{"type":"result","is_error":false,"result":"Done."}'
`;

test('a program in its cell has its own home, and no other, no store, no evidence, no other lane', async (context) => {
  const { support } = await useBubblewrap();
  if (support.bubblewrap.kind !== 'works') return context.skip(support.bubblewrap.why);
  const yard = await openYard();
  const state = yard.stateDirectory;
  const run = ['/bin/sh', yard.path('program.sh')];
  const pin = yard.pinWith({
    agents: { script: { kind: 'claude', run, pool: 'p', sandbox: { read: [yard.path('program.sh')] } } },
    pools: { p: { login: 'own' } },
  });
  await writeFile(yard.path('program.sh'), `STATE='${state}'; PATHS='${[OWN, ...OTHERS].join(' ')}'\n${SCRIPT}`);
  for (const path of [OWN, ...OTHERS]) {
    const file = join(state, path);
    await mkdir(dirname(file), { recursive: true });
    if (!existsSync(file)) await writeFile(file, 'mine');
    // Nothing but the cell keeps it away.
    await chmod(file, 0o666);
  }
  await yard.add(TASK);
  const dispatched = await yard.dispatch(TASK);
  const repository = { root: '/nowhere', commonDirectory: '/nowhere/.git' };
  const cells = new Cells({ stateDirectory: state, repository, support, self: ['/nowhere'], redact: (text) => text });
  await yard.run({ ...(await yard.context(TASK, dispatched, pin)), cells });
  const lane = join(state, 'lanes', TASK);
  expect(readFileSync(join(lane, 'did'), 'utf8')).toBe(`read ${OWN}\nwrote ${OWN}\n`);
  expect(readFileSync(join(lane, 'seen'), 'utf8')).not.toMatch(/TASK-2|auditor|state\.db/u);
  const evil = readdirSync(state, { recursive: true }).filter((path) => String(path).endsWith('/evil'));
  expect(evil).toEqual([`homes/${TASK}/implementer/evil`]);
  for (const path of OTHERS.filter((one) => !/^(?:state\.db|depot|attempts\/TASK-1)/u.test(one))) {
    expect(readFileSync(join(state, path), 'utf8')).toBe('mine');
  }
});
