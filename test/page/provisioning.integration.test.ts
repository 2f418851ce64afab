import { readFile } from 'node:fs/promises';
import { sql } from 'kysely';
import { pino } from 'pino';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bringAttributionsUpToDate } from '../../src/deployments/index.ts';
import { connectAccount, identifyCredentials } from '../../src/inventory/index.ts';
import { databaseClock, followSimulatedClock } from '../../src/platform/clock.ts';
import { SnoozeJob } from '../../src/platform/declare/job.ts';
import { parseSecretKey } from '../../src/platform/secrets/crypto.ts';
import { applyPlans } from '../../src/pricing/index.ts';
import { runRollout } from '../../src/provisioning/run-rollout.ts';
import { open, type Opened } from '../contract/simulator-client.ts';
import { json, testSecretKey } from '../http/api-fixture.ts';
import { type Dashboard, looks, openDashboardOver, settle, turnOf } from './dashboard.ts';
import { expectNoFaults, walk } from './walk.ts';

// A customer's system from a blueprint to its end, in a real browser and against a provider that takes writes: proposed
// with the money for both sides, approved, rolled out, held and resumed, and taken down by whoever types its slug.

const blueprint = JSON.stringify({
  blueprint: 'shop',
  schema: 1,
  parameters: { domain: { type: 'domain' }, servers: { type: 'number', default: 2, min: 1, max: 4 } },
  region: 'fra1',
  network: { vpc: { ip_range: null } },
  droplets: { web: { count: '${servers}', size: 's-2vcpu-4gb', image: 'ubuntu-24-04-x64' } },
  volumes: { data: { size: 100, attach: 'web-1' } },
  firewall: { inbound: [{ tcp: 443, from: 'balancer' }] },
  balancer: { targets: 'web', forward: [{ http: 80, to: 80 }] },
  dns: { zone: '${domain}', records: [{ A: '@', to: 'balancer' }] },
  plan: 'studio',
});

/** The least that has something to lose. */
const stall = JSON.stringify({
  blueprint: 'stall',
  schema: 1,
  region: 'fra1',
  droplets: { web: { size: 's-2vcpu-4gb', image: 'ubuntu-24-04-x64' } },
  plan: 'studio',
});

let dashboard: Dashboard;
let cloud: Opened;
let isThere = false;

beforeAll(async () => {
  const at = Temporal.Instant.from('2026-06-09T10:00:00Z');
  cloud = await open({ fleet: 'bare', seed: 3, resources: 2, writable: true, at });
  await cloud.control('limits', { perHour: null, perMinute: null });
  const opened = await openDashboardOver(async ({ db }) => {
    const secretKey = parseSecretKey(testSecretKey)!;
    const found = await identifyCredentials(db, { apiUrl: cloud.simulator.url, credentials: { token: 'read' } });
    await connectAccount(db, { ...found, slug: 'cloud', secretKey }, found.identity, at);
    await followSimulatedClock(db, at);
    await applyPlans(db, [{ name: 'studio.yaml', text: await readFile('plans/studio.yaml', 'utf8') }], 'test', at);
    await sql`UPDATE metering_config SET enabled = true FROM billing_kinds b
      WHERE b.billing_kind_id = metering_config.billing_kind_id AND b.slug IN ('volume_gb_month', 'load_balancer_hours')`.execute(
      db,
    );
  });
  isThere = opened !== null;
  if (opened === null) return;
  dashboard = opened;
  await ask('/customers', { customer: 'cus-88', name: 'Beta Ltd', currency: 'USD' });
  await ask('/blueprints', { files: [{ name: 'shop.yaml', text: blueprint }] });
  await ask('/blueprints', { files: [{ name: 'stall.yaml', text: stall }] });
  await ask('/accounts/cloud/grant', { token: 'write' });
});
afterAll(async () => {
  if (isThere) await dashboard.close();
  await cloud.close();
});

async function ask(path: string, body?: unknown): Promise<unknown> {
  const response = await dashboard.api.fetch(path, body === undefined ? {} : json('POST', body));
  expect([path, response.ok]).toEqual([path, true]);
  return response.json();
}

/** Attempts until it has come to rest, as a worker makes them. */
async function drive(rollout: number): Promise<void> {
  const { db } = dashboard.database;
  const signal = new AbortController().signal;
  const { config } = dashboard.api;
  const run = { db, clock: databaseClock(db), config, signal, log: pino({ level: 'silent' }) };
  for (let attempt = 0; attempt < 200; attempt++) {
    try {
      await runRollout({ ...run, report: () => {}, read: async () => {} }, rollout);
      await bringAttributionsUpToDate(db, cloud.simulator.now());
      return;
    } catch (error) {
      if (!(error instanceof SnoozeJob)) throw error;
      await cloud.control('clock', { advanceBy: `PT${Math.ceil(Math.max(1, error.seconds))}S` });
      await followSimulatedClock(db, cloud.simulator.now());
    }
  }
  throw new Error('the rollout does not come to rest');
}

