import { BlockList, isIP } from 'node:net';

/**
 * What an address leads to. `public`: the internet. `private`: this machine, or a network of its owner's. `never`:
 * neighbours on the link (the metadata services of clouds are such), many machines at once, or nothing that is meant to
 * be reached, and every address that has another one inside it.
 */
export type Reach = 'public' | 'private' | 'never';

type Network = readonly [address: string, prefix: number];

// IANA's registries of special-purpose addresses, and RFC 4291 for what is global at all.
const PRIVATE_4: readonly Network[] = [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
];
const NEVER_4: readonly Network[] = [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
const PRIVATE_6: readonly Network[] = [
  ['::1', 128],
  ['fc00::', 7],
];
const GLOBAL_6: readonly Network[] = [['2000::', 3]];
/** Of the global ones: tunnels (Teredo, 6to4) with an IPv4 address inside, protocols, documentation. */
const NEVER_6: readonly Network[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const private4 = listOf(PRIVATE_4, 'ipv4');
const never4 = listOf(NEVER_4, 'ipv4');
const private6 = listOf(PRIVATE_6, 'ipv6');
const global6 = listOf(GLOBAL_6, 'ipv6');
const never6 = listOf(NEVER_6, 'ipv6');

/** What is no address at all is `never`. */
export function reachOf(address: string): Reach {
  // A zone (`fe80::1%eth0`) belongs to one link.
  if (address.includes('%')) return 'never';
  switch (isIP(address)) {
    case 4:
      if (never4.check(address)) return 'never';
      return private4.check(address) ? 'private' : 'public';
    case 6:
      if (private6.check(address, 'ipv6')) return 'private';
      return global6.check(address, 'ipv6') && !never6.check(address, 'ipv6') ? 'public' : 'never';
    default:
      return 'never';
  }
}

function listOf(networks: readonly Network[], type: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of networks) list.addSubnet(address, prefix, type);
  return list;
}
