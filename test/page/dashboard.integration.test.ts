import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bringAttributionsUpToDate } from '../../src/deployments/attribution.ts';
import { rateMonths } from '../../src/invoices/month-figures.ts';
import { program } from '../../src/modules.ts';
import { announceHistory, databaseClock, moveSimulatedClock, readSimulation } from '../../src/platform/clock.ts';
import { otherwise, pageReads, readsOfEvents } from '../../web/src/app/event-reads.ts';
import { smallDemonstration } from '../fixtures/demonstration.ts';
import { insertLiving } from '../fixtures/inventory.ts';
import { json } from '../http/api-fixture.ts';
import { timeoutOf } from '../soak.ts';
import { type Dashboard, openDashboard, settle, looks, turnOf } from './dashboard.ts';
import { views } from './views.ts';
import { expectNoFaults, walk } from './walk.ts';

// The dashboard in a real browser: the build under the server's own policy, over a demonstration's data. What is on the
// screen is asked for by role and name.

let dashboard: Dashboard;
let isThere = false;
beforeAll(async () => {
  const opened = await openDashboard(smallDemonstration);
  isThere = opened !== null;
  if (opened !== null) dashboard = opened;
});
afterAll(async () => {
  if (isThere) await dashboard.close();
});

describe('the server', () => {
  const ask = (path: string, headers: Record<string, string>) => fetch(`${dashboard.api.url}${path}`, { headers });

  test('sends the document for every view, and for nothing else', async ({ skip }) => {
    if (!isThere) skip();
    const html = { accept: 'text/html,application/xhtml+xml' };
    for (const path of ['/', '/resources/17', '/no/such/view?why=usage:a/b/2026-05']) {
      const answer = await ask(path, html);
      expect([path, answer.status, answer.headers.get('cache-control')]).toEqual([path, 200, 'no-cache']);
      expect(await answer.text()).toContain('<div id="root">');
    }
    for (const [path, headers] of [
      ['/resources/17', { accept: 'application/json' }],
      ['/assets/gone.js', html],
      ['/api/v1/gone', html],
      ['/apis', { accept: '*/*' }],
    ] as const) {
      const answer = await ask(path, headers);
      expect([path, answer.status, answer.headers.get('content-type')]).toEqual([
        path,
        404,
        'application/problem+json',
      ]);
    }
    expect((await fetch(`${dashboard.api.url}/`, { method: 'POST', headers: html })).status).toBe(404);
  });

  test('sends what is named by its content for good, compressed as it is asked for', async ({ skip }) => {
    if (!isThere) skip();
    const document = await (await ask('/', { accept: 'text/html' })).text();
    // The first one is too short to be compressed.
    const script = [...document.matchAll(/src="(\/assets\/[^"]+\.js)"/g)].at(-1)?.[1] ?? '';
    const plain = await ask(script, { 'accept-encoding': 'identity' });
    const text = await plain.text();
    for (const encoding of ['br', 'gzip']) {
      const answer = await ask(script, { 'accept-encoding': `${encoding}, x;q=0` });
      expect(answer.headers.get('content-encoding')).toBe(encoding);
      expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(answer.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
      expect((await answer.text()) === text).toBe(true);
    }
    expect(plain.headers.get('content-encoding')).toBeNull();
    const etag = plain.headers.get('etag') ?? '';
    expect((await ask(script, { 'if-none-match': etag })).status).toBe(304);
  });
});

test('every event renews what its module says that it changes, as far as views show it', () => {
  for (const { type, reads } of program.events) {
    const shown = reads.filter((read) => (pageReads as readonly string[]).includes(read));
    expect([type, readsOfEvents[type] ?? otherwise]).toEqual([type, expect.arrayContaining(shown)]);
  }
  const known = program.operations.map(({ operationId }) => operationId);
  expect(pageReads.filter((read) => !known.includes(read))).toEqual([]);
});

describe('signing in', () => {
  test('by a link leaves no token in the address, in storage or to scripts, and opens the view asked for', async ({
    skip,
  }) => {
    if (!isThere) skip();
    const { page, context, wrong } = await dashboard.open({ path: '/?m=2026-05' });
    await settle(page);
    expect(new URL(page.url()).hash).toBe('');
    expect(new URL(page.url()).search).toBe('?m=2026-05');
    const kept = await page.evaluate('JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }])');
    expect(kept).not.toContain('eyJ');
    expect(await page.evaluate('document.cookie')).toBe('');
    await page.reload();
    await settle(page);
    expect(wrong).toEqual([]);
    await context.close();
  });

  test('by a token that is pasted, and signing out in all tabs', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ signsIn: false });
    const title = { name: 'Sign in to arcadia-cloud' } as const;
    await page.getByRole('heading', title).waitFor();
    await expectNoFaults(page);
    await page.getByLabel('Token').fill('not.a.token');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').waitFor();
    await page.getByLabel('Token').fill(await dashboard.api.token('viewer'));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await settle(page);
    const other = await context.newPage();
    await other.goto('/');
    await settle(other);
    await page.getByRole('button', { name: 'Account' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', title).waitFor();
    await other.getByRole('heading', title).waitFor();
    await context.close();
  });

  test('again, after the session has ended, goes on with the view as it was', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/?m=2026-05' });
    await settle(page);
    await context.clearCookies();
    await page.getByRole('button', { name: 'The month before' }).click();
    const dialog = page.getByRole('alertdialog', { name: 'Signed out' });
    await dialog.waitFor();
    await dialog.getByLabel('Token').fill(await dashboard.api.token('owner'));
    await dialog.getByRole('button', { name: 'Sign in', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await settle(page);
    expect(new URL(page.url()).search).toBe('?m=2026-04');
    await context.close();
  });
});

describe('live', () => {
  test('a change by another program comes to the screen by itself, by one stream for all tabs', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open();
    await settle(page);
    const tabs = await Promise.all(Array.from({ length: 8 }, () => context.newPage()));
    for (const tab of tabs) {
      await tab.goto('/');
      await settle(tab);
    }
    const streams = await dashboard.api.registry.getSingleMetric('arcadia_event_streams')?.get();
    expect(streams?.values.map(({ value }) => value)).toEqual([1]);
    // A stream in each would have used up the browser's connections to one server by the sixth.
    for (const tab of [page, ...tabs])
      expect(await tab.evaluate("fetch('/api/v1/me').then(({ status }) => status)")).toBe(200);
    const queue = `/queues/${program.queues[0]?.name}`;
    const pause = (paused: boolean) => dashboard.api.fetch(queue, json('PATCH', { paused }, { 'if-match': '*' }));
    expect((await pause(true)).status).toBe(200);
    const paused = (tabs.at(-1) ?? page).getByText('queue is paused').first();
    await paused.waitFor();
    // Whoever led is gone: another tab leads, and what happens is seen as before.
    await page.close();
    expect((await pause(false)).status).toBe(200);
    await paused.waitFor({ state: 'detached' });
    await context.close();
  });

  test('a tab that nobody sees reads nothing, and is up to date once somebody looks', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open();
    await settle(page);
    const show = (isShown: boolean) =>
      page.evaluate(
        `Object.defineProperty(document, 'hidden', { configurable: true, get: () => ${!isShown} }); document.dispatchEvent(new Event('visibilitychange'))`,
      );
    await show(false);
    const asked: string[] = [];
    page.on('request', (request) => {
      const { pathname } = new URL(request.url());
      // The page itself is loaded to its end.
      if (!pathname.startsWith('/assets/')) asked.push(pathname);
    });
    const queue = `/queues/${program.queues[0]?.name}`;
    const pause = (paused: boolean) => dashboard.api.fetch(queue, json('PATCH', { paused }, { 'if-match': '*' }));
    expect((await pause(true)).status).toBe(200);
    await page.waitForTimeout(4_000);
    expect(asked).toEqual([]);
    await show(true);
    await page.getByText('queue is paused').first().waitFor();
    expect((await pause(false)).status).toBe(200);
    await context.close();
  });

  test('pausing holds over reloads', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open();
    await settle(page);
    await page.keyboard.press('l');
    await page.getByRole('button', { name: 'Paused' }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Paused' }).waitFor();
    await context.close();
  });
});

