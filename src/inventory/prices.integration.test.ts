import fc from 'fast-check';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { insertAccount } from '../../test/fixtures/inventory.ts';
import { openSimulatedAccount } from '../../test/scenarios/simulated-account.ts';
import { getProviderPrice, listProviderPrices, setOwnPrice, unsetOwnPrice } from './prices.ts';

let database: TestDatabase;

beforeEach(async () => {
  database = await openTestDatabase();
});
afterEach(() => database.close());

const day = (text: string) => Temporal.PlainDate.from(text);
const now = Temporal.Instant.from('2026-06-11T12:00:00Z');
const smallest = 'droplet_size:s-1vcpu-1gb';

async function priceOn(subject: string, on: string) {
  const [price] = await listProviderPrices(database.db, day(on), { subject });
  if (price === undefined) return null;
  const { amount, unit, hourly, source, since, old } = price;
  return { amount, unit, hourly, source, since: since.toString(), old };
}

async function countRows(): Promise<number> {
  const { rows } = await sql<{ rows: number }>`
    SELECT (SELECT count(*) FROM provider_prices) + (SELECT count(*) FROM own_prices) + (SELECT count(*) FROM changes)
         + (SELECT count(*) FROM event_outbox WHERE type = 'price.changed') AS rows`.execute(database.db);
  return rows[0]!.rows;
}

test('what is published holds from its first day on, exactly as it is written', async () => {
  expect(await priceOn(smallest, '2018-12-31')).toBeNull();
  expect(await priceOn(smallest, '2022-06-30')).toMatchObject({
    amount: '5',
    since: '2019-01-01',
    source: 'published',
  });
  expect(await priceOn(smallest, '2022-07-01')).toMatchObject({ amount: '6', unit: 'month', since: '2022-07-01' });
  expect(await priceOn('volume', '2026-05-01')).toMatchObject({ amount: '0.10', unit: 'GiB-month', old: false });
  expect(await priceOn('droplet_backup:6_hourly', '2026-05-01')).toMatchObject({ amount: '0.015' });
  expect(await priceOn('database:db-s-1vcpu-1gb', '2026-05-01')).toBeNull();
  const all = await listProviderPrices(database.db, day('2026-05-01'));
  expect(all.every(({ evidence, certainty }) => evidence !== '' && certainty !== null)).toBe(true);
  const sizes = await listProviderPrices(database.db, day('2026-05-01'), { kind: 'droplet_size' });
  expect(sizes.filter(({ attributes }) => attributes.vcpus !== undefined)).toHaveLength(27);
  expect(sizes.filter(({ attributes }) => attributes.gpu === true)).toHaveLength(5);
});

test('another price in the listing is a new row from its day; the earlier day keeps its own', async () => {
  const cloud = await openSimulatedAccount(database.db);
  try {
    const begun = cloud.simulator.now().toZonedDateTimeISO('UTC').toPlainDate();
    expect(await cloud.syncKind('size')).toMatchObject({
      outcome: 'complete',
      seen: 13,
      new: 13,
      changed: 0,
      ended: 0,
    });
    const before = { amount: '6', hourly: '0.00893', source: 'api', since: begun.toString(), old: false };
    expect(await priceOn(smallest, begun.toString())).toMatchObject(before);
    expect(await priceOn('droplet_size:gpu-4000adax1-20gb', begun.toString())).toMatchObject({
      amount: '565.44',
      hourly: '0.76',
      unit: 'month',
    });
    await cloud.advance({ days: 3 });
    await cloud.happen({ type: 'price_size', size: 's-1vcpu-1gb', monthly: 6.72 });
    expect(await cloud.syncKind('size')).toMatchObject({ outcome: 'complete', new: 0, changed: 1, ended: 0 });
    const changed = begun.add({ days: 3 }).toString();
    expect(await priceOn(smallest, changed)).toMatchObject({ amount: '6.72', hourly: '0.01', since: changed });
    expect(await priceOn(smallest, begun.add({ days: 2 }).toString())).toMatchObject(before);
    expect(await priceOn(smallest, begun.subtract({ days: 1 }).toString())).toMatchObject({ source: 'published' });
    const { history } = await getProviderPrice(database.db, smallest, day(changed));
    expect(history.map(({ source, amount, account }) => [source, amount, account])).toEqual([
      ['api', '6.72', cloud.account.slug],
      ['api', '6', cloud.account.slug],
      ['published', '6', null],
      ['published', '5', null],
    ]);
    // A second change within the day replaces the first, which stays on record.
    await cloud.happen({ type: 'price_size', size: 's-1vcpu-1gb', monthly: 7 });
    await cloud.syncKind('size');
    expect(await priceOn(smallest, changed)).toMatchObject({ amount: '7', since: changed });
  } finally {
    await cloud.close();
  }
});

