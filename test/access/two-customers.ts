import { sql } from 'kysely';
import { assign } from '../../src/deployments/assignments.ts';
import { createCustomer } from '../../src/deployments/customers.ts';
import { createDeployment } from '../../src/deployments/deployments.ts';
import { at, insertAccount, insertLiving, writeState } from '../fixtures/inventory.ts';
import { draftMonth } from '../../src/invoices/drafts.ts';
import { updateEntity } from '../../src/invoices/entities.ts';
import { approveInvoice, issueInvoice } from '../../src/invoices/issue.ts';
import { recordPayment } from '../../src/invoices/payments.ts';
import { meterRange } from '../../src/metering/meter.ts';
import type { Database } from '../../src/platform/database/database.ts';
import { planSchema } from '../../src/pricing/plan.ts';
import { addPlanVersion } from '../../src/pricing/plans.ts';
import { add as addHook } from '../webhooks/webhooks-fixture.ts';
import { subscribe } from '../../src/pricing/subscriptions.ts';

// Two customers in one database: alpha, who asks, and bravo, of whom alpha must never hear. All
// that is bravo's has the word in it, and a cost that only we may know is planted wherever one may be.

export interface TwoCustomers {
  readonly alpha: number;
  readonly bravo: number;
  readonly bravosDeployments: readonly number[];
  readonly alphasDroplet: number;
  readonly bravosDroplet: number;
  /** Issued, for May. */
  readonly alphasInvoice: number;
  readonly bravosInvoice: number;
  /** Of June, which is not over. */
  readonly alphasDraft: number;
}

/** Nowhere else: what something costs us. */
export const plantedCost = '7391.4682';
export const now = at('2026-06-10');

export async function insertTwoCustomers(db: Database): Promise<TwoCustomers> {
  const since = at('2026-05-01');
  const customers = { alpha: 0, bravo: 0 };
  for (const externalId of ['alpha', 'bravo'] as const) {
    const customer = { externalId, name: `${externalId} Ltd`, currency: 'USD' };
    ({ customerId: customers[externalId] } = await createCustomer(db, customer, since));
    const owner = { customerId: customers[externalId], customer: externalId };
    await addHook(db, since, { webhook: `${externalId}-hook`, url: `https://127.0.0.1:1/${externalId}`, owner });
  }
  for (const [slug, customer] of [
    ['alpha-shop', 'alpha'],
    ['bravo-shop', 'bravo'],
    ['bravo-blog', 'bravo'],
  ] as const)
    await createDeployment(db, { slug, name: slug, customer, startsAt: since }, since);

  const account = await insertAccount(db, 'team');
  const bravosAccount = await insertAccount(db, 'bravo-team');
  const droplet = (team: number, id: string) =>
    insertLiving(db, team, 'droplet', id, { name: id, attributes: { size_slug: 's-1' } }, since);
  const alphas = await droplet(account, 'alpha-droplet');
  const bravos = await droplet(bravosAccount, 'bravo-droplet');
  const shared = await droplet(account, 'shared-droplet');
  const moved = await droplet(account, 'moved-droplet');
  const own = (resource: number, slugs: readonly string[], from = since, to: Temporal.Instant | null = null) =>
    assign(db, { resourceIds: [resource], owners: slugs.map((slug) => ({ slug, weight: 1 })), from, to }, 'test', now);
  await own(alphas, ['alpha-shop']);
  await own(bravos, ['bravo-shop']);
  await own(shared, ['alpha-shop', 'bravo-blog']);
  await own(moved, ['alpha-shop'], since, at('2026-05-10'));
  await own(moved, ['bravo-blog'], at('2026-05-10'));
  await writeState(db, moved, { name: 'bravo-renamed' }, at('2026-05-15'), null, now);

  for (const customer of ['alpha', 'bravo']) {
    const plan = planSchema.parse({
      plan: `${customer}-plan`,
      name: `For ${customer}`,
      from: '2026-01-01',
      currency: 'USD',
      base: '10',
      items: [
        { kind: 'droplet_hours', model: 'cost-plus', properties: { unitCost: plantedCost, markupPercent: '25' } },
      ],
    });
    await addPlanVersion(db, plan, 'test', now);
    const from = Temporal.PlainDate.from('2026-05-01');
    await subscribe(db, { deployment: `${customer}-shop`, plan: plan.plan, from }, 'test', now);
  }

  const range = { from: Temporal.PlainDate.from('2026-05-01'), to: Temporal.PlainDate.from('2026-06-01') };
  await meterRange(db, { ...range, now });
  // A droplet that was off for a while after all, of each: usage_changes has rows of both.
  for (const resource of [alphas, bravos]) {
    const name = resource === alphas ? 'alpha-droplet' : 'bravo-droplet';
    await writeState(db, resource, { name, status: 'off' }, at('2026-05-03'), at('2026-05-04'), now);
  }
  await meterRange(db, { ...range, now });
  for (const resource of [alphas, bravos])
    await sql`
      INSERT INTO resource_payloads (resource_id, digest, payload, seen_at)
      VALUES (${resource}, '', ${JSON.stringify({ size: { price_monthly: plantedCost } })}, ${now})`.execute(db);

  const invoices = await insertInvoices(db, customers);
  await sql`
    WITH attempted AS (
      UPDATE webhook_deliveries d SET sequence = 1, next_at = ${now} FROM webhook_endpoints e
      WHERE e.endpoint_id = d.endpoint_id AND e.customer_id IS NOT NULL RETURNING d.delivery_id)
    INSERT INTO webhook_attempts (delivery_id, attempted_at, ms, status, answer)
    SELECT delivery_id, ${now}, 7, 200, ${plantedCost} FROM attempted`.execute(db);
  const { rows } = await sql<{ id: number }>`
    SELECT deployment_id AS id FROM deployments WHERE slug LIKE 'bravo%' ORDER BY 1`.execute(db);
  return {
    ...customers,
    bravosDeployments: rows.map(({ id }) => id),
    alphasDroplet: alphas,
    bravosDroplet: bravos,
    ...invoices,
  };
}

