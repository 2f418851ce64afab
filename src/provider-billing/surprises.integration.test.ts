import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { openReconciledAccount, type ReconciledAccount } from '../../test/fixtures/reconciliation.ts';
import { startTestApi, type TestApi } from '../../test/http/api-fixture.ts';
import { soaking, timeoutOf } from '../../test/soak.ts';
import { getPayer } from './payers.ts';
import { findSurprises } from './surprises.ts';

// The agency over the turn of a month, looked at each morning. Without a mistake no day is a surprise; a volume that costs
// three times its price is named the next morning, and nothing else.

let database: TestDatabase;
let account: ReconciledAccount;
let api: TestApi;
const volume = '00000000-0000-4000-8000-0000000000aa';
/** All of June in the soak. */
const mornings = soaking ? 35 : 6;
const now = () => account.opened.simulator.now();

beforeAll(async () => {
  database = await openTestDatabase();
  const at = Temporal.Instant.from('2026-05-28T00:30:00Z');
  account = await openReconciledAccount(database, 'agency', { fleet: 'agency', seed: 1, at });
  await account.opened.control('fleet', {
    events: [{ type: 'create_volume', id: volume, name: 'archive', sizeGb: 100, region: 'fra1' }],
  });
  api = await startTestApi(database);
}, timeoutOf(240_000));
afterAll(async () => {
  await api?.close();
  await account?.close();
  await database?.close();
});

async function morning() {
  await account.advance({ hours: 24 });
  await account.sync();
  await account.readInsights();
  return findSurprises(database.db, (await getPayer(database.db, 'agency')).payerId, now());
}

async function ask(path: string, role: 'owner' | 'operator' = 'owner'): Promise<any> {
  const answer = await api.fetch(path, { headers: { authorization: `Bearer ${await api.token(role)}` } });
  const body = await answer.json();
  expect([path, answer.status, body]).toEqual([path, 200, body]);
  return body;
}

test(
  'days on which all is as expected, over the limit of 672 hours and the turn of the month',
  async () => {
    const found: unknown[] = [];
    let days = 0;
    for (let day = 0; day < mornings; day++) {
      days += (await morning()).days;
      found.push(
        ...(await ask('/bill-surprises')).items.map(({ day: of, description, expected, amount }: any) => [
          of,
          description,
          expected,
          amount,
        ]),
      );
    }
    expect(days).toBeGreaterThanOrEqual(mornings - 1);
    expect([...new Set(found.map((each) => JSON.stringify(each)))]).toEqual([]);
  },
  timeoutOf(240_000),
);

test('a volume that costs three times its price is named the next morning, with its team and SKU', async () => {
  await account.opened.control('billing/mistakes', {
    mistake: 'wrong_price',
    month: account.opened.simulator.now().toString().slice(0, 7),
    resource: volume,
    percent: 300,
  });
  await morning();
  const { items } = await ask('/bill-surprises');
  // 100 GiB at 0.10 a month of 672 hours: 0.36 a day.
  const [first] = items;
  expect(items.filter(({ day }: any) => day === first.day)).toMatchObject([
    {
      day: first.day,
      payer: 'agency',
      teamUrn: expect.stringMatching(/^do:team:[0-9a-f-]{36}$/),
      sku: expect.stringContaining('BS-VOL'),
      region: 'fra1',
      compared: 'history',
      expected: expect.stringMatching(/^0\.3[56]$/),
      amount: expect.stringMatching(/^1\.0[678]$/),
    },
  ]);
  const overview = await ask(`/overview?month=${first.day.slice(0, 7)}`);
  expect(overview.surprises).toMatchObject({
    state: 'ok',
    newest: expect.arrayContaining([expect.objectContaining({ sku: first.sku, amount: first.amount })]),
  });
  expect((await ask(`/overview?month=${first.day.slice(0, 7)}`, 'operator')).surprises).toMatchObject({
    state: 'unavailable',
    newest: [],
  });
  // The same again is not looked at again.
  expect(await findSurprises(database.db, (await getPayer(database.db, 'agency')).payerId, now())).toEqual({
    days: 0,
    surprises: 0,
  });
});
