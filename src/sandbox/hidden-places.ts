/**
 * Kept from every cell on Linux: people's homes, other people's disks, and the sockets through which programs outside
 * can be told what to do (a read-only mount does not keep anybody from connecting to one).
 */
export const HIDDEN_PLACES: readonly string[] = [
  '/home',
  '/root',
  '/run',
  '/mnt',
  '/media',
  '/var/lib/docker',
  '/var/lib/containers',
  '/var/spool',
  '/var/mail',
];
