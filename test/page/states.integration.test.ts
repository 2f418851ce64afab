import type { Page, Route } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { staff } from '../../src/platform/declare/operation.ts';
import { smallDemonstration } from '../fixtures/demonstration.ts';
import { json } from '../http/api-fixture.ts';
import { soaking, timeoutOf } from '../soak.ts';
import { type Dashboard, openDashboard, openDashboardOver, settle, turnOf } from './dashboard.ts';
import { views } from './views.ts';
import { expectNoFaults } from './walk.ts';

// What a view shows when it cannot show what it is for, that its address is its state, and what each role is led to.

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

const requestId = '5f9c1a3e-6f0e-4f6b-9d53-0f6d1c7b1f7e';

const refusal = (status: number, detail: string) => async (route: Route) => {
  const body = JSON.stringify({ code: 'internal', detail, todo: 'Look for the request id in the log.', requestId });
  await route.fulfill({ status, contentType: 'application/problem+json', body });
};

/** What becomes of every read of a view, and what it says then. */
const failures = [
  ['500', refusal(500, 'Something went wrong here.'), /This could not be read\..*Something went wrong here\./],
  ['403', refusal(403, 'Your role may not.'), /Not allowed\..*Your role may not\./],
  ['404', refusal(404, 'There is none.'), /Not found\..*There is none\./],
  ['503', refusal(503, 'The server is stopping.'), /This could not be read\..*The server is stopping\./],
  ['a connection that breaks', (route: Route) => route.abort('connectionreset'), /The server did not answer\./],
  ['no answer', () => undefined, /Loading/],
] as const;

const reads = /\/api\/v1\/(?!me$|events|session)/;

describe('every view', () => {
  const mine = (at: number) => (soaking ? failures : failures.filter((_, kind) => kind === at % failures.length));

  test('says what is wrong, in a view that has a title, and reads again', { timeout: timeoutOf(300_000) }, async ({
    skip,
  }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open();
    // Of five each, so that every kind of failure has its turn.
    for (const [at, [path, title]] of turnOf(views, 0, 5).entries())
      for (const [kind, answer, said] of mine(at)) {
        await page.route(reads, answer);
        await page.goto(path);
        await expect
          .poll(() => page.getByText(said).count(), { message: `${path} says of ${kind} ${said}`, timeout: 15_000 })
          .toBeGreaterThan(0);
        await page.locator('main h1').first().waitFor();
        const titles = await page.locator('main h1').count();
        expect([path, kind, titles]).toEqual([path, kind, 1]);
        await expectNoFaults(page, [path, kind]);
        await page.unrouteAll({ behavior: 'ignoreErrors' });
        const again = page.getByRole('button', { name: 'Try again' });
        if ((await again.count()) === 0) continue;
        while ((await again.count()) > 0) {
          await again.first().click();
          await page.waitForTimeout(50);
        }
        await settle(page, title);
      }
    await context.close();
  });

  test('keeps what it shows when it is read again in vain', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/deployments' });
    await settle(page, /deployment/);
    await page.getByRole('row', { name: /Acme Studio/ }).waitFor();
    await page.route(reads, refusal(500, 'Something went wrong here.'));
    await page.keyboard.press('l');
    await page.keyboard.press('l');
    await page.getByText('Something went wrong here.').first().waitFor();
    await page.getByRole('row', { name: /Acme Studio/ }).waitFor();
    await context.close();
  });

  test('that a filter leaves nothing of says so, and how to see all', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open();
    for (const path of [
      '/resources',
      '/deployments',
      '/customers',
      '/rules',
      '/usage',
      '/invoices?m=2026-04',
      '/corrections',
      '/plans',
      '/jobs',
      '/drift',
      '/drift?tab=each',
      '/drift?tab=declarations',
    ]) {
      await page.goto(`${path}${path.includes('?') ? '&' : '?'}q=nothing-is-called-so`);
      await page.locator('button[data-state="live"]').waitFor();
      await page.getByText(/match/).first().waitFor();
      const back = page.getByRole('link', { name: 'Clear the filters' });
      await back.first().waitFor();
      expect([path, await back.count()]).toEqual([path, 1]);
      await back.click();
      await page.waitForURL(({ searchParams }) => !searchParams.has('q'));
    }
    await context.close();
  });
});

