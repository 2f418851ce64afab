import { sql } from 'kysely';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bringAttributionsUpToDate } from '../../src/deployments/attribution.ts';
import { rateMonths } from '../../src/invoices/month-figures.ts';
import { databaseClock } from '../../src/platform/clock.ts';
import { publishEvent } from '../../src/platform/events.ts';
import { smallDemonstration } from '../fixtures/demonstration.ts';
import { insertLiving, writeState } from '../fixtures/inventory.ts';
import { json } from '../http/api-fixture.ts';
import { type Dashboard, openDashboard, settle } from './dashboard.ts';

// What is on the screen is what is so: beside the API, beside another view, while it changes, and once it is old.

let dashboard: Dashboard;
let isThere = false;
beforeAll(async () => {
  const opened = await openDashboard(smallDemonstration);
  isThere = opened !== null;
  if (opened === null) return;
  dashboard = opened;
  const { db } = dashboard.database;
  await rateMonths(db, { now: await databaseClock(db).now() });
});
afterAll(async () => {
  if (isThere) await dashboard.close();
});

async function answerOf<Answer>(path: string): Promise<Answer> {
  return (await (await dashboard.api.fetch(path)).json()) as Answer;
}

const since = Temporal.Instant.from('2026-05-02T00:00:00Z');

async function leaveUnassigned(...names: readonly string[]): Promise<void> {
  const { db } = dashboard.database;
  const { rows } = await sql<{ id: number }>`SELECT account_id AS id FROM accounts LIMIT 1`.execute(db);
  const size = { attributes: { size_slug: 's-1vcpu-1gb' } };
  for (const name of names) await insertLiving(db, rows[0]?.id ?? 0, 'droplet', name, { name, ...size }, since);
  await bringAttributionsUpToDate(db, since);
}

interface Overview {
  readonly month: string;
  readonly money: { readonly currencies: readonly { readonly currency: string; readonly revenueToDate: string }[] };
  readonly unowned: { readonly resources: number };
}

describe('the overview', () => {
  test('has the digits of the API and of the lists that it leads to', async ({ skip }) => {
    if (!isThere) skip();
    await leaveUnassigned('stray-one', 'stray-two');
    const { money, unowned } = await answerOf<Overview>('/overview');
    const { page, context } = await dashboard.open();
    await settle(page);
    const [first] = money.currencies;
    const due = page.getByRole('region', { name: 'The month in money' }).locator('dd button').first();
    const shown = (await due.innerText()).replace(/\s/g, ' ').trim();
    expect(shown).toBe(`${first?.revenueToDate} ${first?.currency}`);
    await page.getByRole('listitem').filter({ hasText: 'unassigned' }).getByRole('link', { name: 'Assign' }).click();
    await settle(page, new RegExp(`^${unowned.resources} resources are unassigned`));
    await page
      .getByRole('navigation', { name: 'Main', exact: true })
      .getByRole('link', { name: 'Deployments' })
      .click();
    await page
      .getByRole('heading', { level: 1, name: new RegExp(`${first?.revenueToDate} ${first?.currency} due so far`) })
      .waitFor();
    await context.close();
  });

  test('loses a row that another program assigns, in every tab', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/unassigned' });
    await settle(page, /2 resources are unassigned/);
    const other = await context.newPage();
    await other.goto('/');
    await settle(other);
    await other.getByText('resources are unassigned').first().waitFor();
    const { items } = await answerOf<{ items: { resourceId: number }[] }>('/resources?q=stray-one');
    const owners = [{ deployment: 'acme-studio' }];
    const body = { resources: items.map(({ resourceId }) => resourceId), owners };
    const assigned = await dashboard.api.fetch('/assignments', json('POST', body));
    expect([assigned.status, await assigned.text()]).toEqual([200, expect.any(String)]);
    await bringAttributionsUpToDate(dashboard.database.db, since);
    await page.getByRole('heading', { level: 1, name: /^1 resource is unassigned/ }).waitFor();
    await page.getByRole('row', { name: /stray-one/ }).waitFor({ state: 'detached' });
    await other.getByText('resource is unassigned').first().waitFor();
    await context.close();
  });

  test('withholds its figures once nothing has been read for days, and says how old they are', async ({ skip }) => {
    if (!isThere) skip();
    const { db } = dashboard.database;
    const move = (hours: number) =>
      sql`UPDATE simulated_clock SET instant = instant + ${hours} * interval '1 hour'`.execute(db);
    const { page, context } = await dashboard.open();
    await settle(page);
    const card = page.getByRole('region', { name: 'The month in money' });
    const shown = (await card.locator('dd button').first().innerText()).split(/\s/)[0] ?? '';
    await move(80);
    await page.reload();
    await card.getByText(/Nothing has been read for (3|4) days/).waitFor();
    await card.getByText(`Due so far was ${shown}`).waitFor();
    expect(await card.locator('dd button').count()).toBe(0);
    await move(-80);
    await page.reload();
    await card.locator('dd button').first().waitFor();
    await context.close();
  });
});

