import { homedir } from 'node:os';
import { join } from 'node:path';

import { findInstalled, PACKAGE, versionsDirectory } from '../../config/installed-version.ts';
import { pinnedVersion } from '../../config/pinned-version.ts';
import { fail, pass } from './check.ts';
import type { Check, Finding } from './check.ts';
import type { Patient } from './patient.ts';

/** The version that the repository asks for can carry out its commands. */
export const versionCheck: Check = { id: 'version', requires: ['repository'], examine };

async function examine(patient: Patient): Promise<Finding> {
  const { env, compose } = patient.context;
  const { root } = patient.know('repository');
  const pinned = await pinnedVersion(root, env);
  if (pinned === null) return pass(`${PACKAGE} ${compose.version}; the repository asks for none`);
  const { version, origin } = pinned;
  if (version === compose.version) return pass(`${PACKAGE} ${version}, which ${origin} asks for`);
  const directory = versionsDirectory(env, homedir());
  const found = findInstalled(directory, version, root);
  const asked = `${origin} asks for ${PACKAGE} ${version}, and this is ${compose.version}`;
  const safe = `Other commands than yard config, version, update and doctor do nothing until then.`;
  switch (found.kind) {
    case 'installed':
      return pass(`${PACKAGE} ${version}, which ${origin} asks for`);
    case 'missing':
      return fail(`${asked}: it is not installed`, `Install it with: yard update ${version} --install`, safe);
    case 'refused':
      return fail(
        `${asked}: it is not run, because ${found.why}`,
        `Mend that; or remove ${join(directory, version)}, then: yard update ${version} --install`,
        safe,
      );
  }
}
