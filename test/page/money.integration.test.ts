import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCustomer } from '../../src/deployments/customers.ts';
import { createDeployment } from '../../src/deployments/deployments.ts';
import { setBilling } from '../../src/invoices/billing.ts';
import { checkCorrections } from '../../src/invoices/corrections.ts';
import { draftMonth } from '../../src/invoices/drafts.ts';
import { rateMonths } from '../../src/invoices/month-figures.ts';
import { databaseClock } from '../../src/platform/clock.ts';
import { changeSubscription, subscribe } from '../../src/pricing/subscriptions.ts';
import { ensureProgram } from '../debian-program.ts';
import { smallDemonstration } from '../fixtures/demonstration.ts';
import { makePlan } from '../fixtures/pricing.ts';
import { json } from '../http/api-fixture.ts';
import { type Dashboard, openDashboard, settle, looks } from './dashboard.ts';
import { expectNoFaults, walk } from './walk.ts';

// The screens of money in a real browser: invoices approved and issued together, corrections, plans, and what customers
// see. Thirty customers are billed a fee for April beside the demonstration's one.

const billed = 30;
const april = Temporal.PlainDate.from('2026-04-01');

let dashboard: Dashboard;
let isThere = false;
beforeAll(async () => {
  const opened = await openDashboard(smallDemonstration);
  isThere = opened !== null;
  if (opened === null) return;
  dashboard = opened;
  await billCustomers();
});
afterAll(async () => {
  if (isThere) await dashboard.close();
});

const slugOf = (at: number) => `shop-${String(at).padStart(2, '0')}`;

async function billCustomers(): Promise<void> {
  const { db } = dashboard.database;
  const now = await databaseClock(db).now();
  const startsAt = Temporal.Instant.from('2026-04-01T00:00:00Z');
  for (let at = 1; at <= billed; at += 1) {
    const slug = slugOf(at);
    await createCustomer(db, { externalId: `cus_${slug}`, name: `Shop ${at}`, currency: 'USD' }, startsAt);
    await createDeployment(db, { slug, name: `Shop ${at}`, customer: `cus_${slug}`, startsAt }, startsAt);
    await subscribe(db, { deployment: slug, plan: 'studio', from: april }, 'test', startsAt);
    // Of one nobody knows where it is.
    if (at !== 7) await setBilling(db, `cus_${slug}`, { address: [`${at} Quay Street`, 'Bristol'] }, null, 'test', now);
  }
  await draftMonth(db, { month: april, now });
  await rateMonths(db, { now });
}

async function answerOf<Answer>(path: string): Promise<Answer> {
  return (await (await dashboard.api.fetch(path)).json()) as Answer;
}

interface Listed {
  readonly items: readonly {
    readonly invoiceId: number;
    readonly number: string | null;
    readonly state: string;
    readonly customerName: string;
    readonly total: string;
    readonly manualLines: number;
  }[];
  readonly totals: readonly { readonly currency: string; readonly invoices: number; readonly total: string }[];
}

const invoicesOfApril = (state: string) => answerOf<Listed>(`/invoices?month=2026-04&state=${state}&limit=100`);
const idOf = async (name: string) =>
  (await answerOf<Listed>('/invoices?month=2026-04&limit=100')).items.find((one) => one.customerName === name)
    ?.invoiceId ?? 0;