test('the same listing again writes its run and nothing else', async () => {
  const cloud = await openSimulatedAccount(database.db);
  try {
    await cloud.syncKind('size');
    const before = await countRows();
    await cloud.advance({ days: 1 });
    expect(await cloud.syncKind('size')).toMatchObject({ outcome: 'complete', seen: 13, new: 0, changed: 0, ended: 0 });
    expect(await countRows()).toBe(before);
    const [price] = await listProviderPrices(database.db, now.toZonedDateTimeISO('UTC').toPlainDate(), {
      subject: smallest,
    });
    expect(price?.lastSeenAt).toEqual(cloud.simulator.now());
  } finally {
    await cloud.close();
  }
});

test('a size that vanishes keeps its price and is old, until it is listed again', async () => {
  const cloud = await openSimulatedAccount(database.db);
  const on = (days: number) => begun.add({ days }).toString();
  const begun = cloud.simulator.now().toZonedDateTimeISO('UTC').toPlainDate();
  try {
    await cloud.syncKind('size');
    const seen = cloud.simulator.now();
    // Published, and not listed: what it costs today nobody knows.
    expect(await priceOn('droplet_size:c-8', on(0))).toMatchObject({ source: 'published', old: true });
    expect(await priceOn('droplet_size:c-8', on(-1))).toMatchObject({ source: 'published', old: false });
    await cloud.advance({ days: 1 });
    await cloud.happen({ type: 'withdraw_size', size: 'c-4' });
    expect(await cloud.syncKind('size')).toMatchObject({ outcome: 'complete', changed: 0, ended: 1 });
    expect(await priceOn('droplet_size:c-4', on(0))).toMatchObject({ amount: '84', old: false });
    expect(await priceOn('droplet_size:c-4', on(1))).toMatchObject({ amount: '84', source: 'api', old: true });
    const { price } = await getProviderPrice(database.db, 'droplet_size:c-4', day(on(1)));
    expect(price?.lastSeenAt).toEqual(seen);
    const before = await countRows();
    await cloud.advance({ days: 1 });
    expect(await cloud.syncKind('size')).toMatchObject({ ended: 0 });
    expect(await countRows()).toBe(before);
    await cloud.happen({ type: 'price_size', size: 'c-4', monthly: 84 });
    expect(await cloud.syncKind('size')).toMatchObject({ changed: 1 });
    expect(await priceOn('droplet_size:c-4', on(2))).toMatchObject({ amount: '84', old: false });
    expect(await priceOn('droplet_size:c-4', on(1))).toMatchObject({ old: true });
  } finally {
    await cloud.close();
  }
});

test('what could not be read whole, or is hardly to be believed, makes nothing old', async () => {
  const cloud = await openSimulatedAccount(database.db);
  const today = cloud.simulator.now().toZonedDateTimeISO('UTC').toPlainDate().toString();
  try {
    await cloud.syncKind('size');
    await cloud.upset({ fault: 'empty', path: '/v2/sizes', what: 'items' });
    expect(await cloud.syncKind('size')).toMatchObject({
      outcome: 'partial',
      reason: expect.stringContaining('13 of 13 sizes'),
      ended: 0,
    });
    await cloud.calm();
    await cloud.upset({ fault: 'missing_scope', scopes: ['sizes:read'] });
    expect(await cloud.syncKind('size')).toMatchObject({
      outcome: 'failed',
      reason: expect.stringContaining('sizes:read'),
    });
    expect(await priceOn(smallest, today)).toMatchObject({ source: 'api', old: false });
  } finally {
    await cloud.close();
  }
});

