import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { declarationSchema } from '../../src/drift/declaration.ts';
import { applyDeclaration } from '../../src/drift/declarations.ts';
import { checkCorrections } from '../../src/invoices/corrections.ts';
import { draftMonth } from '../../src/invoices/drafts.ts';
import { approveInvoice, issueInvoice } from '../../src/invoices/issue.ts';
import { recordPayment } from '../../src/invoices/payments.ts';
import { listInvoices } from '../../src/invoices/invoices.ts';
import { program } from '../../src/modules.ts';
import type { List } from '../../src/platform/declare/answer.ts';
import { addAlert, checkAlerts } from '../../src/pricing/alerts.ts';
import { changeSubscription } from '../../src/pricing/subscriptions.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { makeMeters, makeSource, requests } from '../fixtures/gateway.ts';
import { addDeployment, addDroplet, at, day, insertAccount, openBusiness, settle } from '../fixtures/invoices.ts';
import { soaking } from '../soak.ts';
import { json, startTestApi, type TestApi } from './api-fixture.ts';

// What every list promises, asked of every list over HTTP: searched, sorted and counted alike, page by page.

let database: TestDatabase;
let api: TestApi;
const now = at('2026-02-05');
/** More than a page; names that differ in case, and one that two share. */
const customers = ['beta', 'Alpha', 'gamma', 'delta', 'epsilon', 'zeta', 'eta'];

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  // Before the clock is simulated: the other accounts are real ones, too.
  for (const source of ['edge', 'fringe', 'rim']) await makeSource(db, source, { now });
  await sql`INSERT INTO simulated_clock (instant) VALUES (${now})`.execute(db);
  const account = await openBusiness(db);
  for (const [index, customer] of customers.entries()) {
    await addDeployment(db, { customer, slug: `shop-${index}`, plan: index % 2 === 0 ? 'studio' : 'atelier' });
    await addDroplet(db, account, `web-${index}`, [`shop-${index}`], '2026-01-01');
  }
  await sql`UPDATE customers SET name = 'Same Ltd' WHERE external_id IN ('gamma', 'delta')`.execute(db);
  for (const slug of ['second', 'third']) await insertAccount(db, slug);
  await settle(db, now);
  for (const [index, threshold] of ['1', '2', '3', '4'].entries())
    await addAlert(
      db,
      {
        deployment: index === 0 ? null : `shop-${index}`,
        kind: 'droplet_hours',
        threshold,
        unit: 'absolute',
        currency: null,
        basis: 'to_date',
      },
      'ann',
      at('2026-01-01'),
    );
  await checkAlerts(db, now);
  await draftMonth(db, { month: day('2026-01-01'), now });
  for (const [index, { invoiceId }] of (await listInvoices(db, {}, { limit: 5, cursor: null })).items.entries()) {
    await approveInvoice(db, invoiceId, { by: 'ann', now });
    const { number } = await issueInvoice(db, invoiceId, { by: 'ann', now });
    const said = {
      provider: 'bank',
      payment: `tx-${index}`,
      kind: 'payment',
      invoice: number,
      invoiceId: null,
      currency: 'USD',
      note: null,
    } as const;
    const paidAt = at('2026-01-20').add({ hours: (index * 7) % 5 });
    await recordPayment(db, { ...said, amount: `${1 + ((index * 3) % 5)}.00`, paidAt }, { by: 'ann', now });
  }
  // A late decision about issued months: as many corrections.
  for (const [index] of customers.map((_, place) => [place, { slug: 'office' }] as const))
    await changeSubscription(db, { deployment: `shop-${index}`, plan: 'grand', from: at('2026-01-15') }, 'ann', now);
  await checkCorrections(db);
  // What their droplets are is declared of none of three; and of three kinds nothing can be seen.
  for (const index of [0, 1, 2]) {
    const document = { declaration: `d-${index}`, deployment: `shop-${index}`, covers: 'deployment', resources: [] };
    await applyDeclaration(db, declarationSchema.parse(document), { by: 'ann', now });
  }
  await sql`
    INSERT INTO sync_runs (account_id, kind, started_at, finished_at, outcome, reason)
    SELECT account_id, kind, ${now}, ${now}, 'failed', 'refused' FROM accounts, unnest(ARRAY['app', 'database', 'dns_zone']) AS kind
    WHERE slug = 'second'`.execute(db);
  const counts = ['gateway_requests', 'gateway_egress', 'gateway_visits'];
  await makeMeters(
    db,
    counts.map((meter) => ({ ...requests, meter, type: meter.slice('gateway_'.length), from: '2026-02-05' })),
    now,
  );
  api = await startTestApi(database);
  for (const [base, rate] of Object.entries({ GBP: '1.15', CHF: '1.07', SEK: '0.09' }))
    await api.fetch(`/exchange-rates/${base}/EUR/2026-01-30`, { ...json('PUT', { rate, source: 'ECB' }), as: 'owner' });
  for (const subject of ['ann', 'bob', 'cleo', 'dan'])
    await api.fetch('/tokens/revocations', { ...json('POST', { subject, reason: 'Laptop lost' }), as: 'owner' });
  for (const [webhook, customer] of Object.entries({ books: null, chat: 'Alpha', desk: 'beta' }))
    await api.fetch('/webhooks', {
      ...json('POST', { webhook, url: `https://${webhook}.example.com/`, ...(customer !== null && { customer }) }),
      as: 'owner',
    });
  for (const name of ['shop', 'blog', 'mail']) {
    const text = JSON.stringify({ blueprint: name, schema: 1, region: 'fra1' });
    await api.fetch('/blueprints', { ...json('POST', { files: [{ name: `${name}.yaml`, text }] }), as: 'owner' });
  }
  for (const index of [0, 1, 2])
    await api.fetch('/protections', {
      ...json('POST', { deployment: `shop-${index}`, reason: `Holds orders of ${index}` }),
      as: 'owner',
    });
  await sql`
    WITH proposed AS (
      INSERT INTO proposals (hash, purpose, deployment, account_id, document, proposed_at, proposed_by, expires_at)
      SELECT repeat(n::text, 64), 'change', 'shop-' || n, (SELECT min(account_id) FROM accounts),
             '{"steps": [], "problems": [], "customer": "alpha", "ours": {"currency": "USD", "monthly": {"difference": "0.00"}}}',
             ${now}, 'ann', ${now}::timestamptz + interval '1 day'
      FROM generate_series(0, 2) AS n RETURNING proposal_id, account_id)
    INSERT INTO rollouts (proposal_id, account_id, state, begun_at, begun_by, changed_at, ended_at)
    SELECT proposal_id, account_id, 'done', ${now}, 'ann', ${now}, ${now} FROM proposed`.execute(db);
});
afterAll(async () => {
  await api.close();
  await database.close();
});

