import { sql } from 'kysely';
import { checkCorrections } from '../src/invoices/corrections.ts';
import { draftMonth } from '../src/invoices/drafts.ts';
import { approveInvoice, issueInvoice } from '../src/invoices/issue.ts';
import { invoicesOfMonth } from '../src/invoices/invoices.ts';
import type { Database } from '../src/platform/database/database.ts';
import { seedBusiness } from './business.ts';
import { deployments, resources, seedFleet, seedUsage } from './fleet.ts';
import { type Row, row, say, timed, withBenchDatabase } from './support.ts';

// Drafts of a month for 20,000 deployments of 10,000 customers: a million resources, metered every
// day. BENCH_RESOURCES makes it smaller; a deployment has 50.

const month = Temporal.PlainDate.from('2026-05-01');
const days = month.daysInMonth;
const issuedSample = 200;

/** The bare cost: the sums of the month, fetched. */
async function bare(db: Database): Promise<number> {
  const fetched = () =>
    sql`
      SELECT deployment_id, billing_kind_id, sum(quantity) FROM usage_records
      WHERE period_start >= ${month}::date AND period_start < ${month.add({ months: 1 })}::date
      GROUP BY deployment_id, billing_kind_id`.execute(db);
  await fetched();
  return timed(fetched);
}

/** A twentieth of the deployments has used one hour more on one day than was known. */
async function changeSome(db: Database): Promise<void> {
  const { rows } = await sql<{ revision: number }>`
    INSERT INTO metering_runs (day, cause, started_at, inserted, changed, deleted)
    VALUES ('2026-05-07', 'changes', '2026-06-10', 0, 1, 0) RETURNING revision`.execute(db);
  const revision = rows[0]?.revision ?? 0;
  await sql`
    WITH changed AS (
      SELECT * FROM usage_records
      WHERE period_start = '2026-05-07' AND granularity = 'day' AND resource_id <= ${deployments}::int AND deployment_id % 20 = 0
    ), logged AS (
      INSERT INTO usage_changes (revision, deployment_id, billing_kind_id, resource_id, period_start, granularity, old_quantity, old_revision, new_quantity, cause)
      SELECT ${revision}, deployment_id, billing_kind_id, resource_id, period_start, granularity, quantity, revision, quantity + 1, 'bench' FROM changed
    )
    UPDATE usage_records u SET quantity = u.quantity + 1, revision = ${revision} FROM changed c
    WHERE u.period_start = '2026-05-07' AND u.granularity = 'day' AND u.deployment_id = c.deployment_id
      AND u.billing_kind_id = c.billing_kind_id AND u.resource_id = c.resource_id`.execute(db);
  await sql`UPDATE metered_days SET revision = ${revision} WHERE day = '2026-05-07'`.execute(db);
  await sql`
    INSERT INTO changes (topic, subject, valid_from, valid_to, cause, recorded_at)
    SELECT 'usage', deployment_id, '2026-05-07', '2026-05-08', 'changes', '2026-06-10' FROM deployments WHERE deployment_id % 20 = 0`.execute(
    db,
  );
}

/** Approves and issues a sample one by one, as a person does; the rest as one statement would. */
async function issueAll(db: Database, now: Temporal.Instant): Promise<number> {
  let issued = 0;
  const sample: number[] = [];
  for await (const { invoiceId } of invoicesOfMonth(db, month, 'draft')) {
    sample.push(invoiceId);
    if (sample.length === issuedSample) break;
  }
  const ms = await timed(async () => {
    for (const invoiceId of sample) {
      await approveInvoice(db, invoiceId, { by: 'bench', now, override: 'bench' });
      await issueInvoice(db, invoiceId, { by: 'bench', now });
      issued += 1;
    }
  });
  await sql`
    UPDATE invoices SET state = 'issued', issued_at = ${now}, issued_by = 'bench', number = 'B-' || invoice_id, due_on = '2026-06-30',
      document = '{}', document_digest = sha256('{}') WHERE state = 'draft'`.execute(db);
  await sql`
    INSERT INTO correction_checks (customer_id, month, change_id, stale, costs_known)
    SELECT customer_id, month, change_id, false, false FROM invoices ON CONFLICT DO NOTHING`.execute(db);
  return ms / Math.max(issued, 1);
}

export default async function bench(): Promise<Row[]> {
  return withBenchDatabase(async (db) => {
    say(`Seeding ${deployments} deployments and ${resources * days} usage records ...`);
    await seedFleet(db, deployments / 2);
    await seedBusiness(db, month);
    await seedUsage(db, month, days);
    const now = Temporal.Instant.from('2026-06-05T00:00:00Z');
    const bareMs = await bare(db);
    const bareName = 'bare: the GROUP BY that fetches their sums';
    const of = `${deployments} deployments with ${resources} resources and a month of daily records`;
    say('Drafting ...');
    const first = await timed(() => draftMonth(db, { month, now }));
    const again = await timed(() => draftMonth(db, { month, now }));
    say('Issuing ...');
    const issueMs = await issueAll(db, now);
    const unchanged = await timed(() => checkCorrections(db));
    await changeSome(db);
    const corrected = await timed(() => checkCorrections(db));
    const memory = process.resourceUsage().maxRSS / 1024;
    return [
      row(`invoices: drafts for ${of}`, first, bareName, bareMs, 2),
      row('invoices: the same again, nothing changed', again, bareName, bareMs, 2),
      row('invoices: looking for corrections where nothing changed', unchanged, bareName, bareMs, 0.1),
      row('invoices: finding and rating those of a twentieth of the deployments', corrected, bareName, bareMs, 2),
      row('invoices: approving and issuing one, in ms', issueMs, 'goal of 100 ms', 100, 1),
      row('invoices: peak memory of Node, MB in place of ms', memory, 'limit of 300 MB', 300, 1),
    ];
  });
}