async function insertInvoices(
  db: Database,
  { alpha, bravo }: { alpha: number; bravo: number },
): Promise<Pick<TwoCustomers, 'alphasInvoice' | 'bravosInvoice' | 'alphasDraft'>> {
  await updateEntity(
    db,
    'default',
    { name: 'Hosting Ltd', address: ['1 Quay Street', 'Bristol'], taxIds: ['GB1'] },
    { by: 'test', now },
  );
  for (const month of ['2026-05-01', '2026-06-01'])
    await draftMonth(db, { month: Temporal.PlainDate.from(month), now });
  const { rows } = await sql<{ id: number; customer: number; month: Temporal.PlainDate }>`
    SELECT invoice_id AS id, customer_id AS customer, month FROM invoices`.execute(db);
  const find = (whose: number, month: number) =>
    rows.find((row) => row.customer === whose && row.month.month === month)?.id ??
    (() => {
      throw new Error('nothing was drafted');
    })();
  const [alphasInvoice, bravosInvoice] = [find(alpha, 5), find(bravo, 5)];
  for (const invoice of [alphasInvoice, bravosInvoice]) {
    await approveInvoice(db, invoice, { by: 'test', now, override: 'no listings in this test' });
    const { number } = await issueInvoice(db, invoice, { by: 'test', now, incomplete: true });
    const payment = `${invoice === alphasInvoice ? 'alpha' : 'bravo'}-tx`;
    const said = { provider: 'bank', payment, kind: 'payment', amount: '1.00', currency: 'USD' } as const;
    await recordPayment(
      db,
      { ...said, invoice: number, invoiceId: invoice, paidAt: null, note: `cost us ${plantedCost}` },
      { by: 'test', now },
    );
  }
  return { alphasInvoice, bravosInvoice, alphasDraft: find(alpha, 6) };
}
