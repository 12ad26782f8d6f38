import { closeSync, readdirSync, readFileSync } from 'node:fs';

import { errnoOf } from './errno.ts';

const STANDARD_MAX = 2;
/** `O_CLOEXEC`, of all architectures that Node runs on. */
const CLOSED_ON_EXEC = 0o2000000;

/**
 * Closes what whoever started this process has left open in it: every program that we start would have it too, and in a
 * cell the descriptor of a directory is a way out. What Node opens itself is closed by the kernel when a program starts.
 */
export function closeInherited(): void {
  if (process.platform !== 'linux') return;
  for (const name of readdirSync('/proc/self/fd')) {
    const descriptor = Number(name);
    if (descriptor <= STANDARD_MAX) continue;
    try {
      const [, flags = '0'] = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${name}`, 'utf8')) ?? [];
      if ((Number.parseInt(flags, 8) & CLOSED_ON_EXEC) === 0) closeSync(descriptor);
    } catch (error) {
      // That of the directory that was just read.
      if (errnoOf(error) === null) throw error;
    }
  }
}
