import { sql } from 'kysely';
import type { Page } from 'playwright-core';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { bringAttributionsUpToDate } from '../../src/deployments/attribution.ts';
import { startWorker, type Worker } from '../../src/jobs/worker.ts';
import { program } from '../../src/modules.ts';
import { declareJob } from '../../src/platform/declare/job.ts';
import { createLog } from '../../src/platform/log.ts';
import { smallDemonstration } from '../fixtures/demonstration.ts';
import { insertLiving } from '../fixtures/inventory.ts';
import { json } from '../http/api-fixture.ts';
import { until } from '../jobs/worker-fixture.ts';
import { type Dashboard, openDashboard, settle } from './dashboard.ts';
import { expectNoFaults } from './walk.ts';

// The views of what runs by itself, of what can be seen, and of how it is set up, in a real browser: jobs of a real worker,
// accounts of a simulator.

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

const failing = declareJob({
  name: 'test_failing',
  queue: 'default',
  title: 'For tests',
  arguments: z.strictObject({ n: z.number() }),
  timeoutSeconds: 60,
  attemptsMax: 1,
  run: async ({ arguments: { n } }) => {
    throw new Error(`no route to host ${n}`);
  },
});

function startFailing(): Promise<Worker> {
  const { db, connectionString } = dashboard.database;
  const log = createLog({ level: 'silent', format: 'json' });
  const jobs = { ...program, jobs: [failing], schedule: [] };
  const options = { config: dashboard.api.config, log, program: jobs, registry: new Registry(), name: 'big-host' };
  return startWorker({ db, connectionString, queues: ['default'], ...options });
}

async function answerOf<Answer>(path: string): Promise<Answer> {
  return (await (await dashboard.api.fetch(path)).json()) as Answer;
}