describe('a database with nothing in it', () => {
  /** What each says to whoever begins. */
  const empty = [
    ['/', /No account is connected|account connect/],
    ['/resources', /Connect an account and read it/],
    ['/unassigned', /Everything is assigned/],
    ['/deployments', /deployment/],
    ['/customers', /customer/],
    ['/usage', /Days are metered every night/],
    ['/invoices', /invoice/i],
    ['/corrections', /Nothing is to be corrected/],
    ['/plans', /plan/],
    ['/bills', /The token needs the scope billing:read/],
    ['/drift', /Declare what a deployment consists of/],
    ['/drift?tab=coverage', /Everything that counts is seen/],
    ['/drift?tab=declarations', /Declare what a deployment has now/],
    ['/jobs', /No matching jobs/],
    ['/accounts', /Connect one with a read-only token/],
    ['/settings?tab=alerts', /An alert fires once/],
    ['/settings?tab=tokens', /No token is refused/],
  ] as const;

  test('says in every view what it is for and what to do next', async ({ skip }) => {
    if (!isThere) skip();
    const opened = await openDashboardOver(async () => undefined);
    if (opened === null) return skip();
    const { page, context, wrong } = await opened.open();
    for (const [path, said] of empty) {
      await page.goto(path);
      await page.locator('button[data-state="live"]').waitFor();
      await page.locator('main').getByText(said).first().waitFor();
      await expectNoFaults(page, path);
    }
    expect(wrong).toEqual([]);
    await context.close();
    await opened.close();
  });
});

describe('the address', () => {
  const addresses = [
    ['/resources?kind=droplet&sort=name&order=desc', /resource/],
    ['/deployments?sorted=amountToDate&direction=desc&m=2026-05', /deployment/],
    [
      '/usage?by=deployment&meter=droplet_hours&m=2026-05&why=usage:acme-studio/droplet_hours/2026-05',
      /by 1 deployment/,
    ],
    ['/invoices?m=2026-04&tab=draft', /April 2026/],
    ['/jobs?state=completed&queue=default', /completed/],
    ['/settings?tab=limits', /How long/],
    ['/audit?table=plans', /The log is intact/],
    ['/drift?tab=rules&q=idle', /compared|differs|unexpected/],
  ] as const;

  const shown = async (page: Page) => {
    await page.waitForTimeout(400);
    // Ages, and how much of the log was verified before: what the server says of now, whatever the address.
    const passing = /\d+ (min|h|days)( ago)?|under a minute|just now|; the first \d+ were verified before/g;
    return (await page.locator('main').innerText()).replaceAll(passing, '');
  };

  test('is all that another browser needs to show the same', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open();
    const { page: other, context: elsewhere } = await dashboard.open();
    for (const [path, title] of addresses) {
      await page.goto(path);
      await settle(page, title);
      const before = await shown(page);
      await page.reload();
      await settle(page, title);
      expect([path, await shown(page)]).toEqual([path, before]);
      await other.goto(page.url());
      await settle(other, title);
      expect([path, await shown(other)]).toEqual([path, before]);
    }
    await context.close();
    await elsewhere.close();
  });

  test('goes back and forward the way that was taken', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/jobs' });
    await settle(page, /completed/);
    const taken = ['/jobs'];
    const at = () => new URL(page.url()).pathname + new URL(page.url()).search;
    for (const name of [/^completed/, /^dead/, /^All/]) {
      await page.getByRole('group', { name: 'States' }).getByRole('link', { name }).click();
      await expect.poll(at).not.toBe(taken.at(-1));
      taken.push(at());
    }
    for (const place of taken.toReversed().slice(1)) {
      await page.goBack();
      await expect.poll(at).toBe(place);
    }
    for (const place of taken.slice(1)) {
      await page.goForward();
      await expect.poll(at).toBe(place);
    }
    await context.close();
  });

  test('of the last click wins, however late the answers come', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/jobs' });
    await settle(page, /completed/);
    // The first answers come last.
    let asked = 0;
    await page.route(/\/api\/v1\/jobs\?/, async (route) => {
      asked += 1;
      await new Promise((resolve) => setTimeout(resolve, asked === 1 ? 3_000 : 300));
      await route.continue().catch(() => undefined);
    });
    const states = page.getByRole('group', { name: 'States' });
    await states.getByRole('link', { name: /^completed/ }).click();
    await states.getByRole('link', { name: /^dead/ }).click();
    await page.getByText('No matching jobs are dead.').waitFor();
    await page.waitForTimeout(3_500);
    await page.getByText('No matching jobs are dead.').waitFor();
    expect(new URL(page.url()).search).toBe('?state=dead');
    await context.close();
  });

  test('carries the period over five views', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/?m=2026-04' });
    await settle(page);
    for (const name of ['Deployments', 'Customers', 'Usage', 'Invoices', 'Plans']) {
      await page
        .getByRole('navigation', { name: 'Main', exact: true })
        .getByRole('link', { name, exact: true })
        .click();
      await page.waitForURL(({ search }) => new URLSearchParams(search).get('m') === '2026-04');
      expect(await page.getByRole('combobox', { name: 'Month of the view' }).inputValue()).toBe('2026-04');
    }
    await context.close();
  });
});

