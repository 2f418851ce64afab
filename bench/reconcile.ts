import { sql } from 'kysely';
import type { BillHeader, BillItem, BillingSource } from '../src/cloud/index.ts';
import type { BillPage } from '../src/cloud/billing-source.ts';
import type { Database } from '../src/platform/database/database.ts';
import { storableLines } from '../src/provider-billing/bill-line.ts';
import { readBills } from '../src/provider-billing/bills.ts';
import { listMargins, readLossMakers, readMarginTotals } from '../src/provider-billing/margin/margin.ts';
import { ensurePayers } from '../src/provider-billing/payers.ts';
import { reconcileMonth } from '../src/provider-billing/reconciliation/reconcile.ts';
import { type Row, row, say, timed, withBenchDatabase } from './support.ts';

// A bill of 200,000 lines for as many resources of 5,200 deployments: three of five are droplets, the others volumes and
// snapshots; a twentieth was moved within the month, a fiftieth is shared. BENCH_LINES=20000 makes it smaller.
//
// Reached on 2026-12-01 with 200,000 lines, two cores, in turns with the way before and quiet: reconciling 2.2 to 2.5 (2.45 to
// 2.65 s, storing takes 1.1), where it was 2.7 to 2.8 (3.3 s, storing took 1.2); loading 1.2, again 0.04, 204 MB. The process of
// the server that writes works 2.25 s where it was 3.3; others share 0.5 s of that. On busy cores, 2.4 to 3.5. Reconciling is not
// at its aim. Of 2.5 s plain lines are 1.4: judging them 0.44 in parallel, writing their outcomes 0.47 and their shares 0.44. Who
// bears what several bear is 0.31, and writing it 0.13; what there was by kind 0.1, sums by product 0.1, times of lines 0.05,
// totals 0.04, taxes and credits 0.04, a hundred small statements 0.1, and others less each. Less than that needs fewer rows to
// write, or a statement that is parallel and writes, which PostgreSQL has none of. Rows are in the order of lines since, and
// storing them alone takes a tenth less for that: the ratio tells less of what came of it than the seconds.
//
// Tried, and what came of it, in ratios of the same run, 10,000 lines:
// - other lines of the same charge by a lateral join: 27 s of 33 s, and quadratic; by a join of those that are several: 0.2 s
// - charged_amount() as a function that is called, for each line and variant: 1.4 s and 1.0 s; written out, once for each
//   shape of charge, and what would explain a difference only where there is one: 0.1 s and 0.3 s
// - allocation rules and decisions looked up for each line: only for those that no resource explains, and in one join
// - a page of a bill by three statements in a transaction and a look at what came of it: 2.6 times the bare statement; by
//   one statement that answers with what came of it: 0.6
// - results that refer to their reconciliation, asked for each row: once for each statement, by its trigger
// - plain lines, of 2,000, with the joins that the planner chose: 5.5 s, and quadratic; as they are written, by hashing: 0.1 s
// - what was there all month, staged for all resources before anything is matched: 0.5 s of 40,000; read from the history
//   where a plain line asks for it, and staged only for what is left: 0.1 s
// - a fingerprint of all results, to compare with those that are kept: only where this version was reconciled before
// - lines of a bill in a digest of all of them, sorted: 1.4 s of 40,000; as a sum, in any order: 0.2 s
// - outcomes of all lines in a temporary table that is copied in order: 3.3 s of the server's own time, 100,000 lines; plain
//   ones by the statement that judges them: 2.4 to 3.0 s
// - joins of plain lines with accounts and decisions of their own, and a row with all that is written of it between judging and
//   writing: no difference that two busy cores would show
//
// Of 200,000 lines, in seconds that the server's process works:
// - plain lines judged in a query of its own that fills a temporary table, in parallel: 0.8, of which two cores take 0.44. With
//   joins that are inner, or conditions that the planner takes for rare, it expects one row and gathers before it joins
// - an id on several lines, asked of each line in parallel: 0.25, in the time of grouping them, 0.14; by the numbers of the
//   resources that were judged: 0.08, and by counting these first: 0.03
// - what is left looked for in all that was judged: 0.08; with an index of what is left: 0.03
// - rows in the order in which processes hand them over: 0.1 more of writing than in the order of lines
// - times and boundaries reckoned before they are joined, owners by their sets at last: no difference; what is left there is the
//   memory that three big hash tables miss
// - powers of ten written out, and parts divided once: 0.01 of 0.15

