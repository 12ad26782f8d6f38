import { expect, test } from 'vitest';

import { sandboxRemedy } from './sandbox-remedy.ts';

const FORBIDDEN = 'bubblewrap does not work here: a cell ended with bwrap: No permissions to create new namespace';

test.each([
  ['bubblewrap (bwrap) is not installed', 'apt install bubblewrap'],
  ['setpriv (util-linux) is not installed, by which root gives up its rights', 'util-linux'],
  ['bubblewrap is a program of Linux, not of darwin', 'kind: container'],
  ['docker is not installed, and podman is not installed', 'Install docker'],
  ['docker does not work here: Cannot connect to the Docker daemon at unix:///x', 'docker info'],
  ['podman does not work here: {}', 'podman info'],
  ['docker does not work here: pull access denied for image', 'docker pull IMAGE'],
  ['without a sandbox nothing keeps it to the hosts that its network names', 'list of hosts needs a sandbox'],
  ['a container needs an image', 'image:'],
  ['one yard has one engine for its containers, not docker and podman', 'the same engine'],
  [FORBIDDEN, 'Namespaces are forbidden here'],
  ['the command in the cell did not come to its end (signalled): ', 'limits that are too small'],
])('%s', (why, remedy) => {
  const said = sandboxRemedy(why, () => null);
  expect(said).toContain(remedy);
  expect(said).not.toMatch(/\bnone\b/);
});

test.each([
  ['kernel.unprivileged_userns_clone', '0', '=1'],
  ['user.max_user_namespaces', '0', '=15000'],
  ['kernel.apparmor_restrict_unprivileged_userns', '1', '=0'],
])('the switch that forbids namespaces is named: %s', (name, value, mended) => {
  const said = sandboxRemedy(FORBIDDEN, (asked) => (asked === name ? value : null));
  expect(said).toContain(`sysctl -w ${name}${mended}`);
});
