import { expect, test } from 'vitest';
import type { sizeSlugs } from '../catalogue.ts';
import type { FleetEventInput } from '../events.ts';
import { ms } from '../time.ts';
import { Timeline } from '../timeline.ts';
import { Bills } from './bills.ts';
import { dollars } from './cost.ts';
import { monthNamed } from './months.ts';
import { type BillingRules, believedRules } from './rules.ts';

// Figures that were computed by hand, to the cent. Each is what a ledger of these events comes to.

type Size = (typeof sizeSlugs)[number];
type TimedEvent = readonly [at: string, event: FleetEventInput];

/** Amounts of the lines of a month whose product is meant. */
function amounts(
  events: readonly TimedEvent[],
  { month = '2026-05', product = /./, rules = {} }: { month?: string; product?: RegExp; rules?: Partial<BillingRules> },
): string[] {
  const start = ms('2010-01-01T00:00:00Z');
  const end = ms('2026-12-01T00:00:00Z');
  const project = { at: start, event: { type: 'create_project', name: 'My first project', isDefault: true } } as const;
  const timed = events.map(([at, event]) => ({ at: ms(at), event })).sort((a, b) => a.at - b.at);
  const script = { events: [project, ...timed], start, end, deployments: [], shared: [] };
  const bills = new Bills(new Timeline(script, 1, end), 1);
  bills.rules = { ...believedRules, ...rules };
  const issue = bills.invoices().find((each) => each.month.name === monthNamed(month).name);
  if (issue === undefined) return [];
  return bills
    .compose(issue)
    .lines.filter((line) => product.test(line.product))
    .map(({ cents }) => dollars(cents));
}

const droplet = (from: string, size: Size, to?: string, backups: 'weekly' | null = null): TimedEvent[] => [
  [from, { type: 'create_droplet', id: 7, name: 'web', size, backups }],
  ...(to === undefined ? [] : ([[to, { type: 'destroy', kind: 'droplet', id: 7 }]] as TimedEvent[])),
];
const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

test('a droplet by the second, up to 672 hours', () => {
  expect(amounts(droplet('2026-05-01T00:00:00Z', 's-1vcpu-1gb', '2026-05-11T00:00:00Z'), {})).toEqual(['2.14']);
  const all = droplet('2026-01-31T00:00:00Z', 's-1vcpu-1gb');
  expect(amounts(all, { month: '2026-05' })).toEqual(['6.00']);
  expect(amounts(all, { month: '2026-02' })).toEqual(['6.00']);
});

test('by the exact 672nd of a month, or five digits of an hour', () => {
  const hours670 = droplet('2026-05-01T00:00:00Z', 's-1vcpu-2gb', '2026-05-28T22:00:00Z');
  expect(amounts(hours670, {})).toEqual(['11.96']);
  expect(amounts(hours670, { rules: { rate_digits: 'five' } })).toEqual(['11.97']);
  expect(amounts(droplet('2026-04-01T00:00:00Z', 's-1vcpu-2gb'), { rules: { rate_digits: 'five' } })).toEqual([
    '12.00',
  ]);
});

test('forty seconds cost a minute, and a cent', () => {
  const seconds40 = (size: string, ...before: TimedEvent[]) =>
    amounts([...before, ...droplet('2026-05-05T05:05:05Z', size, '2026-05-05T05:05:45Z')], {});
  expect(seconds40('s-1vcpu-1gb')).toEqual(['0.01']);
  const at672: TimedEvent = ['2026-01-01T00:00:00Z', { type: 'price_size', size: 'c-4', monthly: 672 }];
  expect(seconds40('c-4', at672)).toEqual(['0.02']);
  const gpu = { type: 'price_size', size: 'gpu-4000adax1-20gb', monthly: 2522.16, hourly: 3.39 } as const;
  expect(seconds40('gpu-4000adax1-20gb', ['2026-01-01T00:00:00Z', gpu])).toEqual(['0.06']);
});

