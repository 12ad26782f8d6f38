import { createHash } from 'node:crypto';

import { protectedPaths } from '../core/scope-check.ts';
import { toText } from './byte-path.ts';
import type { Change } from './walk.ts';

/** What of some changes a person must approve. */
export interface ProtectedContent {
  readonly paths: readonly string[];
  readonly changes: readonly Change[];
  /** Over the content of the protected paths, so that an approval covers exactly what was looked at, on any base. */
  readonly hash: string;
}

/** Null: none of the changes is to a protected path. */
export function protectedContent(patterns: readonly string[], all: readonly Change[]): ProtectedContent | null {
  const guarded = new Set(
    protectedPaths(
      patterns,
      all.map(({ path }) => toText(path)),
    ),
  );
  if (guarded.size === 0) return null;
  const changes = all.filter(({ path }) => guarded.has(toText(path)));
  const hash = createHash('sha256');
  for (const { path, mode, oid } of changes)
    hash.update(`${path}\0${oid === null ? 'gone' : `${mode} ${oid}`}\0`, 'latin1');
  return { paths: [...guarded], changes, hash: hash.digest('hex') };
}

/** Whether each of the changes is, to the byte, one of the others. */
export function isPartOf(part: readonly Change[], whole: readonly Change[]): boolean {
  const byPath = new Map(whole.map((change) => [change.path, change]));
  return part.every(({ path, mode, oid }) => {
    const other = byPath.get(path);
    return other !== undefined && other.oid === oid && (oid === null || other.mode === mode);
  });
}
