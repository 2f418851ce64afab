import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addDeployment, addDroplet, at, openBusiness, own, settle } from '../fixtures/invoices.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { answerOf, makeFolder } from '../end-to-end/arcadia.ts';
import { arcadiaHere } from './here.ts';

// From metered months to an issued invoice and a correction of it, command by command. The months
// lie long enough ago to be over, whenever this runs.

let database: TestDatabase;
let server: number;
const folder = makeFolder();

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  const account = await openBusiness(db);
  await sql`DELETE FROM legal_entity_parties`.execute(db);
  await addDeployment(db, { customer: 'c-17', slug: 'acme-shop' });
  await addDeployment(db, { customer: 'c-18', slug: 'beta-wiki' });
  server = await addDroplet(db, account, 'server', ['acme-shop'], '2026-01-01');
  for (const name of ['second', 'third']) await addDroplet(db, account, name, ['acme-shop'], '2026-01-01');
  await settle(db, at('2026-02-05'));
});
afterAll(async () => {
  await database.close();
  folder.remove();
});

function run(...args: readonly string[]) {
  const env = { DATABASE_URL: database.connectionString, ARCADIA_DATA_DIR: folder.path };
  return arcadiaHere(args, { env, cwd: folder.path });
}
/** The command on a terminal, where somebody types once it asks. */
async function onTerminal(args: readonly string[], question: string, typed: string) {
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, DATABASE_URL: database.connectionString, ARCADIA_DATA_DIR: folder.path };
  const command = fileURLToPath(new URL('../../arcadia', import.meta.url));
  const child = spawn('script', ['-qec', [command, ...args].join(' '), '/dev/null'], { env, cwd: folder.path });
  let stdout = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
    if (stdout.includes(question) && child.stdin.writable) child.stdin.end(typed);
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, stdout: stripVTControlCharacters(stdout) };
}
async function json(...args: readonly string[]): Promise<any> {
  return answerOf(await run(...args, '--json'));
}

test('a newcomer drafts at once, and is told what is missing before issuing', async () => {
  const drafted = await run('invoice', 'draft', '--month', '2026-01');
  expect(drafted.stdout).toBe('January 2026: 2 drafts created, total 129.76 USD.\n');
  expect(drafted.stderr).toContain('Next: arcadia invoice list --month 2026-01 --state draft');
  expect((await run('invoice', 'draft', '--month', '2026-01')).stdout).toBe(
    'January 2026: 2 drafts, total 129.76 USD.\n',
  );
  expect(await json('invoice', 'draft', '--month', '2026-01')).toEqual({ month: '2026-01', drafts: 2 });
  const {
    items: [first],
  } = await json('invoice', 'list', '--customer', 'c-17');
  expect(first).toMatchObject({ state: 'draft', total: '79.76', number: null });
  const { missing } = await json('invoice', 'show', String(first.invoiceId));
  expect(missing).toEqual(['Seller "default" has no name.', 'Seller "default" has no address.']);
  await run('invoice', 'approve', String(first.invoiceId));
  const refused = await run('invoice', 'issue', String(first.invoiceId));
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.stderr).toContain('has no name');
  expect(refused.stderr).toContain('next:  arcadia entity set default --help\n  code:  invoice_incomplete');
});

test('the seller, its tax and a customer are told of', async () => {
  await json(
    'entity',
    'set',
    'default',
    '--name',
    'Example Hosting Ltd',
    '--address',
    '1 Quay Street, Bristol',
    '--tax-id',
    'VAT GB1',
    '--invoice-prefix',
    'EX-',
    '--number-digits',
    '4',
  );
  expect(await json('entity', 'tax', 'set', 'standard', '20', '--title', 'VAT')).toMatchObject({ changed: true });
  expect(await json('customer', 'billing', 'set', 'c-17', '--po-number', 'PO-93', '--terms-days', '30')).toMatchObject({
    customer: 'c-17',
  });
  expect((await json('customer', 'billing', 'show', 'c-17')).history.at(-1)).toMatchObject({
    poNumber: 'PO-93',
    address: ['2 Hill Road', 'Bath'],
  });
});