/** Of the rollout or proposal that is shown. */
function shownId(page: Page): string {
  return new URL(page.url()).pathname.split('/').at(-1) ?? '';
}

/** The navigation says that one is in provisioning. */
async function expectHere(page: Page): Promise<void> {
  const link = page.getByRole('navigation', { name: 'Main', exact: true }).getByRole('link', { name: 'Provisioning' });
  expect(await link.getAttribute('aria-current')).toBe('page');
}

async function propose(page: Page, slug: string, domain?: string): Promise<void> {
  await page.getByLabel(/^Slug of the deployment/).fill(slug);
  await page.getByLabel('Customer').fill('cus-88');
  if (domain !== undefined) await page.getByLabel(/^domain/).fill(domain);
  await page.getByRole('button', { name: 'Propose' }).click();
  await page.getByRole('heading', { level: 1, name: new RegExp(`^Create ${slug}: \\d+ steps\\.$`) }).waitFor();
}

/** @returns the number of the rollout */
async function approveAndBegin(page: Page): Promise<number> {
  await page.getByRole('button', { name: 'Approve', exact: true }).click();
  await page.getByRole('button', { name: 'Begin the rollout' }).click();
  await page.waitForURL(/\/rollouts\/\d+/);
  return parseInt(shownId(page), 10);
}

test('a deployment is proposed from a blueprint, with the money for both sides, and rolled out', async ({ skip }) => {
  if (!isThere) skip();
  const { page, context, wrong } = await dashboard.open({ path: '/provisioning' });
  await settle(page, /^No proposals$/);
  await page.getByRole('link', { name: 'Blueprints', exact: true }).click();
  await page.getByRole('link', { name: 'shop', exact: true }).click();
  await page.getByRole('region', { name: 'The blueprint, in YAML' }).getByText('s-2vcpu-4gb').waitFor();
  await page.getByRole('region', { name: 'Parameters', exact: true }).getByText('1 to 4').waitFor();
  await page.getByRole('link', { name: 'New deployment from this' }).click();
  await propose(page, 'beta-shop', 'beta.example');
  const ours = page.getByRole('region', { name: 'What it costs us' });
  await ours.getByText('70.00').first().waitFor();
  const customers = page.getByRole('region', { name: 'What the customer pays', exact: true });
  for (const text of ['June 2026', '88.00', 'July 2026', '88.84', 'Our margin, July 2026', '18.84'])
    await customers.getByText(text).first().waitFor();
  for (const text of ['Rest of June 2026', 'from 10 Jun', '61.60', 'Our margin, rest of June 2026', '7.64'])
    await customers.getByText(text).first().waitFor();
  await expectHere(page);
  const rollout = await approveAndBegin(page);
  await page.getByRole('heading', { level: 1, name: /^Create beta-shop: waiting/ }).waitFor();
  await expectHere(page);
  await drive(rollout);
  // Nobody has reloaded the page.
  await page.getByRole('heading', { level: 1, name: 'Create beta-shop: done.' }).waitFor();
  await page.getByRole('link', { name: 'beta-shop', exact: true }).click();
  await page.getByRole('button', { name: 'Show proposals and rollouts' }).click();
  const card = page.getByRole('region', { name: 'Proposals and rollouts' });
  await card.getByRole('link', { name: `Rollout ${rollout}` }).waitFor();
  expect(wrong).toEqual([]);
  await context.close();
});

test('one that is held says why, and goes on once it is resumed', async ({ skip }) => {
  if (!isThere) skip();
  const { page, context, wrong } = await dashboard.open({ path: '/provisioning/new?blueprint=stall' });
  await settle(page, /New deployment/);
  await propose(page, 'gamma-shop');
  const rollout = await approveAndBegin(page);
  await cloud.control('faults', { fault: 'limit_reached', path: '/v2/droplets' });
  await drive(rollout);
  await page.getByRole('heading', { level: 1, name: /^Create gamma-shop: held, \d+ of \d+ steps done\.$/ }).waitFor();
  const why = page.getByRole('region', { name: 'Why it stands still' });
  await why.getByText(/limit/).waitFor();
  await why.getByText(/then resume/).waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  const sheet = page.getByRole('dialog', { name: `Undo rollout ${rollout}` });
  await sheet.getByText('create project gamma-shop').waitFor();
  await sheet.getByRole('button', { name: 'Cancel' }).click();
  await cloud.send('/_simulator/faults', { method: 'DELETE' });
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('heading', { level: 1, name: /^Create gamma-shop: (waiting|running)/ }).waitFor();
  await drive(rollout);
  await page.getByRole('heading', { level: 1, name: 'Create gamma-shop: done.' }).waitFor();
  expect(wrong).toEqual([]);
  await context.close();
});

