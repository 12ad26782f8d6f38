import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { findInstalled, PACKAGE, versionsDirectory } from '../../config/installed-version.ts';
import { CONFIG_FILE } from '../../config/load.ts';
import { pinnedVersion } from '../../config/pinned-version.ts';
import { setKey } from '../../config/set-key.ts';
import { decodeText } from '../../config/text.ts';
import { inertLine } from '../../core/inert.ts';
import { UserError } from '../../core/user-error.ts';
import { isVersion } from '../../core/version.ts';
import { locateRepository } from '../../git/locate.ts';
import { findRepository } from '../../git/repository.ts';
import { readFileBeneath, writeFileDurably } from '../../process/file.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { installVersion } from '../install-version.ts';
import { installCommand } from '../other-version.ts';

export interface UpdateOptions {
  readonly install?: boolean;
  readonly json?: boolean;
}

const SIZE_MAX_BYTES = 1024 * 1024;

/** `yard update VERSION`: the repository wants that version from now on. It is installed first, so that a failure pins nothing. */
export async function updateCommand(
  { cwd, env, output, compose }: CommandContext,
  version: string,
  options: UpdateOptions,
): Promise<ExitCode> {
  if (!isVersion(version)) {
    throw new UserError({
      code: 'bad-version',
      message: `${JSON.stringify(inertLine(version, 60))} is not a version of Yardmaster`,
      hint: 'Write one such as 0.1.0, without v, range or tag.',
    });
  }
  const { root } = locateRepository(cwd) ?? (await findRepository(cwd));
  const text = await configText(root);
  const edited = setKey(text, PACKAGE, version);
  if (edited === null) throw uneditable(version);
  const directory = versionsDirectory(env, homedir());
  const isOwn = version === compose.version;
  const isThere = (): boolean => isOwn || findInstalled(directory, version, root).kind === 'installed';
  if (options.install === true && !isThere()) await installVersion(version, { directory, root, environment: env });
  const before = (await pinnedVersion(root, env))?.version ?? null;
  if (edited !== text) await writeConfig(root, edited);
  const inForce = await pinnedVersion(root, env);
  const installed = isThere();
  if (options.json === true) {
    output.json({
      pinned: version,
      before,
      installed,
      inForce: inForce?.version ?? null,
      origin: inForce?.origin ?? null,
    });
    return EXIT.ok;
  }
  output.print(`${CONFIG_FILE} asks for ${PACKAGE} ${version}${before === null ? '' : ` (before: ${before})`}`);
  if (inForce !== null && inForce.version !== version) {
    output.warn(`${inForce.origin} asks for ${inForce.version}, and stands over it`);
  }
  if (!installed)
    output.say(
      `It is not installed here. Install it with: yard update ${version} --install, or: ${installCommand(directory, version)}`,
    );
  output.say(`Commit ${CONFIG_FILE}, so that it holds for others, too. A run that goes on keeps its version.`);
  return EXIT.ok;
}

/** @throws UserError `no-config`, `config-unreadable`. */
async function configText(root: string): Promise<string> {
  const read = await readFileBeneath(root, CONFIG_FILE, { maxBytes: SIZE_MAX_BYTES });
  if (read.kind === 'missing') {
    throw new UserError({
      code: 'no-config',
      message: `there is no ${CONFIG_FILE} in ${root}`,
      hint: 'Make one with: yard init',
    });
  }
  const text = read.kind === 'ok' ? decodeText(read.data) : null;
  if (text !== null) return text;
  throw new UserError({
    code: 'config-unreadable',
    message: `${CONFIG_FILE} cannot be read: ${read.kind === 'refused' ? read.why : 'it is not UTF-8 text'}`,
    hint: 'Make it a plain text file.',
  });
}

function uneditable(version: string): UserError {
  return new UserError({
    code: 'config-uneditable',
    message: `${CONFIG_FILE} is not such that the version can be written into it, and nothing else changes`,
    hint: `Write it by hand, at the top level: yardmaster: ${version}`,
    place: { file: CONFIG_FILE },
  });
}

async function writeConfig(root: string, text: string): Promise<void> {
  const path = join(root, CONFIG_FILE);
  const { mode } = await stat(path);
  await writeFileDurably(path, text, mode & 0o777);
}
