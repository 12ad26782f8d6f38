import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../fixtures/repository-files.ts';

/** The cases of docs/promises.md: crash and restart; time and concurrency; corrupt and hostile state; git; files, output. */
const CASES = [
  [1, 2, 3, 4, 6, 7, 8, 9, 11, 12, 13, 14, 15],
  [16, 17, 18, 19, 20, 22, 23, 24, 25, 26, 27, 28, 29, 31],
  [32, 33, 34, 35, 36, 37, 38, 40, 41],
  [42, 43, 44, 46, 48, 49, 50, 52],
  [53, 55, 56, 57, 59],
].flat();

/** The files that have a test whose name, or that of its group, begins with the case. */
async function filesByCase(): Promise<Map<number, Set<string>>> {
  const byCase = new Map<number, Set<string>>();
  for (const directory of ['src', 'test']) {
    const paths = await readdir(join(root, directory), { recursive: true });
    for (const path of paths.filter((name) => name.endsWith('.test.ts'))) {
      const text = await readFile(join(root, directory, path), 'utf8');
      for (const [, number = ''] of text.matchAll(/['`]case (\d+): ?/g)) {
        const files = byCase.get(Number(number)) ?? new Set();
        byCase.set(Number(number), files.add(`${directory}/${path}`));
      }
    }
  }
  return byCase;
}

test('each case has a test that is named after it, and the page names that file', async () => {
  const byCase = await filesByCase();
  expect([...byCase.keys()].toSorted((a, b) => a - b)).toEqual(CASES);
  const page = await readFile(join(root, 'docs/promises.md'), 'utf8');
  for (const [number, files] of byCase) {
    const row = page.split('\n').find((line) => line.startsWith(`| ${number} |`)) ?? '';
    const named = [...row.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, path = '']) => path);
    expect({ number, named: named.toSorted() }).toEqual({ number, named: [...files].toSorted() });
  }
});