test.each([
  ['each_line', ['9.93', '33.28']],
  ['highest', ['7.36', '33.28']],
  ['first', ['9.93', '28.14']],
] as const)('a resize has two lines; the cap is of %s', (droplet_cap, expected) => {
  const resized: TimedEvent[] = [
    ...droplet('2026-04-01T00:00:00Z', 's-2vcpu-4gb'),
    ['2026-05-12T14:03:00Z', { type: 'resize_droplet', droplet: 7, size: 's-4vcpu-8gb' }],
  ];
  expect(amounts(resized, { rules: { droplet_cap } })).toEqual(expected);
});

test("a resize at the month's turn", () => {
  const turned: TimedEvent[] = [
    ...droplet('2026-03-01T00:00:00Z', 's-2vcpu-4gb'),
    ['2026-04-30T23:30:00Z', { type: 'power', droplet: 7, action: 'power_off' }],
    ['2026-04-30T23:30:00Z', { type: 'resize_droplet', droplet: 7, size: 's-4vcpu-8gb', seconds: 2_400 }],
  ];
  expect(amounts(turned, { month: '2026-04' })).toEqual(['24.00']);
  expect(amounts(turned, { month: '2026-05' })).toEqual(['0.01', '48.00']);
});

test('what is powered off costs the same', () => {
  const off: TimedEvent[] = [
    ...droplet('2026-03-01T00:00:00Z', 's-1vcpu-1gb'),
    ['2026-04-30T00:00:00Z', { type: 'power', droplet: 7, action: 'power_off' }],
  ];
  expect(amounts(off, {})).toEqual(['6.00']);
});

test.each([
  ['floor_hours', '0.54', '0.30', '3.88'],
  ['seconds', '0.54', '0.30', '3.88'],
  ['month_hours', '0.48', '0.28', '3.51'],
] as const)(
  'a volume for 36 hours, a snapshot for 10 days, Spaces for 522 hours: %s',
  (rule, volume, snapshot, fee) => {
    const rules = { monthly_from_2026: rule };
    const events: TimedEvent[] = [
      ['2026-05-03T00:00:00Z', { type: 'create_volume', id: uuid(1), name: 'data', sizeGb: 100 }],
      ['2026-05-04T12:00:00Z', { type: 'destroy', kind: 'volume', id: uuid(1) }],
      ...droplet('2026-04-30T00:00:00Z', 's-1vcpu-1gb'),
      [
        '2026-05-01T00:00:00Z',
        { type: 'create_snapshot', id: 9, resourceType: 'droplet', resourceId: 7, name: 's', sizeGb: 14.22 },
      ],
      ['2026-05-11T00:00:00Z', { type: 'destroy', kind: 'snapshot', id: 9 }],
      ['2026-05-10T06:00:00Z', { type: 'create_bucket', name: 'media' }],
      // A second bucket costs nothing.
      ['2026-05-12T06:00:00Z', { type: 'create_bucket', name: 'media-2' }],
    ];
    expect(amounts(events, { rules, product: /Volumes/ })).toEqual([volume]);
    expect(amounts(events, { rules, product: /Droplet Snapshots/ })).toEqual([snapshot]);
    expect(amounts(events, { rules, product: /Spaces/ })).toEqual([fee]);
  },
);

test('snapshots by the GiB as shown or by the GB, and a cent at least', () => {
  const events = (sizeGb: number): TimedEvent[] => [
    ...droplet('2026-03-01T00:00:00Z', 's-1vcpu-1gb'),
    ['2026-03-01T01:00:00Z', { type: 'create_snapshot', resourceType: 'droplet', resourceId: 7, name: 's', sizeGb }],
  ];
  const product = /Snapshots/;
  expect(amounts(events(14.22), { product })).toEqual(['0.85']);
  expect(amounts(events(14.22), { product, rules: { snapshot_unit: 'gb' } })).toEqual(['0.92']);
  expect(amounts(events(0.1), { product })).toEqual(['0.01']);
});

