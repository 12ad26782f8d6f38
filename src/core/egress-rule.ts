/*
 * Which hosts a cell may reach. Names only, in one spelling: lower case, ASCII (`xn--…`), no final dot. An address is
 * never a name, however it is written, and neither is what every machine calls itself.
 */

export interface EgressRule {
  /** As it was written. */
  readonly entry: string;
  /** A name, or what stands after `*.`. */
  readonly name: string;
  /** Whether every name below `name` is meant, and `name` itself is not. */
  readonly isWildcard: boolean;
  /** Null: {@link WEB_PORTS}. */
  readonly port: number | null;
  /** Whether the name may stand for an address of this machine or of a private network. */
  readonly allowsPrivate: boolean;
}

export type ReadRule =
  | { readonly kind: 'ok'; readonly rule: EgressRule }
  | { readonly kind: 'malformed'; readonly why: string };

/** What was asked of the proxy: the text after `CONNECT`. */
export type Target =
  | { readonly kind: 'ok'; readonly host: string; readonly port: number }
  | { readonly kind: 'refused'; readonly why: 'malformed' | 'not-a-name' };

export type EgressChoice =
  | { readonly kind: 'allowed'; readonly rule: EgressRule }
  | { readonly kind: 'refused'; readonly why: 'not-listed' | 'port' };

/** Where a rule names no port. */
const WEB_PORTS: readonly number[] = [443, 80];

const NAME_MAX = 253;
const PORT_MAX = 65_535;
const ENTRY = /^(?<wildcard>\*\.)?(?<name>[^:=*\s]+)(?::(?<port>\d{1,5}))?(?<isPrivate>=private)?$/u;
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/u;
/** What a resolver takes for a number and so for (a part of) an IPv4 address: decimal, octal, hexadecimal. */
const NUMBER = /^(?:\d+|0x[0-9a-f]*)$/u;
/** What a machine calls itself, by RFC 6761 and by the usual `/etc/hosts`. */
const OWN_NAME = /^(?:(?:.+\.)?localhost|(?:.+\.)?localdomain|localhost[46]?|(?:ip6-)?loopback|ip6-localhost)$/u;

/**
 * Reads an entry of the list: `[*.]name[:port][=private]`. Capitals and names in other scripts are put into the one
 * spelling. `*.name` needs two labels after the star: a whole top-level domain is no list.
 */
export function readEgressRule(entry: string): ReadRule {
  const malformed = (why: string): ReadRule => ({ kind: 'malformed', why });
  const { wildcard, name: written, port, isPrivate } = ENTRY.exec(entry)?.groups ?? {};
  if (written === undefined) return malformed('expected a host name, such as example.org, *.example.org or name:8080');
  const name = toAscii(written);
  if (name === null || !isHostName(name)) {
    return malformed('only names can be listed: no addresses, and not this machine (localhost)');
  }
  if (wildcard !== undefined && !name.includes('.')) return malformed(`${entry} would be a whole top-level domain`);
  if (port !== undefined && !isPort(Number(port))) return malformed(`${port} is no port`);
  const rule = {
    entry,
    name,
    isWildcard: wildcard !== undefined,
    port: port === undefined ? null : Number(port),
    allowsPrivate: isPrivate !== undefined,
  };
  return { kind: 'ok', rule };
}

/** Reads `host:port`. Capitals are the same name; anything that is not plainly a name is refused. */
export function readTarget(authority: string): Target {
  const [, host, digits] = /^([^:]*|\[.*\]):(\d{1,5})$/u.exec(authority) ?? [];
  const port = Number(digits);
  if (host === undefined || !isPort(port)) return { kind: 'refused', why: 'malformed' };
  const name = host.toLowerCase();
  return isHostName(name) ? { kind: 'ok', host: name, port } : { kind: 'refused', why: 'not-a-name' };
}

/** The first rule that lets the target through. */
export function chooseRule(rules: readonly EgressRule[], host: string, port: number): EgressChoice {
  const named = rules.filter((rule) => (rule.isWildcard ? host.endsWith(`.${rule.name}`) : host === rule.name));
  const rule = named.find((each) => (each.port === null ? WEB_PORTS.includes(port) : each.port === port));
  if (rule !== undefined) return { kind: 'allowed', rule };
  return { kind: 'refused', why: named.length === 0 ? 'not-listed' : 'port' };
}

function isHostName(name: string): boolean {
  const labels = name.split('.');
  if (name.length > NAME_MAX || !labels.every((label) => LABEL.test(label))) return false;
  return !NUMBER.test(labels.at(-1) ?? '') && !OWN_NAME.test(name);
}

function isPort(port: number): boolean {
  return port >= 1 && port <= PORT_MAX;
}

/** The spelling that is sent over the network, as browsers make it; null for what has none. */
function toAscii(name: string): string | null {
  if (/[/\\?#@%[\]]/u.test(name)) return null;
  return URL.parse(`http://${name}/`)?.hostname ?? null;
}
