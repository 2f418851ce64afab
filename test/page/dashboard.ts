import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import type { Role } from '../../src/platform/declare/operation.ts';
import { soaking } from '../soak.ts';
import { type Beginning, openTestDatabase, type TestDatabase } from '../database.ts';
import { ensureProgram } from '../debian-program.ts';
import { startTestApi, type TestApi } from '../http/api-fixture.ts';

// The dashboard as people have it: the build, served by the program over a database with a demonstration in it, in
// Debian's Chromium.

export interface Dashboard {
  readonly api: TestApi;
  readonly database: TestDatabase;
  /** A browser of its own storage, signed in by a link, with all that went wrong in its pages. */
  open(options?: OpenOptions): Promise<Visitor>;
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly as?: Role;
  /** The external id of the customer who signs in, where `as` is customer. */
  readonly customer?: string;
  readonly theme?: 'light' | 'dark';
  readonly width?: number;
  /** With a thumb in place of a mouse. */
  readonly touch?: boolean;
  /** Where the link leads. */
  readonly path?: string;
  readonly signsIn?: boolean;
}

export interface Visitor {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors of the console, of scripts and of the page's policy. */
  readonly wrong: string[];
}

/** Over a demonstration. Null where there is no browser, which is said aloud. */
export function openDashboard(demonstration: Beginning): Promise<Dashboard | null> {
  return openDashboardOver(async () => undefined, demonstration);
}

/** How views are looked at: each theme and each width once in `npm test`, all four ways in `npm run soak`. */
export const looks = (
  [
    ['light', 1440],
    ['dark', 390],
    ['dark', 1440],
    ['light', 390],
  ] as const
).slice(0, soaking ? 4 : 2);

/** All in `npm run soak`; in `npm test` every `of`th from the `turn`th on: those that go through the same take turns. */
export function turnOf<One>(all: readonly One[], turn: number, of: number): readonly One[] {
  return soaking ? all : all.filter((_, at) => at % of === turn);
}

/** Over what `prepare` makes of a database, empty but for its beginning. Null where there is no browser, which is said aloud. */
export async function openDashboardOver(
  prepare: (database: TestDatabase) => Promise<void>,
  beginning?: Beginning,
): Promise<Dashboard | null> {
  if (!ensureProgram('chromium')) return null;
  const database = await openTestDatabase(beginning && { beginning });
  await prepare(database);
  const api = await startTestApi(database, { withPage: true });
  while (!(await isBuilt(api))) await sleep(100);
  const browser = await launch();
  return {
    api,
    database,
    open: (options = {}) => visit(browser, api, options),
    async close() {
      await browser.close();
      await api.close();
      await database.close();
    },
  };
}

/** Until a view has been read, by its title and with its lists, and hears of changes. */
export async function settle(page: Page, title: RegExp = /need|Nothing/): Promise<void> {
  await page.getByRole('heading', { level: 1, name: title }).waitFor();
  await page.locator('button[data-state="live"]').waitFor();
  await page.locator('main:not(:has([aria-busy="true"]))').waitFor();
}

async function isBuilt({ url }: TestApi): Promise<boolean> {
  const answer = await fetch(url, { headers: { accept: 'text/html' } });
  const text = await answer.text();
  if (answer.status === 503) throw new Error('The dashboard could not be built.');
  return text.includes('/assets/');
}

/** Debian's Chromium, without a window. */
export function launch(): Promise<Browser> {
  const isRoot = process.getuid?.() === 0;
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [...(isRoot ? ['--no-sandbox'] : []), '--disable-dev-shm-usage', '--force-prefers-reduced-motion'],
  });
}

async function visit(browser: Browser, api: TestApi, options: OpenOptions): Promise<Visitor> {
  const { as = 'owner', customer, theme = 'light', width = 1440, touch = false, path = '/', signsIn = true } = options;
  const height = width < 720 ? 844 : 900;
  const viewport = { width, height };
  const context = await browser.newContext({
    viewport,
    colorScheme: theme,
    hasTouch: touch,
    isMobile: touch,
    baseURL: api.url,
  });
  // What hangs fails; on a machine that is busy with something else, half a minute is no sign of that.
  context.setDefaultTimeout(120_000);
  const wrong: string[] = [];
  await context.addInitScript(
    "addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`))",
  );
  const page = await context.newPage();
  page.on('console', (message) => {
    // A server whose machine is too busy says so with 503, and the page asks again: that is nothing wrong.
    if (message.type() === 'error' && !/status of 503/.test(message.text())) wrong.push(message.text());
  });
  page.on('pageerror', (error) => wrong.push(String(error)));
  await page.goto(signsIn ? `${path}#token=${await api.token(as, customer)}` : path);
  // The link's token is on its way until then.
  if (signsIn) await page.getByRole('button', { name: 'Account' }).waitFor();
  return { context, page, wrong };
}