describe('a line that is added', () => {
  test('comes once, though it was clicked twice and its answer was lost', async ({ skip }) => {
    if (!isThere) skip();
    const invoice = await idOf('Shop 2');
    const { page, context } = await dashboard.open({ path: `/invoices/${invoice}` });
    await settle(page, /Draft invoice for Shop 2: 50.00 USD/);
    let sent = 0;
    const done: number[] = [];
    await page.route('**/api/v1/invoices/*/lines', async (route) => {
      sent += 1;
      if (sent > 1) return route.continue();
      // It arrives and is done; the answer does not come back.
      const headers = { ...(await route.request().allHeaders()), 'sec-fetch-site': 'same-origin' };
      done.push((await route.fetch({ headers })).status());
      return route.abort('connectionreset');
    });
    await page.getByRole('button', { name: 'Add a line' }).click();
    const sheet = page.getByRole('dialog', { name: 'Add a line' });
    await sheet.getByLabel('Description, as it is printed').fill('Support');
    await sheet.getByLabel(/Unit price/).fill('80');
    await expectNoFaults(page);
    await sheet.getByRole('button', { name: 'Add the line' }).dblclick();
    await sheet.waitFor({ state: 'detached' });
    await page.getByRole('heading', { level: 1, name: /Shop 2: 130.00 USD/ }).waitFor();
    expect([sent, done]).toEqual([2, [201]]);
    const { items } = await invoicesOfApril('draft');
    expect(items.find(({ invoiceId }) => invoiceId === invoice)?.manualLines).toBe(1);
    await context.close();
  });
});

describe('a month', () => {
  test('is approved but for one exception, then issued by its count, with numbers and PDFs', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context, wrong } = await dashboard.open({ path: '/invoices?m=2026-04' });
    await settle(page, /April 2026: 30 drafts wait for approval/);
    const before = await invoicesOfApril('draft');
    const [total] = before.totals;
    await page
      .getByRole('link', { name: new RegExp(`Draft ${billed}.*${total?.total.replace(/^(\d)(\d{3})/, '$1.$2')}`) })
      .waitFor();
    await page.getByRole('button', { name: `Approve all ${billed} drafts` }).click();
    const approve = page.getByRole('dialog', { name: 'Approve April 2026' });
    await approve.getByRole('checkbox', { name: 'Leave out Shop 7' }).check();
    await approve.getByText('29 invoices, ').waitFor();
    await expectNoFaults(page);
    await approve.getByRole('button', { name: /^Approve 29 for/ }).click();
    await approve.getByText('Approved 29 invoices.').waitFor({ timeout: 60_000 });
    await approve.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('heading', { level: 1, name: /1 draft waits for approval, 29 approved wait/ }).waitFor();
    expect((await invoicesOfApril('draft')).items.map(({ customerName }) => customerName)).toEqual(['Shop 7']);

    await page.getByRole('button', { name: 'Issue all 29 approved' }).click();
    const issue = page.getByRole('dialog', { name: 'Issue April 2026' });
    const issues = issue.getByRole('button', { name: /^Issue 29 for/ });
    await issue.getByLabel('Type 29 to issue 29 invoices').fill('28');
    expect(await issues.isDisabled()).toBe(true);
    await issue.getByLabel('Type 29 to issue 29 invoices').fill('29');
    await issues.click();
    await issue.getByText('Issued 29 invoices.').waitFor({ timeout: 120_000 });
    await issue.getByText('INV-000001 to INV-000029').waitFor();
    await issue.getByRole('button', { name: 'Done' }).click();
    const { items } = await invoicesOfApril('issued');
    expect(items.map(({ number }) => number ?? '').sort((a, b) => a.localeCompare(b))).toEqual(
      Array.from({ length: 29 }, (_, at) => `INV-${String(at + 1).padStart(6, '0')}`),
    );
    expect(wrong).toEqual([]);
    await context.close();
  });

  test('says no where what is confirmed has become something else since', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/invoices?m=2026-04&tab=draft' });
    await settle(page, /1 draft waits/);
    await page.getByRole('checkbox', { name: 'Choose Shop 7' }).check();
    await page.getByRole('button', { name: 'Approve 1', exact: true }).click();
    const sheet = page.getByRole('dialog', { name: 'Approve April 2026' });
    await sheet.getByRole('button', { name: /^Approve 1 for 50.00 USD/ }).waitFor();
    const line = { description: 'A colleague adds this', unitPrice: '5' };
    const path = `/invoices/${await idOf('Shop 7')}/lines`;
    expect((await dashboard.api.fetch(path, json('POST', line, { 'if-match': '*' }))).status).toBe(201);
    await sheet.getByRole('button', { name: /^Approve 1 for 50.00 USD/ }).click();
    await sheet.getByText(/Nothing was done: they are now 1 for 55.00 USD/).waitFor();
    // What it rests on is counted anew by itself.
    await sheet.getByRole('button', { name: /^Approve 1 for 55.00 USD/ }).click();
    await sheet.getByText('Approved 1 invoice.').waitFor();
    await context.close();
  });
});

