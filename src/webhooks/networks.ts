import { BlockList, isIP } from 'node:net';
import { once } from '../platform/once.ts';

// Which addresses messages are sent to. A URL comes from outside, and the machine that sends stands inside: what only
// the machine or its network can reach is refused, by the address itself, in whatever form it was written.

interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** Where cloud providers answer with credentials (169.254.169.254), and what only a neighbour reaches: never allowed. */
const linkLocal = ['169.254.0.0/16', 'fe80::/10'];

/** What is no address of the public internet (IANA's special-purpose registries), and what hides an IPv4 address in an IPv6 one. */
const notPublic = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fec0::/10',
  'ff00::/8',
];

const loopback = ['127.0.0.0/8', '::1/128'];

const linkLocals = once(() => blockListOf(linkLocal));
const notPublics = once(() => blockListOf(notPublic));
const loopbacks = once(() => blockListOf(loopback));

/**
 * `10.20.0.0/16` or an address; null: it is neither, or begins at a link-local address. A wider one may hold link-local
 * addresses: `reachable` allows none of them, whatever is listed.
 */
export function networkOf(text: string): Network | null {
  const [address = '', length, ...rest] = text.split('/');
  const version = isIP(address);
  const longest = version === 4 ? 32 : 128;
  if (version === 0 || rest.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length))) return null;
  const prefix = length === undefined ? longest : Number(length);
  const family = version === 4 ? 'ipv4' : 'ipv6';
  return prefix < 8 || prefix > longest || linkLocals().check(address, family) ? null : { address, prefix, family };
}

function blockListOf(networks: readonly string[]): BlockList {
  const blocked = new BlockList();
  for (const text of networks) {
    const [address = '', prefix] = text.split('/');
    blocked.addSubnet(address, Number(prefix), isIP(address) === 4 ? 'ipv4' : 'ipv6');
  }
  return blocked;
}

export interface Reachable {
  /** Whether a message may be sent to an address, as the network's own functions write it. */
  allows(address: string): boolean;
  /** Whether an address is this machine, and allowed: then it needs no https. */
  allowsPlain(address: string): boolean;
}

/** Everything public, and these networks. */
export function reachable(networks: readonly string[]): Reachable {
  const listed = networks.map(networkOf).filter((network) => network !== null);
  const own = new BlockList();
  for (const { address, prefix, family } of listed) own.addSubnet(address, prefix, family);
  const has = (blocked: BlockList, address: string) =>
    blocked.check(withoutZone(address), isIP(address) === 4 ? 'ipv4' : 'ipv6');
  const isOwn = (address: string) => !isMapped(address) && has(own, address) && !has(linkLocals(), address);
  return {
    allows(address) {
      if (isIP(address) === 0 || isMapped(address) || has(linkLocals(), address)) return false;
      return isOwn(address) || !has(notPublics(), address);
    },
    allowsPlain: (address) => isIP(address) !== 0 && isOwn(address) && has(loopbacks(), address),
  };
}

/** `::ffff:127.0.0.1`, in any of its forms: there is a plain one, and nobody who means well writes this. */
function isMapped(address: string): boolean {
  return isIP(address) === 6 && new URL(`http://[${withoutZone(address)}]`).hostname.startsWith('[::ffff:');
}

/** `fe80::1%eth0` is fe80::1. */
function withoutZone(address: string): string {
  return address.split('%', 1)[0] ?? '';
}