test('Spaces beyond 250 GiB stored and 1,024 GiB sent', () => {
  const gib = 2 ** 30;
  const events: TimedEvent[] = [
    ['2026-03-01T00:00:00Z', { type: 'create_bucket', name: 'media' }],
    ['2026-04-01T00:00:00Z', { type: 'set_bucket_size', bucket: 'media', bytes: 412.5 * gib }],
    ['2026-05-20T00:00:00Z', { type: 'transfer_out', source: 'bucket', id: 'media', bytes: 1_500 * gib }],
  ];
  expect(amounts(events, { product: /Spaces Storage/ })).toEqual(['3.25']);
  expect(amounts(events, { product: /Spaces Bandwidth/ })).toEqual(['4.76']);
});

test('transfer of droplets is pooled, and whole GiB are charged beyond', () => {
  const sent = (gib: number): TimedEvent[] => [
    ...droplet('2026-03-01T00:00:00Z', 's-1vcpu-1gb'),
    ['2026-05-20T00:00:00Z', { type: 'transfer_out', source: 'droplet', id: 7, bytes: Math.round(gib * 2 ** 30) }],
  ];
  expect(amounts(sent(1_000), { product: /Bandwidth/ })).toEqual([]);
  expect(amounts(sent(1_001.49), { product: /Bandwidth/ })).toEqual(['0.01']);
  expect(amounts(sent(1_500), { product: /Bandwidth/ })).toEqual(['5.00']);
});

test('weekly backups are a twentieth each of what the droplet costs', () => {
  const backup = (at: string): TimedEvent => [at, { type: 'create_backup', droplet: 7, sizeGb: 3 }];
  const whole = droplet('2026-03-01T00:00:00Z', 's-2vcpu-4gb', undefined, 'weekly');
  const four = ['02', '09', '16', '23'].map((day) => backup(`2026-05-${day}T04:00:00Z`));
  const five = [...four, backup('2026-05-30T04:00:00Z')];
  expect(amounts([...whole, ...four], { product: /Backups/ })).toEqual(['4.80']);
  expect(amounts([...whole, ...five], { product: /Backups/ })).toEqual(['4.80']);
  const short = droplet('2026-05-01T00:00:00Z', 's-2vcpu-4gb', '2026-05-11T00:00:00Z', 'weekly');
  expect(amounts([...short, backup('2026-05-05T04:00:00Z')], {})).toEqual(['8.57', '0.43']);
});

test('a load balancer has a line for each number of nodes', () => {
  const events: TimedEvent[] = [
    ['2026-03-01T00:00:00Z', { type: 'create_load_balancer', id: uuid(2), name: 'lb' }],
    ['2026-05-13T00:00:00Z', { type: 'resize_load_balancer', loadBalancer: uuid(2), nodes: 3 }],
  ];
  expect(amounts(events, {})).toEqual(['5.14', '24.43']);
});

test('a reserved IPv4 costs while it is on no droplet', () => {
  const events: TimedEvent[] = [
    ...droplet('2026-05-01T00:00:00Z', 's-1vcpu-1gb'),
    ['2026-05-01T00:00:00Z', { type: 'reserve_ip', ip: '100.80.0.1', droplet: 7 }],
    ['2026-05-10T00:00:00Z', { type: 'unassign_ip', ip: '100.80.0.1' }],
    ['2026-05-15T00:00:00Z', { type: 'assign_ip', ip: '100.80.0.1', droplet: 7 }],
  ];
  expect(amounts(events, { product: /Floating/ })).toEqual(['0.89']);
  expect(amounts(events, { product: /Floating/, month: '2026-06' })).toEqual([]);
});

test('a pool costs the 672 hours that had most nodes, and its droplets nothing', () => {
  const ids = [1, 2, 3, 4];
  const tags = [`k8s:${uuid(3)}`];
  const node = (at: string, id: number): TimedEvent => [
    at,
    { type: 'create_droplet', id, name: `pool-${id}`, size: 's-2vcpu-4gb', tags },
  ];
  const pool = (droplets: number[], fourth: string): TimedEvent[] => [
    ...droplets.map((id) => node('2026-04-01T00:00:00Z', id)),
    ['2026-04-01T00:00:00Z', { type: 'create_kubernetes_cluster', id: uuid(3), name: 'k8s', droplets }],
    node(fourth, 4),
    // The list of the pool has it a little later than its tag.
    ['2026-06-01T00:00:00Z', { type: 'set_cluster_nodes', cluster: uuid(3), droplets: ids }],
  ];
  expect(amounts(pool([1, 2, 3], '2026-05-21T00:00:00Z'), {})).toEqual(['81.43']);
  expect(amounts(pool([1, 2], '2026-05-23T12:00:00Z'), {})).toEqual(['55.29']);
});

