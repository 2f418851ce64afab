import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestDatabase } from '../../test/database.ts';
import { insertLiving, writeState } from '../../test/fixtures/inventory.ts';
import type { Database } from '../platform/database/database.ts';
import { addKind, addKinds, beginningOfHistory, changeKind, getKind, kindSchema, listKinds } from './kinds.ts';
import { meterOutstanding, meterRange, outstandingDays } from './meter.ts';
import { at, insertAccount, storedBytes, storedUsage } from '../../test/fixtures/metering.ts';

const day = (text: string) => Temporal.PlainDate.from(text);
const may = { from: day('2026-05-01'), to: day('2026-06-01') };
const afterMay = at('2026-06-01');
const small = { size_slug: 's-1vcpu-512mb', vcpus: 1, memory_mb: 512 };
const large = { size_slug: 's-4vcpu-8gb', vcpus: 4, memory_mb: 8192 };

let db: Database;
let close: () => Promise<void>;
let droplet: number;

beforeAll(async () => {
  ({ db, close } = await openTestDatabase());
  const account = await insertAccount(db);
  await sql`UPDATE accounts SET metered_from = '2026-05-01'`.execute(db);
  droplet = await insertLiving(db, account, 'droplet', 'web', { attributes: small }, at('2026-04-01'));
  // Off from the 11th on, larger from the 21st on.
  await writeState(db, droplet, { status: 'off', attributes: small }, at('2026-05-11'), null, at('2026-05-11'));
  await writeState(db, droplet, { attributes: large }, at('2026-05-21'), null, at('2026-05-21'));
  await meterRange(db, { ...may, now: afterMay });
});
afterAll(() => close());

const may26 = () => storedUsage(db, '2026-05-01', '2026-06-01');
const ofSmall = kindSchema.parse({
  kind: 'small_droplet_hours',
  title: 'Hours of the smallest droplet',
  resourceKind: 'droplet',
  accrual: 'hours',
  unit: 'hour',
  statuses: ['active'],
  filter: { size_slug: 's-1vcpu-512mb' },
});

describe('a new kind', () => {
  test('is disabled, and meters nothing, until said otherwise', async () => {
    expect(await addKind(db, ofSmall)).toEqual({ added: true });
    expect(await getKind(db, 'small_droplet_hours', may.from)).toMatchObject({ enabled: false, granularity: 'day' });
    expect(await outstandingDays(db, afterMay)).toEqual([]);
  });

  test('of a kind of resource that there is not is refused, by the nearest that there is', async () => {
    const misspelt = { ...ofSmall, kind: 'typo_hours', resourceKind: 'dropelt' };
    const refused = { code: 'invalid_argument', message: 'Unknown kind of resource "dropelt". Did you mean droplet?' };
    await expect(addKind(db, misspelt)).rejects.toMatchObject(refused);
    await expect(addKinds(db, [{ ...ofSmall, kind: 'fine_hours' }, misspelt])).rejects.toMatchObject(refused);
    await expect(getKind(db, 'fine_hours', may.from)).rejects.toMatchObject({ code: 'not_found' });
    // What a project's URN alone has shown is a kind as well.
    const { rows } = await sql<{ account_id: number }>`SELECT account_id FROM accounts`.execute(db);
    await insertLiving(db, rows[0]?.account_id ?? 0, 'gen_ai_agent', 'a', {}, at('2026-06-01'));
    expect(await addKind(db, { ...misspelt, resourceKind: 'gen_ai_agent' })).toEqual({ added: true });
  });

  test('is the same when it is added again, and another of its name is refused', async () => {
    expect(await addKinds(db, [ofSmall])).toEqual([]);
    await expect(addKind(db, { ...ofSmall, filter: {} })).rejects.toMatchObject({ code: 'kind_exists' });
    await expect(
      addKinds(db, [
        { ...ofSmall, kind: 'other' },
        { ...ofSmall, unit: 'day' },
      ]),
    ).rejects.toMatchObject({
      code: 'kind_exists',
    });
    await expect(getKind(db, 'other', may.from)).rejects.toMatchObject({ code: 'not_found' });
  });

  test('meters back to the beginning of history, a filter and a weight included', async () => {
    for (const kind of ['small_droplet_hours', 'vcpu_hours', 'memory_gb_hours']) {
      await changeKind(db, kind, beginningOfHistory(), { enabled: true });
    }
    await meterOutstanding(db, { now: afterMay });
    const usage = await may26();
    expect(usage[`unattributed small_droplet_hours ${droplet}`]).toBe('240'); // ten days active, ten off
    expect(usage[`unattributed vcpu_hours ${droplet}`]).toBe('1536'); // 20 days of 1, 11 of 4
    expect(usage[`unattributed memory_gb_hours ${droplet}`]).toBe('2352'); // 480 hours of 0.5, 264 of 8
    expect(usage[`unattributed droplet_hours ${droplet}`]).toBe('504');
  });

  test('obeys the laws: again nothing is written, and by the hour it is the same', async () => {
    const usage = await may26();
    const bytes = await storedBytes(db);
    for (const metered of await meterRange(db, { ...may, now: afterMay, verify: true })) {
      expect(metered.revision).toBeNull();
    }
    expect(await storedBytes(db)).toBe(bytes);
    for (const granularity of ['hour', 'day'] as const) {
      for (const kind of ['small_droplet_hours', 'memory_gb_hours']) {
        await changeKind(db, kind, may.from, { granularity });
      }
      await meterOutstanding(db, { now: afterMay });
      expect(await may26()).toEqual(usage);
    }
    expect(await storedBytes(db)).toBe(bytes);
  });
});

