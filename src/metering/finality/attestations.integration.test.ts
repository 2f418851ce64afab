import { program } from '../../modules.ts';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestDatabase } from '../../../test/database.ts';
import { assign } from '../../deployments/assignments.ts';
import { insertLiving, writeState } from '../../../test/fixtures/inventory.ts';
import type { Database } from '../../platform/database/database.ts';
import {
  confirmUsage,
  listConfirmations,
  monthStatus,
  periodStatus,
  setObservationLimit,
  withdrawConfirmation,
} from './attestations.ts';
import { meterOutstanding } from '../meter.ts';
import { at, createDeployments, insertAccount, insertSync } from '../../../test/fixtures/metering.ts';

const day = (text: string) => Temporal.PlainDate.from(text);
const may = Temporal.PlainYearMonth.from('2026-05');
const june = at('2026-06-01T02:00:00Z');

const operationNames = program.operations.map(({ name }) => name);

let db: Database;
let close: () => Promise<void>;
let team: number;
let other: number;

beforeAll(async () => {
  ({ db, close } = await openTestDatabase());
  team = await insertAccount(db, 'team');
  other = await insertAccount(db, 'other');
  await sql`UPDATE accounts SET metered_from = '2026-05-01'`.execute(db);
  await createDeployments(db, ['ash', 'birch'], at('2026-01-01'));
  const web = await insertLiving(db, team, 'droplet', 'web', {}, at('2026-05-01'));
  const zone = await insertLiving(db, other, 'dns_zone', 'example.com', {}, at('2026-05-01'));
  await assign(db, { resourceIds: [web], owners: [{ slug: 'ash', weight: 1 }], from: at('2026-05-01') }, 'test', june);
  await assign(
    db,
    { resourceIds: [zone], owners: [{ slug: 'birch', weight: 1 }], from: at('2026-05-01') },
    'test',
    june,
  );
  for (let date = day('2026-05-01'); date.month === 5; date = date.add({ days: 1 })) {
    for (const hour of ['00', '06', '12', '18']) {
      await insertSync(db, team, 'droplet', at(`${date}T${hour}:00:00Z`));
      await insertSync(db, other, 'dns_zone', at(`${date}T${hour}:00:00Z`));
    }
  }
  await meterOutstanding(db, { now: june });
});
afterAll(() => close());

const reasons = async (query: Partial<Parameters<typeof periodStatus>[1]> = {}) => {
  const { blockers } = await monthStatus(db, { month: may, now: june, ...query });
  return blockers.map(({ reason, account, resourceKind }) => [reason, account, resourceKind].filter(Boolean).join(' '));
};

