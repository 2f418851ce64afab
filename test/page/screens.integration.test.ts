import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { wholeDemonstration } from '../fixtures/demonstration.ts';
import { type Dashboard, openDashboard } from './dashboard.ts';
import { furnish, type Places } from './screens-world.ts';

// The pictures of `npm run screens`. Nothing is compared: somebody looks at them.

const folder = process.env.ARCADIA_SCREENS;
/** Of which names; all unless told. */
const asked = new RegExp(process.env.ARCADIA_SCREENS_OF ?? '');

/** For documents. */
const pictures = {
  light: fileURLToPath(new URL('../../docs/overview.png', import.meta.url)),
  dark: fileURLToPath(new URL('../../docs/overview-dark.png', import.meta.url)),
} as const;

interface Screen {
  readonly name: string;
  readonly path: string;
  /** What is done before the picture is taken. */
  readonly act?: (page: Page) => Promise<void>;
}

const screens: readonly Screen[] = [
  { name: 'overview', path: '/' },
  { name: 'overview-table', path: '/', act: (page) => page.getByRole('button', { name: 'Show table' }).click() },
  { name: 'overview-month-before', path: '/?m=2026-05' },
  { name: 'overview-nothing', path: '/?m=2025-01' },
  { name: 'inventory', path: '/resources' },
  { name: 'inventory-filtered', path: '/resources?kind=droplet&sort=name' },
  { name: 'inventory-unassigned', path: '/resources?owner=none' },
  { name: 'inventory-no-match', path: '/resources?q=nothing-is-called-so' },
  { name: 'resource', path: '/resources?kind=droplet&q=hazel-bakery-web-09', act: openResource },
  { name: 'resource-of-many-changes', path: '/resources?kind=droplet&q=juniper-dental-db', act: openResource },
  { name: 'resource-not-found', path: '/resources/999999' },
  { name: 'proof-month', path: '/', act: openDue },
  { name: 'proof-usage', path: '/?why=usage:hazel-bakery/droplet_hours/2026-05' },
  { name: 'search', path: '/', act: searching },
  { name: 'proof-rule', path: '/resources?kind=droplet', act: openOwner },
  { name: 'unassigned', path: '/unassigned' },
  { name: 'deployments', path: '/deployments' },
  { name: 'deployments-no-match', path: '/deployments?q=nothing-is-called-so' },
  { name: 'customers', path: '/customers' },
  { name: 'rules', path: '/rules' },
  { name: 'invoices', path: '/invoices' },
  {
    name: 'invoices-approve',
    path: '/invoices',
    act: (page) => page.getByRole('button', { name: /^Approve/ }).click(),
  },
  { name: 'invoice', path: '/invoices/1' },
  { name: 'invoice-line', path: '/invoices/1?why=line:1/1' },
  { name: 'corrections', path: '/corrections' },
  { name: 'bills', path: '/bills' },
  {
    name: 'bills-table',
    path: '/bills',
    act: (page) => page.getByRole('button', { name: 'Show table' }).first().click(),
  },
  { name: 'bill', path: '/bills', act: openBill },
  { name: 'bill-missing', path: '/bills', act: openMissing },
  { name: 'bill-line', path: '/bills', act: openBillLine },
  { name: 'margin', path: '/margin?m=2026-05' },
  { name: 'margin-target', path: '/margin?m=2026-05&target=50' },
  { name: 'margin-products', path: '/margin?m=2026-05&by=product' },
  { name: 'margin-cost', path: '/margin?m=2026-05&why=cost:hazel-bakery/-/2026-05' },
  { name: 'margin-nothing', path: '/margin?m=2025-01' },
  { name: 'provisioning', path: '/provisioning' },
  { name: 'provisioning-rollouts', path: '/provisioning?tab=rollouts' },
  { name: 'provisioning-blueprints', path: '/provisioning?tab=blueprints' },
  { name: 'provisioning-new', path: '/provisioning/new' },
  { name: 'blueprint', path: '/blueprints/granite-press' },
  { name: 'gateway', path: '/gateway' },
  { name: 'gateway-events', path: '/gateway?tab=events' },
  { name: 'gateway-dead', path: '/gateway?tab=dead' },
  { name: 'gateway-meters', path: '/gateway?tab=meters' },
  { name: 'plans', path: '/plans' },
  { name: 'plan', path: '/plans/studio' },
  { name: 'plan-editor', path: '/plans/studio/edit' },
  { name: 'quote', path: '/quote' },
  { name: 'usage', path: '/usage' },
  { name: 'usage-deployments', path: '/usage?by=deployment&meter=droplet_hours' },
  { name: 'usage-customers', path: '/usage?by=customer&meter=droplet_hours' },
  { name: 'drift', path: '/drift' },
  { name: 'drift-each', path: '/drift?tab=each' },
  { name: 'drift-no-match', path: '/drift?q=nothing-is-called-so' },
  { name: 'drift-not-seen', path: '/drift?tab=coverage' },
  { name: 'drift-declarations', path: '/drift?tab=declarations' },
  { name: 'drift-rules', path: '/drift?tab=rules' },
  {
    name: 'drift-adopt',
    path: '/drift?tab=declarations',
    act: (page) => page.getByRole('button', { name: 'Declare what a deployment has' }).click(),
  },
  { name: 'drift-finding', path: '/drift?tab=each&rule=changed', act: openFinding },
  { name: 'drift-ignore', path: '/drift?tab=each&rule=changed', act: ignoring },
  { name: 'declaration', path: '/declarations/hazel-bakery' },
  { name: 'jobs', path: '/jobs' },
  { name: 'jobs-no-match', path: '/jobs?q=nothing-is-called-so' },
  { name: 'jobs-schedule', path: '/jobs?tab=schedule' },
  { name: 'jobs-retry', path: '/jobs', act: (page) => page.getByRole('button', { name: /Retry all/ }).click() },
  { name: 'accounts', path: '/accounts' },
  { name: 'account', path: '/accounts/agency' },
  { name: 'settings-meters', path: '/settings' },
  {
    name: 'settings-meter',
    path: '/settings',
    act: (page) =>
      page
        .getByRole('button', { name: /^Change/ })
        .first()
        .click(),
  },
  { name: 'settings-limits', path: '/settings?tab=limits' },
  { name: 'settings-sellers', path: '/settings?tab=sellers' },
  { name: 'settings-tax', path: '/settings?tab=tax' },
  { name: 'settings-alerts', path: '/settings?tab=alerts' },
  { name: 'settings-tokens', path: '/settings?tab=tokens' },
  { name: 'audit', path: '/audit' },
  { name: 'rule-add', path: '/rules', act: (page) => page.getByRole('button', { name: 'Add a rule' }).click() },
  { name: 'palette', path: '/', act: (page) => page.keyboard.press('Control+k') },
  { name: 'keys', path: '/', act: (page) => page.keyboard.press('?') },
  { name: 'who-sees', path: '/jobs', act: askWho },
  { name: 'more', path: '/', act: openMore },
  { name: 'account-menu', path: '/', act: (page) => page.getByRole('button', { name: 'Account' }).click() },
  { name: 'not-found', path: '/nothing-is-here' },
  { name: 'proof-gone', path: '/?why=quote:nobody/2026-05' },
  { name: 'failed', path: '/', act: failing },
  { name: 'loading', path: '/', act: waiting },
];