describe('an invoice', () => {
  test('shows the digits of its PDF, and each line opens to where it comes from', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/invoices/INV-000001' });
    await settle(page, /Invoice INV-000001 for/);
    const paper = page.getByRole('article', { name: 'As it is printed' });
    const shown = (await paper.innerText()).split(/\s+/).filter((word) => /\d/.test(word));
    const href = (await page.getByRole('link', { name: 'PDF' }).getAttribute('href')) ?? '';
    const pdf = await page.evaluate<{ status: number; type: string | null; bytes: number[] }>(
      `fetch(${JSON.stringify(href)}).then(async (answer) => ({ status: answer.status, type: answer.headers.get('content-type'), bytes: [...new Uint8Array(await answer.arrayBuffer())] }))`,
    );
    expect([pdf.status, pdf.type]).toEqual([200, 'application/pdf']);
    if (ensureProgram('pdftotext', 'poppler-utils')) {
      const text = textOf(Uint8Array.from(pdf.bytes));
      expect(shown.filter((word) => !text.includes(word))).toEqual([]);
      expect(shown.length).toBeGreaterThan(5);
    }
    await paper.getByRole('button', { name: '50.00' }).first().click();
    const proof = page.getByRole('dialog', { name: 'Where this comes from' });
    await proof.getByText(/Studio, monthly fee: 50.00 USD/).waitFor();
    expect(new URL(page.url()).searchParams.get('why')).toMatch(/^line:\d+\/1$/);
    await context.close();
  });

  test('is cancelled with a reason and its number typed', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/invoices/INV-000003', width: 390 });
    await settle(page, /Invoice INV-000003/);
    await page.getByRole('button', { name: 'Cancel by a credit note' }).click();
    const sheet = page.getByRole('dialog', { name: 'Cancel by a credit note' });
    await sheet.getByLabel(/Why: the customer/).fill('Billed twice');
    const confirm = sheet.getByRole('button', { name: /Cancel by a credit note: 50.00 USD/ });
    expect(await confirm.isDisabled()).toBe(true);
    await sheet.getByLabel('Type INV-000003 to cancel it').fill('INV-000003');
    await expectNoFaults(page);
    await confirm.click();
    await page
      .getByText(/by credit note/)
      .first()
      .waitFor();
    await page.getByRole('link', { name: 'CN-000001' }).click();
    await settle(page, /Credit note CN-000001/);
    await context.close();
  });
});