describe('jobs', () => {
  const countOf = async (state: string) => {
    const { states } = await answerOf<{ states: { state: string; jobs: number }[] }>('/jobs/summary?job=test_failing');
    return states.find((each) => each.state === state)?.jobs;
  };

  test('500 that died say why, are counted before they are retried, and all run again', async ({ skip }) => {
    if (!isThere) skip();
    const worker = await startFailing();
    await dashboard.database.db.transaction().execute(async (trx) => {
      for (let n = 0; n < 500; n += 1) await worker.jobs.enqueue(trx, failing, { n });
    });
    const { page, context, wrong } = await dashboard.open({ path: '/jobs?state=dead&q=499' });
    // It is read again as jobs end.
    await page.getByRole('heading', { level: 1, name: /500 are dead/ }).waitFor({ timeout: 120_000 });
    await worker.stop();
    await settle(page, /500 are dead/);
    await page.getByRole('cell', { name: 'no route to host 499' }).waitFor();
    expect(await page.getByRole('row', { name: /test_failing/ }).count()).toBe(1);

    await page.getByRole('link', { name: 'test_failing' }).click();
    await settle(page, /test_failing is dead/);
    await page.getByRole('row', { name: /1 dead big-host .* no route to host 499/ }).waitFor();
    await expectNoFaults(page);

    await page.goto('/jobs?job=test_failing&state=dead');
    await settle(page, /500 are dead/);
    await page.getByText('50 of 500').waitFor();
    await page.getByRole('button', { name: 'Retry all that match' }).click();
    const sheet = page.getByRole('dialog', { name: 'Retry jobs' });
    await sheet.getByText('Jobs that are dead, of test_failing, on all pages.').waitFor();
    await expectNoFaults(page);
    await sheet.getByRole('button', { name: 'Retry 500 jobs' }).click();
    await page.getByText('500 jobs will run again.').waitFor();
    expect([await countOf('dead'), await countOf('waiting')]).toEqual([0, 500]);
    expect(wrong).toEqual([]);
    await context.close();
  });

  test('a retry of others than were counted is refused, and counted anew', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/jobs?job=test_failing&state=waiting' });
    await settle(page, /500 wait/);
    await page.getByRole('button', { name: 'Cancel all that match' }).click();
    const sheet = page.getByRole('dialog', { name: 'Cancel jobs' });
    const button = sheet.getByRole('button', { name: 'Cancel 500 jobs' });
    await button.waitFor();
    // A colleague cancels one of them meanwhile.
    const { items } = await answerOf<{ items: { jobId: string }[] }>('/jobs?job=test_failing&limit=1');
    const body = JSON.stringify({ ids: items.map(({ jobId }) => jobId) });
    const headers = { 'content-type': 'application/json' };
    expect((await dashboard.api.fetch('/jobs/cancel', { method: 'POST', body, headers })).status).toBe(200);
    await button.click();
    await sheet.getByText('499 jobs would be cancelled now, not 500.').waitFor();
    expect(await countOf('waiting')).toBe(499);
    await sheet.getByRole('button', { name: 'Try again' }).click();
    await sheet.getByRole('button', { name: 'Cancel 499 jobs' }).click();
    await page.getByText('499 jobs cancelled.').waitFor();
    expect(await countOf('waiting')).toBe(0);
    await context.close();
  });

  test('a queue is paused, resumed and scaled, and says so in every tab', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/jobs' });
    await settle(page, /job/);
    const other = await context.newPage();
    await other.goto('/jobs');
    await settle(other, /job/);
    const row = (tab: Page) => tab.getByRole('row', { name: /^metering/ });
    await page.getByRole('button', { name: 'Pause metering' }).click();
    await row(other).getByText('paused').waitFor();
    await other.getByRole('button', { name: 'Resume metering' }).click();
    await page.getByRole('button', { name: 'Pause metering' }).waitFor();
    await page.getByRole('button', { name: 'Scale metering' }).click();
    const sheet = page.getByRole('dialog', { name: 'Scale metering' });
    await sheet.getByLabel(/Jobs at a time/).fill('7');
    await sheet.getByRole('button', { name: 'Run 7 at a time' }).click();
    await row(page).getByText('0 of 7').waitFor();
    await context.close();
  });

  test('the schedule is in words, and what it does can be run now', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/jobs?tab=schedule' });
    await settle(page, /job/);
    await page.getByRole('row', { name: /resources every 15 minutes/ }).waitFor();
    await page.getByRole('button', { name: 'Run now: sync_runs' }).click();
    await page.getByRole('link', { name: 'Enqueued' }).click();
    await settle(page, /prune_sync_runs/);
    await context.close();
  });

  test('whoever may only look sees buttons that say who may press them', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/jobs', as: 'viewer' });
    await settle(page, /job/);
    const button = page.getByRole('button', { name: /Retry all that match ?, needs operator/ });
    expect(await button.isDisabled()).toBe(true);
    const { page: foreign, context: outside } = await dashboard.open({ path: '/jobs', as: 'finance' });
    await foreign.getByText('Not allowed.').first().waitFor();
    expect(await foreign.getByRole('navigation', { name: 'Main', exact: true }).getByText('Jobs').count()).toBe(0);
    await context.close();
    await outside.close();
  });
});

