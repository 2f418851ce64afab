import { expect, test } from 'vitest';
import { comparedFields } from './normal-form.ts';

// What somebody writes by another spelling is the same; what really differs stays different.

const exact = (fields: Parameters<typeof comparedFields>[0]['fields']) => comparedFields({ fields }).exact;

test('every spelling of the same setting is equal', () => {
  const spellings: readonly (readonly [Parameters<typeof exact>[0], object])[] = [
    [{ droplets: [7002, 7001, '7001'] }, { droplets: ['7001', '7002'] }],
    [{ droplet: 7001 }, { droplet: '7001' }],
    [{ droplet: null }, { droplet: null }],
    [
      { 'inbound/': { 'TCP/80-80': ['10.0.0.1', '10.0.0.1/32', 'tag:Web'] } },
      { 'inbound/tcp/80': ['10.0.0.1/32', 'tag:web'] },
    ],
    [{ 'outbound/tcp/1-65535': ['0:0::0/0'] }, { 'outbound/tcp/all': ['::/0'] }],
    [{ 'inbound/icmp/0': ['192.0.2.77/24'] }, { 'inbound/icmp': ['192.0.2.0/24'] }],
    [{ trusted_sources: ['ip_addr:10.0.0.1', 'tag:Web'] }, { trusted_sources: ['ip_addr:10.0.0.1/32', 'tag:web'] }],
    [
      { 'maintenance/hour': '13:00:00', engine: 'redis' },
      { 'maintenance/hour': '13:00', engine: 'valkey' },
    ],
    [
      { tags: ['B', 'a', 'b'], region: 'FRA1' },
      { tags: ['a', 'b'], region: 'fra1' },
    ],
  ];
  for (const [said, compared] of spellings) expect(exact(said)).toEqual(compared);
});

test('what really differs stays different', () => {
  expect(exact({ size_gb: 50, name: 'Web', 'record/1/value': '10.0.0.1', count: 7001 })).toEqual({
    size_gb: 50,
    name: 'Web',
    'record/1/value': '10.0.0.1',
    count: 7001,
  });
  expect(exact({ 'inbound/tcp/80': ['10.0.0.0/8'] })).not.toEqual(exact({ 'inbound/tcp/80': ['10.0.0.0/9'] }));
  expect(exact({ 'inbound/tcp/80': [] })).not.toEqual(exact({ 'inbound/udp/80': [] }));
});