test('what real bills had: whole hours rounded down, and the exact 672nd', () => {
  const until = (from: string, size: string, to: string, month: string) => amounts(droplet(from, size, to), { month });
  expect(until('2019-01-13T09:39:51Z', 's-2vcpu-4gb', '2019-03-01T00:00:00Z', '2019-01')).toEqual(['13.27']);
  expect(until('2018-12-01T00:00:00Z', 's-2vcpu-4gb', '2019-01-13T09:31:34Z', '2019-01')).toEqual(['8.84']);
  expect(until('2015-01-01T00:00:00Z', 's-1vcpu-2gb', '2015-01-18T10:25:12Z', '2015-01')).toEqual(['6.22']);
  const ip: TimedEvent[] = [
    ['2020-07-01T00:00:00Z', { type: 'reserve_ip', ip: '100.80.0.1' }],
    ['2020-07-22T18:14:39Z', { type: 'destroy', kind: 'reserved_ip', id: '100.80.0.1' }],
  ];
  expect(amounts(ip, { month: '2020-07' })).toEqual(['3.11']);
  const nodes = [1, 2, 3];
  const pool: TimedEvent[] = [
    ['2026-01-01T00:00:00Z', { type: 'price_size', size: 'c-4', monthly: 100 }],
    ...nodes.map((id): TimedEvent => ['2026-05-01T00:00:00Z', { type: 'create_droplet', id, name: 'n', size: 'c-4' }]),
    [
      '2026-05-01T00:00:00Z',
      { type: 'create_kubernetes_cluster', id: uuid(3), name: 'k8s', size: 'c-4', droplets: nodes },
    ],
    ...nodes.map((id): TimedEvent => ['2026-05-28T01:00:20Z', { type: 'destroy', kind: 'droplet', id }]),
  ];
  expect(amounts(pool, {})).toEqual(['289.73']);
});

test('before 2026 whole hours, or exact', () => {
  const lived = droplet('2025-12-31T22:00:01Z', 's-4vcpu-8gb', '2026-01-01T01:30:00Z');
  // 1:59:59 of December: one hour, or all but two.
  expect(amounts(lived, { month: '2025-12' })).toEqual(['0.07']);
  expect(amounts(lived, { month: '2025-12', rules: { duration_before_2026: 'exact' } })).toEqual(['0.14']);
  expect(amounts(lived, { month: '2026-01' })).toEqual(['0.11']);
});

test('each node of a database is a line like the others', () => {
  const events: TimedEvent[] = [
    ['2026-03-01T00:00:00Z', { type: 'create_database', id: uuid(4), name: 'pg', nodes: 2 }],
    ['2026-03-01T00:00:00Z', { type: 'create_app', id: uuid(5), name: 'booking-form' }],
    ['2026-03-01T00:00:00Z', { type: 'subscribe', plan: 'registry_basic' }],
    ['2026-03-01T00:00:00Z', { type: 'subscribe', plan: 'support_developer' }],
  ];
  expect(amounts(events, {})).toEqual(['15.15', '15.15', '5.00', '5.00', '24.00']);
});

test('another price splits a line', () => {
  const events: TimedEvent[] = [
    ...droplet('2026-03-01T00:00:00Z', 's-2vcpu-4gb'),
    ['2026-05-16T00:00:00Z', { type: 'price_size', size: 's-2vcpu-4gb', monthly: 30 }],
  ];
  // 360 hours at 24/672, 384 at 30/672.
  expect(amounts(events, {})).toEqual(['12.86', '17.14']);
  expect(amounts(events, { month: '2026-06' })).toEqual(['30.00']);
});
