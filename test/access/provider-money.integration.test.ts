import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { methodOf } from '../../src/http/serve/api.ts';
import { draftMonth } from '../../src/invoices/drafts.ts';
import { updateEntity } from '../../src/invoices/entities.ts';
import { rateMonths } from '../../src/invoices/month-figures.ts';
import { program } from '../../src/modules.ts';
import { type Operation, type Role, roleNames } from '../../src/platform/declare/operation.ts';
import { Decimal } from '../../src/platform/quantity.ts';
import { passCostsOn } from '../../src/provider-billing/costs.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { addDeployment, settle } from '../fixtures/invoices.ts';
import { openMistakenBill } from '../fixtures/mistaken-bill.ts';
import { makePlan } from '../fixtures/pricing.ts';
import type { ReconciledAccount } from '../fixtures/reconciliation.ts';
import { startTestApi, type TestApi } from '../http/api-fixture.ts';
import { add as addHook } from '../webhooks/webhooks-fixture.ts';

// What the provider charges is for owners and finance. Whoever else asks whatever may be read gets none of its amounts: a
// line of 7391.46, which nothing else comes to, and what bills, deployments and margins come to with it.

const month = Temporal.PlainDate.from('2026-05-01');
const own: readonly Role[] = ['owner', 'finance'];
const others = roleNames.filter((role) => !own.includes(role));

let database: TestDatabase;
let account: ReconciledAccount;
let api: TestApi;
let needles: readonly string[];
let ids: Readonly<Record<string, string>>;

const read = async (path: string) => {
  const answer = await api.fetch(path);
  expect([path, answer.status]).toEqual([path, 200]);
  // biome-ignore lint/suspicious/noExplicitAny: what came over the wire
  return (await answer.json()) as any;
};

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  account = await openMistakenBill(database, async (_, since) => {
    const seller = { name: 'Seller Ltd', address: ['1 Quay Street'] };
    await updateEntity(db, 'default', seller, { by: 'test', now: since });
    await addHook(db, since, { webhook: 'acme-hook', url: 'https://127.0.0.1:1/acme', owner: null });
    const passThrough = [{ product: 'Serverless*', markupPercent: '20' }];
    await makePlan(db, { plan: 'passing', base: '50.00', passThrough });
    for (const [customer, slug] of [
      ['acme', 'studio'],
      ['shop', 'shop'],
    ] as const)
      await addDeployment(db, { customer, slug, plan: 'passing', from: '2026-04-01' });
  });
  const now = account.opened.simulator.now();
  // What nobody else charges, borne by a customer whose plan passes it on.
  await account.opened.control('billing/mistakes', { mistake: 'unknown_product', month: '2026-05', amount: '7391.46' });
  api = await startTestApi(database, { limits: { eventLoopDelayMsMax: 60_000 } });
  await sql`
    INSERT INTO allocation_rules (rule_id, position, product, method, deployment_id, valid_from, valid_to, recorded_at, superseded_at, recorded_by)
    SELECT nextval('allocation_rule_ids'), 1, 'Serverless*', 'deployment', deployment_id, '-infinity', 'infinity', ${now}, 'infinity', 'test'
    FROM deployments WHERE slug = 'studio'`.execute(db);
  await account.readBalance();
  await account.reconcile();
  await settle(db, now);
  await passCostsOn(db, month, now);
  await rateMonths(db, { now });
  await draftMonth(db, { month, now });
  const bill = (await read('/bills?month=2026-05')).items[0];
  const invoice = (await read('/invoices?month=2026-05')).items.find(
    (each: { customer: string }) => each.customer === 'acme',
  );
  const { rows } = await sql<{ id: number }>`
    SELECT min(resource_id) AS id FROM resources WHERE kind = 'droplet'`.execute(db);
  ids = {
    account: 'acme',
    bill: String(bill.bill),
    customer: 'acme',
    deployment: 'studio',
    invoice: String(invoice.invoiceId),
    kind: 'droplet_hours',
    line: '1',
    payer: 'acme',
    plan: 'passing',
    position: '1',
    resource: String(rows[0]!.id),
    webhook: 'acme-hook',
  };
  const costs = (await read('/provider-costs?from=2026-05-01')).items.map((each: { amount: string }) => each.amount);
  const margins = (await read('/margins?from=2026-05-01')).items.flatMap((each: { cost: string; margin: string }) => [
    each.cost,
    each.margin,
  ]);
  // Large enough to be nothing else by chance.
  needles = [...new Set<string>(['7391.46', bill.amount, ...costs, ...margins])].filter((amount) =>
    new Decimal(amount).abs().gte(1000),
  );
}, 240_000);
afterAll(async () => {
  await api?.close();
  await account?.close();
  await database?.close();
});