describe('accounts', () => {
  const forward = (hours: number) =>
    sql`UPDATE simulated_clock SET instant = instant + ${hours} * interval '1 hour'`.execute(dashboard.database.db);

  test('what was not seen in time is a gap with its money, which somebody confirms, and the cell opens to its run', async ({
    skip,
  }) => {
    if (!isThere) skip();
    const limit = { resourceKind: 'droplet', fromDay: '2026-05-01', gapAfterHours: 6, carryForwardHours: 72 };
    expect((await dashboard.api.fetch('/usage/limits', json('POST', limit))).status).toBe(200);
    const { page, context, wrong } = await dashboard.open({ path: '/accounts' });
    await settle(page, /Everything can be seen: \d+ kinds of 1 account are read whole/);
    await forward(7);
    await page.goto('/accounts');
    await settle(page, /1 has a gap/);
    await page.getByRole('row', { name: /^droplet 7 h gap/ }).waitFor();
    await page.getByRole('row', { name: /^volume 7 h/ }).waitFor();
    await page
      .getByRole('row', { name: /^droplet 7 h gap/ })
      .getByRole('link')
      .click();
    await page
      .getByRole('dialog', { name: 'Where this comes from' })
      .getByText(/read droplet of account pilot: complete/)
      .waitFor();
    await page.goBack();
    await page.getByRole('link', { name: 'pilot' }).first().click();
    await settle(page, /pilot: all \d+ kinds are read whole, 1 has a gap/);
    await page.getByRole('button', { name: 'Confirm manually: droplet' }).click();
    const sheet = page.getByRole('dialog', { name: 'Confirm droplet of pilot manually' });
    await expectNoFaults(page);
    await sheet.getByLabel(/How is it known/).fill('The invoice says so');
    await sheet.getByRole('button', { name: /Confirm through/ }).click();
    await sheet.waitFor({ state: 'detached' });
    await page.getByText('Nothing was estimated').waitFor();
    await page.getByRole('heading', { level: 1, name: /kinds are read whole\./ }).waitFor();
    expect(wrong).toEqual([]);
    await context.close();
  });

  test('syncing now reads it while one looks, and the token is asked what it may read', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/accounts/pilot' });
    await settle(page, /pilot/);
    await page.getByRole('row', { name: /^volume 7 h/ }).waitFor();
    const { db, connectionString } = dashboard.database;
    const log = createLog({ level: 'silent', format: 'json' });
    const { config } = dashboard.api;
    const worker = await startWorker({ db, connectionString, config, log, program, registry: new Registry() });
    await page.getByRole('button', { name: 'Sync now' }).click();
    await page.getByText('Asked for').first().waitFor();
    await page.getByRole('row', { name: /^volume just now/ }).waitFor({ timeout: 60_000 });
    await until(
      async () => (await answerOf<{ incomplete: number }>('/account-status')).incomplete === 0,
      'all is read',
    );
    await worker.stop();
    let asked = 0;
    page.on('request', (request) => {
      if (new URL(request.url()).pathname.endsWith('/check')) asked += 1;
    });
    await page.getByRole('button', { name: 'Check the token now' }).click();
    await page.getByText(/The token answers as/).waitFor();
    // What changes something reads what is on screen again, and asks no provider.
    const readAgain = page.waitForResponse((response) => response.url().endsWith('/account-status'));
    await page
      .getByRole('button', { name: /^Sync [a-z]/ })
      .first()
      .click();
    await readAgain;
    await page.waitForTimeout(500);
    expect(asked).toBe(1);
    await expectNoFaults(page);
    await context.close();
  });
});