describe('a month', () => {
  test('is not confirmed before a complete sync of every kind began at or after its end', async () => {
    expect(await reasons()).toEqual(['unconfirmed other dns_zone', 'unconfirmed team droplet']);
    const status = await monthStatus(db, { month: may, now: june });
    expect(status).toMatchObject({ complete: true, confirmed: false, final: false });
    expect(status.kinds.find((kind) => kind.kind === 'droplet_hours')).toEqual({
      kind: 'droplet_hours',
      resourceKind: 'droplet',
      daysMissing: 0,
      accountsUnconfirmed: 1,
      confirmed: false,
      final: false,
    });
    // A kind of which an account has nothing, and has never shown anything, is in nobody's way.
    expect(status.kinds.find((kind) => kind.kind === 'spaces_gb_month')).toMatchObject({ final: true });
    expect(status.blockers[1]).toMatchObject({
      since: '2026-05-31T18:00:00Z',
      todo: expect.stringContaining('then sync it'),
      next: { operation: 'sync run', arguments: { account: 'team' } },
    });
    for (const { next } of status.blockers) if (next !== null) expect(operationNames).toContain(next.operation);
  });

  test('neither a failed sync, nor one that began before the end, confirms it', async () => {
    await insertSync(db, team, 'droplet', at('2026-06-01T00:05:00Z'), 'partial');
    await insertSync(db, team, 'droplet', at('2026-05-31T23:59:59Z'));
    expect(await reasons()).toContain('unconfirmed team droplet');
  });

  test('a complete sync that begins at its end confirms it; of another account, another customer only', async () => {
    await insertSync(db, team, 'droplet', at('2026-06-01T00:00:00Z'));
    expect(await reasons()).toEqual(['unconfirmed other dns_zone']);
    expect(await reasons({ deployment: 'ash' })).toEqual([]);
    expect(await reasons({ deployment: 'birch' })).toEqual(['unconfirmed other dns_zone']);
    expect(await reasons({ customer: 'acme' })).toEqual(['unconfirmed other dns_zone']);
    expect((await monthStatus(db, { month: may, now: june, deployment: 'ash' })).final).toBe(true);
    await insertSync(db, other, 'dns_zone', at('2026-06-01T00:00:01Z'));
    expect((await monthStatus(db, { month: may, now: june })).final).toBe(true);
  });

  test('a period that has not ended is not complete, and a day in it may be final', async () => {
    const status = await periodStatus(db, { from: day('2026-05-01'), to: day('2026-07-01'), now: june });
    expect(status).toMatchObject({ complete: false, final: false });
    expect(status.blockers[0]).toMatchObject({ reason: 'incomplete' });
    expect((await periodStatus(db, { from: day('2026-05-04'), to: day('2026-05-05'), now: june })).final).toBe(true);
  });

  test('a day that is not metered, or of which facts have changed since, is not final', async () => {
    await sql`DELETE FROM metered_days WHERE day = '2026-05-20'`.execute(db);
    const status = await monthStatus(db, { month: may, now: june });
    expect(status.blockers).toContainEqual(
      expect.objectContaining({ reason: 'not_metered', kind: 'droplet_hours', since: '2026-05-20T00:00:00Z' }),
    );
    await meterOutstanding(db, { now: june });
    expect(await reasons()).toEqual([]);

    const late = await insertLiving(db, team, 'droplet', 'late', {}, at('2026-05-10T12:00:00Z'));
    const pending = await monthStatus(db, { month: may, now: june });
    expect(pending.blockers).toMatchObject([{ reason: 'changes_pending', since: '2026-05-10T00:00:00Z' }]);
    expect(pending.kinds.every((kind) => !kind.final && kind.confirmed)).toBe(true);
    await meterOutstanding(db, { now: june });
    expect(await reasons()).toEqual([]);
    await writeState(db, late, null, at('2026-05-10T12:00:00Z'), null, june);
    await meterOutstanding(db, { now: june });
  });

  test('is not final while a kind is disabled in it whose records still stand', async () => {
    const enable = (enabled: boolean) =>
      sql`UPDATE metering_config SET enabled = ${enabled} WHERE billing_kind_id =
          (SELECT billing_kind_id FROM billing_kinds WHERE slug = 'droplet_hours')`.execute(db);
    await enable(false);
    const status = await monthStatus(db, { month: may, now: june });
    expect(status.blockers).toMatchObject([{ reason: 'not_metered', kind: 'droplet_hours' }]);
    expect(status.kinds.find((kind) => kind.kind === 'droplet_hours')).toMatchObject({ daysMissing: 31, final: false });
    await meterOutstanding(db, { now: june });
    expect(await reasons()).toEqual([]);
    await enable(true);
    await meterOutstanding(db, { now: june });
    expect(await reasons()).toEqual([]);
  });

  test('is not final while a fact about another month is not attributed, which what outlives it may inherit', async () => {
    const until = at('2026-05-20');
    const brief = await insertLiving(db, team, 'droplet', 'brief', {}, at('2026-05-02'));
    await writeState(db, brief, null, until, null, until);
    await meterOutstanding(db, { now: june });
    expect((await periodStatus(db, { from: day('2026-05-25'), to: day('2026-05-26'), now: june })).final).toBe(true);
    const owners = [{ slug: 'birch', weight: 1 }];
    await assign(db, { resourceIds: [brief], owners, from: at('2026-05-02'), to: until }, 'test', june);
    const status = await periodStatus(db, { from: day('2026-05-25'), to: day('2026-05-26'), now: june });
    expect(status.blockers).toMatchObject([{ reason: 'changes_pending', since: null }]);
    expect(status.kinds.some((kind) => kind.final)).toBe(false);
    await meterOutstanding(db, { now: june });
    expect(await reasons()).toEqual([]);
  });

  test('who is asked about must be there', async () => {
    for (const nobody of [{ deployment: 'nobody' }, { customer: 'nobody' }]) {
      await expect(monthStatus(db, { month: may, now: june, ...nobody })).rejects.toMatchObject({ code: 'not_found' });
    }
  });
});