const lines = Number(process.env.BENCH_LINES ?? 200_000);
const deployments = Math.max(10, Math.round(lines * 0.026));
const perPage = 200;
const month = Temporal.PlainDate.from('2026-05-01');
const before = '2026-01-01T00:00:00Z';
const now = Temporal.Instant.from('2026-06-02T03:00:00Z');

async function seed(db: Database): Promise<void> {
  for (const table of ['resource_states', 'attributions'])
    await sql`ALTER TABLE ${sql.table(table)} DROP CONSTRAINT ${sql.id(`${table}_resource_id_tstzrange_excl`)}`.execute(
      db,
    );
  await sql`
    INSERT INTO accounts (slug, name, provider, api_url, provider_account_id, simulated, credentials, connected_at, metered_from)
    VALUES ('bench', 'Bench', 'digitalocean', 'https://example.com', 'bench', false, '', ${before}::timestamptz, ${before}::timestamptz)`.execute(
    db,
  );
  await sql`INSERT INTO customers (external_id, name, currency, created_at) VALUES ('c', 'C', 'USD', ${before}::timestamptz)`.execute(
    db,
  );
  await sql`
    INSERT INTO deployments (slug, name, customer_id, starts_at, created_at)
    SELECT 'd' || i, 'd' || i, customer_id, ${before}::timestamptz, ${before}::timestamptz FROM generate_series(1, ${deployments}::int) AS i CROSS JOIN customers`.execute(
    db,
  );
  await sql`
    INSERT INTO owner_sets (weight_total, signature) SELECT 1, deployment_id || ':1' FROM deployments WHERE customer_id IS NOT NULL
    UNION ALL SELECT 3, deployment_id || ':2,' || deployment_id + 1 || ':1' FROM deployments WHERE customer_id IS NOT NULL AND slug <> 'd' || ${deployments}::int`.execute(
    db,
  );
  await sql`
    INSERT INTO owner_set_members (owner_set_id, deployment_id, weight_before, weight)
    SELECT owner_set_id, split_part(part, ':', 1)::bigint, CASE place WHEN 1 THEN 0 ELSE 2 END, split_part(part, ':', 2)::int
    FROM owner_sets, string_to_table(signature, ',') WITH ORDINALITY AS p (part, place)
    WHERE owner_set_id NOT IN (SELECT owner_set_id FROM owner_set_members)`.execute(db);
  await sql`
    INSERT INTO resources (account_id, kind, external_id, first_seen_at, provider_created_at)
    SELECT account_id, (ARRAY['droplet', 'droplet', 'droplet', 'volume', 'snapshot'])[1 + i % 5],
           CASE i % 5 WHEN 3 THEN '00000000-0000-4000-8000-' || lpad(i::text, 12, '0') ELSE i::text END, ${before}::timestamptz, ${before}::timestamptz
    FROM accounts, generate_series(1, ${lines}::int) AS i`.execute(db);
  await sql`
    INSERT INTO resource_states (resource_id, account_id, kind, name, status, region, tags, parents, attributes, valid_from, valid_to, recorded_at, superseded_at, source)
    SELECT resource_id, account_id, kind, 'resource-' || resource_id, 'active', 'fra1', '{}',
           CASE kind WHEN 'snapshot' THEN ARRAY['droplet:1'] ELSE '{}' END,
           jsonb_build_object('size_slug', (ARRAY['s-1vcpu-1gb', 's-1vcpu-2gb', 's-2vcpu-4gb', 's-4vcpu-8gb'])[1 + resource_id % 4], 'size_gb', 10 * (1 + resource_id % 10)),
           ${before}::timestamptz, 'infinity', ${before}::timestamptz, 'infinity', 'listing'
    FROM resources`.execute(db);
  const owner = sql`(SELECT min(owner_set_id) FROM owner_sets WHERE weight_total = 1 AND signature <> '1:1')`;
  await sql`
    INSERT INTO attributions (resource_id, owner_set_id, rule_id, valid_from, valid_to, recorded_at, superseded_at)
    SELECT resource_id, CASE WHEN resource_id % 50 = 0 THEN (SELECT min(owner_set_id) FROM owner_sets WHERE weight_total = 3) + resource_id % (${deployments}::int - 1)
                             ELSE ${owner} + resource_id % ${deployments}::int END, NULL::bigint, ${before}::timestamptz,
           CASE WHEN resource_id % 20 = 1 THEN '2026-05-14T03:07:11Z' ELSE 'infinity' END::timestamptz, ${before}::timestamptz, 'infinity'::timestamptz
    FROM resources
    UNION ALL
    SELECT resource_id, ${owner} + (resource_id + 1) % ${deployments}::int, NULL::bigint, '2026-05-14T03:07:11Z'::timestamptz, 'infinity'::timestamptz::timestamptz, ${before}::timestamptz, 'infinity'::timestamptz
    FROM resources WHERE resource_id % 20 = 1`.execute(db);
  await sql`
    INSERT INTO sync_runs (account_id, kind, started_at, finished_at, outcome)
    SELECT account_id, kind, d, d, 'complete' FROM accounts, unnest('{droplet,volume,snapshot,droplet_backup}'::text[]) AS kind,
           generate_series(${before}::timestamptz, '2026-06-02'::timestamptz, interval '1 day') AS d`.execute(db);
  // A line in a hundred costs otherwise, and taxes and a credit are shared by all.
  await sql`
    CREATE TABLE bench_items AS
    SELECT resource_id AS n, CASE kind WHEN 'droplet' THEN 'Droplets' WHEN 'volume' THEN 'Volumes' ELSE 'Droplet Snapshots' END AS product,
           CASE kind WHEN 'droplet' THEN s.name || ' (' || (s.attributes ->> 'size_slug') || ')' WHEN 'volume' THEN s.name || ' (fra1) ' || (s.attributes ->> 'size_gb') || 'GB'
                     ELSE s.name || ' (fra1) ' || (s.attributes ->> 'size_gb') || 'GB' END AS description,
           CASE kind WHEN 'volume' THEN r.external_id END AS uuid, CASE kind WHEN 'volume' THEN NULL ELSE r.external_id END AS id,
           (CASE kind WHEN 'droplet' THEN (ARRAY[6.00, 12.00, 24.00, 48.00])[1 + resource_id % 4]
                      ELSE round((s.attributes ->> 'size_gb')::numeric * CASE kind WHEN 'volume' THEN 0.10 ELSE 0.06 END, 2) END
            + CASE WHEN resource_id % 100 = 0 THEN 1.17 ELSE 0.00 END)::text AS amount
    FROM resources r JOIN resource_states s USING (resource_id, kind)`.execute(db);
  await sql`
    INSERT INTO bench_items VALUES (${lines + 1}, 'Taxes', 'VAT (20%)', NULL, NULL, '1234.56'), (${lines + 2}, 'Credits', 'goodwill', NULL, NULL, '-100.00')`.execute(
    db,
  );
  await sql`ALTER TABLE bench_items ADD PRIMARY KEY (n)`.execute(db);
  await sql`VACUUM ANALYZE`.execute(db);
}

