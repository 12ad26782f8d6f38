import { delimiter, isAbsolute } from 'node:path';

const ALWAYS_ALLOWED = ['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'LC_*', 'TZ', 'TERM', 'TMPDIR', 'SHELL'];

/**
 * What git obeys, and all of our own: what names an attempt, where the state is, the switches of our tests. A wildcard
 * never lets these through, only the name itself.
 */
const ONLY_BY_NAME = /^(?:GIT|YARD)_/u;

/**
 * The whole environment of a child: what the base list and `allow` let through from `from`, and `extra` on top.
 * An entry of `allow` is a name, or a prefix and `*`, or `!` and a name that no prefix lets through. `GIT_*` and `YARD_*`
 * variables pass only when named in full. Of `PATH` the {@link absolutePath absolute places} pass.
 */
export function allowedEnvironment(
  allow: readonly string[],
  extra: Readonly<Record<string, string>>,
  from: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  const patterns = [...ALWAYS_ALLOWED, ...allow];
  const names = new Set(patterns);
  const prefixes = patterns.filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.slice(0, -1));
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(from)) {
    if (value === undefined) continue;
    const byPrefix =
      !ONLY_BY_NAME.test(name) && !names.has(`!${name}`) && prefixes.some((prefix) => name.startsWith(prefix));
    if (byPrefix || names.has(name)) environment[name] = value;
  }
  if (environment['PATH'] !== undefined) environment['PATH'] = absolutePath(environment['PATH']);
  return { ...environment, ...extra };
}

/** Where the system itself keeps its programs, whatever PATH says. */
export const SYSTEM_PATH = '/usr/bin:/bin:/usr/sbin:/sbin:/run/current-system/sw/bin';

/**
 * PATH without the places that depend on where one stands (`.`, `node_modules/.bin`, nothing): our own programs are also
 * started in lanes and slots, where these are an agent's. Never empty, for that is such a place, too.
 */
export function absolutePath(path: string): string {
  const places = path.split(delimiter).filter((place) => isAbsolute(place));
  return places.length === 0 ? '/usr/bin:/bin' : places.join(delimiter);
}
