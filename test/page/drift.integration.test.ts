import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { smallDemonstration } from '../fixtures/demonstration.ts';
import { json } from '../http/api-fixture.ts';
import { type Dashboard, looks, openDashboard, settle } from './dashboard.ts';
import { expectNoFaults, walk } from './walk.ts';

// What differs from what was declared, in a real browser: declared from the page, found, decided about and ended.

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

async function answerOf<Answer>(path: string): Promise<Answer> {
  return (await (await dashboard.api.fetch(path)).json()) as Answer;
}

interface Found {
  readonly items: readonly {
    readonly finding: string;
    readonly name: string;
    readonly rule: string;
    readonly field: string | null;
    readonly state: string;
    readonly monthly: string | null;
    readonly currency: string | null;
  }[];
  readonly total: number;
}

const findings = (query: string) => answerOf<Found>(`/drift?${query}&limit=100`);

/** A droplet of the demonstration, and what it is. */
async function dropletOf(): Promise<{ readonly externalId: string; readonly region: string | null }> {
  const { items } = await answerOf<{ items: { externalId: string; region: string | null }[] }>(
    '/resources?kind=droplet&owner=acme-studio&limit=1',
  );
  return items[0] ?? { externalId: '', region: null };
}

/** It should be of another size, name and tags, and is where it should be. */
async function declareOther(): Promise<void> {
  const { externalId, region } = await dropletOf();
  const document = {
    declaration: 'acme-plan',
    deployment: 'acme-studio',
    resources: [
      {
        address: 'droplet.web',
        kind: 'droplet',
        id: externalId,
        fields: { size: 's-8vcpu-16gb', name: 'another-name', tags: ['declared'], region },
      },
    ],
  };
  const answer = await dashboard.api.fetch('/declarations/apply', json('POST', document));
  expect([answer.status, await answer.text()]).toEqual([200, expect.any(String)]);
}

describe('declarations', () => {
  test('what a deployment has is declared after it is said how much that is', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context, wrong } = await dashboard.open({ path: '/drift?tab=declarations' });
    await settle(page, /differs|unexpected|compared/);
    await page.getByText('Nothing is declared yet.').waitFor();
    await page.getByRole('button', { name: 'Declare what a deployment has' }).click();
    const sheet = page.getByRole('dialog', { name: 'Declare what a deployment has' });
    await sheet.locator('option[value="acme-studio"]').waitFor({ state: 'attached' });
    await sheet.getByLabel('Deployment').fill('acme-studio');
    await sheet.getByText(/\d+ added, 0 changed, 0 removed, 0 unchanged/).waitFor();
    await expectNoFaults(page);
    await sheet.getByRole('button', { name: /^Declare \d+ resources$/ }).click();
    await page.waitForURL('**/declarations/acme-studio');
    await settle(page, /acme-studio: \d+ resources of acme-studio/);
    const { declaration } = await answerOf<{ declaration: { resources: number } }>('/declarations/acme-studio');
    await page.getByRole('heading', { level: 1, name: new RegExp(`: ${declaration.resources} resources`) }).waitFor();
    await page.getByRole('region', { name: 'Versions, as a table' }).getByText('it holds').waitFor();
    await expectNoFaults(page);
    expect(wrong).toEqual([]);
    await context.close();
  });

  test('one is ended after it is said what that means, and stays in its history', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/declarations/acme-studio' });
    await settle(page, /acme-studio/);
    // What ends in the instant in which it began never held.
    await sql`UPDATE simulated_clock SET instant = instant + interval '1 hour'`.execute(dashboard.database.db);
    await page.getByRole('button', { name: 'End' }).click();
    const sheet = page.getByRole('dialog', { name: 'End declaration acme-studio' });
    await sheet.getByText('It has found nothing that differs: nothing is resolved.').waitFor();
    await sheet.getByRole('button', { name: /^End it: \d+ no longer compared/ }).click();
    await page.waitForURL('**/drift?tab=declarations');
    await page.getByText('Nothing is declared yet.').waitFor();
    const { items } = await answerOf<{ items: { to: string | null }[] }>('/declarations/acme-studio/versions');
    expect(items.some(({ to }) => to !== null)).toBe(true);
    await context.close();
  });
});