/** What the provider says, and how long it took to say it. */
interface Provider extends Pick<BillingSource, 'bills' | 'billPage' | 'billSummary' | 'history'> {
  spentMs: number;
}

async function openProvider(db: Database): Promise<Provider> {
  const { rows } = await sql<{
    amount: string;
    count: number;
  }>`SELECT sum(amount::numeric)::text AS amount, count(*) AS count FROM bench_items`.execute(db);
  const { amount, count } = rows[0]!;
  const header: BillHeader = { externalId: 'final', number: '1', period: month, amount, updatedAt: null };
  const provider: Provider = {
    spentMs: 0,
    bills: async () => ({ bills: [header], preview: null }),
    billSummary: async () => '{}',
    history: async () => [],
    async billPage(_, { page }): Promise<BillPage> {
      let answer: BillPage | undefined;
      provider.spentMs += await timed(async () => {
        const items = await itemsOf(db, page);
        answer = {
          body: JSON.stringify({ invoice_items: items }),
          items,
          total: count,
          isLast: page * perPage >= count,
        };
      });
      return answer as BillPage;
    },
  };
  return provider;
}

async function itemsOf(db: Database, page: number): Promise<BillItem[]> {
  const { rows } = await sql<{
    product: string;
    description: string;
    uuid: string | null;
    id: string | null;
    amount: string;
  }>`
    SELECT * FROM bench_items WHERE n > ${(page - 1) * perPage} ORDER BY n LIMIT ${perPage}`.execute(db);
  const [startTime, endTime] = [
    Temporal.Instant.from('2026-05-01T00:00:00Z'),
    Temporal.Instant.from('2026-06-01T00:00:00Z'),
  ];
  const common = {
    category: 'iaas',
    groupDescription: null,
    projectName: 'bench',
    duration: '744',
    durationUnit: 'Hours',
    startTime,
    endTime,
  };
  return rows.map(({ product, description, uuid, id, amount }) => ({
    ...common,
    product,
    description,
    amount,
    resourceUuid: uuid,
    resourceId: id,
  }));
}

