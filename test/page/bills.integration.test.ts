import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rateMonths } from '../../src/invoices/month-figures.ts';
import { setExchangeRate } from '../../src/pricing/exchange-rates.ts';
import { reconcileMonth } from '../../src/provider-billing/reconciliation/reconcile.ts';
import { getPayer } from '../../src/provider-billing/payers.ts';
import { addDeployment, settle as settleUsage } from '../fixtures/invoices.ts';
import { openMistakenBill, resourceNamed } from '../fixtures/mistaken-bill.ts';
import { makePlan } from '../fixtures/pricing.ts';
import type { ReconciledAccount } from '../fixtures/reconciliation.ts';
import { type Dashboard, openDashboardOver, settle, looks, turnOf } from './dashboard.ts';
import { expectNoFaults, walk } from './walk.ts';

// Provider billing and margins in a real browser, over an account whose May bill has five mistakes; its figures are
// those of test/http/reconciliation.

let dashboard: Dashboard;
let account: ReconciledAccount;
let isThere = false;
let bill = 0;

beforeAll(async () => {
  const opened = await openDashboardOver(async (database) => {
    const { db } = database;
    account = await openMistakenBill(database, async () => {
      await makePlan(db, { plan: 'small', base: '10.00' });
      await addDeployment(db, { customer: 'acme', slug: 'studio', from: '2026-04-01' });
      await addDeployment(db, { customer: 'shop', slug: 'shop', plan: 'small', from: '2026-04-01' });
    });
    for (let days = 0; days < 4; days += 1) {
      await account.advance({ hours: 24 });
      await account.sync();
      await account.readBalance();
    }
    await account.reconcile();
    const now = account.opened.simulator.now();
    await settleUsage(db, now);
    await rateMonths(db, { now });
  });
  isThere = opened !== null;
  if (opened === null) return;
  dashboard = opened;
  const { items } = (await (await dashboard.api.fetch('/bills?month=2026-05')).json()) as { items: { bill: number }[] };
  bill = items[0]?.bill ?? 0;
}, 240_000);
afterAll(async () => {
  if (isThere) await dashboard.close();
  await account?.close();
});

/** What the server's jobs do once somebody has decided. */
async function reconcile(): Promise<void> {
  const { db } = dashboard.database;
  const { payerId } = await getPayer(db, 'acme');
  await reconcileMonth(db, payerId, Temporal.PlainDate.from('2026-05-01'), account.opened.simulator.now());
}

const billTitle =
  /^May 2026: 70\.49 USD, 23\.40 differs from what was expected, 7\.77 is unexplained, −5\.00 is in the header/;
const views = () =>
  [
    ['/bills', /^May 2026: 70\.49 USD, 23\.40 differs/],
    [`/bills/${bill}`, billTitle],
    [`/bills/${bill}?cause=price`, billTitle],
    ['/margin?m=2026-05', /^May 2026: 60\.00 earned less 70\.49 cost loses 10\.49 USD/],
    ['/margin?m=2026-05&by=product&target=50', /^May 2026/],
    ['/?m=2026-05', /need|Nothing/],
  ] as const;

const rowOf = (page: Page, table: string, name: string | RegExp) =>
  page.getByRole('region', { name: table }).getByRole('row', { name }).first();
const textOf = async (page: Page, table: string, name: string | RegExp) =>
  (await rowOf(page, table, name).innerText()).replaceAll(/\s+/g, ' ');

