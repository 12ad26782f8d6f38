import { join } from 'node:path';

import { findInstalled, PACKAGE, packageIn, versionOf } from '../../config/installed-version.ts';
import { inertLine } from '../../core/inert.ts';
import { UserError } from '../../core/user-error.ts';
import { allowedEnvironment } from '../../process/environment.ts';
import { errnoOf } from '../../process/errno.ts';
import { mkdir, rename, rm } from '../../process/file-system.ts';
import { ownName } from '../../process/own-name.ts';
import { runProcess } from '../../process/run.ts';
import { sweepLeftOvers } from '../../process/temporary.ts';

/** Of npm's own settings, and of what it takes to reach a registry. */
const NPM_ENVIRONMENT = [
  'npm_config_*',
  'NPM_*',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  ...['http_proxy', 'https_proxy', 'no_proxy'].flatMap((name) => [name, name.toUpperCase()]),
];
const TIMEOUT_MS = 15 * 60_000;
const WHY_MAX = 300;

/**
 * Installs a version beside this one with npm, whole or not at all: made aside and put in place by a rename. Scripts of
 * packages are not run. npm stands in a directory of its own, so that no `.npmrc` of the repository counts.
 * @param root of the repository's working tree. @throws UserError `install-failed`, `version-refused`.
 */
export async function installVersion(
  version: string,
  {
    directory,
    root,
    environment,
  }: {
    readonly directory: string;
    readonly root: string;
    readonly environment: Readonly<Record<string, string | undefined>>;
  },
): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  // What a dead one has left half-made.
  await sweepLeftOvers(directory);
  const aside = join(directory, ownName('.tmp-'));
  await mkdir(aside, { mode: 0o755 });
  try {
    await install(aside, version, environment);
    await rename(aside, join(directory, version)).catch((error: unknown) => {
      // Another process was faster.
      if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'EEXIST') throw error;
    });
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
  const found = findInstalled(directory, version, root);
  if (found.kind === 'installed') return;
  throw new UserError({
    code: 'version-refused',
    message: `what was installed in ${join(directory, version)} is not run: ${found.kind === 'refused' ? found.why : 'it is missing'}`,
    hint: 'Mend that, or name another directory in YARD_VERSIONS_DIR.',
    exitCode: 1,
  });
}

async function install(
  prefix: string,
  version: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const args = ['install', '--prefix', prefix, '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'];
  const result = await runProcess('npm', [...args, '--', `${PACKAGE}@${version}`], {
    cwd: prefix,
    env: allowedEnvironment(NPM_ENVIRONMENT, {}, environment),
    timeoutMs: TIMEOUT_MS,
  });
  const isDone = result.kind === 'exited' && result.code === 0;
  if (isDone && versionOf(packageIn(prefix)) === version) return;
  const why = result.kind === 'spawn-failed' ? result.message : whyOf(result.stderr.toString('utf8'));
  throw new UserError({
    code: 'install-failed',
    message: `npm did not install ${PACKAGE} ${version}: ${isDone ? 'it is another version' : why || result.kind}`,
    hint: 'Nothing was changed. Is that a version there is, and can npm reach its registry?',
    exitCode: 1,
  });
}

/** What npm calls errors, without its warnings; all that it said, where it called nothing so. */
function whyOf(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  const errors = lines.filter((line) => line.startsWith('npm error ')).map((line) => line.slice('npm error '.length));
  return inertLine((errors.length === 0 ? lines : errors).join(' '), WHY_MAX);
}
