import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';

import { mkdir, writeFile } from '../../process/file-system.ts';
import type { Turn } from '../agent.ts';
import type { HomeFile } from './protocol.ts';

/*
 * A program's home belongs to the agent, which may have put a link in the place of every file of it. So the host never
 * writes there: what the program is to find stands ready in the seed, and is copied from within the cell. Where the agent
 * has put something in its way, the home begins anew: no attempt is to fail for what an earlier one did.
 */

const ALWAYS = 'always';
const LOGIN = 'login';
/** Tells in the home which login was copied: programs renew it there, and what they renewed must not be undone. */
const LOGIN_MARK = '.yard-login';

/** Arguments: home, seed, mark of the login, program and its arguments. 126 says that nothing was run. */
const SCRIPT = `home=$1; seed=$2; mark=$3; shift 3
umask 077
fail() { echo "the agent's home could not be made ready" >&2; exit 126; }
ready() {
  mkdir -p "$home" || return 1
  [ ! -d "$seed/${ALWAYS}" ] || cp -Rf "$seed/${ALWAYS}/." "$home/" || return 1
  [ -d "$seed/${LOGIN}" ] && [ "$(cat "$home/${LOGIN_MARK}" 2>/dev/null)" != "$mark" ] || return 0
  cp -Rf "$seed/${LOGIN}/." "$home/" && printf %s "$mark" > "$home/${LOGIN_MARK}"
}
empty() {
  chmod -R u+rwX "$home" 2>/dev/null
  rm -rf "$home"/* "$home"/.[!.]* "$home"/..?*
}
ready 2>/dev/null || { empty; ready; } || fail
exec "$@"`;

/** The command that runs `argv` with these files in its home. */
export async function withSeededHome(
  turn: Turn,
  files: readonly HomeFile[],
  argv: readonly [string, ...string[]],
): Promise<[string, ...string[]]> {
  const mark = createHash('sha256');
  for (const { path, content, isLogin = false } of files) {
    const target = join(turn.seed, isLogin ? LOGIN : ALWAYS, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content, { mode: 0o644 });
    if (isLogin) mark.update(path).update('\0').update(content).update('\0');
  }
  return ['/bin/sh', '-c', SCRIPT, 'sh', turn.home, turn.seed, mark.digest('hex'), ...argv];
}