function textOf(bytes: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), 'arcadia-pdf-'));
  writeFileSync(join(folder, 'invoice.pdf'), bytes);
  const { stdout } = spawnSync('pdftotext', ['-layout', join(folder, 'invoice.pdf'), '-'], { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  return stdout;
}

test('corrections of an issued month are decided together', async ({ skip }) => {
  if (!isThere) skip();
  const { db } = dashboard.database;
  const now = await databaseClock(db).now();
  const from = Temporal.Instant.from('2026-04-16T00:00:00Z');
  for (const at of [4, 5]) await changeSubscription(db, { deployment: slugOf(at), plan: 'atelier', from }, 'test', now);
  await checkCorrections(db);
  const { page, context, wrong } = await dashboard.open({ path: '/corrections' });
  await settle(page, /2 corrections to decide, 130.00 USD to bill in all/);
  await page.getByRole('checkbox', { name: /Choose all 2/ }).check();
  await page.getByRole('button', { name: 'Decide' }).click();
  const sheet = page.getByRole('dialog', { name: 'Decide 2 corrections' });
  await sheet.getByRole('radio', { name: /Waive/ }).check();
  const confirm = sheet.getByRole('button', { name: 'Waive: 2 corrections' });
  expect(await confirm.isDisabled()).toBe(true);
  await sheet.getByLabel('Why, for the record').fill('A trifle');
  await expectNoFaults(page);
  await confirm.click();
  await sheet.getByText('Waived.').nth(1).waitFor();
  await sheet.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('heading', { level: 1, name: 'Nothing is to be corrected.' }).waitFor();
  expect((await answerOf<{ total: number }>('/corrections')).total).toBe(0);
  expect(wrong).toEqual([]);
  await context.close();
});

describe('a plan that is edited', () => {
  const field = (page: Page) => page.getByRole('textbox', { name: 'Plan file, in YAML' });

  async function edit(page: Page, change: (text: string) => string): Promise<string> {
    const text = change(await field(page).inputValue());
    await field(page).fill(text);
    return text;
  }

  test('says what is wrong at its line, then what it changes, and is applied as it was previewed', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context, wrong } = await dashboard.open({ path: '/plans/studio/edit' });
    await settle(page, /New prices of studio/);
    const text = await field(page).inputValue();
    const line = text.split('\n').findIndex((each) => each.startsWith('base:')) + 1;
    await edit(page, (before) => before.replace(/^base: .*$/m, 'base: much'));
    await page.getByRole('alert').getByText(`Line ${line}:`).waitFor();
    const dearer = await edit(page, (before) =>
      before.replace('base: much', 'base: 60.00').replace(/^from: .*$/m, 'from: 2026-05-01'),
    );
    const files = { files: [{ name: 'plan.yaml', text: dearer }], deploymentsMax: 10 };
    const asked = await dashboard.api.fetch('/plans/preview', json('POST', files));
    const { changes } = (await asked.json()) as {
      changes: { impact: { deployments: number; bills: { month: string; sum: { difference: string } }[] } }[];
    };
    const [impact] = changes.map((each) => each.impact);
    const [bill] = impact?.bills ?? [];
    expect(bill?.month).toBe('2026-05');
    const apply = page.getByRole('button', {
      name: `Apply: ${impact?.deployments} deployments, +${bill?.sum.difference} USD in May 2026`,
    });
    await apply.waitFor({ timeout: 60_000 });
    await expectNoFaults(page);
    await apply.click();
    await page.waitForURL('**/plans/studio');
    await page.getByRole('heading', { level: 1, name: /Studio: 60.00 USD a month/ }).waitFor();
    // What the browser says of the refused preview is what is tested.
    expect(wrong.filter((each) => !each.includes('400'))).toEqual([]);
    await context.close();
  });

  test('keeps its text when the session ends, and is applied once the same person is back', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/plans/atelier/edit' });
    await settle(page, /New prices of atelier/);
    const text = await edit(page, (before) =>
      before.replace(/^base: .*$/m, 'base: 190.00').replace(/^from: .*$/m, 'from: 2026-09-01'),
    );
    const apply = page.getByRole('button', { name: /^Apply:/ });
    await page.locator('button:enabled', { hasText: /^Apply:/ }).waitFor({ timeout: 60_000 });
    await context.clearCookies();
    await apply.click();
    const dialog = page.getByRole('alertdialog', { name: 'Signed out' });
    await dialog.waitFor();
    expect(await page.locator('textarea[aria-label="Plan file, in YAML"]').inputValue()).toBe(text);
    await dialog.getByLabel('Token').fill(await dashboard.api.token('owner'));
    await dialog.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.waitForURL('**/plans/atelier');
    const { items } = await answerOf<{ items: { from: string }[] }>('/plans/atelier/versions');
    expect(items.map(({ from }) => from)).toContain('2026-09-01');
    await context.close();
  });

  test('keeps its text over a reload, and for nobody else', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/plans/grand/edit' });
    await settle(page, /New prices of grand/);
    const text = await edit(page, (before) => before.replace(/^base: .*$/m, 'base: 700.00'));
    await page.reload();
    await settle(page, /New prices of grand/);
    expect(await field(page).inputValue()).toBe(text);
    await context.clearCookies();
    await page.getByRole('button', { name: 'The month before' }).click();
    await edit(page, (before) => `${before}# more\n`);
    const dialog = page.getByRole('alertdialog', { name: 'Signed out' });
    await dialog.getByLabel('Token').fill(await dashboard.api.token('finance'));
    await dialog.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByText('finance ·').waitFor();
    await settle(page, /New prices of grand/);
    expect(await field(page).inputValue()).not.toContain('700.00');
    await context.close();
  });
});

