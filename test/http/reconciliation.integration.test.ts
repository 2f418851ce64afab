import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWorker, type Worker } from '../../src/jobs/worker.ts';
import { program } from '../../src/modules.ts';
import { createLog } from '../../src/platform/log.ts';
import { arcadiaHere } from '../cli/here.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { answerOf, failureOf, makeFolder } from '../end-to-end/arcadia.ts';
import { createDeployments } from '../fixtures/metering.ts';
import { openMistakenBill, ownNamed, resourceNamed } from '../fixtures/mistaken-bill.ts';
import type { ReconciledAccount } from '../fixtures/reconciliation.ts';
import { untilDrained } from '../jobs/worker-fixture.ts';
import { json, startTestApi, type TestApi } from './api-fixture.ts';

// A bill reconciled to the line, from outside: over HTTP and as commands.

let database: TestDatabase;
let account: ReconciledAccount;
let api: TestApi;
let worker: Worker;
let bill: number;
let keys = 0;
const folder = makeFolder();

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  account = await openMistakenBill(database, (slugs, since) => createDeployments(db, slugs, since));
  api = await startTestApi(database, { env: { ARCADIA_SECRET_KEY: account.config.secretKey! } });
  writeFileSync(join(folder.path, 'token'), await api.token('finance'), { mode: 0o600 });
  worker = await startWorker({
    db,
    connectionString: database.connectionString,
    config: api.config,
    log: createLog({ level: 'error', format: 'json' }),
    program: { ...program, schedule: [] },
    registry: new Registry(),
  });
  bill = (await body('/bills?month=2026-05')).items[0].bill;
});
afterAll(async () => {
  await worker?.stop({ deadlineSeconds: 10 });
  await api?.close();
  await account?.close();
  await database?.close();
  folder.remove();
});

const resource = (name: string) => resourceNamed(database, name);
const own = (...given: Parameters<typeof ownNamed> extends [unknown, unknown, ...infer Rest] ? Rest : never) =>
  ownNamed(database, account, ...given);

// biome-ignore lint/suspicious/noExplicitAny: what came over the wire
async function body(path: string, init?: Parameters<TestApi['fetch']>[1]): Promise<any> {
  const answer = await api.fetch(path, init);
  expect(`${answer.status} ${answer.ok ? '' : await answer.clone().text()}`).toMatch(/^20\d $/);
  return answer.json();
}
/** A request that writes, under a key of its own. */
const asking = (method: 'POST' | 'PUT', given: unknown) =>
  json(method, given, { 'idempotency-key': `key-${(keys += 1)}` });
const post = (path: string, given: unknown) => body(path, asking('POST', given));
/** What a request is refused with: its status, what is wrong and what to do. */
async function refusal(path: string, init?: Parameters<TestApi['fetch']>[1]): Promise<[number, string]> {
  const answer = await api.fetch(path, init);
  return [answer.status, await answer.text()];
}
const remote = (...args: readonly string[]) =>
  arcadiaHere([...args, '--url', api.url, '--token-file', 'token'], { cwd: folder.path });
const outputOf = async (...args: readonly string[]) => {
  const { stdout, stderr, code } = await remote(...args);
  expect([code, stderr.replaceAll(/^(Next|Then): .*\n?/gm, '')]).toEqual([0, expect.not.stringContaining('error')]);
  return stdout;
};
const path = (what: string) => `/bills/${bill}/${what}`;
type Row = Record<string, string>;
const costs = async () => {
  const { items } = await body('/provider-costs?from=2026-05-01');
  return Object.fromEntries(items.map((row: Row) => [row['deployment'] ?? row['target'], row['amount']]));
};
/** The lines of the bill by what they are about. */
async function positionOf(product: string, amount: string): Promise<number> {
  const { items } = await body(path(`lines?product=${encodeURIComponent(product)}`));
  return items.find((row: Row) => row['amount'] === amount).position;
}