/** Reads and seals the bill, without what the provider takes for its answers. */
async function load(db: Database, payer: Awaited<ReturnType<typeof ensurePayers>>[number]): Promise<number> {
  const provider = await openProvider(db);
  const reading = {
    db,
    payer,
    source: provider as unknown as BillingSource,
    signal: new AbortController().signal,
    connectedAt: Temporal.Instant.from(before),
    now: async () => now,
    report() {},
  };
  const ms = await timed(() => readBills(reading, { monthsBefore: 12, again: false, by: 'bench' }));
  return ms - provider.spentMs;
}

/** The statement alone, page by page, into a table with the same key. */
async function loadBare(db: Database): Promise<number> {
  await sql`CREATE TABLE bench_lines (LIKE provider_bill_lines INCLUDING ALL)`.execute(db);
  await sql`CREATE TABLE bench_pages (LIKE provider_bill_pages INCLUDING ALL)`.execute(db);
  let ms = 0;
  for (let page = 1; page * perPage < lines + 2 + perPage; page += 1) {
    const items = await itemsOf(db, page);
    if (items.length === 0) break;
    const [text, body] = [storableLines(items), JSON.stringify({ invoice_items: items })];
    ms += await timed(() =>
      db.transaction().execute(async (trx) => {
        await sql`INSERT INTO bench_pages VALUES (1, ${page}, ${body})`.execute(trx);
        await sql`
          INSERT INTO bench_lines (bill_version_id, position, page, ordinal, amount, duration, start_time, end_time, product, category, description,
                                   group_description, resource_uuid, resource_id, project_name, duration_unit)
          SELECT 1, ${(page - 1) * perPage} + ordinal, ${page}, ordinal, amount, duration, "startTime", "endTime", product, category, description,
                 "groupDescription", "resourceUuid", "resourceId", "projectName", "durationUnit"
          FROM jsonb_to_recordset(${text}::jsonb) AS l (ordinal int, amount numeric, duration numeric, "startTime" timestamptz, "endTime" timestamptz,
            product text, category text, description text, "groupDescription" text, "resourceUuid" text, "resourceId" text, "projectName" text,
            "durationUnit" text)`.execute(trx);
      }),
    );
  }
  await sql`DROP TABLE bench_lines, bench_pages`.execute(db);
  return ms;
}

const resultTables = ['bill_line_outcomes', 'bill_line_shares', 'bill_cost_sums', 'bill_missing'];