describe('configuration', () => {
  test('holds from a day on, and takes the place of what was set for later days', async () => {
    await changeKind(db, 'vcpu_hours', day('2026-05-20'), { enabled: false });
    await changeKind(db, 'vcpu_hours', day('2026-05-10'), { retentionDays: 400 });
    expect((await getKind(db, 'vcpu_hours', day('2026-05-15'))).enabled).toBe(true);
    expect(await getKind(db, 'vcpu_hours', day('2026-05-25'))).toMatchObject({ enabled: false, retentionDays: 400 });
    await meterOutstanding(db, { now: afterMay });
    expect((await may26())[`unattributed vcpu_hours ${droplet}`]).toBe('456'); // 19 days
    await changeKind(db, 'vcpu_hours', day('2026-05-10'), { enabled: true });
    expect((await getKind(db, 'vcpu_hours', day('2026-05-25'))).enabled).toBe(true);
    await meterOutstanding(db, { now: afterMay });
    expect((await may26())[`unattributed vcpu_hours ${droplet}`]).toBe('1536');
  });

  test('refuses what cannot be', async () => {
    const config = (change: object, from = may.from) => changeKind(db, 'vcpu_hours', from, change);
    await expect(config({ retentionDays: 30 })).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(config({ enabled: true }, day('1999-12-31'))).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(changeKind(db, 'no_such', may.from, {})).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('a definition', () => {
  test('changes from a day on, and the days before keep theirs', async () => {
    await changeKind(db, 'memory_gb_hours', day('2026-05-21'), {
      title: 'Memory',
      weight: { attribute: 'memory_mb', divisor: '4096' },
    });
    const { title, definitions } = await getKind(db, 'memory_gb_hours', day('2026-05-31'));
    expect(title).toBe('Memory');
    expect(definitions.map(({ fromDay, weightDivisor }) => [String(fromDay), weightDivisor])).toEqual([
      ['2026-05-21', '4096'],
      ['2000-01-01', '1024'],
    ]);
    await meterOutstanding(db, { now: afterMay });
    expect((await may26())[`unattributed memory_gb_hours ${droplet}`]).toBe('768'); // 240 + 264 x 2
  });

  test('a weight is divided exactly and rounded once', async () => {
    const { rows } = await sql<{ level: string }>`
      SELECT trim_scale(weighed_level(a, d))::text AS level
      FROM (VALUES (1::numeric, 3::numeric), (2, 3), (1, 1024), (-1, 2), (0.0000000005, 1), (1000000000000000, 3)) AS v (a, d)`.execute(
      db,
    );
    expect(rows.map((row) => row.level)).toEqual([
      '0.333333333',
      '0.666666667',
      '0.000976563',
      '0',
      '0.000000001',
      '333333333333333.333333333',
    ]);
  });

  test('levels are weighed like that', async () => {
    await changeKind(db, 'memory_gb_hours', day('2026-05-30'), { weight: { attribute: 'memory_mb', divisor: '3072' } });
    await meterOutstanding(db, { now: afterMay });
    const { rows } = await sql<{ level: string }>`
      SELECT DISTINCT trim_scale(l.level)::text AS level
      FROM metered_levels l JOIN billing_kinds k USING (billing_kind_id)
      WHERE k.slug = 'memory_gb_hours' AND l.valid_from >= '2026-05-30'`.execute(db);
    expect(rows).toEqual([{ level: '2.666666667' }]); // 8,192 MB
  });

  test('the seeded kinds are all there, and say what they are', async () => {
    const kinds = await listKinds(db, may.from);
    const names = kinds.map((kind) => kind.kind);
    expect(names).toEqual(names.toSorted());
    expect(kinds.find((kind) => kind.kind === 'droplet_provisioned_hours')).toMatchObject({
      statuses: null,
      enabled: false,
    });
  });
});