describe('what each role is led to', () => {
  /** The operation that a view is read by, and its name in the navigation. */
  const led = [
    ['Overview', '/', 'getOverview'],
    ['Unassigned', '/unassigned', 'getUnattributedSummary'],
    ['Unexpected changes', '/drift', 'listFindingGroups'],
    ['Inventory', '/resources', 'listResources'],
    ['Deployments', '/deployments', 'listDeploymentMonths'],
    ['Provisioning', '/provisioning', 'listProposals'],
    ['Customers', '/customers', 'listCustomerMonths'],
    ['Rules', '/rules', 'listRules'],
    ['Usage', '/usage', 'listUsageGrid'],
    ['Plans', '/plans', 'getPlanSheet'],
    ['Invoices', '/invoices', 'getInvoicesSummary'],
    ['Corrections', '/corrections', 'listCorrections'],
    ['Provider billing', '/bills', 'listBills'],
    ['Margin', '/margin', 'listMargins'],
    ['Jobs', '/jobs', 'getJobsSummary'],
    ['Gateway', '/gateway', 'listGatewaySources'],
    ['Accounts', '/accounts', 'getAccountsStatus'],
    ['Settings', '/settings', 'listObservationLimits'],
    ['Audit', '/audit', 'listAuditLog'],
  ] as const;

  for (const role of staff)
    test(`${role}: by the rights that the API says, and no further`, async ({ skip }) => {
      if (!isThere) skip();
      const { may } = (await (await dashboard.api.fetch('/me', { as: role })).json()) as { may: string[] };
      const { page, context } = await dashboard.open({ as: role });
      const links = page.getByRole('navigation', { name: 'Main', exact: true }).getByRole('link');
      expect(await links.allInnerTexts()).toEqual(
        led.flatMap(([name, , needs]) => (may.includes(needs) ? [name] : [])),
      );
      for (const [, path, needs] of led) {
        if (may.includes(needs)) continue;
        await page.goto(path);
        await page.getByText('Not allowed.').first().waitFor();
      }
      // Hiding a button is no guard: what it calls is refused.
      const change = { kind: '*', gapAfterHours: 1, carryForwardHours: 1 };
      if (!may.includes('setObservationLimit'))
        expect((await dashboard.api.fetch('/usage/limits', { ...json('POST', change), as: role })).status).toBe(403);
      // Who may not press a button sees who may.
      await page.goto('/drift');
      const act = page.getByRole('button', { name: /^Compare now/ });
      await act.waitFor();
      expect([role, await act.isEnabled()]).toEqual([role, may.includes('sweepDrift')]);
      await context.close();
    });

  test('says of a view which roles see all of it', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/jobs' });
    await settle(page, /completed/);
    await page.getByRole('button', { name: 'Account' }).click();
    await page.getByRole('button', { name: 'Who sees this view' }).click();
    const dialog = page.getByRole('dialog', { name: 'Who sees this view' });
    await dialog.getByText('all of it').first().waitFor();
    const said = (await dialog.locator('dl').innerText()).split('\n').map((each) => each.trim());
    const { paths } = (await (await dashboard.api.fetch('/openapi.json')).json()) as {
      paths: Record<string, Record<string, { operationId: string; 'x-roles': string[] }>>;
    };
    const summary = Object.values(paths)
      .flatMap((methods) => Object.values(methods))
      .find(({ operationId }) => operationId === 'getJobsSummary');
    const roles = summary?.['x-roles'] ?? [];
    expect(roles).toContain('viewer');
    for (const role of roles) expect(said.join(' ')).toContain(`${role} all of it`);
    // Of the view's two reads the other one is the list, which all staff may have.
    expect(said.join(' ')).toContain('finance a part of it');
    await context.close();
  });
});