test("an operator's price wins, comes off again, and both are audited", async () => {
  const set = (from: string, amount: string, more: object = {}) =>
    setOwnPrice(database.db, { subject: smallest, from: day(from), amount, ...more }, 'ada', now);
  expect(await set('2026-06-01', '4.80', { evidence: 'contract 7' })).toEqual({ changed: true });
  const before = await countRows();
  expect(await set('2026-06-01', '4.8', { evidence: 'contract 7' })).toEqual({ changed: false });
  expect(await countRows()).toBe(before);
  expect(await priceOn(smallest, '2026-05-31')).toMatchObject({ amount: '6', source: 'published' });
  expect(await priceOn(smallest, '2026-06-01')).toEqual({
    amount: '4.80',
    unit: 'month',
    hourly: null,
    source: 'operator',
    since: '2026-06-01',
    old: false,
  });
  const [own] = await listProviderPrices(database.db, day('2026-06-01'), { subject: smallest });
  expect(own).toMatchObject({ evidence: 'contract 7', certainty: null, attributes: { vcpus: 1, memory_mb: 1024 } });
  await set('2026-09-01', '4.50');
  const off = { subject: smallest, from: day('2026-08-01') };
  expect(await unsetOwnPrice(database.db, off, 'ada', now)).toEqual({ changed: true });
  expect(await unsetOwnPrice(database.db, off, 'ada', now)).toEqual({ changed: false });
  expect(await priceOn(smallest, '2026-07-31')).toMatchObject({ amount: '4.80' });
  expect(await priceOn(smallest, '2026-08-01')).toMatchObject({ amount: '6', source: 'published' });
  expect(await priceOn(smallest, '2026-09-01')).toMatchObject({ amount: '6' });
  const { rows } = await sql<{ operation: string }>`
    SELECT DISTINCT operation FROM audit_log WHERE table_name = 'own_prices' ORDER BY operation`.execute(database.db);
  expect(rows.map(({ operation }) => operation)).toEqual(['insert', 'update']);
});

test('a price has the unit of its subject; one of something new needs a unit', async () => {
  const set = (subject: string, unit?: string) =>
    setOwnPrice(database.db, { subject, from: day('2026-06-01'), amount: '15.15', unit }, 'ada', now);
  await expect(set('volume', 'hour')).rejects.toMatchObject({ code: 'invalid_argument' });
  await expect(set('database:db-s-1vcpu-1gb')).rejects.toMatchObject({ code: 'invalid_argument' });
  await set('database:db-s-1vcpu-1gb', 'month');
  expect(await priceOn('database:db-s-1vcpu-1gb', '2026-06-01')).toMatchObject({ amount: '15.15', source: 'operator' });
  await expect(getProviderPrice(database.db, 'nothing', day('2026-06-01'))).rejects.toMatchObject({
    code: 'not_found',
  });
});

test('two accounts: what one of them is shown is not old', async () => {
  const first = await openSimulatedAccount(database.db);
  const second = await openSimulatedAccount(database.db, { seed: 2 });
  try {
    const today = first.simulator.now().toZonedDateTimeISO('UTC').toPlainDate().toString();
    await first.syncKind('size');
    await second.happen({ type: 'withdraw_size', size: 'c-4' }, { type: 'price_size', size: 'c-2', monthly: 40 });
    await second.syncKind('size');
    expect(await priceOn('droplet_size:c-4', today)).toMatchObject({ source: 'api', old: false });
    const before = await countRows();
    await first.syncKind('size');
    await second.syncKind('size');
    expect(await countRows()).toBe(before);
  } finally {
    await first.close();
    await second.close();
  }
});

test('an own price of one account comes before that of all and before what the provider says, for that account alone', async () => {
  const { db } = database;
  await insertAccount(db, 'acme');
  await insertAccount(db, 'beta');
  const at = day('2026-06-11');
  const paid = async (subject: string, account?: string, on = at) => {
    const [price] = await listProviderPrices(db, on, { subject, account });
    return price && [price.amount, price.source, price.account].join(' ');
  };
  const ofAcme = { subject: 'volume', account: 'acme', from: day('2026-06-01') };
  await setOwnPrice(db, { ...ofAcme, amount: '0.08' }, 'ada', now);
  await setOwnPrice(db, { subject: 'volume', from: day('2026-06-05'), amount: '0.09' }, 'ada', now);
  expect(await paid('volume', 'acme')).toBe('0.08 operator acme');
  expect(await paid('volume', 'beta')).toBe('0.09 operator ');
  expect(await paid('volume')).toBe('0.09 operator ');
  expect(await paid('volume', 'beta', day('2026-06-04'))).toBe('0.10 published ');
  expect(await paid('volume', 'acme', day('2026-05-31'))).toBe('0.10 published ');
  // A subject that only this account has a price of.
  const database_ = { subject: 'database:db-s-1vcpu-1gb', account: 'acme', from: day('2026-06-01') };
  await expect(setOwnPrice(db, { ...database_, amount: '15' }, 'ada', now)).rejects.toMatchObject({
    code: 'invalid_argument',
  });
  await setOwnPrice(db, { ...database_, amount: '15', unit: 'month' }, 'ada', now);
  expect(await paid(database_.subject, 'acme')).toBe('15 operator acme');
  expect(await paid(database_.subject)).toBeUndefined();
  const { history } = await getProviderPrice(db, 'volume', at, { account: 'acme' });
  expect(history.slice(0, 2).map(({ amount, account }) => [amount, account])).toEqual([
    ['0.08', 'acme'],
    ['0.09', null],
  ]);

  const before = await countRows();
  expect(await setOwnPrice(db, { ...ofAcme, amount: '0.080' }, 'ada', now)).toEqual({ changed: false });
  expect(await countRows()).toBe(before);
  expect(await unsetOwnPrice(db, { ...ofAcme, account: 'beta' }, 'ada', now)).toEqual({ changed: false });
  expect(await unsetOwnPrice(db, { ...ofAcme, from: at }, 'ada', now)).toEqual({ changed: true });
  expect(await paid('volume', 'acme')).toBe('0.09 operator ');
  expect(await paid('volume', 'acme', day('2026-06-10'))).toBe('0.08 operator acme');
  for (const refused of [
    setOwnPrice(db, { ...ofAcme, account: 'nobody', amount: '1' }, 'ada', now),
    paid('volume', 'nobody'),
  ])
    await expect(refused).rejects.toMatchObject({ code: 'not_found' });
});