test('the bridge adds up to the header, to the cent', async () => {
  // 36.00 + 24.00 + 0.84 + 1.44 + 1.00 + 7.77 are 71.05; 6.25 % of it 4.44; less 5.00 in the header alone.
  const bridge = await body(path('bridge'));
  expect(bridge).toMatchObject({
    bill,
    payer: 'acme',
    month: '2026-05-01',
    kind: 'final',
    version: 1,
    currency: 'USD',
    amount: '70.49',
    expected: '39.88',
    allocated: '4.44',
    unexplained: '7.77',
    residual: '-5.00',
    signed: null,
    changedSince: null,
  });
  expect(bridge.differences).toEqual([
    { cause: 'missing', lines: 1, amount: '-0.60' },
    { cause: 'price', lines: 1, amount: '24.00' },
  ]);
  expect(bridge.lines).toEqual([
    { outcome: 'allocated', lines: 1, amount: '4.44' },
    { outcome: 'matched', lines: 5, amount: '63.28' },
    { outcome: 'unexplained', lines: 1, amount: '7.77' },
  ]);
  const text = await outputOf('bill', 'bridge', String(bill));
  expect(text.split('\n').map((line) => line.trimEnd().replaceAll(/ {2,}/g, ' '))).toEqual(
    expect.arrayContaining(
      ['expected 5 39.88', ' missing 1 -0.60', ' price 1 24.00', 'bill - 70.49'].map((line) => line),
    ),
  );
  expect(answerOf(await remote('bill', 'bridge', String(bill), '--json'))).toEqual(bridge);
});

test('the list and the bill itself say how far it is, and by how much it differs', async () => {
  const [row] = (await body('/bills?month=2026-05')).items;
  const figures = {
    review: 'open',
    expected: '39.88',
    difference: '23.40',
    allocated: '4.44',
    unexplained: '7.77',
    missing: 1,
  };
  expect(row).toMatchObject(figures);
  const shown = await body(`/bills/${bill}`);
  expect(shown).toMatchObject(figures);
  expect(shown.bridge).toEqual(await body(path('bridge')));
  expect(shown.bridge).toMatchObject({ missing: 1 });
});

test('lines by outcome, cause, product, resource and words, page by page, as CSV and as commands', async () => {
  const all = (await body(path('lines'))).items;
  expect(all.map((row: Row) => row['position'])).toEqual([1, 2, 3, 4, 5, 6, 7]);
  const found = async (query: string) =>
    (await body(path(`lines?${query}`))).items.map((row: Row) => [row['outcome'], row['cause'], row['amount']]);
  expect(await found('outcome=unexplained')).toEqual([['unexplained', 'none', '7.77']]);
  expect(await found('outcome=allocated')).toEqual([['allocated', 'none', '4.44']]);
  expect(await found('cause=price')).toEqual([['matched', 'price', '36.00']]);
  expect(await found('cause=hours')).toEqual([]);
  expect(await found('q=DB-01')).toEqual([['matched', 'none', '24.00']]);
  const { id } = await resource('acme-studio-db-01');
  expect(await found(`resource=${id}`)).toEqual([['matched', 'none', '24.00']]);
  const first = await body(path('lines?limit=4'));
  const rest = await body(path(`lines?limit=4&cursor=${encodeURIComponent(first.nextCursor)}`));
  expect([[...first.items, ...rest.items], rest.nextCursor]).toEqual([all, null]);
  const csv = await (await api.fetch(path('lines'), { headers: { accept: 'text/csv' } })).text();
  expect(csv.trimEnd().split('\r\n')).toHaveLength(8);
  expect(await outputOf('bill', 'lines', String(bill), '--cause', 'price')).toMatch(
    /Droplets +acme-studio-web-01 \(s-1vcpu-2gb\) +matched +id +36\.00 +12\.00 +24\.00 +price/,
  );
  expect((await remote('bill', 'lines', String(bill), '--outcome', 'from_bill')).stderr).toContain(
    'No matching lines.',
  );
  expect((await refusal(path('lines?outcome=paid')))[0]).toBe(400);
});

test('a line is explained: both intervals, the price, and who bears it', async () => {
  const position = await positionOf('Droplets', '24.00');
  const line = await body(path(`lines/${position}`));
  expect(line).toMatchObject({
    outcome: 'matched',
    rule: 'id',
    resourceKind: 'droplet',
    expected: '24.00',
    difference: '0.00',
    startTime: '2026-05-01T00:00:00Z',
    from: '2026-05-01T00:00:00Z',
    to: '2026-06-01T00:00:00Z',
    monthly: '24',
    subject: 'droplet_size:s-2vcpu-4gb',
    shares: [
      { target: 'deployment', deployment: 'studio', amount: '16.00' },
      { target: 'deployment', deployment: 'shop', amount: '8.00' },
    ],
  });
  expect(await outputOf('bill', 'explain', String(bill), String(position))).toMatch(/studio +16\.00\nshop +8\.00/);
  expect(await refusal(path('lines/99'))).toEqual([404, expect.stringContaining(`line of bill ${bill}`)]);
});