test('a plan shows what it passes on, with the markup', async ({ skip }) => {
  if (!isThere) skip();
  const passThrough = [{ product: 'Database*', markupPercent: '20' }];
  await makePlan(dashboard.database.db, { plan: 'passing', base: '0.00', passThrough });
  const { page, context } = await dashboard.open({ path: '/plans/passing' });
  const row = page
    .getByRole('region', { name: 'Passed on at cost' })
    .getByRole('row', { name: /Products named Database\*/ });
  await row.getByText('20 %').waitFor();
  await expectNoFaults(page);
  await context.close();
});

test('usage is quoted on all plans, the cheapest first', async ({ skip }) => {
  if (!isThere) skip();
  const { page, context, wrong } = await dashboard.open({ path: '/quote' });
  await settle(page, /Cheapest/);
  await page.getByRole('textbox', { name: /Droplet hours/ }).fill('30000');
  await page.getByRole('button', { name: 'Quote on all plans' }).click();
  const body = { basis: { kind: 'usage', usage: { droplet_hours: '30000' } }, plans: 'all' };
  const asked = await dashboard.api.fetch('/quotes', json('POST', body));
  const { comparison } = (await asked.json()) as { comparison: { best: string } };
  await page.getByRole('heading', { level: 1, name: new RegExp(`Cheapest: ${comparison.best} for`) }).waitFor();
  const rows = page.getByRole('region', { name: 'Quotes, as a table' }).getByRole('rowheader');
  expect((await rows.first().innerText()).trim()).toBe(comparison.best);
  await page.getByRole('radio', { name: /Resources/ }).check();
  await page.getByRole('button', { name: 'Quote on all plans' }).click();
  await page
    .getByText(/resource/i)
    .first()
    .waitFor();
  expect(wrong).toEqual([]);
  await context.close();
});