test('what the API told an account comes first for it', async () => {
  const { db } = database;
  const first = await openSimulatedAccount(db);
  const second = await openSimulatedAccount(db, { seed: 2 });
  try {
    await second.happen({ type: 'price_size', size: 'c-2', monthly: 40 });
    await second.syncKind('size');
    await first.syncKind('size');
    const today = first.simulator.now().toZonedDateTimeISO('UTC').toPlainDate();
    const paid = async (account?: string) =>
      (await listProviderPrices(db, today, { subject: 'droplet_size:c-2', account }))[0]!.amount;
    expect([await paid(), await paid(first.account.slug), await paid(second.account.slug)]).toEqual(['42', '42', '40']);
  } finally {
    await first.close();
    await second.close();
  }
});

const rank = { operator: 1, api: 2, published: 3 } as const;
const rowOf = fc.record({
  source: fc.constantFrom('operator' as const, 'api' as const, 'published' as const),
  account: fc.constantFrom(1, 2),
  from: fc.integer({ min: 0, max: 9 }),
  amount: fc.integer({ min: 0, max: 99 }),
});

test('the price on a day is the newest row not after it of the source that comes first', async () => {
  const accounts = [await insertAccount(database.db, 'a'), await insertAccount(database.db, 'b')];
  const start = day('2026-04-01');
  let subjects = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(rowOf, { maxLength: 8 }), async (drawn) => {
      const keyOf = (row: (typeof drawn)[number]) => (row.source === 'api' ? `api ${row.account}` : row.source);
      const rows = [...new Map(drawn.map((row) => [`${keyOf(row)} ${row.from}`, row])).values()];
      const subject = `thing:${subjects++}`;
      for (const row of rows) {
        const next = rows
          .filter((other) => keyOf(other) === keyOf(row) && other.from > row.from)
          .map(({ from }) => from);
        const from = `${start.add({ days: row.from })}T00:00:00Z`;
        const to = next.length === 0 ? 'infinity' : `${start.add({ days: Math.min(...next) })}T00:00:00Z`;
        if (row.source === 'operator') {
          await sql`INSERT INTO own_prices (provider, subject, account_id, currency, amount, unit, evidence, recorded_by, valid_from, valid_to, recorded_at, superseded_at)
            VALUES ('digitalocean', ${subject}, 0, 'USD', ${row.amount}, 'month', 'e', 'ada', ${from}, ${to}, ${now}, 'infinity')`.execute(
            database.db,
          );
        } else {
          const account = row.source === 'api' ? accounts[row.account - 1] : 0;
          await sql`INSERT INTO provider_prices (provider, subject, source, account_id, currency, amount, unit, attributes, certainty, evidence,
              evidence_day, valid_from, valid_to, recorded_at, superseded_at)
            VALUES ('digitalocean', ${subject}, ${row.source}, ${account}, 'USD', ${row.amount}, 'month', '{}', 'official', 'e',
              '2026-01-01', ${from}, ${to}, ${now}, 'infinity')`.execute(database.db);
        }
      }
      for (let at = 0; at < 10; at++) {
        const best = rows
          .filter(({ from }) => from <= at)
          .sort((a, b) => rank[a.source] - rank[b.source] || b.from - a.from || a.account - b.account)[0];
        const found = await priceOn(subject, start.add({ days: at }).toString());
        const expected =
          best === undefined
            ? null
            : { amount: String(best.amount), source: best.source, since: start.add({ days: best.from }).toString() };
        expect(found && { amount: found.amount, source: found.source, since: found.since }).toEqual(expected);
      }
    }),
    { numRuns: 40 },
  );
});
