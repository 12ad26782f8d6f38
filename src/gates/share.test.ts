import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';

import { useBubblewrap } from '../../test/fixtures/bubblewrap.ts';
import { writeFiles } from '../../test/fixtures/git/repository.ts';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { resolveSandbox } from '../config/sandbox-schema.ts';
import { give, giveTree } from '../process/owner.ts';
import { runInCell } from '../sandbox/run-in-cell.ts';
import type { Layer, Sandbox } from '../sandbox/sandbox.ts';
import { freeze } from './freeze.ts';
import { shareOutput } from './share.ts';

const { plain, layered } = await useBubblewrap();

const LINK_OUT = 'write through a hard link in the lane';
/** Each strikes at a file of its own, in `modules/<name>/f`, from the lane; its exit code says whether it was let. */
const ATTACKS: Readonly<Record<string, string>> = {
  append: 'echo bad >> $d/f',
  truncate: ': > $d/f',
  'write in place': 'printf bad | dd of=$d/f conv=notrunc status=none',
  chmod: 'chmod 777 $d/f',
  touch: 'touch -d 2001-01-01 $d/f',
  'open by descriptor': 'exec 8< $d/f; echo bad > /proc/self/fd/8',
  'open by the path of a descriptor': `exec sh -c 'exec 8< '$d'/f; cd /; echo bad > "/proc/$$/fd/8"'`,
  'write through a hard link beside it': 'ln $d/f $d/hard && echo bad >> $d/hard',
  [LINK_OUT]: 'ln $d/f linked && echo bad >> linked',
  'write through a link': 'ln -s $PWD/$d/f soft && echo bad >> soft',
  rename: 'mv $d/f $d/away',
  replace: 'echo bad > $d/new && mv -f $d/new $d/f',
  remove: 'rm -f $d/f',
  'rename its directory': 'mv $d "$d.away"',
  'remove its directory': 'rm -rf $d',
  'make the directory a link': 'rm -rf $d && ln -s /etc $d',
  add: 'echo added > $d/added && test "$(cat $d/added)" = added',
};

/** What only somebody with other rights can do: each must fail everywhere. */
const NEVER: Readonly<Record<string, string>> = {
  chown: 'chown 12345 $d/f',
  'take the mount away': 'umount modules',
  'take the mount away in a namespace of its own': 'unshare --user --map-root-user --mount umount modules',
  'move the mount': 'unshare --user --map-root-user --mount mount --move modules other',
};

const ALL = { ...ATTACKS, ...NEVER };

type Open = { readonly sandbox: Sandbox } | { readonly missing: string };

/** A place with a pristine output, made as a prewarm makes it, of which lanes and slots get their share. */
class Yard {
  readonly #base: string;
  readonly #sandbox: Sandbox;
  readonly #frozen: boolean;
  #runs = 0;

  constructor(base: string, sandbox: Sandbox, frozen: boolean) {
    this.#base = base;
    this.#sandbox = sandbox;
    this.#frozen = frozen;
  }

