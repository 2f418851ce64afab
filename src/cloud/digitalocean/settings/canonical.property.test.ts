import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Json } from '../../provider.ts';
import { collectionsByKind } from '../collections.ts';
import { network, ports } from './canonical.ts';
import { settingsOf } from './settings.ts';

// What means the same is the same value, whatever its order, case and spelling; and what differs stays different.

const { assert, property } = fc;

function values(kind: string, raw: unknown): string {
  const result = collectionsByKind[kind]?.[0]?.read(raw);
  if (result === undefined || result === 'skip' || !result.ok) throw new Error(JSON.stringify(result));
  return JSON.stringify(Object.entries(settingsOf(result.item)!.values).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const tag = fc.constantFrom('web', 'db', 'env:prod', 'ops');
const address = fc.constantFrom('10.0.0.1/32', '0.0.0.0/0', '::/0', '2001:db8::/64', '192.0.2.0/24');
const rule = fc.record({
  protocol: fc.constantFrom('tcp', 'udp', 'icmp'),
  ports: fc.constantFrom('22', 'all', '8000-9000'),
  sources: fc.record({ addresses: fc.array(address), tags: fc.array(tag), droplet_ids: fc.array(fc.nat(9)) }),
});
const firewall = fc.record({
  id: fc.constant('f'),
  name: fc.constant('fw'),
  droplet_ids: fc.array(fc.nat(9)),
  tags: fc.array(tag),
  inbound_rules: fc.array(rule, { maxLength: 5 }),
  outbound_rules: fc.constant([]),
});
const database = fc.record({
  id: fc.constant('d'),
  tags: fc.array(tag),
  rules: fc.array(fc.record({ type: fc.constant('tag'), value: tag })),
});
const droplet = fc.record({
  id: fc.constant(7),
  tags: fc.array(tag),
  features: fc.subarray(['backups', 'ipv6', 'monitoring']),
});

const spelling: Readonly<Record<string, readonly string[]>> = {
  all: ['0', 'all', '1-65535', ''],
  '22': ['22', '22-22'],
  '10.0.0.1/32': ['10.0.0.1', '10.0.0.1/32'],
  '::/0': ['::/0', '0:0::0/0'],
  '2001:db8::/64': ['2001:DB8::/64', '2001:0db8:0:0:1::/64'],
  '192.0.2.0/24': ['192.0.2.0/24', '192.0.2.77/24'],
};

/** The same in another order, another case and another spelling, and some of it twice. */
function respell(value: Json, draw: () => number): Json {
  if (typeof value === 'string') {
    const ways = spelling[value];
    if (ways !== undefined) return ways[Math.floor(draw() * ways.length)]!;
    return draw() < 0.5 && !['fw', 'f', 'd'].includes(value) ? value.toUpperCase() : value;
  }
  if (Array.isArray(value)) {
    const twice = value.length > 0 && draw() < 0.3 ? [...value, value[0]!] : value;
    return twice
      .map((each) => ({ each: respell(each, draw), at: draw() }))
      .sort((a, b) => a.at - b.at)
      .map(({ each }) => each);
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, respell(held, draw)]));
}

test('settings are the same in any order, case and spelling', () => {
  const draws = fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true }));
  for (const [kind, arbitrary] of Object.entries({ firewall, database, droplet })) {
    assert(
      property(arbitrary as fc.Arbitrary<unknown>, draws, (raw, stream) => {
        const draw = () => stream.next().value as number;
        expect(values(kind, respell(raw as Json, draw))).toBe(values(kind, raw));
      }),
    );
  }
});

test('a rule that lets one more in is another', () => {
  assert(
    property(firewall, rule, fc.nat(200), (raw, extra, host) => {
      const sources = { addresses: [`203.0.113.${host}`] };
      const more = { ...raw, inbound_rules: [...raw.inbound_rules, { ...extra, sources }] };
      expect(values('firewall', more)).not.toBe(values('firewall', raw));
    }),
  );
});

test('a network is itself once more, and one of another length is another', () => {
  const v4 = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }));
  const v6 = fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 }));
  assert(
    property(fc.oneof(v4, v6), ([host, length]) => {
      const canonical = network(`${host}/${length}`)!;
      expect(canonical).toMatch(new RegExp(`/${length}$`));
      expect(network(canonical)).toBe(canonical);
      if (length > 0) expect(network(`${host}/${length - 1}`)).not.toBe(canonical);
      expect(network(host.toUpperCase())).toBe(network(`${host}/${host.includes(':') ? 128 : 32}`));
    }),
  );
  expect(['not an address', '10.0.0.1/33', '1.2.3'].map(network)).toEqual(['not an address', '10.0.0.1/33', '1.2.3']);
});

test('ports are the same in every spelling', () => {
  assert(
    property(fc.integer({ min: 1, max: 65_535 }), fc.integer({ min: 1, max: 65_535 }), (a, b) => {
      expect(ports(`${a}-${a}`)).toBe(ports(String(a)));
      expect(ports(a)).toBe(String(a));
      if (a !== b && !(a === 1 && b === 65_535)) expect(ports(`${a}-${b}`)).toBe(`${a}-${b}`);
    }),
  );
});