test('what is allocated adds up by the largest remainder, and with the matched lines to the bill', async () => {
  const tax = await body(path(`lines/${await positionOf('Taxes', '4.44')}`));
  // By 53.52, 8.76 and 1.00 of 63.28: 3.755, 0.615 and 0.070.
  expect(tax.shares.map((share: Row) => [share['deployment'], share['amount']])).toEqual([
    ['studio', '3.76'],
    ['shop', '0.61'],
    ['unattributed', '0.07'],
  ]);
  // 70.49 less 7.77 unexplained, and 5.00 in the header.
  expect(await costs()).toEqual({ shop: '9.37', studio: '57.28', unattributed: '1.07' });
  expect(await outputOf('bill', 'costs', '--from', '2026-05-01')).toMatch(/2026-05 +studio +acme +57\.28 +USD +final/);
});

test('what is missing and what was found', async () => {
  const small = await resource('acme-studio-before-release-1');
  expect((await body(path('missing'))).items).toMatchObject([
    { resource: small.id, class: 'snapshot', subject: 'snapshot:droplet', expected: '0.60' },
  ]);
  expect(await outputOf('bill', 'missing', String(bill))).toContain(small.externalId);
  const findings = (await body(path('findings'))).items;
  const told = findings.map((row: Row) => [row['finding'], row['name'], row['amount'], row['hours']]);
  // Off from 11 May on, 21 days.
  expect(told).toContainEqual(['off_yet_billed', 'acme-studio-web-01 (s-1vcpu-2gb)', '36.00', '504.00']);
  expect(told).toContainEqual(['not_charged', 'snapshot:droplet', '0.60', null]);
  // The studio is on no plan.
  expect(told).toContainEqual(['no_plan_item', 'acme-studio-web-01 (s-1vcpu-2gb)', '36.00', null]);
  expect(told.filter(([finding]: string[]) => finding === 'unowned').map((each: string[]) => each[2])).toEqual([
    '1.00',
    '0.07',
  ]);
  const first = await body(path('findings?limit=1'));
  const rest = await body(path(`findings?cursor=${encodeURIComponent(first.nextCursor)}`));
  expect([...first.items, ...rest.items]).toEqual(findings);
  expect(await outputOf('bill', 'findings', String(bill))).toMatch(
    /off_yet_billed +\d+ +droplet \d+ +acme-studio-web-01/,
  );
});

