import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestDatabase } from '../../test/database.ts';
import { assign } from '../deployments/assignments.ts';
import { insertLiving, writeState } from '../../test/fixtures/inventory.ts';
import { confirmUsage } from '../metering/finality/attestations.ts';
import { listGaps } from '../metering/finality/gaps.ts';
import { meterOutstanding } from '../metering/meter.ts';
import { at, createDeployments, insertAccount, insertSync } from '../../test/fixtures/metering.ts';
import type { Database } from '../platform/database/database.ts';
import { makeDeployment } from '../../test/fixtures/pricing.ts';
import { gapsWithMoney } from './gaps.ts';
import { quoteDeployment } from './quotes.ts';
import { subscribe } from './subscriptions.ts';

const day = (text: string) => Temporal.PlainDate.from(text);
const may = { from: day('2026-05-01'), to: day('2026-06-01') };
const month = Temporal.PlainYearMonth.from('2026-05');
const june = at('2026-06-01T02:00:00Z');

let db: Database;
let close: () => Promise<void>;
let team: number;

beforeAll(async () => {
  ({ db, close } = await openTestDatabase());
  team = await insertAccount(db, 'team');
  await sql`UPDATE accounts SET metered_from = '2026-05-01'`.execute(db);
  await createDeployments(db, ['ash', 'birch'], at('2026-01-01'));
  await subscribe(db, { deployment: 'ash', plan: 'studio', from: day('2026-05-01') }, 'test', at('2026-05-01'));
  for (const [name, owner] of [
    ['web', 'ash'],
    ['db', 'ash'],
    ['mail', 'birch'],
  ] as const) {
    const id = await insertLiving(db, team, 'droplet', name, { name }, at('2026-04-20'));
    await assign(db, { resourceIds: [id], owners: [{ slug: owner, weight: 1 }], from: at('2026-04-20') }, 'test', june);
  }
  // Listings every six hours, but none from the 5th to the 9th, and none since the 30th.
  for (let now = at('2026-05-01'); Temporal.Instant.compare(now, at('2026-05-30')) <= 0; now = now.add({ hours: 6 })) {
    const blind =
      Temporal.Instant.compare(now, at('2026-05-05')) > 0 && Temporal.Instant.compare(now, at('2026-05-09')) < 0;
    await insertSync(db, team, 'droplet', now, blind ? 'failed' : 'complete');
  }
  await meterOutstanding(db, { now: june });
});
afterAll(() => close());