describe('settings', () => {
  test('a meter changes from a day on, after it is said which days are metered again', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context, wrong } = await dashboard.open({ path: '/settings' });
    await settle(page, /What is metered/);
    await page.getByRole('button', { name: 'Change Droplet hours, running' }).click();
    const sheet = page.getByRole('dialog', { name: 'Change Droplet hours, running' });
    await sheet.getByLabel('Granularity').selectOption('hour');
    await sheet.getByText('No metered day changes.').waitFor();
    await sheet.getByLabel(/From/).fill('2026-05-06');
    await sheet.getByText('5 metered days would be metered again, 6 May to 10 May: May 2026.').waitFor();
    await expectNoFaults(page);
    const granularity = async () => (await answerOf<{ granularity: string }>('/kinds/droplet_hours')).granularity;
    expect(await granularity()).toBe('day');
    await sheet.getByRole('button', { name: 'Change, and meter 5 days again' }).click();
    await sheet.waitFor({ state: 'detached' });
    await page.getByRole('row', { name: /Droplet hours, running droplet_hours by hour/ }).waitFor();
    expect(await granularity()).toBe('hour');
    expect(wrong).toEqual([]);
    await context.close();
  });

  test('limits, tax rates and alerts are set, and tokens revoked', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context, wrong } = await dashboard.open({ path: '/settings?tab=limits' });
    await settle(page, /How long usage/);
    await page.getByRole('button', { name: 'Change the limits of spaces bucket' }).first().click();
    await page.getByLabel(/A gap after/).fill('30');
    await page.getByRole('button', { name: 'Set the limit' }).click();
    await page.getByRole('row', { name: /spaces bucket .* 30 72/ }).waitFor();

    await page.getByRole('link', { name: 'Tax' }).click();
    await settle(page, /rates/);
    await page.getByRole('button', { name: 'Set a rate' }).click();
    await page.getByLabel('Percent').fill('19');
    await page.getByLabel(/From/).fill('2026-05-01');
    await expectNoFaults(page);
    await page.getByRole('button', { name: 'Set the rate' }).click();
    await page.getByRole('row', { name: /19 standard VAT 1 May/ }).waitFor();

    await page.getByRole('link', { name: 'Alerts' }).click();
    await settle(page, /thresholds/);
    await page.getByRole('button', { name: 'Add an alert' }).click();
    await page.getByLabel(/Deployment \(empty/).fill('acme-studio');
    await page.getByLabel('Threshold').fill('80');
    await page.getByRole('button', { name: 'Add the alert' }).click();
    await page.getByRole('row', { name: /acme-studio 80 %/ }).waitFor();
    await page.getByRole('button', { name: 'Remove the alert on acme-studio' }).click();
    await page.getByText('Nothing is watched yet.').waitFor();

    await page.getByRole('link', { name: 'Tokens' }).click();
    await settle(page, /tokens are refused/);
    await page.getByRole('button', { name: 'Revoke tokens' }).click();
    await page.getByLabel('Subject', { exact: true }).fill('somebody-else');
    await page.getByLabel(/Reason/).fill('Laptop lost');
    await page.getByRole('button', { name: 'Revoke', exact: true }).click();
    await page.getByRole('row', { name: /tokens of somebody-else.* Laptop lost/ }).waitFor();
    expect(wrong).toEqual([]);
    await context.close();
  });

  test('a seller has a name, an address and a logo, which its documents show', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context, wrong } = await dashboard.open({ path: '/settings?tab=sellers' });
    await settle(page, /Who bills/);
    await page
      .getByRole('button', { name: /^Change / })
      .first()
      .click();
    await page.getByLabel('Name, as printed').fill('Orchard Hosting GmbH');
    await page.getByLabel('Address, a line each').fill('Lindenallee 4\nBerlin');
    await page.getByRole('button', { name: 'Change the seller' }).click();
    await page.getByRole('heading', { level: 2, name: /Orchard Hosting GmbH/ }).waitFor();
    await page.getByText('Lindenallee 4, Berlin').waitFor();
    const buffer = Buffer.from(pngOf(), 'base64');
    const sent = page.waitForResponse(
      (response) => response.request().method() === 'GET' && response.url().endsWith('/logo'),
    );
    await page
      .getByLabel(/File of the logo/)
      .first()
      .setInputFiles({ name: 'logo.png', mimeType: 'image/png', buffer });
    const logo = page.getByRole('img', { name: 'Logo of Orchard Hosting GmbH' });
    await logo.waitFor();
    const answer = await sent;
    expect([answer.status(), answer.headers()['content-type']]).toEqual([200, 'image/png']);
    await page.waitForFunction("document.querySelector('main img').naturalWidth > 0");
    await expectNoFaults(page);
    await page
      .getByRole('button', { name: /Remove the logo/ })
      .first()
      .click();
    await logo.waitFor({ state: 'detached' });
    expect(wrong).toEqual([]);
    await context.close();
  });
});

/** A red pixel. */
function pngOf(): string {
  return 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
}