function fieldsOf(schema: z.ZodType | undefined): Readonly<Record<string, z.ZodType>> {
  return (schema as { shape?: Record<string, z.ZodType> } | undefined)?.shape ?? {};
}

/** What is asked of May: by day or by month, as an operation takes it; and whose, where it must say. */
const asked: readonly (readonly [string, string])[] = [
  ['from', '2026-05-01'],
  ['to', '2026-06-01'],
  ['month', '2026-05'],
  ['month', '2026-05-01'],
  ['day', '2026-05-02'],
  ['q', 'studio'],
  ['side', 'cost'],
];

/** One with what is required, and one with all of these that it takes. */
function queriesOf({ query }: Operation): readonly string[] {
  const required = new URLSearchParams();
  const whole = new URLSearchParams();
  for (const [name, schema] of Object.entries(fieldsOf(query))) {
    const values = [...asked, ...Object.entries(ids)].flatMap(([key, value]) => (key === name ? [value] : []));
    const value = values.find((each) => schema.safeParse(each).success);
    const isRequired = !schema.safeParse(undefined).success;
    if (value === undefined) {
      if (isRequired) throw new Error(`say in this test what a query's ${name} may be`);
      continue;
    }
    if (isRequired) required.set(name, value);
    if (isRequired || asked.some(([key]) => key === name)) whole.set(name, value);
  }
  return [...new Set([required.toString(), whole.toString()])];
}

const reads = program.operations.filter(
  (route) => methodOf(route) === 'GET' && !('endless' in route && route.endless === true),
);

async function told(route: Operation, as: Role): Promise<string[]> {
  const path = route.path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(ids[name] ?? '1'));
  const found = new Set<string>();
  for (const query of queriesOf(route))
    for (const form of route.shape === 'list' ? ['', '.csv'] : ['']) {
      const answer = await api.fetch(`${path}${form}?${query}`, {
        as,
        ...(as === 'customer' ? { customer: 'acme' } : {}),
      });
      const text = await answer.text();
      expect([path, as, answer.status]).toEqual([path, as, expect.not.toBeOneOf([401, 500])]);
      for (const needle of needles) if (text.includes(needle)) found.add(needle);
    }
  return [...found];
}

describe("the provider's amounts", () => {
  const shown: string[] = [];

  test('are large, and nothing that a customer is asked for', () => {
    expect(needles.length).toBeGreaterThan(3);
  });

  test.each(reads.map((route) => [`GET ${route.path}`, route] as const))('%s', async (_, route) => {
    for (const role of others) expect([role, await told(route, role)]).toEqual([role, []]);
    if ((await told(route, 'owner')).length > 0) shown.push(route.operationId);
  });

  test('are shown to owners where they should be', () => {
    for (const operation of [
      'listBills',
      'getBill',
      'listBillItems',
      'listReconciledLines',
      'listProviderCosts',
      'listMargins',
      'getMargin',
      'getOverview',
      'listLinesOfBills',
    ])
      expect(shown).toContain(operation);
  });

  test('are in no event and no message to others', async () => {
    const { rows } = await sql<{ text: string }>`
      SELECT row_to_json(e)::text AS text FROM events e UNION ALL SELECT row_to_json(o)::text FROM event_outbox o
      UNION ALL SELECT row_to_json(m)::text FROM webhook_messages m`.execute(database.db);
    expect(rows.length).toBeGreaterThan(0);
    for (const { text } of rows) for (const needle of needles) expect(text).not.toContain(needle);
  });
});