describe('gaps', () => {
  test('an open one carries all that lived on; one that missed nothing is confirmed by what closed it', async () => {
    expect(await listGaps(db, { ...may, now: june })).toEqual([
      {
        account: 'team',
        resourceKind: 'droplet',
        from: '2026-05-30T00:00:00Z',
        to: null,
        limit: '2026-06-02T00:00:00Z',
        beyondLimit: false,
        resources: 3,
        usage: [
          { deployment: 'ash', kind: 'droplet_hours', quantity: '96' },
          { deployment: 'birch', kind: 'droplet_hours', quantity: '48' },
        ],
      },
    ]);
  });

  test('a closed one carries what it no longer showed, beyond the limit too', async () => {
    const { rows } = await sql<{
      id: number;
    }>`SELECT resource_id AS id FROM resources WHERE external_id = 'db'`.execute(db);
    await writeState(db, rows[0]?.id ?? 0, null, at('2026-05-09'), null, at('2026-05-09'));
    await meterOutstanding(db, { now: june });
    const [open, closed, ...more] = await listGaps(db, { ...may, now: june });
    expect(open).toMatchObject({ to: null, resources: 2 });
    expect(closed).toEqual({
      account: 'team',
      resourceKind: 'droplet',
      from: '2026-05-05T00:00:00Z',
      to: '2026-05-09T00:00:00Z',
      limit: '2026-05-08T00:00:00Z',
      beyondLimit: true,
      resources: 1,
      usage: [{ deployment: 'ash', kind: 'droplet_hours', quantity: '96' }],
    });
    expect(more).toEqual([]);
    expect(await listGaps(db, { from: day('2026-05-07'), to: day('2026-05-08'), now: june })).toMatchObject([
      { usage: [{ quantity: '24' }] },
    ]);
    expect(await listGaps(db, { ...may, now: june, resourceKind: 'volume' })).toEqual([]);
    expect(await listGaps(db, { ...may, now: june, account: 'team', limit: 1 })).toHaveLength(1);
  });

  test('cost what the month costs with them, less what it costs without', async () => {
    // Two droplets' whole month is in the plan's base fee: make the last hours cost.
    const extra = await insertLiving(db, team, 'droplet', 'extra', { name: 'extra' }, at('2026-05-02'));
    await assign(
      db,
      { resourceIds: [extra], owners: [{ slug: 'ash', weight: 1 }], from: at('2026-05-02') },
      'test',
      june,
    );
    await meterOutstanding(db, { now: june });
    const quote = await quoteDeployment(db, { deployment: 'ash', ...may });
    const line = quote.lines.find((one) => one.kind === 'droplet_hours');
    const priced = await gapsWithMoney(db, { month, now: june });
    const [open, closed] = priced.gaps;
    const cost = (hours: number) => (Math.min(hours, Number(line?.billable)) * Number(line?.unitPrice)).toFixed(2);
    expect(Number(line?.billable)).toBeGreaterThan(0);
    expect(open?.amounts).toEqual([
      { deployment: 'ash', plan: 'studio', currency: 'USD', amount: cost(96) },
      { deployment: 'birch', plan: null, currency: null, amount: null },
    ]);
    expect(closed?.amounts).toEqual([{ deployment: 'ash', plan: 'studio', currency: 'USD', amount: cost(96) }]);
    expect(priced.totals).toEqual([{ currency: 'USD', amount: cost(192) }]);
  });

  test('an outage of everything takes as many statements for forty deployments as for two', async () => {
    let statements = 0;
    const counted = db.withPlugin({
      transformQuery: ({ node }) => {
        statements += 1;
        return node;
      },
      transformResult: async ({ result }) => result,
    });
    const before = await gapsWithMoney(counted, { month, now: june });
    const few = statements;
    const slugs = Array.from({ length: 40 }, (_, place) => `many-${place}`);
    for (const deployment of slugs) {
      await makeDeployment(db, deployment);
      await subscribe(db, { deployment, plan: 'studio', from: day('2026-05-01') }, 'test', at('2026-05-01'));
      for (const name of ['a', 'b', 'c']) {
        const id = await insertLiving(db, team, 'droplet', `${deployment}-${name}`, {}, at('2026-04-20'));
        const owners = [{ slug: deployment, weight: 1 }];
        await assign(db, { resourceIds: [id], owners, from: at('2026-04-20') }, 'test', june);
      }
    }
    await meterOutstanding(db, { now: june });
    statements = 0;
    const after = await gapsWithMoney(counted, { month, now: june });
    // One plan is read more, and everybody's usage is one statement from twenty deployments on.
    expect(statements).toBeLessThanOrEqual(few + 5);
    const total = (of: typeof after) => Number(of.totals[0]?.amount);
    const quote = await quoteDeployment(db, { deployment: 'many-0', ...may });
    const line = quote.lines.find((one) => one.kind === 'droplet_hours');
    const each = Number((Math.min(3 * 48, Number(line?.billable)) * Number(line?.unitPrice)).toFixed(2));
    expect(each).toBeGreaterThan(0);
    expect(total(after) - total(before)).toBeCloseTo(40 * each, 2);
  });

  test('an operator’s word closes both', async () => {
    const request = { account: 'team', resourceKind: 'droplet', through: at('2026-06-01'), reason: 'console' };
    await confirmUsage(db, request, 'ana', june);
    expect(await gapsWithMoney(db, { month, now: june })).toMatchObject({ gaps: [], totals: [] });
  });
});