describe('provider billing', () => {
  test('lists bills with what differs, and the balance beside the run rate', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context, wrong } = await dashboard.open({ path: '/bills?m=2026-06' });
    await settle(page, /^May 2026/);
    expect(await textOf(page, 'Bills, as a table', 'May 2026')).toMatch(/70\.49 USD ▲ more by 23\.40 ▲ 7\.77 1 open$/);
    const balance = page.getByRole('region', { name: 'Balance of acme' });
    await balance.getByText('An hour now').waitFor();
    const { payers } = (await (await dashboard.api.fetch('/balances/month')).json()) as {
      payers: { used: string; expected: string; points: unknown[] }[];
    };
    const [payer] = payers;
    expect(payer?.points.length).toBeGreaterThan(2);
    const shown = (await balance.innerText()).replaceAll(/\s+/g, ' ');
    expect(shown).toContain(`Charged so far ${payer?.used} USD`);
    expect(shown).toContain(`By the run rate ${payer?.expected}`);
    await balance.getByRole('button', { name: 'Show table' }).click();
    expect(await balance.getByRole('region', { name: 'Balances' }).getByRole('row').count()).toBe(
      1 + (payer?.points.length ?? 0),
    );
    await page.getByRole('link', { name: 'Previews' }).click();
    await page.waitForURL('**/bills?m=2026-06&stage=preview');
    await page.getByRole('row', { name: 'June 2026' }).waitFor();
    await expect.poll(() => page.getByRole('row', { name: 'May 2026' }).count()).toBe(0);
    expect(wrong).toEqual([]);
    await context.close();
  });

  test('a bill adds up part by part, and its lines are filtered by the address', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: `/bills/${bill}` });
    await settle(page, billTitle);
    const bridge = 'How the amount comes about, as a table';
    for (const [part, amount] of [
      ['Expected', '39.88'],
      ['Other price', '+24.00'],
      ['Not charged', '−0.60'],
      ['Allocated', '+4.44'],
      ['Unexplained', '+7.77'],
      ['In the header alone', '−5.00'],
      ['Bill', '70.49'],
    ] as const)
      expect(await textOf(page, bridge, part)).toMatch(new RegExp(`${part}.* ${amount.replace('+', '\\+')}$`));
    await page.getByText('✓ adds up to 70.49 USD').waitFor();
    await page.getByRole('region', { name: bridge }).getByRole('link', { name: 'Other price' }).click();
    await page.waitForURL(`**/bills/${bill}?cause=price`);
    const lines = page.getByRole('region', { name: 'Lines, as a table' });
    await lines.getByText('acme-studio-web-01').waitFor();
    await expect.poll(() => lines.locator('tbody tr').count()).toBe(1);
    await page.reload();
    await expect.poll(() => lines.locator('tbody tr').count()).toBe(1);
    expect(await textOf(page, 'Lines, as a table', /acme-studio-web-01/)).toMatch(
      /36\.00 12\.00 ▲ more by 24\.00 Matched by id; other price 1 May 00:00 – 1 Jun 00:00 1 May 00:00 – 1 Jun 00:00/,
    );
    await page.getByRole('link', { name: /other price 1 ×/ }).click();
    await expect.poll(() => lines.locator('tbody tr').count()).toBe(7);
    await page.getByRole('link', { name: 'Unexplained 1' }).click();
    await expect.poll(() => lines.locator('tbody tr').count()).toBe(1);
    await context.close();
  });

  test('says what is missing, what was found, and which rules the bills confirm', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: `/bills/${bill}` });
    await settle(page, billTitle);
    for (const [button, table, text] of [
      ['Show what is missing (1)', 'There, and on no line, as a table', '0.60'],
      ['Show what was found beside use', 'The bill beside use, as a table', 'Powered off and charged'],
      ['Show which billing rules the bills confirm', /How the provider counts/, 'whole hours'],
      ['Show its version', 'Versions, as a table', 'current'],
    ] as const) {
      await page.getByRole('button', { name: button }).click();
      await page.getByRole('region', { name: table }).getByText(text).first().waitFor();
    }
    await page.getByRole('button', { name: 'Show notes and decisions' }).click();
    await page.getByText('Nobody has noted or decided anything.').waitFor();
    await expectNoFaults(page);
    await context.close();
  });

  test('a line is explained, noted, accepted and assigned after a preview in money', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context, wrong } = await dashboard.open({
      path: `/bills/${bill}?outcome=unexplained`,
      as: 'finance',
    });
    await settle(page, billTitle);
    await page.getByRole('region', { name: 'Lines, as a table' }).locator('tbody th a').first().click();
    const proof = page.getByRole('dialog', { name: 'Where this comes from' });
    await proof.getByText(/^7\.77 USD for/).waitFor();
    await proof.getByRole('button', { name: 'Note' }).click();
    const sheet = page.getByRole('dialog', { name: /^Line \d/ });
    await sheet.getByLabel('Note').fill('what is it?');
    await sheet.getByRole('button', { name: 'Add the note' }).click();
    await sheet.waitFor({ state: 'detached' });
    await proof.getByText('note: what is it?').waitFor();
    await proof.getByRole('button', { name: 'Assign' }).click();
    await sheet.locator('option[value="shop"]').waitFor({ state: 'attached' });
    await sheet.getByLabel('Deployment').fill('shop');
    const moved = sheet.getByRole('region', { name: "Who would bear what of the bill's month" });
    await moved.waitFor();
    expect((await moved.getByRole('row', { name: /^shop/ }).innerText()).replaceAll(/\s+/g, ' ')).toBe(
      'shop 9.37 17.14 USD ▲ 7.77',
    );
    await expectNoFaults(page);
    await sheet.getByLabel('Reason').fill('ordered by them');
    await sheet.getByRole('button', { name: 'Assign 7.77 USD to shop' }).click();
    await sheet.waitFor({ state: 'detached' });
    await reconcile();
    await proof.getByText('Allocated, by decision').waitFor();
    await proof.getByText('✓ adds up to 7.77 USD').waitFor();
    await proof.getByRole('listitem').getByRole('link', { name: 'shop' }).waitFor();
    // What the rules say again, for the tests that follow.
    const given = { position: Number(new URL(page.url()).searchParams.get('why')?.split('/')[1]), deployment: null };
    const back = await dashboard.api.fetch(`/bills/${bill}/assignments`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'back' },
      body: JSON.stringify({ ...given, reason: 'it was not them' }),
    });
    expect(back.status).toBe(200);
    await reconcile();
    expect(wrong).toEqual([]);
    await context.close();
  });

  test('is signed with a reason, and reopened with one', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: `/bills/${bill}` });
    await settle(page, billTitle);
    await page.getByRole('button', { name: 'Sign', exact: true }).click();
    const sheet = page.getByRole('dialog', { name: 'Sign the bill: May 2026, 70.49 USD' });
    const sign = sheet.getByRole('button', { name: 'Sign 70.49 USD' });
    expect(await sign.isDisabled()).toBe(true);
    await sheet.getByLabel('Reason').fill('small enough');
    await sign.click();
    await page.getByText(/signed by .*: small enough/).waitFor();
    await page.getByRole('button', { name: 'Reopen' }).click();
    const other = page.getByRole('dialog', { name: /^Reopen the bill/ });
    await other.getByLabel('Reason').fill('the owner was wrong');
    await other.getByRole('button', { name: 'Reopen' }).click();
    await page.getByRole('button', { name: 'Sign', exact: true }).waitFor();
    await context.close();
  });
});

