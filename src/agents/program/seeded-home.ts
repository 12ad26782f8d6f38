import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';

import { mkdir, writeFile } from '../../process/file-system.ts';
import type { Turn } from '../agent.ts';
import type { HomeFile } from './protocol.ts';

/*
 * A program's home belongs to the agent, which may have put anything in the place of every file of it: a link, a FIFO that
 * nobody reads. So the host never touches it: what the program is to find stands ready in the seed, and is copied from
 * within the cell. What is in its way there is removed, unread; where that cannot be done, the home begins anew: no attempt
 * is to fail, nor to wait, for what an earlier one did.
 */

const ALWAYS = 'always';
const LOGIN = 'login';
/** Tells in the home which login was copied: programs renew it there, and what they renewed must not be undone. */
const LOGIN_MARK = '.yard-login';
const MARK_CHARS = 64;

/**
 * Arguments: home, seed, mark of the login, program and its arguments. 126 says that nothing was run. Plain shell, since
 * the image of a container may have little else.
 */
const SCRIPT = `home=$1; seed=$2; mark=$3; shift 3
umask 077
fail() { echo "the agent's home could not be made ready" >&2; exit 126; }
clear_way() {
  at=$home; rest=$1
  while [ "$rest" != "\${rest#*/}" ]; do
    at=$at/\${rest%%/*}; rest=\${rest#*/}
    [ -d "$at" ] && [ ! -L "$at" ] || { rm -rf "$at" && mkdir "$at"; } || return 1
  done
}
place() {
  from=$seed/$1
  [ -f "$from.list" ] || return 0
  set --
  while IFS= read -r file; do clear_way "$file" || return 1; set -- "$@" "$home/$file"; done < "$from.list"
  rm -rf "$@" && cp -R "$from/." "$home/"
}
is_placed() {
  [ -f "$home/${LOGIN_MARK}" ] && [ ! -L "$home/${LOGIN_MARK}" ] &&
    [ "$(head -c ${MARK_CHARS} "$home/${LOGIN_MARK}")" = "$mark" ]
}
ready() {
  [ -d "$home" ] || mkdir -p "$home" || return 1
  place ${ALWAYS} || return 1
  [ ! -f "$seed/${LOGIN}.list" ] || is_placed || {
    place ${LOGIN} && rm -rf "$home/${LOGIN_MARK}" && printf %s "$mark" > "$home/${LOGIN_MARK}"
  }
}
empty() {
  chmod -R u+rwX "$home" 2>/dev/null
  rm -rf "$home"/* "$home"/.[!.]* "$home"/..?*
}
ready 2>/dev/null || { empty; ready; } || fail
exec "$@"`;

/** The command that runs `argv` with these files in its home. */
export async function withSeededHome(
  turn: Pick<Turn, 'home' | 'seed'>,
  files: readonly HomeFile[],
  argv: readonly [string, ...string[]],
): Promise<[string, ...string[]]> {
  const mark = createHash('sha256');
  const lists = { [ALWAYS]: '', [LOGIN]: '' };
  for (const { path, content, isLogin = false } of files) {
    const kind = isLogin ? LOGIN : ALWAYS;
    const target = join(turn.seed, kind, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content, { mode: 0o644 });
    lists[kind] += `${path}\n`;
    if (isLogin) mark.update(path).update('\0').update(content).update('\0');
  }
  for (const [kind, list] of Object.entries(lists)) {
    if (list !== '') await writeFile(join(turn.seed, `${kind}.list`), list, { mode: 0o644 });
  }
  return ['/bin/sh', '-c', SCRIPT, 'sh', turn.home, turn.seed, mark.digest('hex'), ...argv];
}
