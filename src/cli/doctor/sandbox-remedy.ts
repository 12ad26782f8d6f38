import { readFileSync } from 'node:fs';

import { orNull } from '../../process/errno.ts';

/** Switches of Linux that forbid an ordinary user namespaces of their own; some kernels lack some of them. */
const SWITCHES = [
  { name: 'kernel.unprivileged_userns_clone', forbids: '0', allow: '1' },
  { name: 'user.max_user_namespaces', forbids: '0', allow: '15000' },
  { name: 'kernel.apparmor_restrict_unprivileged_userns', forbids: '1', allow: '0' },
] as const;

/** The value of a switch, as the kernel writes it; null where it has none of that name. */
export type ReadSwitch = (name: string) => string | null;

const readSwitch: ReadSwitch = (name) =>
  orNull(() => readFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8').trim());

/**
 * What a person does so that a sandbox can be had. It goes by the words of the reason, ours and the program's, and never
 * proposes to do without: that is nobody's remedy.
 */
export function sandboxRemedy(why: string, read: ReadSwitch = readSwitch): string {
  if (why.includes('(bwrap) is not installed')) return 'Install bubblewrap: apt install bubblewrap';
  if (why.includes('setpriv (util-linux)')) return 'Install setpriv: apt install util-linux';
  if (why.includes('is a program of Linux')) return 'Use containers here: kind: container, with an image.';
  if (why.includes('nothing keeps it to the hosts')) {
    return 'A list of hosts needs a sandbox: kind bubblewrap or container, or auto with bubblewrap installed.';
  }
  if (why.includes('needs an image')) return "Name one in .yard/config.yaml: { kind: container, image: 'node:24' }";
  if (why.includes('one engine')) return 'Name the same engine everywhere in .yard/config.yaml.';
  // The engines are named first in what is said of them; bubblewrap's own words may speak of neither.
  if (/\b(?:docker|podman) /.test(why)) return ofEngine(why);
  if (/namespace|uid map|unshare|clone|setting up|Operation not permitted|Permission denied|No space left/i.test(why)) {
    return ofNamespaces(read);
  }
  return 'See what the program says; limits that are too small for any program have this effect, too.';
}

function ofEngine(why: string): string {
  const [, engine = 'docker'] = /\b(docker|podman) /.exec(why) ?? [];
  if (why.includes('is not installed')) return `Install ${engine}, or name another engine in .yard/config.yaml.`;
  if (/image|manifest|pull/i.test(why)) return `See whether the image can be had: ${engine} pull IMAGE`;
  return `See what it lacks with: ${engine} info (its daemon may not run, or not be open to you)`;
}

function ofNamespaces(read: ReadSwitch): string {
  const closed = SWITCHES.find(({ name, forbids }) => read(name) === forbids);
  if (closed === undefined) {
    return 'Namespaces are forbidden here: let this machine (or the container that it is) make them, or use kind: container.';
  }
  return `Namespaces are forbidden by ${closed.name}: sysctl -w ${closed.name}=${closed.allow} (as root)`;
}
