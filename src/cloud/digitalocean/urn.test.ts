import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatUrn, kindOfWord, parseUrn } from './urn.ts';

test.each([
  ['do:droplet:13457723', 'droplet', '13457723'],
  ['do:dbaas:9cc10173-e9ea-4176-9dbc-a4cee4c4ff30', 'database', '9cc10173-e9ea-4176-9dbc-a4cee4c4ff30'],
  ['do:domain:example.com', 'dns_zone', 'example.com'],
  ['do:floatingip:192.0.2.7', 'reserved_ip', '192.0.2.7'],
  ['do:reservedip:192.0.2.7', 'reserved_ip', '192.0.2.7'],
  ['do:reservedipv6:2001:db8::7', 'reserved_ip', '2001:db8::7'],
  ['do:loadbalancer:4de7ac8b', 'load_balancer', '4de7ac8b'],
  ['do:space:assets', 'spaces_bucket', 'assets'],
  ['do:volume:506f78a4', 'volume', '506f78a4'],
  ['do:kubernetes:bd5f5959', 'kubernetes_cluster', 'bd5f5959'],
  ['do:app:4f6c71e2', 'app', '4f6c71e2'],
])('%s is a %s', (urn, kind, externalId) => {
  expect(parseUrn(urn)).toEqual({ kind, externalId });
});

test('a word that nobody has heard of stays the kind', () => {
  expect(parseUrn('do:genai-agent:abc')).toEqual({ kind: 'genai-agent', externalId: 'abc' });
  expect(kindOfWord('constructor')).toBe('constructor');
});

test.each(['', 'droplet:1', 'do:droplet', 'do:droplet:', 'do::1', 'aws:droplet:1'])('%j is no URN', (text) => {
  expect(parseUrn(text)).toBeNull();
});

test('a URN that is written is read back', () => {
  const kinds = [
    'app',
    'database',
    'dns_zone',
    'droplet',
    'kubernetes_cluster',
    'load_balancer',
    'reserved_ip',
    'spaces_bucket',
    'volume',
  ];
  fc.assert(
    fc.property(fc.constantFrom(...kinds), fc.string({ minLength: 1 }), (kind, externalId) => {
      expect(parseUrn(formatUrn(kind, externalId) ?? '')).toEqual({ kind, externalId });
    }),
  );
});

test('what the provider keeps out of projects has no URN', () => {
  expect(
    ['firewall', 'snapshot', 'droplet_backup', 'project', 'unheard-of'].map((kind) => formatUrn(kind, '1')),
  ).toEqual(Array(5).fill(null));
});
