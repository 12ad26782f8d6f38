import { homedir } from 'node:os';

import { findInstalled, PACKAGE, versionsDirectory } from '../../config/installed-version.ts';
import type { InstalledVersion } from '../../config/installed-version.ts';
import { pinnedVersion } from '../../config/pinned-version.ts';
import type { PinnedVersion } from '../../config/pinned-version.ts';
import { CONFIG_VERSION } from '../../config/schema.ts';
import { isUserError } from '../../core/user-error.ts';
import { gitVersion } from '../../git/diagnosis.ts';
import { locateRepository } from '../../git/locate.ts';
import { STORE_VERSION } from '../../store/sqlite-connection.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';

/** `yard version`: what is at work here, and what the repository asks for. */
export async function versionCommand(
  { cwd, env, output, compose }: CommandContext,
  options: { readonly json?: boolean },
): Promise<ExitCode> {
  const root = locateRepository(cwd)?.root ?? null;
  const pinned = root === null ? null : await pinnedVersion(root, env);
  const found: InstalledVersion =
    root === null || pinned === null
      ? { kind: 'missing' }
      : findInstalled(versionsDirectory(env, homedir()), pinned.version, root);
  const parts = {
    node: process.versions.node,
    git: await versionOfGit(),
    sqlite: process.versions['sqlite'] ?? null,
    platform: `${process.platform} ${process.arch}`,
  };
  if (options.json === true) {
    const own = pinned?.version === compose.version;
    output.json({
      version: compose.version,
      pinned:
        pinned === null
          ? null
          : {
              ...pinned,
              installed: own || found.kind === 'installed',
              refused: found.kind === 'refused' && !own ? found.why : null,
            },
      ...parts,
      formats: { store: STORE_VERSION, config: CONFIG_VERSION },
    });
    return EXIT.ok;
  }
  output.print(`${PACKAGE} ${compose.version}`);
  if (pinned !== null) output.print(pinnedLine(pinned, found, compose.version));
  output.print(
    `Node ${parts.node}, git ${parts.git ?? 'missing'}, SQLite ${parts.sqlite ?? 'missing'}, ${parts.platform}`,
  );
  output.print(`formats: store ${STORE_VERSION}, configuration ${CONFIG_VERSION}`);
  return EXIT.ok;
}

function pinnedLine({ version, origin }: PinnedVersion, found: InstalledVersion, own: string): string {
  const asks = `here: ${version}, which ${origin} asks for`;
  if (version === own) return asks;
  switch (found.kind) {
    case 'installed':
      return `${asks}; it carries out all other commands`;
    case 'missing':
      return `${asks}, and which is not installed. Install it with: yard update ${version} --install`;
    case 'refused':
      return `${asks}, and which is not run: ${found.why}`;
  }
}

async function versionOfGit(): Promise<string | null> {
  try {
    return await gitVersion();
  } catch (error) {
    if (isUserError(error)) return null;
    throw error;
  }
}