describe('margin', () => {
  test('has what nobody bears on top, losses first with their reasons, and its address is its state', async ({
    skip,
  }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/margin?m=2026-05' });
    await settle(page, /^May 2026: 60\.00 earned less 70\.49 cost loses 10\.49 USD/);
    const table = 'Margins, as a table';
    const names = () => page.getByRole('region', { name: table }).locator('tbody th').allInnerTexts();
    expect((await names()).map((name) => name.split(/\s/)[0])).toEqual([
      'Unassigned',
      'Unexplained',
      'In',
      'studio',
      'shop',
    ]);
    expect(await textOf(page, table, /^studio/)).toMatch(/50\.00 USD 57\.28 USD ▲ a loss of −7\.28 USD −14\.6/);
    expect(await textOf(page, table, /^studio/)).toContain('droplet acme-studio-web-01 off 21');
    await page.getByLabel('Wanted margin, %').fill('50');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/margin?m=2026-05&target=50');
    // 50.00 + 57.28 / 0.5 - 50.00
    await expect.poll(() => textOf(page, table, /^studio/)).toContain('114.56 USD');
    await page.getByRole('link', { name: 'Products' }).click();
    await page.waitForURL('**/margin?m=2026-05&target=50&by=product');
    await expect.poll(() => textOf(page, table, /^Droplets/)).toContain('60.00 USD');
    const foot = page.getByRole('region', { name: table }).locator('tfoot');
    expect((await foot.innerText()).replaceAll(/\s+/g, ' ')).toContain('60.00 USD 70.49 USD −10.49 USD');
    await page.reload();
    await expect.poll(() => textOf(page, table, /^Droplets/)).toContain('60.00 USD');
    await context.close();
  });

  test('a cost opens to the lines of bills behind it, and on to the resource that they charged', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/margin?m=2026-05' });
    await settle(page, /^May 2026/);
    await rowOf(page, 'Margins, as a table', /^studio/)
      .getByRole('button', { name: '57.28 USD' })
      .click();
    const proof = page.getByRole('dialog', { name: 'Where this comes from' });
    await proof.getByText(/^57\.28 USD: what the provider charged for studio/).waitFor();
    await proof.getByText('✓ adds up to 57.28 USD').waitFor();
    await proof
      .getByRole('button', { name: /acme-studio-web-01/ })
      .first()
      .click();
    await proof.getByText(/^36\.00 USD for .*: 12\.00 was expected, 24\.00 differs, other price\./).waitFor();
    const { id } = await resourceNamed(dashboard.database, 'acme-studio-web-01');
    await proof.getByRole('link', { name: /^droplet / }).click();
    await page.waitForURL(`**/resources/${id}**`);
    await page.getByRole('button', { name: 'Show what the provider charged' }).click();
    const lines = page.getByRole('region', { name: 'Bill lines, as a table' });
    await lines.getByRole('row', { name: 'May 2026' }).waitFor();
    expect((await lines.getByRole('row', { name: 'May 2026' }).innerText()).replaceAll(/\s+/g, ' ')).toContain(
      '36.00 USD',
    );
    await context.close();
  });

  test("under what an invoice's line is made of stands what the provider charged for it", async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({
      path: '/deployments/studio?m=2026-05&why=usage:studio/droplet_hours/2026-05',
    });
    const proof = page.getByRole('dialog', { name: 'Where this comes from' });
    await proof.getByRole('button', { name: 'What the provider charged' }).click();
    // 36.00 and two thirds of 24.00.
    await proof.getByText('✓ adds up to 52 USD').waitFor();
    expect(new URL(page.url()).searchParams.get('why')).toBe('cost:studio/droplet_hours/2026-05');
    await context.close();
  });
});