interface Body {
  readonly items: readonly Record<string, unknown>[];
  readonly nextCursor: string | null;
  readonly total?: number;
}

/** What a list of few rows is asked for, so that there are some to sort. */
const wider: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'usage grid': { by: 'deployment', kind: 'droplet_hours' },
};

async function ask(list: List, query: Readonly<Record<string, string>>): Promise<Body> {
  const response = await api.fetch(`${list.path}?${new URLSearchParams({ ...wider[list.name], ...query })}`, {
    as: 'owner',
  });
  expect([response.status, response.ok ? '' : await response.clone().text()]).toEqual([200, '']);
  return (await response.json()) as Body;
}

/** Page after page, two at a time. */
async function walk(list: List, query: Readonly<Record<string, string>>): Promise<Body['items']> {
  const found: Record<string, unknown>[] = [];
  for (let cursor: string | null = null; ; ) {
    const page: Body = await ask(list, { ...query, limit: '2', ...(cursor !== null && { cursor }) });
    found.push(...page.items);
    if (found.length > 1_000) throw new Error(`${list.name} goes in circles.`);
    cursor = page.nextCursor;
    if (cursor === null) return found;
  }
}

const lists = program.operations.filter(
  (operation): operation is List & { shape: 'list' } => operation.shape === 'list',
);
/** Those of something that an address names are not asked here: they sort nothing, and so do those that need a filter. */
const open = lists.filter(({ path }) => !path.includes(':'));
const sorted = open.filter(({ sort }) => 'by' in sort);
const searched = open.filter(({ search }) => 'in' in search);
const counted = open.filter(({ total }) => total === true);