test('billing rules: evidence, contradictions, a preview in money, a decision', async () => {
  const { items } = await body('/billing-rules?month=2026-05');
  const five = items.find((row: Row) => row['rule'] === 'rate_digits' && row['variant'] === 'five');
  expect(five).toMatchObject({ believed: false });
  expect(await outputOf('price', 'evidence')).toMatch(/rate_digits +exact +yes/);
  const contradictions = (await body('/billing-rules/snapshot_unit/gb/contradictions')).items;
  expect(contradictions.map((row: Row) => [row['bill'], row['amount'], row['variants']])).toContainEqual([
    bill,
    '1.44',
    expect.arrayContaining(['gib']),
  ]);
  expect(await outputOf('price', 'contradictions', 'snapshot_unit', 'gb')).toMatch(/1\.44/);
  const next = encodeURIComponent((await body('/billing-rules/snapshot_unit/gb/contradictions?limit=1')).nextCursor);
  expect((await body(`/billing-rules/snapshot_unit/gb/contradictions?cursor=${next}`)).items).toEqual(
    contradictions.slice(1),
  );
  expect((await refusal('/billing-rules/snapshot_unit/stone/contradictions'))[0]).toBe(404);
  // 10, 14 and 24 GiB are 10.74, 15.03 and 25.77 GB: 0.64, 0.90 and 1.55 in place of 0.60, 0.84 and 1.44.
  const preview = await post('/billing-rules/snapshot_unit/gb/preview', { from: '2026-05' });
  expect(preview.months.find(({ month }: Row) => month === '2026-05-01')).toMatchObject({
    payer: 'acme',
    before: { expected: '39.88' },
    after: { expected: '40.09' },
  });
  expect(preview.bearers).toEqual([]);
  expect(await outputOf('price', 'rule', 'preview', 'snapshot_unit', 'gb', '--from', '2026-05')).toMatch(
    /2026-05 +acme +39\.88 +40\.09/,
  );
  const believe = { variant: 'gb', from: '2026-05', reason: 'as the support says' };
  expect(await body('/billing-rules/snapshot_unit', asking('PUT', believe))).toEqual({ changed: true });
  expect(await body('/billing-rules/snapshot_unit', asking('PUT', believe))).toEqual({ changed: false });
  await untilDrained(database.db);
  expect(await body(path('bridge'))).toMatchObject({ expected: '40.09', amount: '70.49' });
  const back = ['--variant', 'gib', '--from', '2026-05', '--reason', 'the bill says so'];
  expect(await outputOf('price', 'rule', 'believe', 'snapshot_unit', ...back)).toContain('Saved');
  await untilDrained(database.db);
  expect(await body(path('bridge'))).toMatchObject({ expected: '39.88' });
  expect((await refusal('/billing-rules/snapshot_unit', asking('PUT', { ...believe, variant: 'stone' })))[0]).toBe(404);
  expect((await refusal('/billing-rules/snapshot_unit', asking('PUT', { ...believe, reason: '' })))[0]).toBe(400);
});

test('allocation rules: listed, previewed, set in the order that was previewed, and ended', async () => {
  const list = (await body('/allocation-rules')).items;
  expect(list.find((row: Row) => row['product'] === 'Taxes')).toMatchObject({ method: 'matched_cost', from: null });
  expect(await outputOf('allocation', 'list')).toMatch(/600 +Taxes/);
  const given = { position: '150', product: 'Serverless*', method: 'deployment', deployment: 'shop', from: '2026-05' };
  const preview = await post('/allocation-rules/preview', given);
  expect(preview.months[0]).toMatchObject({
    month: '2026-05-01',
    before: { unexplained: '7.77', allocated: '4.44' },
    after: { unexplained: '0.00', allocated: '12.21' },
  });
  // With two days of June: a third each of 1.71, 0.06 and 0.10, which are 0.62.
  expect(preview.bearers).toEqual([
    { target: 'deployment', deployment: 'shop', before: '9.99', after: '17.76', difference: '7.77' },
  ]);
  expect((await body(path('bridge'))).unexplained).toBe('7.77');
  const flags = ['--product', 'Serverless*', '--method', 'deployment', '--deployment', 'shop', '--from', '2026-05'];
  expect(await outputOf('allocation', 'preview', '--position', '150', ...flags)).toMatch(/shop +9\.99 +17\.76/);
  const said = await outputOf('allocation', 'set', '--position', '150', ...flags);
  const rule = Number(/^Saved as rule (\d+)/.exec(said)![1]);
  await untilDrained(database.db);
  expect(await costs()).toMatchObject({ shop: '17.14', studio: '57.28' });
  // At the same place a new rule comes last, in the preview as well: it changes nothing.
  const late = { ...given, deployment: 'studio' };
  expect((await post('/allocation-rules/preview', late)).bearers).toEqual([]);
  const changed = await post('/allocation-rules', { ...late, rule });
  expect(changed).toEqual({ rule });
  await untilDrained(database.db);
  expect(await costs()).toMatchObject({ shop: '9.37', studio: '65.05' });
  expect(await outputOf('allocation', 'unset', String(rule), '--month', '2026-05')).toContain('The rule ends');
  await untilDrained(database.db);
  expect(await costs()).toEqual({ shop: '9.37', studio: '57.28', unattributed: '1.07' });
  expect((await body('/allocation-rules')).items).toEqual(list);

  const wrong = (change: object) => refusal('/allocation-rules', asking('POST', { ...given, ...change }));
  expect(await wrong({ product: undefined })).toEqual([400, expect.stringContaining('names no lines')]);
  expect(await wrong({ method: 'operator' })).toEqual([400, expect.stringContaining('names a deployment with')]);
  expect(await wrong({ deployment: undefined })).toEqual([400, expect.stringContaining('names a deployment with')]);
  expect(await wrong({ deployment: 'nowhere' })).toEqual([404, expect.stringContaining('nowhere')]);
  expect((await wrong({ rule: 4711 }))[0]).toBe(404);
  expect((await wrong({ position: '-1' }))[0]).toBe(400);
  expect((await refusal('/allocation-rules/4711?month=2026-05', { method: 'DELETE' }))[0]).toBe(404);
  // What will not be set is not previewed either.
  expect((await refusal('/allocation-rules/preview', asking('POST', { ...given, rule: 4711 })))[0]).toBe(404);
});