test('a stream that has been silent for too long is asked for again', async ({ skip }) => {
  if (!isThere) skip();
  const { page, context } = await dashboard.open({ signsIn: false });
  await page.clock.install();
  await page.goto(`/#token=${await dashboard.api.token('owner')}`);
  await page.reload();
  await settle(page);
  const again = page.waitForRequest(/\/api\/v1\/events\?/);
  await page.clock.fastForward(45_000);
  await again;
  await page.locator('button[data-state="live"]').waitFor();
  await context.close();
});

test('what is not known, what does not apply and what is nothing look different', async ({ skip }) => {
  if (!isThere) skip();
  const { page, context } = await dashboard.open();
  await settle(page);
  const card = page.getByRole('region', { name: 'The month in money' });
  const cellsOf = (text: RegExp) => card.locator('dd').filter({ hasText: text }).allInnerTexts();
  // Without a bill cost and margin are not known; in the month before nothing was due.
  expect(await cellsOf(/^\?/)).toEqual(Array.from({ length: 2 }, () => expect.stringContaining('No provider bill')));
  expect(await cellsOf(/^0\.00/)).toEqual([expect.stringMatching(/^0\.00\sUSD/)]);
  // How many resources all deployments have together is no sum of a currency.
  await page.goto('/deployments');
  await settle(page, /deployment/);
  expect(await page.getByRole('cell', { name: '–', exact: true }).allInnerTexts()).toEqual(['–']);
  await context.close();
});