describe('what differs', () => {
  test('comes to the screen by itself, in groups with their money, and opens field by field', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context, wrong } = await dashboard.open({ path: '/drift' });
    await settle(page, /differs|unexpected|compared/);
    await declareOther();
    const row = page.getByRole('row', { name: /Set differently than declared.* acme-studio/ });
    await row.waitFor();
    const { items } = await findings('rule=changed');
    const size = items.find(({ field }) => field === 'size');
    expect(size?.monthly).not.toBeNull();
    await row.getByRole('link', { name: 'Set differently than declared' }).click();
    await page.waitForURL(({ searchParams }) => searchParams.get('rule') === 'changed');
    await page
      .getByRole('row', { name: /size: s-8vcpu-16gb/ })
      .getByRole('rowheader')
      .getByRole('link')
      .click();
    await settle(page, /, size: set differently than declared\./);
    const beside = page.getByRole('region', { name: 'Declared beside actual, as a table' });
    const cells = await beside.getByRole('row').nth(1).getByRole('cell').allInnerTexts();
    const amount = (size?.monthly ?? '').replace('-', '\u2212');
    expect(cells[0]).toBe('s-8vcpu-16gb');
    expect(cells[2]?.trim()).toBe(`${amount} ${size?.currency}`);
    await beside.getByRole('row', { name: /^region .* agrees$/ }).waitFor();
    await beside.getByRole('row', { name: /^name another-name/ }).waitFor();
    await page.getByRole('heading', { level: 2, name: 'What may have caused it' }).waitFor();
    await expectNoFaults(page);
    expect(wrong).toEqual([]);
    await context.close();
  });

  test('is acknowledged with a reason, reopened, and ignored until a day', async ({ skip }) => {
    if (!isThere) skip();
    const { items } = await findings('rule=changed');
    const size = items.find(({ field }) => field === 'size')?.finding ?? '';
    const stateOf = async () => (await answerOf<{ finding: { state: string } }>(`/drift/${size}`)).finding.state;
    const { page, context, wrong } = await dashboard.open({ path: `/drift/${size}` });
    await settle(page, /, size/);
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    const ack = page.getByRole('dialog', { name: /^Acknowledge/ });
    const confirm = ack.getByRole('button', { name: 'Acknowledge' });
    expect(await confirm.isDisabled()).toBe(true);
    await ack.getByLabel('Why, for the record').fill('resized for the sale');
    await expectNoFaults(page);
    await confirm.click();
    await page.getByText(/Acknowledged by .*: resized for the sale/).waitFor();
    expect(await stateOf()).toBe('acknowledged');
    await page.getByRole('button', { name: 'Reopen' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Reopen' }).click();
    await page.getByText(/^Reopened by/).waitFor();
    expect(await stateOf()).not.toBe('acknowledged');
    await page.getByRole('button', { name: 'Ignore' }).click();
    const ignore = page.getByRole('dialog', { name: /^Ignore/ });
    await ignore.getByLabel('Why, for the record').fill('until the migration');
    await ignore.getByLabel(/^Until/).fill('2027-01-01');
    await ignore.getByRole('button', { name: 'Ignore' }).click();
    await page
      .getByText(/ignored until 1 Jan 2027/)
      .first()
      .waitFor();
    expect(await stateOf()).toBe('ignored');
    await page.goto('/drift?tab=each&decided=ignored');
    await page.getByRole('row', { name: /ignored until 1 Jan 2027/ }).waitFor();
    expect(wrong).toEqual([]);
    await context.close();
  });

  test('of several is decided together', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/drift?tab=each&declaration=acme-plan', width: 390 });
    await settle(page, /unexpected/);
    const { items, total } = await findings('declaration=acme-plan');
    expect(total).toBeGreaterThan(1);
    await page.getByRole('checkbox', { name: /^Choose all/ }).check();
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    const sheet = page.getByRole('dialog', { name: `Acknowledge ${total} unexpected changes` });
    await sheet.getByLabel('Why, for the record').fill('known');
    // The first goes while somebody decides: the others are decided about all the same.
    await sql`UPDATE drift_findings SET superseded_at = recorded_at WHERE finding_key = ${items[0]?.finding}`.execute(
      dashboard.database.db,
    );
    await sheet.getByRole('button', { name: `Acknowledge ${total}` }).click();
    await sheet.waitFor({ state: 'detached' });
    await page.getByText(`${total - 1} acknowledged; 1 is no longer there.`).waitFor();
    await expect.poll(async () => (await findings('declaration=acme-plan')).total).toBe(0);
    await page.getByRole('heading', { level: 1, name: 'No unexpected change matches.' }).waitFor();
    expect(await page.getByText(/ chosen$/).count()).toBe(0);
    await context.close();
  });

  test('is forgotten where what was chosen is not listed, and keeps the period', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/drift?tab=each&decided=acknowledged&m=2026-05' });
    await settle(page, /unexpected/);
    await page.getByRole('checkbox', { name: /^Choose all/ }).check();
    await page.getByText(/ chosen$/).waitFor();
    const decided = page.getByRole('group', { name: 'What was decided' });
    await decided.getByRole('link', { name: 'Ignored' }).click();
    await page.getByText(/ chosen$/).waitFor({ state: 'detached' });
    await decided.getByRole('link', { name: 'Acknowledged' }).click();
    const row = page.getByRole('row', { name: /acknowledged/ }).first();
    await row.getByRole('rowheader').getByRole('link').click();
    const hasMonth = ({ searchParams }: URL) => searchParams.get('m') === '2026-05';
    await page.waitForURL((url) => url.pathname.startsWith('/drift/') && hasMonth(url));
    const about = page.getByRole('region', { name: 'What it is about' });
    await about.getByRole('link', { name: 'acme-studio', exact: true }).click();
    await page.waitForURL((url) => url.pathname === '/deployments/acme-studio' && hasMonth(url));
    await context.close();
  });

  test('can be had as a file, filtered as it is shown', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/drift?tab=each&decided=acknowledged' });
    await settle(page, /unexpected/);
    const href = (await page.getByRole('link', { name: 'CSV' }).getAttribute('href')) ?? '';
    const text = await page.evaluate<string>(`fetch(${JSON.stringify(href)}).then((answer) => answer.text())`);
    const { total } = await findings('state=acknowledged');
    expect(text.trim().split('\n').length).toBe(total + 1);
    await context.close();
  });
});