test('a note, an acceptance, and an assignment that is previewed', async () => {
  const position = await positionOf('Serverless Inference', '7.77');
  await post(path('notes'), { reason: 'asked in ticket 8123456' });
  expect(await outputOf('bill', 'note', String(bill), '--position', String(position), '--reason', 'what is it?')).toBe(
    'Saved.\n',
  );
  const price = await positionOf('Droplets', '36.00');
  expect(await outputOf('bill', 'accept', String(bill), '--position', String(price), '--reason', 'agreed')).toBe(
    'Accepted.\n',
  );
  expect((await body(path(`lines/${price}`))).accepted).toBe(true);
  expect((await refusal(path('notes'), asking('POST', { position: 99, reason: 'no such line' })))[0]).toBe(404);
  expect((await refusal(path('acceptances'), asking('POST', { position: price })))[0]).toBe(400);

  const given = { position, deployment: 'shop' };
  const preview = await post(path('assignments/preview'), given);
  expect(preview.bearers).toEqual([
    { target: 'deployment', deployment: 'shop', before: '9.37', after: '17.14', difference: '7.77' },
  ]);
  expect(await costs()).toMatchObject({ shop: '9.37' });
  expect(
    await outputOf('bill', 'assign-preview', String(bill), '--position', String(position), '--deployment', 'shop'),
  ).toMatch(/shop +9\.37 +17\.14/);
  const assigned = ['--position', String(position), '--deployment', 'shop', '--reason', 'ordered by them'];
  expect(await outputOf('bill', 'assign', String(bill), ...assigned)).toContain('Saved');
  await untilDrained(database.db);
  expect(await costs()).toMatchObject({ shop: '17.14', studio: '57.28' });
  expect(await body(path(`lines/${position}`))).toMatchObject({ outcome: 'allocated', rule: 'decision' });
  const wrong = (change: object) => refusal(path('assignments'), asking('POST', { ...given, reason: 'x', ...change }));
  expect(await wrong({ deployment: 'nowhere' })).toEqual([404, expect.stringContaining('nowhere')]);
  expect((await wrong({ position: 99 }))[0]).toBe(404);
  // What the rules say again.
  await post(path('assignments'), { position, deployment: null, reason: 'it was not them' });
  await untilDrained(database.db);
  expect(await costs()).toMatchObject({ shop: '9.37' });
  const decisions = (await body(path('decisions'))).items;
  expect(decisions.map((row: Row) => [row['kind'], row['position'], row['deployment'], row['reason']])).toEqual([
    ['assign', position, null, 'it was not them'],
    ['assign', position, 'shop', 'ordered by them'],
    ['accept', price, null, 'agreed'],
    ['note', position, null, 'what is it?'],
    ['note', null, null, 'asked in ticket 8123456'],
  ]);
  expect((await body(path(`decisions?position=${price}`))).items).toHaveLength(1);
  expect(await outputOf('bill', 'decisions', String(bill))).toMatch(/assign +\d+ +shop/);
});