describe('an outage longer than usage is carried forward', () => {
  const back = at('2026-06-20T00:00:00Z');
  const juneMonth = Temporal.PlainYearMonth.from('2026-06');
  const july = at('2026-07-01T01:00:00Z');
  const beyond = async (deployment: string) =>
    (await monthStatus(db, { month: juneMonth, now: july, deployment })).blockers;

  test('leaves what went meanwhile unconfirmed, even after the sync that ends it', async () => {
    const gone = await insertLiving(db, team, 'droplet', 'gone', {}, at('2026-05-30'));
    const stays = await insertLiving(db, team, 'droplet', 'stays', {}, at('2026-05-30'));
    for (const [resource, slug] of [
      [gone, 'ash'],
      [stays, 'birch'],
    ] as const) {
      await assign(
        db,
        { resourceIds: [resource], owners: [{ slug, weight: 1 }], from: at('2026-05-30') },
        'test',
        june,
      );
    }
    // The last complete listing began on 1 June; the next on 20 June.
    await insertSync(db, team, 'droplet', back);
    await writeState(db, gone, null, back, null, back);
    for (const kind of ['droplet', 'dns_zone']) {
      await insertSync(db, kind === 'droplet' ? team : other, kind, at('2026-07-01T00:30:00Z'));
    }
    await meterOutstanding(db, { now: july });
    expect(await beyond('birch')).toEqual([]);
    expect(await beyond('ash')).toMatchObject([
      { reason: 'beyond_limit', account: 'team', resourceKind: 'droplet', since: '2026-06-04T00:00:00Z' },
    ]);
    // May, which the gap does not touch beyond the limit, stays final.
    expect((await monthStatus(db, { month: may, now: july, deployment: 'ash' })).final).toBe(true);
  });

  test('does not, where the limit is longer, or an action tells the end', async () => {
    await setObservationLimit(db, {
      resourceKind: 'droplet',
      fromDay: day('2026-06-01'),
      carryForwardHours: 24 * 30,
    });
    expect(await beyond('ash')).toEqual([]);
    await setObservationLimit(db, { resourceKind: 'droplet', fromDay: day('2026-06-01'), carryForwardHours: 48 });
    expect(await beyond('ash')).toMatchObject([{ since: '2026-06-03T00:00:00Z' }]);

    const { rows } = await sql<{
      id: number;
    }>`SELECT resource_id AS id FROM resources WHERE external_id = 'gone'`.execute(db);
    const gone = rows[0]?.id ?? 0;
    await writeState(db, gone, null, at('2026-06-10T11:00:00Z'), null, back);
    await meterOutstanding(db, { now: july });
    expect(await beyond('ash')).toEqual([]);
    await writeState(db, gone, {}, at('2026-06-10T11:00:00Z'), back, back);
    await meterOutstanding(db, { now: july });
    expect(await beyond('ash')).toHaveLength(1);
  });

  test('waits for an operator, whose word can be taken back and is kept', async () => {
    const request = { account: 'team', resourceKind: 'droplet', through: back, reason: 'seen in the console' };
    const { confirmationId } = await confirmUsage(db, request, 'ana', july);
    expect(await beyond('ash')).toEqual([]);
    await withdrawConfirmation(db, confirmationId, 'ben', july);
    expect(await beyond('ash')).toHaveLength(1);
    await expect(withdrawConfirmation(db, confirmationId, 'ben', july)).rejects.toMatchObject({ code: 'not_found' });
    expect((await listConfirmations(db)).items).toMatchObject([
      { account: 'team', recordedBy: 'ana', withdrawnBy: 'ben', reason: 'seen in the console' },
    ]);
  });

  test('an open one is confirmed by an operator too, and no word reaches into the future', async () => {
    const august = at('2026-08-01T00:00:00Z');
    const month = Temporal.PlainYearMonth.from('2026-07');
    await meterOutstanding(db, { now: august });
    const request = { account: 'team', resourceKind: 'droplet', through: august, reason: 'closed account' };
    const before = await monthStatus(db, { month, now: august, deployment: 'birch' });
    expect(before.blockers.map((one) => one.message).join()).toContain('past the limit of 48 hours');
    await confirmUsage(db, request, 'ana', august);
    expect((await monthStatus(db, { month, now: august })).blockers.map((one) => one.account)).toEqual(['other']);

    await expect(confirmUsage(db, { ...request, through: at('2026-08-02') }, 'ana', august)).rejects.toMatchObject({
      code: 'invalid_argument',
    });
    await expect(confirmUsage(db, { ...request, reason: ' ' }, 'ana', august)).rejects.toMatchObject({
      code: 'invalid_argument',
    });
    await expect(confirmUsage(db, { ...request, account: 'none' }, 'ana', august)).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(confirmUsage(db, { ...request, resourceKind: 'volume' }, 'ana', august)).rejects.toMatchObject({
      code: 'invalid_argument',
    });
  });
});
