import { lookup as lookupName, type LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import type { Reachable } from './networks.ts';

// Where a message goes. The address is checked twice: as it stands in the URL, after parsing, because literals never
// reach a lookup (0x7f000001, 2130706433, 0177.1 and [::ffff:127.0.0.1] all are 127.0.0.1); and as what its name
// resolves to, of which every address must be allowed. The connection takes the addresses that were checked: nothing
// resolves the name a second time, so that one that resolves otherwise by then (rebinding) gains nothing.

/** Why a message is not sent there, as a sentence. */
export class TargetRefused extends Error {
  override readonly name = 'TargetRefused';
}

export type Resolve = (name: string) => Promise<readonly LookupAddress[]>;

const lookupAll = promisify(lookupName);
/** As the system resolves names. */
export const resolveName: Resolve = (name) => lookupAll(name, { all: true, verbatim: true });

/** The literal address of a URL's host; null: it is a name. */
function literalOf({ hostname }: URL): string | null {
  const address = hostname.replace(/^\[(.*)\]$/, '$1');
  return isIP(address) === 0 ? null : address;
}

/** Reads a URL and checks what it says by itself. @throws TargetRefused */
export function parseTarget(text: string, networks: Reachable): URL {
  const url = URL.parse(text);
  if (url === null) throw new TargetRefused('It is no URL.');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new TargetRefused('It is no https:// address.');
  if (url.username !== '' || url.password !== '') throw new TargetRefused('It holds a user name or a password.');
  if (url.port === '0') throw new TargetRefused('There is no port 0.');
  const literal = literalOf(url);
  if (literal !== null && !networks.allows(literal)) throw new TargetRefused(`The address ${literal} is not public.`);
  if (url.protocol === 'http:' && (literal === null || !networks.allowsPlain(literal)))
    throw new TargetRefused('It is not https://: anybody on the way could read it.');
  return url;
}

/** The addresses of a target, all of them checked. @throws TargetRefused; what resolving throws */
export async function addressesOf(
  url: URL,
  networks: Reachable,
  resolve: Resolve,
): Promise<readonly [LookupAddress, ...LookupAddress[]]> {
  const literal = literalOf(url);
  if (literal !== null) return [{ address: literal, family: isIP(literal) }];
  const [first, ...others] = await resolve(url.hostname);
  if (first === undefined) throw new TargetRefused(`${url.hostname} has no address.`);
  const refused = [first, ...others].find(({ address }) => !networks.allows(address));
  if (refused !== undefined)
    throw new TargetRefused(`${url.hostname} resolves to ${refused.address}, which is not public.`);
  return [first, ...others];
}