  path(...names: string[]): string {
    return join(this.#base, 'state', ...names);
  }

  async build(): Promise<void> {
    const modules = this.path('prewarm/key/modules');
    for (const name of Object.keys(ALL)) await writeFiles(join(modules, name.replaceAll(' ', '-')), { f: 'pristine' });
    await symlink('append/f', join(modules, 'alias'));
    const { owner } = this.#sandbox;
    if (owner !== null) giveTree(modules, owner);
    if (this.#frozen) expect(freeze(modules)).toBe(true);
  }

  /** A lane or a slot, with its share. */
  async open(name: string): Promise<{ directory: string; layers: readonly Layer[] }> {
    const directory = this.path(name);
    await mkdir(directory, { recursive: true });
    const { owner } = this.#sandbox;
    if (owner !== null) give(directory, owner);
    const layer = await shareOutput({
      from: this.path('prewarm/key'),
      into: directory,
      output: 'modules',
      frozen: this.#frozen,
      sandbox: this.#sandbox,
      timeoutMs: 60_000,
    });
    return { directory, layers: layer === null ? [] : [layer] };
  }

  /** One run of a script in the cell of a lane or slot; what it printed. */
  async run({ directory, layers }: { directory: string; layers: readonly Layer[] }, script: string): Promise<string> {
    this.#runs += 1;
    const scratch = this.path(`tmp/${this.#runs}`);
    await mkdir(scratch, { recursive: true });
    const { network, limits } = resolveSandbox('auto').gates;
    const [writable, readable, bridge, hidden] = [[], [], [], [this.path()]];
    const egressLog = join(scratch, 'network');
    const cell = {
      directory,
      writable,
      readable,
      hidden,
      scratch,
      network,
      bridge,
      limits,
      egressLog,
      layers,
      redact: (text: string) => text,
    };
    const env = { PATH: process.env['PATH'] ?? '' };
    const result = await runInCell(this.#sandbox, cell, { argv: ['/bin/sh', '-c', script], env }, {});
    expect({ ...result, stderr: result.stderr.toString() }).toMatchObject({ kind: 'exited', code: 0 });
    return result.stdout.toString().trim();
  }
}

/** Everything below a path, with what could be changed about it. */
function stateOf(path: string): string[] {
  const stat = lstatSync(path, { bigint: true });
  const { mode, uid, gid, mtimeNs, ino } = stat;
  const own = [path, mode.toString(8), uid, gid, mtimeNs, ino, stat.isFile() ? readFileSync(path, 'utf8') : ''].join(
    ' ',
  );
  return stat.isDirectory() ? [own, ...readdirSync(path).flatMap((name) => stateOf(join(path, name)))] : [own];
}

/** Of what it may, and may not, do in its own place. */
const STRIKE = Object.entries(ALL)
  .map(([name, attack]) => `d=modules/${name.replaceAll(' ', '-')}; (${attack}) 2> /dev/null && echo '${name}'`)
  .join('\n');
/** What somebody sees of it, as its user. */
const LOOK = `cd modules && find . -printf '%P %y %M %U %l %T@\\n' | grep -v '^ ' | sort && find . -type f -exec cat {} +`;

const WAYS: readonly (readonly [string, Open, boolean, readonly string[]])[] = [
  // A layer is a file system of its own, which no hard link leaves.
  ['layers', layered, false, Object.keys(ATTACKS).filter((name) => name !== LINK_OUT)],
  ['copies', plain, false, Object.keys(ATTACKS)],
  [
    'links',
    process.getuid?.() === 0 ? plain : { missing: 'only root has files that the user of a cell cannot change' },
    true,
    ['rename', 'replace', 'remove', 'rename its directory', 'remove its directory', 'make the directory a link', 'add'],
  ],
];

test.for(WAYS)(
  '%s: whatever is done to a share, nobody else sees it',
  async ([way, open, frozen, allowed], context) => {
    if ('missing' in open) return context.skip(open.missing);
    const yard = new Yard(await useTemporaryDirectory('share'), open.sandbox, frozen);
    await yard.build();
    const pristine = stateOf(yard.path('prewarm'));
    const [ours, other] = [await yard.open('lanes/ours'), await yard.open('lanes/other')];
    const seen = await yard.run(other, LOOK);
    expect(seen).toContain('pristine');

    expect((await yard.run(ours, `${STRIKE}\ntrue`)).split('\n')).toEqual(allowed);

    const slot = await yard.open('gates/0');
    for (const place of [other, slot]) expect(await yard.run(place, LOOK)).toBe(seen);
    expect(stateOf(yard.path('prewarm'))).toEqual(pristine);
    expect(way === 'layers').toBe(ours.layers.length === 1);
    // Another run in the same lane begins with the pristine output where it has a layer, and with its own otherwise.
    if (way !== 'layers') return;
    expect(await yard.run(ours, LOOK)).toBe(seen);
    expect(readdirSync(yard.path('lanes/ours/modules'))).toEqual([]);
  },
);

test('what would be of no use as a layer comes as a copy: a file, a link, what belongs to somebody else', async (context) => {
  if ('missing' in layered) return context.skip(layered.missing);
  const base = await useTemporaryDirectory('share');
  const { owner } = layered.sandbox;
  await writeFiles(join(base, 'from'), { file: 'x', 'there/f': 'x', link: { link: 'there' }, 'closed/f': 'x' });
  if (owner !== null) giveTree(join(base, 'from'), owner);
  const into = join(base, 'into');
  await mkdir(join(into, 'there'), { recursive: true });
  if (owner !== null) give(into, owner);
  const share = (
    output: string,
    sandbox: Pick<Sandbox, 'owner' | 'sharing'> = layered.sandbox,
  ): Promise<Layer | null> =>
    shareOutput({ from: join(base, 'from'), into, output, frozen: false, sandbox, timeoutMs: 60_000 });
  expect(await share('file')).toBe(null);
  expect(await share('link')).toBe(null);
  expect(lstatSync(join(into, 'link')).isSymbolicLink()).toBe(true);
  // An overlay stood over it in a run before this one.
  expect(await share('there')).toEqual({ lower: join(base, 'from/there'), target: join(into, 'there') });
  expect(await share('there', { owner, sharing: 'copies' })).toBe(null);
  expect(readFileSync(join(into, 'there/f'), 'utf8')).toBe('x');
  if (owner === null) return;
  give(join(base, 'from/closed'), null);
  await chmod(join(base, 'from/closed'), 0o755);
  expect(await share('closed')).toBe(null);
  expect(readFileSync(join(into, 'closed/f'), 'utf8')).toBe('x');
});

test('a PATH with relative places finds no program of the lane', async () => {
  const base = await useTemporaryDirectory('share');
  const [from, into, ran] = [join(base, 'from'), join(base, 'lane'), join(base, 'ran')];
  await writeFiles(from, { 'modules/f': 'pristine' });
  await mkdir(into);
  for (const name of ['cp', 'setpriv']) {
    await writeFile(join(into, name), `#!/bin/sh\n: > ${ran}\n`);
    await chmod(join(into, name), 0o755);
  }
  vi.stubEnv('PATH', `.::${process.env['PATH']}`);
  try {
    const sandbox = { owner: null, sharing: 'copies' } as const;
    await shareOutput({ from, into, output: 'modules', frozen: false, sandbox, timeoutMs: 10_000 });
  } finally {
    vi.unstubAllEnvs();
  }
  expect(readFileSync(join(into, 'modules/f'), 'utf8')).toBe('pristine');
  expect(existsSync(ran)).toBe(false);
});
