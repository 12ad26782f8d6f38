import { findInstalled, PACKAGE, versionsDirectory } from '../../config/installed-version.ts';
import type { PinnedVersion } from '../../config/pinned-version.ts';
import { shellWord } from '../../core/shell-word.ts';
import { UserError } from '../../core/user-error.ts';
import { join } from 'node:path';

/** About versions themselves: always by the version that was called. */
const OWN: ReadonlySet<string> = new Set(['update', 'version']);
/** What a person needs in order to mend it, and the brake. */
const FREE: ReadonlySet<string> = new Set(['config', 'doctor', 'help', '--help', '-h', '--version', '-V', 'stop']);

export interface Asked {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** Of the repository's working tree. */
  readonly root: string;
  /** The version that was called. */
  readonly own: string;
}

/**
 * The program that carries the command out instead of this one, which is not what is asked for; null: this one does.
 * @throws UserError `version-missing`, `version-refused`, `versions-directory-relative`.
 */
export function otherVersion(pinned: PinnedVersion, { args, environment, home, root, own }: Asked): string | null {
  const [command = '--help'] = args;
  if (OWN.has(command)) return null;
  const directory = versionsDirectory(environment, home);
  const found = findInstalled(directory, pinned.version, root);
  if (found.kind === 'installed') return found.script;
  if (FREE.has(command) || args.includes('--help')) return null;
  const wanted = `${PACKAGE} ${pinned.version}, which ${pinned.origin} asks for,`;
  if (found.kind === 'missing') {
    throw new UserError({
      code: 'version-missing',
      message: `${wanted} is not installed, and this is ${own}`,
      hint: `Install it with: yard update ${pinned.version} --install, or: ${installCommand(directory, pinned.version)}. To ask for none: yard update --none`,
    });
  }
  const place = join(directory, pinned.version);
  throw new UserError({
    code: 'version-refused',
    message: `${wanted} is not run: ${found.why}`,
    hint: `Mend that; or remove ${place}, then: yard update ${pinned.version} --install`,
  });
}

/** What a person types. */
export function installCommand(directory: string, version: string): string {
  return `npm install --ignore-scripts --prefix ${shellWord(join(directory, version))} ${PACKAGE}@${version}`;
}