describe('what counts', () => {
  test('is switched off with a sheet that says what it finds', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/drift?tab=rules' });
    await settle(page, /differs|unexpected|compared/);
    await page.getByRole('button', { name: 'Change: Old snapshots, all' }).click();
    const sheet = page.getByRole('dialog', { name: 'Old snapshots' });
    await sheet.getByLabel('days').fill('120');
    await sheet.getByLabel('Severity').selectOption('medium');
    await expectNoFaults(page);
    await sheet.getByRole('button', { name: 'Save' }).click();
    await sheet.waitFor({ state: 'detached' });
    await page.getByRole('row', { name: /Old snapshots medium all days: 120/ }).waitFor();
    await context.close();
  });
});

describe('who may', () => {
  test('a viewer sees all of it, and buttons that say who presses them', async ({ skip }) => {
    if (!isThere) skip();
    const { items } = await findings('state=acknowledged');
    const { page, context } = await dashboard.open({ as: 'viewer', path: `/drift/${items[0]?.finding}` });
    await settle(page, /\./);
    const button = page.getByRole('button', { name: /^Reopen ?, needs operator/ });
    expect(await button.isDisabled()).toBe(true);
    const path = `/drift/${items[0]?.finding}/ack`;
    expect((await dashboard.api.fetch(path, { ...json('POST', { reason: 'mine' }), as: 'viewer' })).status).toBe(403);
    await page.goto('/drift?tab=each&decided=acknowledged');
    await settle(page, /unexpected/);
    await page
      .getByRole('row', { name: /acknowledged/ })
      .first()
      .waitFor();
    expect(await page.getByRole('checkbox').count()).toBe(0);
    await context.close();
  });
});

for (const [theme, width] of looks)
  test(`every view is without fault: ${theme}, ${width} px`, async ({ skip }) => {
    if (!isThere) skip();
    const { items } = await findings('state=acknowledged');
    const paths = [
      '/drift?decided=acknowledged',
      '/drift?tab=each&decided=acknowledged',
      '/declarations/acme-plan',
      ...items.slice(0, 2).map(({ finding }) => `/drift/${finding}`),
    ];
    await walk(
      dashboard,
      paths.map((path) => [path, /./] as const),
      { theme, width },
    );
  });