describe('a customer', () => {
  const pages = [
    ['/', /May 2026/],
    ['/have', /You have/],
    ['/usage', /May 2026/],
    ['/invoices', /newest|Invoices/],
    ['/invoices/INV-000001', /INV-000001/],
  ] as const;

  /** Our own words, and the names and figures of what only we know. */
  async function needles(): Promise<RegExp> {
    const { items: accounts } = await answerOf<{ items: { account: string; name: string }[] }>('/accounts');
    const words = accounts.flatMap(({ account, name }) => [account, name]);
    return new RegExp(`\\b(margin|markup|costPerMonth|costToDate|ruleId|syncRun|${words.join('|')})\\b`, 'i');
  }

  test('sees four pages of their own, and nothing of cost, margin, account or rule', async ({ skip }) => {
    if (!isThere) skip();
    const secret = await needles();
    const numberOne = (await invoicesOfApril('issued')).items.find(({ number }) => number === 'INV-000001');
    const slug = `shop-${(numberOne?.customerName ?? '').replace('Shop ', '').padStart(2, '0')}`;
    const { page, context, wrong } = await dashboard.open({ as: 'customer', customer: `cus_${slug}` });
    const bodies: [string, Promise<string>][] = [];
    page.on('response', (response) => {
      const { pathname } = new URL(response.url());
      if (/^\/api\/v1\/(?!events)/.test(pathname)) bodies.push([pathname, response.text().catch(() => '')]);
    });
    for (const [path, title] of pages) {
      await page.goto(path);
      await settle(page, title);
      await page.waitForTimeout(500);
      const text = await page.locator('main').innerText();
      expect([path, /\b(cost|costs|margin|rule|sync|draft)\b/i.exec(text)?.[0] ?? null]).toEqual([path, null]);
    }
    const links = page.getByRole('navigation', { name: 'Main', exact: true }).getByRole('link');
    expect(await links.allInnerTexts()).toEqual(['This month', 'What you have', 'Usage', 'Invoices']);
    expect(bodies.length).toBeGreaterThan(5);
    for (const [path, body] of bodies) expect([path, secret.exec(await body)?.[0] ?? null]).toEqual([path, null]);
    await page.goto('/resources');
    await page.getByRole('heading', { name: 'Nothing is here' }).waitFor();
    const other = await dashboard.api.fetch('/invoices/INV-000002', { as: 'customer', customer: `cus_${slug}` });
    expect(other.status).toBe(404);
    expect(wrong.filter((each) => !each.includes('404') && !each.includes('403'))).toEqual([]);
    await context.close();
  });

  test('with more deployments than a page holds goes from page to page of their month, and back', async ({ skip }) => {
    if (!isThere) skip();
    const { db } = dashboard.database;
    const startsAt = Temporal.Instant.from('2026-04-01T00:00:00Z');
    const many = 60;
    await createCustomer(db, { externalId: 'cus_many', name: 'Many Ltd', currency: 'USD' }, startsAt);
    for (let at = 1; at <= many; at += 1) {
      const slug = `many-${String(at).padStart(2, '0')}`;
      await createDeployment(db, { slug, name: `Branch ${at}`, customer: 'cus_many', startsAt }, startsAt);
      await subscribe(db, { deployment: slug, plan: 'studio', from: april }, 'test', startsAt);
    }
    await rateMonths(db, { now: await databaseClock(db).now() });
    const { page, context, wrong } = await dashboard.open({
      as: 'customer',
      customer: 'cus_many',
      path: '/?m=2026-04',
    });
    await settle(page, /April 2026/);
    const rows = page.getByRole('region', { name: 'Deployments, as a table' }).getByRole('rowheader');
    await page.getByText(`50 of ${many}`).waitFor();
    const first = await rows.allInnerTexts();
    await page.getByRole('link', { name: 'Next page' }).click();
    await expect.poll(() => rows.count()).toBe(many - 50);
    const rest = await rows.allInnerTexts();
    expect(new Set([...first, ...rest]).size).toBe(many);
    await page.reload();
    await settle(page, /April 2026/);
    expect(await rows.allInnerTexts()).toEqual(rest);
    await page.getByRole('link', { name: 'First page' }).click();
    await expect.poll(() => rows.allInnerTexts()).toEqual(first);
    expect(wrong).toEqual([]);
    await context.close();
  });

  test('while such a list is read in another order, the one before leads to no next page', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context, wrong } = await dashboard.open({ path: '/deployments?m=2026-04' });
    await settle(page, /deployments/);
    const held = Promise.withResolvers<void>();
    await page.route(/\/api\/v1\/deployment-months\?.*sort=amountToDate/, async (route) => {
      await held.promise;
      await route.continue();
    });
    const next = page.getByRole('link', { name: 'Next page' });
    expect(await next.isEnabled()).toBe(true);
    await page.locator('thead').getByRole('link', { name: 'So far' }).click();
    await expect.poll(() => next.isEnabled()).toBe(false);
    held.resolve();
    await next.click();
    await page.getByRole('link', { name: 'First page' }).waitFor();
    await page.locator('[data-row]').first().waitFor();
    expect(wrong).toEqual([]);
    await context.close();
  });

  for (const [theme, width] of looks)
    test(`has four pages without fault: ${theme}, ${width} px`, async ({ skip }) => {
      if (!isThere) skip();
      await walk(dashboard, pages.slice(0, 4), { as: 'customer', customer: 'cus_acme', theme, width });
    });
});
