import { chmodSync, lstatSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { removeTree } from '../process/removal.ts';
import { runGit } from '../../test/fixtures/git/repository.ts';
import { collect, moveOn, useLane, useYard } from '../../test/fixtures/git/yard.ts';

/** One thing that an agent does to a path; what stands in its way goes. */
type Edit =
  | { readonly kind: 'write'; readonly path: readonly string[]; readonly content: string; readonly mode: number }
  | { readonly kind: 'link'; readonly path: readonly string[]; readonly target: string }
  | { readonly kind: 'directory'; readonly path: readonly string[] }
  | { readonly kind: 'remove'; readonly path: readonly string[] };

// Few names, so that paths meet; bytes, one for each character.
const name = fc.constantFrom('a', 'b', 'c', 'dir', '.env', '-x', 'new\nline', 'q"\\', '\xff', '\xc3\xa9', ':(top)');
const path = fc.array(name, { minLength: 1, maxLength: 3 });
const edit: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      path,
      content: fc.constantFrom('', 'a', 'b', 'line\r\n', 'base'),
      mode: fc.constantFrom(0o644, 0o755, 0o600, 0o711),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('link' as const), path, target: fc.constantFrom('a', '..', '/', 'dir') }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('directory' as const), path }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), path }) },
);

function apply(root: string, edits: readonly Edit[]): void {
  const at = (names: readonly string[]): Buffer =>
    Buffer.concat([Buffer.from(root), Buffer.from(`/${names.join('/')}`, 'latin1')]);
  const kindOf = (target: Buffer): 'none' | 'directory' | 'other' => {
    const stat = lstatSync(target, { throwIfNoEntry: false });
    return stat === undefined ? 'none' : stat.isDirectory() ? 'directory' : 'other';
  };
  for (const { path: names, ...step } of edits) {
    for (let depth = 1; depth < names.length; depth += 1) {
      const parent = at(names.slice(0, depth));
      if (kindOf(parent) === 'other') rmSync(parent);
      if (kindOf(parent) === 'none') mkdirSync(parent);
    }
    const target = at(names);
    // The mode and the content of a file may change by themselves.
    if (step.kind !== 'write' || kindOf(target) === 'directory') rmSync(target, { recursive: true, force: true });
    if (step.kind === 'write') {
      if (lstatSync(target, { throwIfNoEntry: false })?.isSymbolicLink() === true) rmSync(target);
      writeFileSync(target, step.content);
      chmodSync(target, step.mode);
    } else if (step.kind === 'link') symlinkSync(step.target, target);
    else if (step.kind === 'directory') mkdirSync(target);
  }
}

test('whatever is done to a lane, its commit holds what `git add --all` would', async () => {
  const yard = await useYard({ first: 'f' });
  const plain = join(yard.directory, 'plain');
  let round = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { maxLength: 12 }), fc.array(edit, { maxLength: 12 }), async (before, after) => {
      round += 1;
      // The base, made by git itself.
      await runGit(yard.source.path, ['rm', '-r', '--quiet', '--force', '--ignore-unmatch', '.']);
      apply(yard.source.path, before);
      const base = await moveOn(yard, {});
      const lane = await useLane(yard, { base, taskId: `task-${round}` });
      await runGit(yard.directory, ['clone', '--quiet', '--no-local', yard.source.path, plain]);
      apply(lane.directory, after);
      apply(plain, after);
      const commit = await collect(yard, lane);
      await runGit(plain, ['add', '--all']);
      expect(await runGit(yard.depot.path, ['rev-parse', `${commit}^{tree}`])).toBe(
        await runGit(plain, ['write-tree']),
      );
      // The same directory, filled with another tree, holds that tree and nothing else.
      const refilled = await useLane(yard, { base: yard.base, taskId: `task-${round}`, attempt: 2 });
      expect(refilled.baseline.has('first') || refilled.continued).toBe(true);
      await removeTree(plain);
      await removeTree(lane.directory);
      await removeTree(`${lane.directory}.json`);
      await runGit(yard.source.path, ['clean', '-ffdxq']);
    }),
    { numRuns: Number(process.env['FAST_CHECK_RUNS'] ?? 25) },
  );
});
