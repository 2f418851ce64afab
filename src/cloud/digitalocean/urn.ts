import type { ResourceKind } from '../provider.ts';

/**
 * The provider names a resource in a project by URN, `do:<word>:<id>`. Its words are not the
 * names of its own API paths, several mean one thing (a reserved IP was once called floating),
 * and the set is open: a word that is not in this table is kept as the kind.
 */
const kindByWord: Readonly<Record<string, ResourceKind>> = {
  app: 'app',
  dbaas: 'database',
  domain: 'dns_zone',
  droplet: 'droplet',
  firewall: 'firewall',
  floatingip: 'reserved_ip',
  floating_ip: 'reserved_ip',
  kubernetes: 'kubernetes_cluster',
  loadbalancer: 'load_balancer',
  load_balancer: 'load_balancer',
  project: 'project',
  reservedip: 'reserved_ip',
  reserved_ip: 'reserved_ip',
  reservedipv6: 'reserved_ip',
  reserved_ipv6: 'reserved_ip',
  space: 'spaces_bucket',
  volume: 'volume',
};

/** The word that the provider itself writes, for the kinds that it puts into projects. */
const wordByKind: Readonly<Record<string, string>> = {
  app: 'app',
  database: 'dbaas',
  dns_zone: 'domain',
  droplet: 'droplet',
  kubernetes_cluster: 'kubernetes',
  load_balancer: 'loadbalancer',
  reserved_ip: 'floatingip',
  spaces_bucket: 'space',
  volume: 'volume',
};

interface ParsedUrn {
  readonly kind: ResourceKind;
  readonly externalId: string;
}

/** What a URN names; null when it is none. An id may itself hold colons (an IPv6 address does). */
export function parseUrn(urn: string): ParsedUrn | null {
  const match = /^do:([^:]+):(.+)$/s.exec(urn);
  if (match === null) return null;
  const [, word = '', externalId = ''] = match;
  return { kind: kindOfWord(word), externalId };
}

/** The kind that a word of the provider's means, in a URN or as an action's resource type. */
export function kindOfWord(word: string): ResourceKind {
  return Object.hasOwn(kindByWord, word) ? (kindByWord[word] as ResourceKind) : word;
}

/** The URN of a resource; null for a kind that the provider does not put into projects. */
export function formatUrn(kind: ResourceKind, externalId: string): string | null {
  const word = Object.hasOwn(wordByKind, kind) ? wordByKind[kind] : undefined;
  return word === undefined ? null : `do:${word}:${externalId}`;
}