test('lists of one thing sort nothing, or this file has to ask them too', () => {
  expect(lists.filter(({ path, sort }) => path.includes(':') && 'by' in sort).map(({ name }) => name)).toEqual([]);
});

describe.each(sorted.map((list) => [list.name, list] as const))('%s', (_, list) => {
  const names: readonly string[] = 'by' in list.sort ? list.sort.by : [];

  test.each(
    names.flatMap(
      (sort) =>
        [
          [sort, 'asc'],
          [sort, 'desc'],
        ] as const,
    ),
  )('by %s %s: pages of two are the whole, and the other way round', async (sort, order) => {
    const whole = (await ask(list, { sort, order, limit: '1000' })).items;
    expect(await walk(list, { sort, order })).toEqual(whole);
    const other = await ask(list, { sort, order: order === 'asc' ? 'desc' : 'asc', limit: '1000' });
    expect(other.items.toReversed()).toEqual(whole);
  });

  test('by one of its fields, the rows are in the order of the field', async () => {
    for (const sort of names) {
      const { items } = await ask(list, { sort, order: 'asc', limit: '1000' });
      const values = items.map((row) => row[sort]).filter((value) => value !== null);
      expect(values).toEqual(values.toSorted(compare));
    }
  });

  test('a cursor holds in its order alone', async () => {
    const first = await ask(list, { sort: String(names[0]), limit: '1' });
    if (first.nextCursor === null) return;
    const other = { sort: String(names[0]), order: 'desc', limit: '1', cursor: first.nextCursor };
    const query = new URLSearchParams({ ...wider[list.name], ...other });
    expect((await api.fetch(`${list.path}?${query}`, { as: 'owner' })).status).toBe(400);
  });
});

/** As a person expects it: numbers and amounts by size, texts without case. */
function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [x, y] = [String(a), String(b)];
  if (/^-?\d+(\.\d+)?$/.test(x) && /^-?\d+(\.\d+)?$/.test(y)) return Number(x) - Number(y);
  const [small, other] = [x.toLowerCase(), y.toLowerCase()];
  return small < other ? -1 : small > other ? 1 : 0;
}

describe.each(searched.map((list) => [list.name, list] as const))('%s', (_, list) => {
  test('finds a part of a text in either case, and nothing for what is nowhere', async () => {
    const { items } = await ask(list, { limit: '1000' });
    const values = items.flatMap((row) => Object.values(row));
    const texts = [...new Set(values.filter((value) => typeof value === 'string' && value !== ''))] as string[];
    let narrowed = false;
    for (const q of texts.slice(0, soaking ? 50 : 12).flatMap((text) => [text.toUpperCase(), text])) {
      const found = (await ask(list, { q, limit: '1000' })).items;
      for (const row of found) expect(items).toContainEqual(row);
      narrowed ||= found.length > 0 && found.length < items.length;
    }
    if (items.length > 1) expect(narrowed).toBe(true);
    expect((await ask(list, { q: 'nowhere at all %_' })).items).toEqual([]);
  });

  test('refuses a text that is too long', async () => {
    expect((await api.fetch(`${list.path}?q=${'x'.repeat(201)}`, { as: 'owner' })).status).toBe(400);
  });
});

test.each(counted.map((list) => [list.name, list] as const))(
  '%s says on each page how many there are',
  async (_, list) => {
    const { length } = (await ask(list, { limit: '1000' })).items;
    const page = await ask(list, { limit: '1' });
    expect(page.total).toBe(length);
    if ('by' in list.sort) expect(length).toBeGreaterThan(2);
  },
);