test('what has changed since it was proposed is named, and proposed again', async ({ skip }) => {
  if (!isThere) skip();
  const { page, context } = await dashboard.open({ path: '/deployments/beta-shop' });
  await settle(page, /beta-shop/);
  await page.getByRole('button', { name: 'Show proposals and rollouts' }).click();
  const card = page.getByRole('region', { name: 'Proposals and rollouts' });
  await card.getByRole('button', { name: 'Change' }).click();
  const sheet = page.getByRole('dialog', { name: 'Change beta-shop' });
  await sheet.getByLabel(/^servers/).fill('3');
  await sheet.getByRole('button', { name: 'Propose' }).click();
  await page.getByRole('heading', { level: 1, name: /^Change beta-shop: \d+ steps?\.$/ }).waitFor();
  const stale = shownId(page);
  const [droplet] = (await cloud.all('/v2/droplets', 'droplets')).filter(({ name }) => name === 'beta-shop-web-1');
  const resized = { type: 'resize', size: 's-4vcpu-8gb' };
  await cloud.send(`/v2/droplets/${droplet.id}/actions`, { method: 'POST', body: { type: 'power_off' } });
  await cloud.control('clock', { advanceBy: 'PT5M' });
  await cloud.send(`/v2/droplets/${droplet.id}/actions`, { method: 'POST', body: resized });
  await cloud.control('clock', { advanceBy: 'PT10M' });
  await followSimulatedClock(dashboard.database.db, cloud.simulator.now());
  await page.getByRole('button', { name: 'Approve', exact: true }).click();
  const refused = page.getByRole('alert');
  await refused.getByText(/is stale: .*web-1/).waitFor();
  await refused.getByRole('button', { name: 'Propose it again' }).click();
  await page.getByRole('dialog', { name: 'Change beta-shop' }).getByRole('button', { name: 'Propose' }).click();
  await page.waitForURL((url) => url.pathname.startsWith('/proposals/') && !url.pathname.endsWith(stale));
  await page.getByRole('heading', { level: 1, name: /^Change beta-shop/ }).waitFor();
  await page.getByRole('button', { name: 'Discard' }).click();
  await page.getByText(/^discarded/).waitFor();
  await context.close();
});