describe('what changes while one looks', () => {
  test('new rows wait behind a button, and none changes its place', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/jobs' });
    await settle(page, /completed/);
    const run = (job: string) => dashboard.api.fetch('/jobs', json('POST', { job, arguments: {} }));
    expect((await run('prune_sync_runs')).status).toBeLessThan(300);
    const rows = page.getByRole('region', { name: 'Jobs, as a table' }).getByRole('rowheader');
    await rows.first().waitFor();
    await page.reload();
    await settle(page, /wait/);
    await rows.first().waitFor();
    const before = await rows.allInnerTexts();
    expect((await run('sweep_drift')).status).toBeLessThan(300);
    const waiting = page.getByRole('button', { name: '1 new: show', exact: true });
    await waiting.waitFor();
    expect(await rows.allInnerTexts()).toEqual(before);
    await waiting.click();
    await expect.poll(() => rows.count()).toBe(before.length + 1);
    await context.close();
  });

  test('what is chosen stays chosen over ten changes', async ({ skip }) => {
    if (!isThere) skip();
    await leaveUnassigned('stray-three');
    const { page, context } = await dashboard.open({ path: '/unassigned' });
    await settle(page, /2 resources are unassigned/);
    await page
      .getByRole('row', { name: /stray-three/ })
      .getByRole('checkbox')
      .check();
    for (let at = 0; at < 10; at += 1) {
      if (at === 9) await leaveUnassigned('stray-four');
      await publishEvent(dashboard.database.db, 'attribution.changed', 'acme-studio');
      await page.waitForTimeout(150);
    }
    // The list has been read again: the last of the changes is there.
    await page.getByRole('row', { name: /stray-four/ }).waitFor();
    expect(
      await page
        .getByRole('row', { name: /stray-three/ })
        .getByRole('checkbox')
        .isChecked(),
    ).toBe(true);
    await page.getByText('1 chosen').waitFor();
    await context.close();
  });

  test('a row that changes keeps its place, and one that leaves the list stays, struck', async ({ skip }) => {
    if (!isThere) skip();
    await leaveUnassigned('held-one', 'held-two');
    const { db } = dashboard.database;
    const { items } = await answerOf<{ items: { resourceId: number; name: string }[] }>('/resources?q=held');
    const [changed] = items;
    const { page, context } = await dashboard.open({ path: '/resources?q=held' });
    await settle(page, /^2 resources/);
    const rows = page.getByRole('region', { name: 'Resources, as a table' }).getByRole('rowheader');
    const names = items.map(({ name }) => name);
    expect(await rows.allInnerTexts()).toEqual(names);
    const later = since.add({ hours: 24 });
    const write = async (size: string | null) => {
      const state = size === null ? null : { name: changed?.name ?? '', attributes: { size_slug: size } };
      await writeState(db, changed?.resourceId ?? 0, state, later, null, later);
      await publishEvent(db, 'sync.ended', '');
    };
    await write('s-2vcpu-4gb');
    await page.locator('td[title^="2026-05-03"]').waitFor();
    expect(await rows.allInnerTexts()).toEqual(names);
    expect(await page.getByRole('button', { name: /new: show/ }).count()).toBe(0);
    await write(null);
    await page
      .locator('tr[data-left="true"]')
      .filter({ hasText: changed?.name ?? '' })
      .waitFor();
    expect(await rows.allInnerTexts()).toEqual(names);
    await page.reload();
    await settle(page, /^1 resource,/);
    await context.close();
  });

  test('a server that is gone for a while is said, and what it did meanwhile appears without a reload', async ({
    skip,
  }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open();
    await settle(page);
    await page.evaluate('globalThis.notReloaded = true');
    await context.setOffline(true);
    await page.getByRole('button', { name: 'Reconnecting' }).waitFor({ timeout: 30_000 });
    const pause = (paused: boolean) =>
      dashboard.api.fetch('/queues/metering', json('PATCH', { paused }, { 'if-match': '*' }));
    expect((await pause(true)).status).toBe(200);
    await context.setOffline(false);
    await page.getByText('queue is paused').first().waitFor({ timeout: 60_000 });
    await page.locator('button[data-state="live"]').waitFor();
    expect(await page.evaluate('globalThis.notReloaded')).toBe(true);
    expect((await pause(false)).status).toBe(200);
    await context.close();
  });
});

describe('a proof', () => {
  /** Deeper and deeper, until there is nothing beneath. */
  async function descend(page: Page, clicksMax: number): Promise<number> {
    const proof = page.getByRole('dialog', { name: 'Where this comes from' });
    for (let clicks = 0; clicks <= clicksMax; clicks += 1) {
      await proof.getByRole('heading', { level: 2 }).waitFor();
      await page.waitForTimeout(300);
      if ((await proof.getByText(/Sync run \d+ read|read .* of account/).count()) > 0) return clicks;
      const next = proof.locator('details:not([open]) > summary, [class*=deeper]').filter({ visible: true });
      await next.first().click();
    }
    return clicksMax + 1;
  }

  test('leads from a meter to the listing behind it in five clicks, the same for whoever has its link', async ({
    skip,
  }) => {
    if (!isThere) skip();
    const why = '/?why=usage:acme-studio/droplet_hours/2026-05';
    const { page, context } = await dashboard.open({ path: why });
    const text = async (of: Page) => {
      const proof = of.getByRole('dialog', { name: 'Where this comes from' });
      await proof
        .getByText(/adds up to/)
        .first()
        .waitFor();
      // What the provider charged is for those who answer for our money.
      return (await proof.innerText()).replace('What the provider charged', '').trim();
    };
    const owned = await text(page);
    expect(await descend(page, 5)).toBeLessThanOrEqual(5);
    await context.close();
    const { page: colleague, context: theirs } = await dashboard.open({ as: 'viewer', path: why });
    expect(await text(colleague)).toBe(owned);
    await theirs.close();
    const { page: customer, context: own } = await dashboard.open({ as: 'customer', customer: 'cus_acme', path: why });
    const seen = await text(customer);
    expect(seen).not.toMatch(/Sync run|Rule \d/);
    await own.close();
  });
});