describe('the audit log', () => {
  test('says who changed what, is filtered by its address, and that it is intact', async ({ skip }) => {
    if (!isThere) skip();
    const rate = { category: 'reduced', title: 'VAT', percent: '7' };
    expect((await dashboard.api.fetch('/tax-rates', json('POST', rate))).status).toBe(200);
    const { page, context, wrong } = await dashboard.open({ path: '/audit' });
    await settle(page, /The log is intact: .* entries/);
    await page.getByLabel('Table', { exact: true }).fill('tax_rates');
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.waitForURL('**/audit?table=tax_rates');
    await page
      .getByRole('row', { name: /added tax_rates/ })
      .first()
      .waitFor();
    await page
      .getByRole('row', { name: /added customers/ })
      .first()
      .waitFor({ state: 'detached' });
    await page.reload();
    await settle(page, /The log is intact/);
    await page
      .getByRole('row', { name: /added tax_rates/ })
      .first()
      .waitFor();
    await expectNoFaults(page);
    // Somebody who has all rights on the database changes what is written.
    const { db } = dashboard.database;
    await sql`ALTER TABLE audit_log DISABLE TRIGGER USER`.execute(db);
    await sql`UPDATE audit_log SET actor = 'nobody' WHERE position = 3`.execute(db);
    await sql`ALTER TABLE audit_log ENABLE TRIGGER USER`.execute(db);
    await page.getByRole('button', { name: 'Check the whole chain' }).click();
    await page.getByRole('heading', { level: 1, name: /The log is not intact/ }).waitFor();
    await page.getByText('Entry 3 is changed.').waitFor();
    expect(wrong).toEqual([]);
    await context.close();
  });

  test("is the owner's alone", async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/audit', as: 'operator' });
    await page.getByText('Not allowed.').first().waitFor();
    await context.close();
  });
});

describe('rules', () => {
  test('are added and ended after it is said which resources change owner', async ({ skip }) => {
    if (!isThere) skip();
    const { db } = dashboard.database;
    const { rows } = await sql<{ id: number }>`SELECT account_id AS id FROM accounts LIMIT 1`.execute(db);
    const since = Temporal.Instant.from('2026-05-02T00:00:00Z');
    const size = { attributes: { size_slug: 's-1vcpu-1gb' } };
    for (const name of ['stray-one', 'stray-two'])
      await insertLiving(db, rows[0]?.id ?? 0, 'droplet', name, { name, ...size }, since);
    await bringAttributionsUpToDate(db, since);
    const { page, context, wrong } = await dashboard.open({ path: '/rules' });
    await settle(page, /rules/);
    await page.getByRole('button', { name: 'Add a rule' }).click();
    const sheet = page.getByRole('dialog', { name: 'Add a rule' });
    let previews = 0;
    page.on('request', (request) => {
      if (request.url().endsWith('/rules?preview=true')) previews += 1;
    });
    await sheet.getByLabel(/Deployment/).fill('acme-studio');
    // A preview meters and rates: it waits until nobody types.
    await sheet.getByLabel(/Pattern of names/).pressSequentially('stray-*', { delay: 50 });
    await sheet.getByText(/2 resources change owner: acme-studio gains 2; unassigned loses 2/).waitFor();
    await sheet.getByRole('row', { name: /stray-one 2 May .* unassigned acme-studio/ }).waitFor();
    await sheet
      .getByText(/before tax|No amount changes/)
      .first()
      .waitFor();
    expect(previews).toBe(1);
    await expectNoFaults(page);
    await sheet.getByRole('button', { name: 'Add the rule: 2 resources change owner' }).click();
    await sheet.waitFor({ state: 'detached' });
    const row = page.getByRole('row', { name: /name stray-\* acme-studio/ });
    await row.waitFor();
    await bringAttributionsUpToDate(db, since);
    await row.getByRole('button', { name: /^End rule/ }).click();
    const end = page.getByRole('dialog', { name: /^End rule/ });
    await end
      .getByText(/2 resources change owner/)
      .first()
      .waitFor();
    await end.getByRole('button', { name: /End the rule/ }).click();
    await end.waitFor({ state: 'detached' });
    expect(wrong).toEqual([]);
    await context.close();
  });
});