/**
 * Storing the rows that came of it, and nothing else: into tables with the same keys, indexes and checks, and with the
 * trigger that guards what was signed, which keeps all rows of a statement until its end. Without it, and without the sums,
 * the bare side did less than any reconciliation must.
 */
async function storeBare(db: Database): Promise<number> {
  for (const table of resultTables) {
    const bare = sql.id(`bench_${table}`);
    await sql`CREATE TABLE ${bare} (LIKE ${sql.table(table)} INCLUDING ALL)`.execute(db);
    await sql`CREATE TRIGGER signed_comes AFTER INSERT ON ${bare} REFERENCING NEW TABLE AS touched
              FOR EACH STATEMENT EXECUTE FUNCTION refuse_results_of_signed()`.execute(db);
  }
  const ms = await timed(() =>
    db.transaction().execute(async (trx) => {
      for (const table of resultTables)
        await sql`INSERT INTO ${sql.id(`bench_${table}`)} SELECT * FROM ${sql.table(table)}`.execute(trx);
    }),
  );
  for (const table of resultTables) await sql`DROP TABLE ${sql.id(`bench_${table}`)}`.execute(db);
  return ms;
}

/** As if the month had never been reconciled. */
async function forget(db: Database): Promise<void> {
  await sql`DELETE FROM reconciliations`.execute(db);
  await sql`DELETE FROM reconciled_months`.execute(db);
  await sql`VACUUM ANALYZE bill_line_outcomes, bill_line_shares, bill_cost_sums, bill_missing`.execute(db);
}

export default function bench(): Promise<Row[]> {
  return withBenchDatabase(async (db) => {
    say(`${lines} lines, ${deployments} deployments`);
    await seed(db);
    const [payer] = await db.transaction().execute((trx) => ensurePayers(trx, 'bench', now));
    if (payer === undefined) throw new Error('no payer');
    const loadedMs = await load(db, payer);
    const bareMs = await loadBare(db);
    await sql`VACUUM ANALYZE`.execute(db);
    const rows = [row(`loading a bill of ${lines} lines`, loadedMs, 'the statement alone, page by page', bareMs, 1.5)];
    const reconcile = () => reconcileMonth(db, payer.payerId, month, now);
    // In turns, and the shorter of two each: whatever else the machine does meets both.
    const times: { reckoned: number; stored: number }[] = [];
    for (let turn = 0; turn < 2; turn += 1) {
      await forget(db);
      times.push({ reckoned: await timed(reconcile), stored: await storeBare(db) });
    }
    const reckoned = Math.min(...times.map((each) => each.reckoned));
    const stored = Math.min(...times.map((each) => each.stored));
    rows.push(row('reconciling it', reckoned, 'storing its rows alone', stored, 2));
    rows.push(row('reconciling it again, unchanged', await timed(reconcile), 'storing its rows alone', stored, 0.1));
    const { rows: sums } = await sql<{ sound: boolean }>`
      SELECT (SELECT sum(amount) FROM bill_line_shares) + unexplained + residual = amount AS sound FROM reconciliations`.execute(
      db,
    );
    if (sums[0]?.sound !== true) throw new Error('shares do not add up to the bill');
    const filters = { from: month, to: month.add({ months: 1 }), basis: 'accrued' } as const;
    const bareSum = await timed(() =>
      sql`SELECT deployment_id, sum(amount) FROM bill_line_shares GROUP BY 1`.execute(db),
    );
    const page = { by: 'deployment', limit: 100, after: null, target: null } as const;
    for (const [name, read] of [
      ['margins by deployment, a page', () => listMargins(db, filters, page)],
      ['margins in all', () => readMarginTotals(db, filters)],
      ['loss makers', () => readLossMakers(db, month, { limit: 10, today: month.add({ months: 1 }) })],
    ] as const)
      rows.push(row(name, await timed(read), 'the shares by deployment, summed', bareSum, null));
    rows.push(row('memory of Node, in MB', process.resourceUsage().maxRSS / 1024, 'what it may be', 300, 1));
    return rows;
  });
}