test('a protected one is not taken down; else by whoever types its slug', async ({ skip }) => {
  if (!isThere) skip();
  const { page, context, wrong } = await dashboard.open({ path: '/deployments/gamma-shop' });
  await settle(page, /gamma-shop/);
  await page.getByRole('button', { name: 'Show proposals and rollouts' }).click();
  const card = page.getByRole('region', { name: 'Proposals and rollouts' });
  await card.getByRole('button', { name: 'Protect' }).click();
  const protecting = page.getByRole('dialog', { name: 'Protect gamma-shop' });
  await protecting.getByLabel('Why, for the record').fill('under legal hold');
  await protecting.getByRole('button', { name: 'Protect' }).click();
  await card.getByText(/under legal hold/).waitFor();
  const takeDown = async () => {
    await card.getByRole('button', { name: 'Take down' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Propose' }).click();
    await page.getByRole('heading', { level: 1, name: /^Destroy gamma-shop/ }).waitFor();
  };
  await takeDown();
  await page
    .getByRole('region', { name: 'What blocks it' })
    .getByText(/under legal hold/)
    .waitFor();
  expect(await page.getByRole('button', { name: 'Approve' }).count()).toBe(0);
  await page.goto('/provisioning?tab=protections');
  await page.getByRole('button', { name: 'Unprotect gamma-shop' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Unprotect' }).click();
  await page.getByText('Nothing is protected.').waitFor();
  await page.goto('/deployments/gamma-shop');
  await page.getByRole('button', { name: 'Show proposals and rollouts' }).click();
  await takeDown();
  await page.getByRole('region', { name: 'What stays, and goes on costing' }).waitFor();
  const operators = await dashboard.open({ as: 'operator', path: `/proposals/${shownId(page)}` });
  await settle(operators.page, /^Destroy gamma-shop/);
  // Operators approve what adds little, and nothing that destroys.
  expect(await operators.page.getByRole('button', { name: /^Approve/ }).isDisabled()).toBe(true);
  await operators.context.close();
  await page.getByRole('button', { name: 'Approve', exact: true }).click();
  const sheet = page.getByRole('dialog', { name: 'Approve that gamma-shop is destroyed' });
  const approve = sheet.getByRole('button', { name: 'Approve destroying gamma-shop' });
  await sheet.getByLabel('Type gamma-shop to confirm').fill('gamma-sho');
  expect(await approve.isDisabled()).toBe(true);
  await sheet.getByLabel('Type gamma-shop to confirm').fill('gamma-shop');
  await expectNoFaults(page);
  await approve.click();
  await page.getByRole('button', { name: 'Begin the rollout' }).click();
  await page.waitForURL(/\/rollouts\/\d+/);
  await drive(parseInt(shownId(page), 10));
  await page.getByRole('heading', { level: 1, name: 'Destroy gamma-shop: done.' }).waitFor();
  const live = await cloud.all('/v2/droplets', 'droplets');
  expect(live.filter(({ name }) => String(name).startsWith('gamma-shop'))).toEqual([]);
  expect(wrong).toEqual([]);
  await context.close();
});

test('a blueprint is written from what a deployment has, and applied', async ({ skip }) => {
  if (!isThere) skip();
  const { page, context, wrong } = await dashboard.open({ path: '/provisioning?tab=blueprints' });
  await settle(page, /2 blueprints/);
  await page.getByRole('button', { name: 'Write from a deployment' }).click();
  const sheet = page.getByRole('dialog', { name: 'Write a blueprint from a deployment' });
  await sheet.getByLabel('Deployment').fill('beta-shop');
  await sheet.getByRole('button', { name: 'Write it' }).click();
  expect(await sheet.getByLabel('The blueprint, in YAML').inputValue()).toContain('blueprint: "beta-shop"');
  await sheet.getByRole('button', { name: 'Apply' }).click();
  await page.getByRole('heading', { level: 1, name: 'beta-shop, version 1' }).waitFor();
  await expectHere(page);
  expect(await page.getByRole('region', { name: 'Versions' }).count()).toBe(0);
  await ask('/blueprints', { files: [{ name: 'stall.yaml', text: stall.replace('s-2vcpu-4gb', 's-4vcpu-8gb') }] });
  await page.goto('/blueprints/stall');
  await settle(page, /^stall, version 2$/);
  await page.getByRole('region', { name: 'Versions' }).getByRole('link', { name: '1', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'stall, version 1' }).waitFor();
  await page.getByText(/Not the newest/).waitFor();
  await page.getByRole('region', { name: 'The blueprint, in YAML' }).getByText('s-2vcpu-4gb').waitFor();
  expect(wrong).toEqual([]);
  await context.close();
});

/** Each view of provisioning, with the title that it has once it is read. */
async function viewsOf(): Promise<readonly (readonly [path: string, title: RegExp])[]> {
  const { items } = (await ask('/proposals')) as { readonly items: readonly { readonly hash: string }[] };
  return [
    ['/provisioning', /proposal/],
    ['/provisioning?tab=rollouts', /rollout/],
    [`/proposals/${items[0]?.hash}`, /Destroy gamma-shop/],
    [`/proposals/${items.at(-1)?.hash}`, /Create beta-shop/],
    ['/rollouts/1', /Create beta-shop/],
    ['/blueprints/shop', /shop/],
    ['/deployments/beta-shop', /beta-shop/],
  ];
}

for (const [turn, [theme, width]] of looks.entries())
  test(`every view is without fault: ${theme}, ${width} px`, async ({ skip }) => {
    if (!isThere) skip();
    await walk(dashboard, turnOf(await viewsOf(), turn, looks.length), { theme, width });
  });

test('a viewer reads all of it, sees no margin, and has no button that works', async ({ skip }) => {
  if (!isThere) skip();
  const proposed = (await ask('/proposals/creations', {
    deployment: 'delta-shop',
    customer: 'cus-88',
    blueprint: 'shop',
    parameters: { domain: 'delta.example' },
  })) as { readonly hash: string };
  const { page, context, wrong } = await dashboard.open({ as: 'viewer', path: `/proposals/${proposed.hash}` });
  await settle(page, /Create delta-shop/);
  await page.getByText('88.84').first().waitFor();
  expect(await page.getByText(/Our margin/).count()).toBe(0);
  const works = () => page.locator('main').getByRole('button', { disabled: false }).allTextContents();
  const dead = await page.locator('main').getByRole('button', { disabled: true }).allTextContents();
  expect([await works(), dead]).toEqual([[], ['Approve, needs owner', 'Discard, needs operator']]);
  await page.goto('/rollouts/1');
  await settle(page, /Create beta-shop/);
  expect(await works()).toEqual([]);
  expect(wrong).toEqual([]);
  const theirs = await dashboard.open({ as: 'customer', customer: 'cus-88', path: '/provisioning' });
  await theirs.page.getByRole('heading', { level: 1, name: 'Nothing is here' }).waitFor();
  expect(await theirs.page.getByRole('link', { name: 'Provisioning' }).count()).toBe(0);
  await theirs.context.close();
  await context.close();
});