test('the overview has the cost and margin of a month with a bill, and for whom it has none the reason', async ({
  skip,
}) => {
  if (!isThere) skip();
  const { page, context } = await dashboard.open({ path: '/?m=2026-05' });
  await settle(page);
  const month = page.getByRole('region', { name: 'The month in money' });
  await month.getByText('70.49 USD').waitFor();
  await month.getByText('−10.49 USD').waitFor();
  await page.getByText('deployment costs more than it earns').first().waitFor();
  await month.getByRole('link', { name: 'Whose' }).click();
  await page.waitForURL('**/margin?m=2026-05');
  await context.close();
  const { page: other, context: outside } = await dashboard.open({ path: '/?m=2026-05', as: 'operator' });
  await settle(other);
  const shown = other.getByRole('region', { name: 'The month in money' });
  await expect.poll(() => shown.innerText()).toContain('Cost is shown to the roles owner and finance.');
  await outside.close();
});

describe('who sees it', () => {
  for (const role of ['operator', 'viewer'] as const)
    test(`${role}: no navigation, no figure, no page`, async ({ skip }) => {
      if (!isThere) skip();
      const { page, context } = await dashboard.open({ as: role, path: '/?m=2026-05' });
      await settle(page);
      const bodies: string[] = [];
      page.on('response', (response) => {
        if (response.url().includes('/api/v1/') && response.ok())
          void response.text().then(
            (text) => bodies.push(text),
            () => {},
          );
      });
      for (const name of ['Provider billing', 'Margin'])
        expect(await page.getByRole('link', { name, exact: true }).count()).toBe(0);
      for (const path of [
        '/bills',
        `/bills/${bill}`,
        '/margin?m=2026-05',
        `/?m=2026-05&why=bill:${bill}/1`,
        '/?m=2026-05&why=cost:studio/-/2026-05',
      ]) {
        await page.goto(path);
        await page.getByText('Not allowed.').first().waitFor();
      }
      const { id } = await resourceNamed(dashboard.database, 'acme-studio-web-01');
      await page.goto(`/resources/${id}`);
      await settle(page, /acme-studio-web-01/);
      expect(await page.getByRole('button', { name: 'Show what the provider charged' }).count()).toBe(0);
      await page.goto('/deployments/studio?m=2026-05&why=usage:studio/droplet_hours/2026-05');
      const proof = page.getByRole('dialog', { name: 'Where this comes from' });
      await proof
        .getByText(/adds up to/)
        .first()
        .waitFor();
      expect(await proof.getByRole('button', { name: 'What the provider charged' }).count()).toBe(0);
      // What the bill says is in none of the answers.
      for (const needle of ['70.49', '57.28', '"36.00"']) expect(bodies.join('\n')).not.toContain(needle);
      await context.close();
    });

  test('a customer reads no cost: not by any of the reads behind these views', async ({ skip }) => {
    if (!isThere) skip();
    for (const path of [
      '/bills',
      `/bills/${bill}`,
      `/bills/${bill}/lines`,
      '/balances/month',
      '/bill-lines?deployment=studio',
      '/margins?from=2026-05-01',
    ]) {
      const { status } = await dashboard.api.fetch(path, { as: 'customer', customer: 'acme' });
      expect([path, status]).toEqual([path, 403]);
    }
  });
});

