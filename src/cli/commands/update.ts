import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { findInstalled, PACKAGE, versionsDirectory } from '../../config/installed-version.ts';
import { CONFIG_FILE } from '../../config/load.ts';
import { pinnedVersion } from '../../config/pinned-version.ts';
import { dropKey, setKey } from '../../config/set-key.ts';
import { decodeText } from '../../config/text.ts';
import { inertLine } from '../../core/inert.ts';
import { UserError } from '../../core/user-error.ts';
import { isVersion } from '../../core/version.ts';
import { locateRepository } from '../../git/locate.ts';
import { findRepository } from '../../git/repository.ts';
import { readFileBeneath, writeFileDurably } from '../../process/file.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { installVersion } from '../version/install-version.ts';
import { installCommand } from '../version/other-version.ts';

export interface UpdateOptions {
  readonly install?: boolean;
  /** Pin it though it is not installed. */
  readonly force?: boolean;
  readonly none?: boolean;
  readonly json?: boolean;
}

const SIZE_MAX_BYTES = 1024 * 1024;

/**
 * `yard update VERSION`: the repository wants that version from now on. It is installed first, so that a failure pins
 * nothing; one that is not there is pinned with `--force` alone, as it locks out everybody who has not got it.
 */
export async function updateCommand(
  context: CommandContext,
  version: string | undefined,
  options: UpdateOptions,
): Promise<ExitCode> {
  const { cwd, env, output, compose } = context;
  if ((version === undefined) === (options.none !== true) || (version === undefined && options.install === true)) {
    throw new UserError({
      code: 'usage',
      message: version === undefined ? 'no version is named' : '--none asks for no version, and takes none',
      hint: 'Name one (yard update 0.1.0), or ask for none: yard update --none',
    });
  }
  if (version !== undefined && !isVersion(version)) {
    throw new UserError({
      code: 'bad-version',
      message: `${JSON.stringify(inertLine(version, 60))} is not a version of Yardmaster`,
      hint: 'Write one such as 0.1.0, without v, range or tag.',
    });
  }
  const { root } = locateRepository(cwd) ?? (await findRepository(cwd));
  const text = await configText(root);
  if (version === undefined) return unpin(context, root, text, options);
  const edited = setKey(text, PACKAGE, version);
  if (edited === null) throw uneditable(`Write it by hand, at the top level: yardmaster: ${version}`);
  const directory = versionsDirectory(env, homedir());
  const isOwn = version === compose.version;
  const isThere = (): boolean => isOwn || findInstalled(directory, version, root).kind === 'installed';
  if (options.install === true && !isThere()) await installVersion(version, { directory, root, environment: env });
  const installed = isThere();
  if (!installed && options.force !== true) throw notInstalled(version, directory);
  const before = (await pinnedVersion(root, env))?.version ?? null;
  if (edited !== text) await writeConfig(root, edited);
  const inForce = await pinnedVersion(root, env);
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
  if (!installed) {
    const back = before === null || before === version ? 'yard update --none' : `yard update ${before}`;
    output.warn(
      `it is not installed here, and until it is nothing runs but yard stop, config, doctor, help, version and update. Back with: ${back}`,
    );
  }
  output.say(`Commit ${CONFIG_FILE}, so that it holds for others, too. A run that goes on keeps its version.`);
  return EXIT.ok;
}

/** `yard update --none`: whichever version is called does the work. */
async function unpin(
  { env, output }: CommandContext,
  root: string,
  text: string,
  { json = false }: UpdateOptions,
): Promise<ExitCode> {
  const edited = dropKey(text, PACKAGE);
  if (edited === null) throw uneditable(`Take the line out by hand: ${PACKAGE}`);
  const before = (await pinnedVersion(root, env))?.version ?? null;
  if (edited !== text) await writeConfig(root, edited);
  const inForce = await pinnedVersion(root, env);
  if (json) {
    output.json({
      pinned: null,
      before,
      installed: null,
      inForce: inForce?.version ?? null,
      origin: inForce?.origin ?? null,
    });
    return EXIT.ok;
  }
  output.print(
    edited === text
      ? `${CONFIG_FILE} asks for no version; nothing was changed`
      : `${CONFIG_FILE} asks for no version any more${before === null ? '' : ` (before: ${before})`}`,
  );
  if (inForce !== null) output.warn(`${inForce.origin} asks for ${inForce.version}, and stands over it`);
  return EXIT.ok;
}

function notInstalled(version: string, directory: string): UserError {
  return new UserError({
    code: 'version-missing',
    message: `${PACKAGE} ${version} is not installed here: pinned, it would shut out everybody who has not got it`,
    hint: `Install it with: yard update ${version} --install, or: ${installCommand(directory, version)}. Pin it all the same with: --force`,
  });
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

function uneditable(hint: string): UserError {
  return new UserError({
    code: 'config-uneditable',
    message: `${CONFIG_FILE} is not such that the version can be written into it, and nothing else changes`,
    hint,
    place: { file: CONFIG_FILE },
  });
}

async function writeConfig(root: string, text: string): Promise<void> {
  const path = join(root, CONFIG_FILE);
  const { mode } = await stat(path);
  await writeFileDurably(path, text, mode & 0o777);
}