describe('search', () => {
  test('finds by a part of a name, and the keyboard alone leads there and back', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open();
    await settle(page);
    const { items } = (await (await dashboard.api.fetch('/resources?kind=droplet&limit=1')).json()) as {
      items: { name: string; resourceId: number }[];
    };
    const { name = '', resourceId } = items[0] ?? {};
    await page.keyboard.press('Control+k');
    const field = page.getByRole('combobox', { name: 'Search' });
    await field.waitFor();
    await page.keyboard.type(name.slice(1).toUpperCase());
    const found = page.getByRole('option', { name: new RegExp(`Resource.*${name}`) });
    await found.waitFor();
    expect(await found.getAttribute('aria-selected')).toBe('true');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/resources/${resourceId}`);
    await page.keyboard.press('Control+k');
    await field.fill('nothing is called so');
    await page.getByRole('status').filter({ hasText: 'Nothing matches nothing is called so.' }).waitFor();
    await page.keyboard.press('Escape');
    await field.waitFor({ state: 'detached' });
    await context.close();
  });

  test('asks for a word once it is typed, and not for each of its letters', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open();
    await settle(page);
    const asked: string[] = [];
    page.on('request', (request) => {
      const { pathname, searchParams } = new URL(request.url());
      if (pathname === '/api/v1/search') asked.push(searchParams.get('q') ?? '');
    });
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByRole('combobox', { name: 'Search' }).pressSequentially('pilot');
    await page.getByRole('option', { name: /pilot/ }).first().waitFor();
    // A machine that is busy may take its time between two letters.
    expect([asked.at(-1), asked.length < 'pilot'.length]).toEqual(['pilot', true]);
    await context.close();
  });
});

describe('the address and the theme', () => {
  test('hold the period over keys, reload and back', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/?m=2026-04' });
    await settle(page);
    await page.keyboard.press('[');
    await page.waitForURL('**/?m=2026-03');
    await page.reload();
    await settle(page);
    const shown = page.getByRole('combobox', { name: 'Month of the view' });
    await expect.poll(() => shown.inputValue()).toBe('2026-03');
    await page.goBack();
    await expect.poll(() => shown.inputValue()).toBe('2026-04');
    await shown.selectOption({ label: 'This month' });
    await page.waitForURL(({ search }) => search === '');
    await context.close();
  });

  test('dark is dark before anything is painted, chosen or of the system, and holds over reloads', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ theme: 'light' });
    await settle(page);
    const ground = () => page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor');
    expect(await ground()).toBe('rgb(255, 255, 255)');
    await page.getByRole('button', { name: 'Account' }).click();
    await page.getByRole('radio', { name: 'Dark' }).check();
    expect(await ground()).toBe('rgb(18, 18, 21)');
    await page.reload({ waitUntil: 'commit' });
    await page.waitForFunction('document.styleSheets.length > 0');
    expect(await ground()).toBe('rgb(18, 18, 21)');
    await context.close();
  });
});

describe('whose it is', () => {
  test('the list of deployments says what the API says, and its address is its state', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/deployments' });
    await settle(page, /deployment/);
    const { db } = dashboard.database;
    await rateMonths(db, { now: await databaseClock(db).now() });
    // It says so by itself, once it is rated.
    await page.getByRole('heading', { level: 1, name: /due so far/ }).waitFor();
    const { items } = (await (await dashboard.api.fetch('/deployment-months')).json()) as {
      items: { name: string; amountToDate: string; currency: string }[];
    };
    for (const { name, amountToDate, currency } of items)
      expect(await page.getByRole('row', { name }).first().innerText()).toContain(`${amountToDate} ${currency}`);
    await page.getByRole('link', { name: 'So far' }).click();
    await page.waitForURL('**/deployments?sorted=amountToDate&direction=desc');
    await page.getByRole('searchbox', { name: 'Name, slug or customer' }).fill('nobody is called so');
    await page.keyboard.press('Enter');
    await page.getByText('No deployment matches.').waitFor();
    await page.reload();
    await page.getByText('No deployment matches.').waitFor();
    await page.getByRole('link', { name: 'Clear the filters' }).click();
    await page
      .getByRole('row', { name: items[0]?.name ?? '' })
      .first()
      .waitFor();
    await context.close();
  });

  test('a cell of the grid opens to what it is made of', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/usage?by=deployment&meter=droplet_hours' });
    await settle(page, /by 1 deployment/);
    await page.locator('tbody tr').first().locator('td button').nth(1).click();
    const proof = page.getByRole('dialog', { name: 'Where this comes from' });
    await proof
      .getByText(/adds up to/)
      .first()
      .waitFor();
    expect(new URL(page.url()).searchParams.get('why')).toBe('usage:acme-studio/droplet_hours/2026-05');
    await context.close();
  });

  test('what is unassigned is assigned after a preview in money, and that can be undone', async ({ skip }) => {
    if (!isThere) skip();
    const { db } = dashboard.database;
    const { rows } = await sql<{ id: number }>`SELECT account_id AS id FROM accounts LIMIT 1`.execute(db);
    const since = Temporal.Instant.from('2026-05-02T00:00:00Z');
    const size = { attributes: { size_slug: 's-1vcpu-1gb' } };
    for (const name of ['stray-one', 'stray-two', 'stray-three'])
      await insertLiving(db, rows[0]?.id ?? 0, 'droplet', name, { name, ...size }, since);
    await bringAttributionsUpToDate(db, since);
    const { page, context, wrong } = await dashboard.open({ path: '/unassigned' });
    await settle(page, /3 resources are unassigned, about 18.00 USD a month/);
    await page.getByRole('checkbox', { name: 'Choose all on this page' }).check();
    await page.getByRole('button', { name: 'Assign', exact: true }).click();
    const sheet = page.getByRole('dialog', { name: 'Assign 3 resources' });
    await expectNoFaults(page);
    await sheet.locator('option[value="acme-studio"]').waitFor({ state: 'attached' });
    await sheet.getByLabel('Deployment').fill('acme-studio');
    // Three droplets of nine days more are beyond what the plan includes at the month's end or not: it says which months.
    await sheet.getByText(/3 change owner, in 1 month/).waitFor({ timeout: 60_000 });
    await sheet.getByRole('button', { name: 'Assign 3 to acme-studio' }).click();
    await sheet.waitFor({ state: 'detached' });
    await page.getByText('3 resources assigned to acme-studio').waitFor();
    const owners = async () => {
      await bringAttributionsUpToDate(db, since);
      const { items } = (await (await dashboard.api.fetch('/resources?q=stray')).json()) as {
        items: { owners: unknown[] }[];
      };
      return items.map((item) => item.owners.length);
    };
    expect(await owners()).toEqual([1, 1, 1]);
    await page.getByText('Everything is assigned.').first().waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByText('3 resources assigned to acme-studio').waitFor({ state: 'detached' });
    expect(await owners()).toEqual([0, 0, 0]);
    await page.getByRole('heading', { level: 1, name: /3 resources are unassigned/ }).waitFor();
    expect(wrong).toEqual([]);
    await context.close();
  });
});

describe('a figure', () => {
  test('of the month opens to its deployments, which add up, and down to the listing behind them', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open();
    await settle(page);
    const due = page.getByRole('region', { name: 'The month in money' }).locator('dd button').first();
    const amount = (await due.innerText()).trim();
    await due.focus();
    await page.keyboard.press('Enter');
    const proof = page.getByRole('dialog', { name: 'Where this comes from' });
    await proof.getByText(`${amount} due so far`).waitFor();
    await proof.getByText('adds up to').first().waitFor();
    await proof.getByRole('listitem').getByRole('button').first().click();
    await proof.getByText('on plan').waitFor();
    await proof.getByText('adds up to').first().waitFor();
    await page.goBack();
    await page.goBack();
    await proof.waitFor({ state: 'detached' });
    await context.close();
  });
});

describe('every view', () => {
  for (const [turn, [theme, width]] of looks.entries())
    test(`is without fault: ${theme}, ${width} px`, { timeout: timeoutOf(300_000) }, async ({ skip }) => {
      if (!isThere) skip();
      await walk(dashboard, turnOf(views, turn, looks.length), { theme, width });
    });
});

// Last: it moves the clock on.
test('a simulated clock moves on by itself, is set from the page, and says while history is being created', async ({
  skip,
}) => {
  if (!isThere) skip();
  const { db } = dashboard.database;
  const { page, context, wrong } = await dashboard.open();
  await settle(page);
  const pace = page.getByLabel('How fast the simulated clock goes');
  const shown = page.getByRole('banner').getByText(/simulated/);
  const before = await shown.textContent();
  await pace.selectOption({ label: 'an hour a minute' });
  await expect.poll(async () => (await readSimulation(db))?.pace).toBe(60);

  await announceHistory(db, Temporal.Instant.from('2026-05-21T00:00:00Z'));
  await page.getByText('This demonstration creates its history now: 11 May of 21 May.').waitFor();
  await moveSimulatedClock(db, 900);
  await expect.poll(() => shown.textContent()).not.toBe(before);
  await announceHistory(db, null);
  await page.getByText('creates its history now').waitFor({ state: 'detached' });
  expect(wrong).toEqual([]);
  await context.close();
});
