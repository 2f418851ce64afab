import { sql } from 'kysely';
import { afterAll, expect, test } from 'vitest';
import { type ClickHouseServer, startClickHouse } from '../../test/clickhouse/server.ts';
import { openTestDatabase } from '../../test/database.ts';
import {
  event,
  instant,
  makeMeters,
  makeSource,
  meterAll,
  requests,
  resourceOf,
  setClock,
  usageOf,
} from '../../test/fixtures/gateway.ts';
import { createDeployments, storedBytes } from '../../test/fixtures/metering.ts';
import { assign } from '../deployments/assignments.ts';
import { readEvents } from '../gateway/cloud-event.ts';
import { getSource } from '../gateway/sources.ts';
import { storeEvents } from '../gateway/store-events.ts';
import type { Database } from '../platform/database/database.ts';
import { meterOutstanding } from './meter.ts';
import { moveUsage } from './records/move/move.ts';
import { useClickHouse } from './records/open.ts';

// What events measure, in both stores of records.

const now = instant('2026-05-08');

let server: ClickHouseServer | undefined;
afterAll(() => server?.close());

const stores = [
  { store: 'PostgreSQL', use: async (_db: Database) => ({ async close() {} }) },
  { store: 'ClickHouse', use: moveToClickHouse },
] as const;

async function moveToClickHouse(db: Database): Promise<{ close(): Promise<void> }> {
  server ??= await startClickHouse();
  const { clickHouse, close } = await useClickHouse(await server.createDatabase());
  await moveUsage(db, clickHouse, { now: instant('2026-01-01') });
  return { close };
}

async function send(db: Database, events: readonly object[]): Promise<void> {
  const { events: read } = readEvents({ 'content-type': 'application/json' }, Buffer.from(JSON.stringify(events)));
  await storeEvents(db, await getSource(db, 'edge'), read, { receivedAt: now, publishAs: null });
}

const bytes = (time: string, count: string) =>
  event({ type: 'egress', time, subject: 'host:big', data: { bytes: count } });

test.each(stores)(
  'in $store, impulses count as themselves in shares, however great, and distinct keys once per owner and month',
  async ({ use }) => {
    const database = await openTestDatabase();
    const { db } = database;
    const used = await use(db).catch(async (error: unknown) => {
      await database.close();
      throw error;
    });
    try {
      await setClock(db, now);
      await createDeployments(db, ['ash', 'birch', 'cedar'], instant('2026-01-01'));
      await makeSource(db, 'edge', { now });
      const egress = {
        ...requests,
        meter: 'egress_bytes',
        unit: 'byte',
        type: 'egress',
        value: '/bytes',
        granularity: 'hour',
      };
      const users = { ...requests, meter: 'users', type: 'visit', aggregation: 'unique', value: null, key: '/user' };
      await makeMeters(db, [egress, users], now);
      const visit = (time: string, user: string) => event({ type: 'visit', time, subject: 'host:big', data: { user } });
      await send(db, [
        bytes('2026-05-02T10:00:00Z', '900000000000000000'),
        bytes('2026-05-02T10:00:01Z', '100000000000000000'),
        bytes('2026-05-02T11:30:00Z', '1'),
        visit('2026-05-02T10:00:00Z', 'u1'),
        visit('2026-05-03T10:00:00Z', 'u1'),
        visit('2026-05-04T10:00:00Z', 'u2'),
      ]);
      await meterAll(db, now);
      const owners = ['ash', 'birch', 'cedar'].map((slug, index) => ({ slug, weight: index === 0 ? 999_998 : 1 }));
      const resourceIds = [await resourceOf(db, 'host:big')];
      await assign(db, { resourceIds, owners, from: instant('2026-05-02T10:00:00Z') }, 'test', now);
      await meterAll(db, now);
      const of = (total: bigint, upTo: bigint) => (2n * total * 1_000_000_000n * upTo + 1_000_000n) / 2_000_000n;
      const share = (from: bigint, to: bigint) => {
        const billionths = [1_000_000_000_000_000_000n, 1n].reduce(
          (sum, total) => sum + of(total, to) - of(total, from),
          0n,
        );
        const [whole, rest] = [billionths / 1_000_000_000n, billionths % 1_000_000_000n];
        return `${whole}${rest === 0n ? '' : `.${String(rest).padStart(9, '0').replace(/0+$/, '')}`}`;
      };
      expect(await usageOf(db, 'egress_bytes')).toEqual({
        'ash 02': share(0n, 999_998n),
        'birch 02': share(999_998n, 999_999n),
        'cedar 02': share(999_999n, 1_000_000n),
      });
      const visits = await usageOf(db, 'users');
      expect([visits['ash 02'], visits['ash 04']]).toEqual(['0.999998', '0.999998']);
      expect(Object.keys(visits).some((key) => key.endsWith(' 03'))).toBe(false);

      // An earlier visit comes late: the one before counts no more, on a day that no fact has touched.
      await send(db, [
        event({ type: 'visit', time: '2026-05-03T09:00:00Z', subject: 'host:big', data: { user: 'u2' } }),
      ]);
      await meterAll(db, now);
      const late = await usageOf(db, 'users');
      expect([late['ash 03'], late['ash 04']]).toEqual(['0.999998', undefined]);
      const before = await storedBytes(db);
      expect((await meterOutstanding(db, { now })).length).toBe(0);
      await meterAll(db, now);
      expect(await storedBytes(db)).toBe(before);
    } finally {
      await used.close();
      await database.close();
    }
  },
  120_000,
);

test.each(stores)(
  'in $store, hours that come to more than any event may are metered, in shares, beside all others',
  async ({ use }) => {
    const database = await openTestDatabase();
    const { db } = database;
    const used = await use(db).catch(async (error: unknown) => {
      await database.close();
      throw error;
    });
    try {
      await setClock(db, now);
      await createDeployments(db, ['ash', 'birch'], instant('2026-01-01'));
      await makeSource(db, 'edge', { now });
      const egress = { ...requests, meter: 'egress_bytes', unit: 'byte', type: 'egress', value: '/bytes' };
      const parts = { ...egress, meter: 'egress_bits', unit: 'billionth', divisor: '0.000000001' };
      await makeMeters(db, [egress, parts], now);
      const greatest = Array.from({ length: 300 }, () => bytes('2026-05-02T10:00:00Z', '1000000000000000000'));
      const other = event({ type: 'egress', subject: 'host:other', data: { bytes: 1_000_000_000 } });
      await send(db, [...greatest, other]);
      await meterAll(db, now);
      const owners = [
        { slug: 'ash', weight: 999_999 },
        { slug: 'birch', weight: 1 },
      ];
      const resourceIds = [await resourceOf(db, 'host:big')];
      await assign(db, { resourceIds, owners, from: instant('2026-05-02') }, 'test', now);
      await meterAll(db, now);
      expect(await usageOf(db, 'egress_bytes')).toEqual({
        'ash 02': '299999700000000000000',
        'birch 02': '300000000000000',
        'unattributed 03': '1000000000',
      });
      // Each would be 10^27 units: they are dead for that meter alone.
      expect(await usageOf(db, 'egress_bits')).toEqual({ 'unattributed 03': '1000000000000000000' });
      const dead = await sql`SELECT DISTINCT reason FROM gateway_outcomes`.execute(db);
      expect(dead.rows).toEqual([{ reason: 'value_too_large' }]);
    } finally {
      await used.close();
      await database.close();
    }
  },
  120_000,
);