test('what is signed stands; what changes since is told with its amount; reopening needs a reason', async () => {
  const refused = await refusal(path('sign-off'), asking('POST', {}));
  expect(refused).toEqual([409, expect.stringMatching(/7\.77 USD unexplained and a residual of -5\.00.*reason/)]);
  expect(await outputOf('bill', 'sign', String(bill), '--reason', 'small enough')).toContain('Signed.');
  const signed = await body(path('bridge'));
  expect(signed.signed).toMatchObject({ reason: 'small enough', by: expect.stringContaining('finance') });
  expect(await refusal(path('sign-off'), asking('POST', { reason: 'twice' }))).toEqual([
    409,
    expect.stringContaining('is signed already'),
  ]);
  const position = await positionOf('Serverless Inference', '7.77');
  const given = { position, deployment: 'shop', reason: 'late' };
  expect(await refusal(path('assignments'), asking('POST', given))).toEqual([409, expect.stringContaining('reopen')]);
  for (const statement of [
    sql`UPDATE reconciliations SET expected = expected + 1, differences = differences - 1 WHERE bill_id = ${bill}`,
    sql`DELETE FROM reconciliations WHERE bill_id = ${bill}`,
    sql`DELETE FROM bill_line_shares WHERE reconciliation_id IN (SELECT reconciliation_id FROM reconciliations WHERE bill_id = ${bill})`,
  ])
    await expect(statement.execute(database.db)).rejects.toThrow('what was signed never changes');

  // The whole droplet of 24.00 turns out to be the shop's, with its snapshots of 0.84 and 1.44; and of the tax, by 36.00,
  // 26.28 and 1.00: 2.53, 1.84 and 0.07.
  await own('acme-studio-db-01', [['shop', 1]], '2026-05-01T00:00:00Z');
  await post('/bills/reconcile', { payer: 'acme', month: '2026-05' });
  await untilDrained(database.db);
  expect(await costs()).toEqual({ shop: '9.37', studio: '57.28', unattributed: '1.07' });
  const bridge = await body(path('bridge'));
  expect(bridge).toMatchObject({ signed: signed.signed, expected: '39.88', differences: signed.differences });
  expect(bridge.changedSince).toMatchObject({ amount: '70.49', expected: '39.88', moved: '18.75' });
  expect(await outputOf('bill', 'bridge', String(bill))).toMatch(/Changed since: .*18\.75 borne by others/);

  expect((await refusal(path('reopening'), asking('POST', {})))[0]).toBe(400);
  const without = await remote('bill', 'reopen', String(bill), '--json');
  expect([without.code === 0, failureOf(without).message]).toEqual([false, expect.stringContaining('reason')]);
  expect(await outputOf('bill', 'reopen', String(bill), '--reason', 'the owner was wrong')).toBe('Reopened.\n');
  await untilDrained(database.db);
  expect(await body(path('bridge'))).toMatchObject({ signed: null, changedSince: null });
  expect(await costs()).toEqual({ shop: '28.12', studio: '38.53', unattributed: '1.07' });
  expect(await refusal(path('reopening'), asking('POST', { reason: 'again' }))).toEqual([
    409,
    expect.stringContaining('is not signed'),
  ]);
  // Where nothing has changed since, reopening leaves no gap.
  await post(path('sign-off'), { reason: 'now' });
  await post(path('reopening'), { reason: 'no' });
  expect(await body(path('bridge'))).toMatchObject({ signed: null, expected: '39.88' });
  expect(await costs()).toEqual({ shop: '28.12', studio: '38.53', unattributed: '1.07' });
  await untilDrained(database.db);
  const kinds = (await body(path('decisions?limit=4'))).items.map((row: Row) => row['kind']);
  expect(kinds).toEqual(['reopen', 'sign', 'reopen', 'sign']);
});

test('reconciling is asked for by payer and month; what is not there is named', async () => {
  expect(await outputOf('bill', 'reconcile', 'acme', '--month', '2026-05')).toContain('Reconciling the bills of acme.');
  await untilDrained(database.db);
  expect((await refusal('/bills/reconcile', asking('POST', { payer: 'nobody' })))[0]).toBe(404);
  for (const what of ['bridge', 'lines', 'missing', 'findings', 'decisions'])
    expect(await refusal(`/bills/4711/${what}`)).toEqual([404, expect.stringContaining('4711')]);
  const preview = (await body('/bills?kind=preview')).items[0].bill;
  expect(await refusal(`/bills/${preview}/sign-off`, asking('POST', {}))).toEqual([
    409,
    expect.stringContaining('the final bill is signed'),
  ]);
});