test('a seller is shown as it is, with what is not set counted, and a dated change until the next', async () => {
  const { stdout, stderr } = await run('entity', 'show', 'default');
  expect(stdout).toMatch(
    /^entity +default\nname +Example Hosting Ltd\naddress +1 Quay Street, Bristol\ntax ids +VAT GB1\n/,
  );
  expect(stdout).toMatch(/^numbers +EX-0001$/m);
  expect(stdout).toMatch(/^terms +\d+ days$/m);
  expect(stdout).toMatch(/^default +yes$/m);
  expect(stdout).not.toMatch(/ (null|undefined|-)$/m);
  expect(stderr).toMatch(/^\d+ other fields not set\. To set: arcadia entity set default --help$/m);
  await json('entity', 'create', 'dated', '--name', 'Old Ltd', '--address', '1 Quay');
  await json('entity', 'set', 'dated', '--name', 'New Ltd', '--from', '2999-01-01');
  await json('entity', 'set', 'dated', '--name', 'Other Ltd', '--email', 'pay@other.example', '--from', '2998-01-01');
  const history = (await run('entity', 'history', 'dated')).stdout;
  expect(history).toMatch(/2998-01-01 +2999-01-01 +Other Ltd/);
  expect(history).toMatch(/2999-01-01 +- +New Ltd/);
  expect((await json('entity', 'history', 'dated')).history.at(-1)).toMatchObject({ email: 'pay@other.example' });
});