for (const [turn, [theme, width]] of looks.entries())
  test(`every view is without fault: ${theme}, ${width} px`, async ({ skip }) => {
    if (!isThere) skip();
    await walk(dashboard, turnOf(views(), turn, looks.length), { theme, width });
  });

test('a proof over a view is without fault', async ({ skip }) => {
  if (!isThere) skip();
  const { page, context, wrong } = await dashboard.open({ path: `/margin?m=2026-05&why=bill:${bill}/1`, width: 390 });
  await settle(page, /^May 2026/);
  await expectNoFaults(page);
  expect(wrong).toEqual([]);
  await context.close();
});

test('a month in several currencies is shown in one that is chosen, by the rate that is named', async ({ skip }) => {
  if (!isThere) skip();
  const { db } = dashboard.database;
  const now = account.opened.simulator.now();
  await makePlan(db, { plan: 'euros', base: '10.00', currency: 'EUR' });
  await addDeployment(db, { customer: 'euro', slug: 'euro', plan: 'euros', currency: 'EUR', from: '2026-05-01' });
  const day = Temporal.PlainDate.from('2026-05-29');
  await setExchangeRate(db, { base: 'EUR', counter: 'USD', rate: '1.1', source: 'ECB', day }, 'test', now);
  await settleUsage(db, now);
  await rateMonths(db, { now });
  const { page, context, wrong } = await dashboard.open({ path: '/margin?m=2026-05' });
  await settle(page, /^May 2026: 10\.00 earned and 0\.00 cost in EUR; 60\.00 earned and 70\.49 cost in USD/);
  await page.getByRole('group', { name: 'Currency' }).getByRole('link', { name: 'in USD' }).click();
  await page.waitForURL('**/margin?m=2026-05&currency=USD');
  await page.getByText('converted at 1 EUR = 1.1 USD (ECB, 29 May').waitFor();
  // 60.00 and 10.00 x 1.1
  await page.getByRole('heading', { name: 'May 2026: 71.00 earned less 70.49 cost leaves 0.51 USD.' }).waitFor();
  expect(wrong).toEqual([]);
  await context.close();
});