test('a boundary that only listings saw is said with both of them; one that was told is exact', async () => {
  const volume = '00000000-0000-4000-8000-000000000002';
  await account.opened.control('fleet', {
    events: [{ type: 'create_volume', id: volume, name: 'brief', sizeGb: 100 }],
  });
  await account.sync();
  const seen = account.opened.simulator.now();
  await account.advance({ hours: 5 });
  await account.opened.control('fleet', { events: [{ type: 'destroy', kind: 'volume', id: volume }] });
  await account.advance({ hours: 4 });
  await account.sync();
  const gone = account.opened.simulator.now();
  await account.advance({ hours: 20 });
  await account.reconcile(['2026-06']);
  const preview = (await body('/bills?kind=preview&month=2026-06')).items[0].bill;
  const { items } = await body(`/bills/${preview}/lines?product=Volumes&q=brief`);
  expect(items).toHaveLength(1);
  // Five hours of nine are charged: within the bracket there is no difference.
  expect(items[0]).toMatchObject({ cause: 'none', beginsAfter: null, beginsBy: null });
  const [after, by] = [items[0].endsAfter, items[0].endsBy].map((text) => Temporal.Instant.from(text));
  expect(Math.abs(after!.since(seen).total('minutes'))).toBeLessThan(1);
  expect(Math.abs(by!.since(gone).total('minutes'))).toBeLessThan(1);
  expect(await body(`/bills/${preview}/lines/${items[0].position}`)).toMatchObject({
    endsAfter: items[0].endsAfter,
    signed: false,
  });
});

test('owners and finance alone; customers see nothing in the database either', async () => {
  const reads = ['', 'bridge', 'lines', 'lines/1', 'missing', 'findings', 'decisions'].map((what) =>
    path(what).replace(/\/$/, ''),
  );
  const others = [
    '/provider-costs?from=2026-05-01',
    '/billing-rules',
    '/billing-rules/rate_digits/exact/contradictions',
  ];
  const nobody = [['operator'], ['viewer'], ['customer', 'acme']] as const;
  for (const each of [...reads, ...others, '/allocation-rules']) {
    for (const [as, customer] of nobody)
      expect([each, as, (await api.fetch(each, { as, ...(customer && { customer }) })).status]).toEqual([
        each,
        as,
        403,
      ]);
    for (const as of ['owner', 'finance'] as const)
      expect([each, as, (await api.fetch(each, { as })).status]).toEqual([each, as, 200]);
  }
  const rule = { position: '1', product: 'x', method: 'operator', from: '2026-05' };
  const writes = [
    [path('notes'), { reason: 'x' }],
    [path('acceptances'), { position: 1, reason: 'x' }],
    [path('assignments'), { position: 1, deployment: null, reason: 'x' }],
    [path('assignments/preview'), { position: 1, deployment: null }],
    [path('sign-off'), { reason: 'x' }],
    [path('reopening'), { reason: 'x' }],
    ['/bills/reconcile', {}],
    ['/allocation-rules', rule],
    ['/allocation-rules/preview', rule],
    ['/billing-rules/rate_digits/five/preview', { from: '2026-05' }],
  ] as const;
  const before = (await body(path('decisions'))).items;
  for (const [as, customer] of nobody) {
    for (const [each, given] of writes) {
      const answer = await api.fetch(each, { ...asking('POST', given), as, ...(customer && { customer }) });
      expect([each, as, answer.status]).toEqual([each, as, 403]);
    }
    const believe = asking('PUT', { variant: 'five', from: '2026-05', reason: 'x' });
    const put = await api.fetch('/billing-rules/rate_digits', { ...believe, as, ...(customer && { customer }) });
    const gone = await api.fetch('/allocation-rules/1?month=2026-05', {
      method: 'DELETE',
      as,
      ...(customer && { customer }),
    });
    expect([as, put.status, gone.status]).toEqual([as, 403, 403]);
  }
  expect((await body(path('decisions'))).items).toEqual(before);
  const tables = ['reconciliations', 'bill_line_outcomes', 'bill_line_shares', 'bill_missing', 'bill_decisions'];
  for (const table of [...tables, 'allocation_rules', 'billing_rule_beliefs', 'provider_billing_costs']) {
    const seen = database.db.transaction().execute(async (trx) => {
      await sql`SELECT set_config('role', 'arcadia_customer', true), set_config('arcadia.customer', '1', true)`.execute(
        trx,
      );
      return (await sql`SELECT 1 FROM ${sql.table(table)}`.execute(trx)).rows.length;
    });
    expect([table, await seen.catch((error: Error) => error.message)]).toEqual([
      table,
      expect.stringContaining('permission denied'),
    ]);
  }
});