test('a logo or a font that documents could not be drawn with is refused when it is given', async () => {
  const file = join(folder.path, 'logo.png');
  writeFileSync(file, Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'));
  const refused = await run('entity', 'logo', 'set', 'default', file);
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.stderr).toContain('The logo breaks off before its end.');
  const whole = readFileSync(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSansMono-Oblique.ttf'));
  writeFileSync(file, whole.subarray(0, 10_000));
  expect((await run('entity', 'font', 'set', 'default', file)).stderr).toContain('The font breaks off before its end.');
  expect(await json('entity', 'show', 'default')).toMatchObject({ logo: null, font: null });
});

test('closing a month shows its totals and asks; where somebody declines, nothing is approved or issued', async () => {
  const states = async () =>
    (await json('invoice', 'list', '--month', '2026-01')).items.map((one: any) => [one.customer, one.state]).sort();
  const before = await states();
  const { code, stdout } = await onTerminal(['month', 'close', '2026-01'], '[y/N] ', 'n\n');
  expect(stdout).toContain('2026-01 is over, and its usage is final.');
  expect(stdout).toMatch(/Ready to be issued:\s+default: 2 invoices, 139\.76 USD/);
  expect(stdout).toContain('Issue 2 invoices of 2026-01, with the totals above? [y/N] n');
  expect(stdout).toContain('Nothing was approved or issued; the drafts are up to date.');
  expect(code).toBe(2);
  expect(await states()).toEqual(before);
});

test('a month is drafted, lined by hand, approved and issued', async () => {
  const {
    items: [first],
  } = await json('invoice', 'list', '--customer', 'c-18', '--month', '2026-01');
  await json('invoice', 'draft', '--month', '2026-01');
  const added = await json(
    'invoice',
    'line',
    'add',
    String(first.invoiceId),
    '--description',
    'Support',
    '--quantity',
    '2',
    '--unit-price',
    '80',
  );
  expect(await json('invoice', 'show', String(first.invoiceId))).toMatchObject({ total: '252.00' });
  expect((await run('invoice', 'line', 'remove', String(added.lineId))).stderr).toContain('--yes');
  await run('invoice', 'line', 'remove', String(added.lineId), '--yes');
  const before = await json('invoice', 'preview', 'beta-wiki', '--month', '2026-01');
  // One was approved before the tax was set: to be issued, it is approved afresh.
  expect(await json('invoice', 'issue-month', '2026-01')).toMatchObject({
    done: [],
    refused: [{ customer: 'c-17', code: 'invoice_facts_changed' }],
    next: null,
  });
  const {
    items: [acme],
  } = await json('invoice', 'list', '--customer', 'c-17');
  await json('invoice', 'approve', String(acme.invoiceId), '--total', '95.71');
  expect(await json('invoice', 'approve-month', '2026-01')).toMatchObject({
    done: [{ customer: 'c-18', total: '60.00', state: 'approved' }],
    refused: [],
  });
  const issued = await json('invoice', 'issue-month', '2026-01');
  expect(issued.done.map((one: any) => [one.customer, one.number, one.total])).toEqual([
    ['c-17', 'EX-0001', '95.71'],
    ['c-18', 'EX-0002', '60.00'],
  ]);
  expect(before.invoices[0].total).toBe('60.00');
});

test('it is exported, and its lines open', async () => {
  expect((await run('invoice', 'pdf', 'EX-0001', '--out', 'EX-0001.pdf')).stderr).toContain('Written to EX-0001.pdf.');
  expect(existsSync(join(folder.path, 'EX-0001.pdf'))).toBe(true);
  expect(readFileSync(join(folder.path, 'EX-0001.pdf')).subarray(0, 5).toString()).toBe('%PDF-');
  const csv = await run('invoice', 'csv', 'EX-0001');
  expect(csv.stdout.split('\r\n')[2]).toContain('EX-0001,invoice,2026-01');
  const explained = await json('invoice', 'explain', 'EX-0001', '2');
  expect(explained).toMatchObject({
    changedSince: false,
    usage: { quantity: '2232', pending: '0' },
  });
});

test('late facts are proposed, decided and found on the next draft', async () => {
  expect(await json('invoice', 'correction', 'list')).toMatchObject({ items: [], nextCursor: null });
  await own(database.db, server, ['beta-wiki'], '2026-01-01', '2026-02-07');
  await settle(database.db, at('2026-02-08'));
  expect(await json('invoice', 'correction', 'check')).toEqual({ monthsRated: expect.any(Number) });
  const differing = await run('invoice', 'correction', 'list', '--exit-code', '--json');
  expect(differing.code).toBe(3);
  // The mover's 744 hours beyond the allowance are gone; who has them now has 744 of 1488 included.
  expect(JSON.parse(differing.stdout)).toMatchObject({ items: [{ deployment: 'acme-shop', amount: '-29.76' }] });
  const unasked = await run('invoice', 'correct', 'acme-shop', '--month', '2026-01');
  expect(unasked.stderr).toContain('To go on without being asked: --yes');
  expect(await json('invoice', 'correct', 'acme-shop', '--month', '2026-01', '--amount', '-29.76', '--yes')).toEqual({
    amount: '-29.76',
    // Never on an invoice before the last complete month, by the clock of whoever runs the command.
    month: Temporal.Now.plainDateISO('UTC').with({ day: 1 }).subtract({ months: 1 }).toString().slice(0, 7),
    takenBack: [],
  });
  expect(await json('invoice', 'correction', 'list')).toMatchObject({ items: [] });
  const drafts = await json('invoice', 'list', '--customer', 'c-17', '--state', 'draft');
  const draft = String(drafts.items[0].invoiceId);
  const shown = await json('invoice', 'show', draft);
  const lines = shown.document.sections.flatMap((section: any) => section.lines);
  const positionOf = (kind: string) => String(lines.find((line: any) => line.kind === kind).position);
  // 2 of 3 servers of 744 hours are left; 29.76 was charged for the third.
  const explained = await json('invoice', 'explain', draft, positionOf('correction'));
  expect(explained).toMatchObject({
    correction: { month: '2026-01', invoice: 'EX-0001', issued: '29.76' },
    usage: { quantity: '1488' },
    changedSince: false,
  });
  const opened = await run('invoice', 'explain', draft, positionOf('correction'));
  expect(opened.stdout).toContain('Corrects 2026-01, invoice EX-0001: 29.76 USD issued on other documents');
  expect((await run('invoice', 'explain', draft, positionOf('base'))).stdout).toContain(
    '1 of 50.00 USD for each month',
  );
  const waived = await run('invoice', 'waive', 'acme-shop', '--month', '2026-01', '--reason', 'x', '--yes');
  expect(waived).toMatchObject({ code: 1 });
  const asked = await run('invoice', 'cancel', 'EX-0002', '--reason', 'wrong terms');
  expect(asked).toMatchObject({ code: 1, stdout: '' });
  const cancelled = await run('invoice', 'cancel', 'EX-0002', '--reason', 'wrong terms', '--yes');
  expect(cancelled.stdout).toMatch(/EX-0002 is cancelled by credit note CN-\S+: -\d+\.\d\d USD with tax\./);
  expect((await run('invoice', 'show', 'EX-0002')).stdout).toMatch(
    /state +cancelled[^]*cancelled +\S+ \S+ by CN-\S+: wrong terms/,
  );
});
