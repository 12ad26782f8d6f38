import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { isVersion } from '../core/version.ts';

/*
 * Which version of Yardmaster a repository wants, found out before anything else is loaded: every command begins with it.
 * Invariants:
 * 1. Only plain files are read, and no link is followed; what is wrong with them is for `loadConfig` to say.
 * 2. YAML is loaded only where a line does not say it all.
 */

export interface PinnedVersion {
  readonly version: string;
  /** The file, or the variable, that says so. */
  readonly origin: string;
}

/** In the order in which they win; as `load.ts` has them. */
const FILES = ['.yard/config.local.yaml', '.yard/config.yaml'];
const VARIABLE = 'YARD_YARDMASTER';
const SIZE_MAX_BYTES = 1024 * 1024;

const COMMENT = /^[ \t]*#.*$/gm;
/** At the beginning of a line, a key is one of the file's own. */
const LINE = /^yardmaster:[ \t]+(["']?)([^\s"'#]+)\1[ \t]*(?:#.*)?\r?$/m;
const ANY_KEY = /(?:^|[\s{,])["']?yardmaster["']?[ \t]*:/m;

/** Null: none is wanted, or what stands there is none. @param root of the working tree. */
export async function pinnedVersion(
  root: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<PinnedVersion | null> {
  const variable = environment[VARIABLE];
  if (variable !== undefined) return isVersion(variable) ? { version: variable, origin: VARIABLE } : null;
  if (lstatSync(join(root, '.yard'), { throwIfNoEntry: false })?.isDirectory() !== true) return null;
  for (const file of FILES) {
    const version = await versionIn(textOf(join(root, file)));
    if (version !== undefined) return version === null ? null : { version, origin: file };
  }
  return null;
}

/** Undefined: the file does not say. Null: what it says is no version. */
async function versionIn(text: string): Promise<string | null | undefined> {
  if (!text.includes('yardmaster')) return undefined;
  const said = text.replaceAll(COMMENT, '');
  const line = LINE.exec(said)?.[2];
  if (line !== undefined && isVersion(line)) return line;
  if (!ANY_KEY.test(said)) return undefined;
  const { readYaml } = await import('./yaml.ts');
  const yaml = readYaml(text);
  const data = yaml.kind === 'ok' ? yaml.data : null;
  if (data === null || typeof data !== 'object' || !('yardmaster' in data)) return undefined;
  const value = data['yardmaster'];
  return typeof value === 'string' && isVersion(value) ? value : null;
}

function textOf(path: string): string {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isFile() !== true || stat.size > SIZE_MAX_BYTES) return '';
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Not ours to read: `loadConfig` says so to whoever needs the configuration.
    return '';
  }
}