async function openFinding(page: Page): Promise<void> {
  await page.locator('main tbody th a').first().click();
  await page.getByRole('heading', { name: 'What was decided' }).waitFor();
}

async function openBill(page: Page): Promise<void> {
  await page.getByRole('region', { name: 'Bills, as a table' }).locator('tbody th a').first().click();
  await page
    .getByText(/adds up to/)
    .first()
    .waitFor();
}

async function openMissing(page: Page): Promise<void> {
  await openBill(page);
  await page.getByRole('button', { name: /^Show what was found/ }).click();
  await page.getByRole('button', { name: /^Show which billing rules/ }).click();
}

async function openBillLine(page: Page): Promise<void> {
  await openBill(page);
  await page.getByRole('region', { name: 'Lines, as a table' }).locator('tbody th a').first().click();
  await page
    .getByRole('dialog', { name: 'Where this comes from' })
    .getByText(/adds up to/)
    .first()
    .waitFor();
}

async function ignoring(page: Page): Promise<void> {
  await openFinding(page);
  await page.getByRole('button', { name: 'Ignore' }).click();
}

async function askWho(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Account' }).click();
  await page.getByRole('button', { name: 'Who sees this view' }).click();
}

/** At a phone's foot alone. */
async function openMore(page: Page): Promise<void> {
  const more = page.getByRole('button', { name: 'More' });
  if (await more.isVisible()) await more.click();
}

/** The rule by which the first resource has its owner. */
async function openOwner(page: Page): Promise<void> {
  const owner = page.locator('main td a').first();
  if (await owner.isVisible()) await owner.click();
}

async function openResource(page: Page): Promise<void> {
  await page.locator('main tbody th a').first().click();
  await page.getByRole('heading', { name: 'Over time' }).waitFor();
}

async function openDue(page: Page): Promise<void> {
  await page.locator('main dd button').first().click();
}

async function searching(page: Page): Promise<void> {
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Search' }).fill('bakery');
  await page
    .getByRole('option', { name: /Deployment/ })
    .first()
    .waitFor();
}

async function failing(page: Page): Promise<void> {
  await page.route('**/api/v1/overview*', (route) =>
    route.fulfill({
      status: 500,
      contentType: 'application/problem+json',
      body: JSON.stringify({
        code: 'internal',
        detail: 'Something went wrong here.',
        todo: 'Look for the request id in the log.',
        requestId: '5f9c1a3e-6f0e-4f6b-9d53-0f6d1c7b1f7e',
      }),
    }),
  );
  await page.reload();
}

async function waiting(page: Page): Promise<void> {
  await page.route('**/api/v1/overview*', () => {});
  await page.reload();
}

/** The ways in that the README names. */
function toursOf(): readonly Screen[] {
  const text = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const found = [...text.matchAll(/\(http:\/\/127\.0\.0\.1:4000(\/[^)\s]+)\)/g)].map(([, path]) => path ?? '');
  return found.map((path, at) => ({ name: `tour-${at + 1}`, path, act: expectFound }));
}

async function expectFound(page: Page): Promise<void> {
  expect(await page.getByText(/^(Not found|No resource matches)/).count()).toBe(0);
}

/** Until nothing loads; of what loads for ever, for a while. By no function of the page's: its policy evaluates none. */
async function settled(page: Page, timeout: number): Promise<void> {
  const read = page.locator('html:has(h1):not(:has([aria-busy="true"]))');
  await read.waitFor({ state: 'attached', timeout }).catch(() => undefined);
  // What the address opens over a view begins to load with it.
  await page.waitForTimeout(300);
  await read.waitFor({ state: 'attached', timeout }).catch(() => undefined);
  await page.waitForTimeout(100);
}

/** What stands at an address that is known once it is there. */
const screensAt = ({ proposal, blocked, teardown, rollout, held }: Places): readonly Screen[] => [
  { name: 'proposal', path: proposal },
  { name: 'proposal-blocked', path: blocked },
  { name: 'proposal-teardown', path: teardown },
  { name: 'rollout', path: rollout },
  { name: 'rollout-held', path: held },
];

/** As a customer sees its own. */
const customersScreens: readonly Screen[] = [
  { name: 'own', path: '/' },
  { name: 'own-usage', path: '/usage' },
  { name: 'own-invoices', path: '/invoices' },
  { name: 'own-have', path: '/have' },
];

async function take(dashboard: Dashboard, into: string, places: Places): Promise<string[]> {
  const taken: string[] = [];
  const tours = toursOf();
  expect(tours.length).toBe(4);
  for (const theme of ['light', 'dark'] as const)
    for (const width of [1440, 390]) {
      const fileOf = (name: string) => `${name}-${theme}-${width}.png`;
      const isWanted = ({ name }: Screen) => asked.test(fileOf(name));
      for (const [as, all] of [
        [{}, [...screens, ...screensAt(places), ...tours]],
        [{ as: 'customer', customer: 'cus_granite_press' }, customersScreens],
      ] as const) {
        const wanted = all.filter(isWanted);
        if (wanted.length === 0) continue;
        const { context, page } = await dashboard.open({ ...as, theme, width });
        await page.locator('button[data-state="live"]').waitFor();
        for (const { name, path, act } of wanted) {
          await page.goto(path);
          await settled(page, 30_000);
          await act?.(page);
          if (act !== undefined) await settled(page, act === waiting ? 1_000 : 30_000);
          await page.screenshot({
            path: join(into, fileOf(name)),
            fullPage: width < 720 && (act === undefined || act === openResource),
          });
          if (name === 'overview' && width === 1440) await page.screenshot({ path: pictures[theme] });
          await page.unrouteAll({ behavior: 'ignoreErrors' });
          taken.push(fileOf(name));
        }
        await context.close();
      }
      if (!isWanted({ name: 'sign-in', path: '/' })) continue;
      const { context: outside, page: door } = await dashboard.open({ theme, width, signsIn: false });
      await door.getByLabel('Token').waitFor();
      await door.screenshot({ path: join(into, fileOf('sign-in')) });
      taken.push(fileOf('sign-in'));
      await outside.close();
    }
  return taken;
}

// Making the demonstration takes minutes on a machine that has other work.
test.skipIf(folder === undefined)(
  'every view and state, wide and narrow, in both themes',
  { timeout: 1_800_000 },
  async () => {
    const into = folder ?? '';
    const dashboard = await openDashboard(wholeDemonstration);
    expect(dashboard).not.toBeNull();
    if (dashboard === null) return;
    if (asked.source === '(?:)') rmSync(into, { recursive: true, force: true });
    mkdirSync(into, { recursive: true });
    const taken = await take(dashboard, into, await furnish(dashboard));
    const figures = taken.map((file) => `<figure><img src="${file}" alt=""><figcaption>${file}</figcaption></figure>`);
    writeFileSync(
      join(into, 'index.html'),
      `<!doctype html><meta charset="utf-8"><title>Screens</title><style>body{display:grid;grid-template-columns:repeat(auto-fill,minmax(480px,1fr));gap:24px;font-family:sans-serif}img{max-width:100%;border:1px solid #888}</style>${figures.join('\n')}\n`,
    );
    await dashboard.close();
  },
);
