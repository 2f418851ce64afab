import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { smallDemonstration } from '../fixtures/demonstration.ts';
import { timeoutOf } from '../soak.ts';
import { type Dashboard, looks, openDashboard, settle, turnOf } from './dashboard.ts';
import { views } from './views.ts';
import { expectNoFaults } from './walk.ts';

// Whoever sees little, sees no colours, has a thumb or no mouse: dialogs, sizes, zoom, forced colours, motion, and what is
// drawn beside what is written.

/** Of the page that a function is handed to. */
declare const document: { readonly activeElement: never };

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

interface Layer {
  readonly path: string;
  readonly title: RegExp;
  readonly open: (page: Page) => Promise<void>;
  /** What is there once it is open. */
  readonly shown: (page: Page) => Promise<void>;
}

const dialog = (name: string | RegExp) => (page: Page) => page.getByRole('dialog', { name }).first().waitFor();
const press = (name: string | RegExp) => (page: Page) => page.getByRole('button', { name }).first().click();

const layers: readonly Layer[] = [
  {
    path: '/',
    title: /need|Nothing/,
    open: press('Account'),
    shown: (page) => page.getByRole('group', { name: 'Account' }).waitFor(),
  },
  { path: '/', title: /need|Nothing/, open: (page) => page.keyboard.press('?'), shown: dialog('Keyboard shortcuts') },
  { path: '/', title: /need|Nothing/, open: (page) => page.keyboard.press('Control+k'), shown: dialog('Search') },
  {
    path: '/jobs',
    title: /completed/,
    async open(page) {
      await press('Account')(page);
      await press('Who sees this view')(page);
    },
    shown: dialog('Who sees this view'),
  },
  { path: '/', title: /need|Nothing/, open: openDue, shown: dialog('Where this comes from') },
  { path: '/rules', title: /rules/, open: press('Add a rule'), shown: dialog('Add a rule') },
  { path: '/jobs', title: /completed/, open: press(/^Cancel all/), shown: dialog('Cancel jobs') },
  { path: '/jobs', title: /completed/, open: press(/^Scale /), shown: dialog(/^Scale/) },
  { path: '/settings', title: /What is metered/, open: press(/^Change /), shown: dialog(/^Change/) },
  { path: '/settings?tab=limits', title: /How long/, open: press('Set a limit'), shown: dialog('Set a limit') },
  { path: '/settings?tab=sellers', title: /Who bills/, open: press('New seller'), shown: dialog('New seller') },
  { path: '/settings?tab=tax', title: /rates/, open: press('Set a rate'), shown: dialog('Set a tax rate') },
  { path: '/settings?tab=alerts', title: /thresholds/, open: press('Add an alert'), shown: dialog('Add an alert') },
  { path: '/settings?tab=tokens', title: /tokens/, open: press('Revoke tokens'), shown: dialog(/evoke/) },
  {
    path: '/drift?tab=declarations',
    title: /compared|differs|unexpected/,
    open: press('Declare what a deployment has'),
    shown: dialog('Declare what a deployment has'),
  },
  { path: '/drift?tab=rules', title: /compared|differs|unexpected/, open: press(/^Change: /), shown: dialog(/./) },
];

async function openDue(page: Page): Promise<void> {
  await page.getByRole('region', { name: 'The month in money' }).locator('dd button').first().click();
}

describe('every layer', () => {
  for (const [turn, [theme, width]] of looks.entries())
    test(`has no fault that axe finds, closes by Esc, and leads back: ${theme}, ${width} px`, async ({ skip }) => {
      if (!isThere) skip();
      const { page, context, wrong } = await dashboard.open({ theme, width });
      for (const { path, title, open, shown } of turnOf(layers, turn, looks.length)) {
        await page.goto(path);
        await settle(page, title);
        await page.getByRole('button', { name: /./ }).first().waitFor();
        await open(page);
        await shown(page);
        await expectNoFaults(page, path);
        await page.keyboard.press('Escape');
        await expect
          .poll(() => page.locator('[role="dialog"], :popover-open').count(), { message: `${path} closes by Esc` })
          .toBe(0);
      }
      expect(wrong).toEqual([]);
      await context.close();
    });

  test('that the keyboard opened gives the focus back to what opened it', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open();
    for (const [path, title, name] of [
      ['/rules', /rules/, 'Add a rule'],
      ['/jobs', /completed/, 'Cancel all that match'],
      ['/settings?tab=tax', /rates/, 'Set a rate'],
      ['/', /need|Nothing/, 'Search'],
    ] as const) {
      await page.goto(path);
      await settle(page, title);
      const button = page.getByRole('button', { name });
      await button.focus();
      await page.keyboard.press('Enter');
      await page.getByRole('dialog').waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      await expect
        .poll(() => button.evaluate((element) => element === document.activeElement), { message: path })
        .toBe(true);
    }
    await context.close();
  });
});

test('letters do nothing once they are switched off, and act again after', async ({ skip }) => {
  if (!isThere) skip();
  const { page, context } = await dashboard.open();
  await settle(page);
  const isOpen = () => page.getByRole('dialog', { name: 'Keyboard shortcuts' }).isVisible();
  const set = async (isOn: boolean) => {
    await page.getByRole('button', { name: 'Account' }).click();
    await page.getByRole('button', { name: 'Keyboard shortcuts' }).click();
    await page.getByRole('checkbox', { name: 'Single letters act' }).setChecked(isOn);
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  };
  await set(false);
  await page.reload();
  await settle(page);
  const address = page.url();
  for (const key of ['?', 'j', 'k', 'e', 'l', 't', '[', ']', '/', 'g', 'i']) await page.keyboard.press(key);
  await page.waitForTimeout(300);
  expect([page.url(), await isOpen()]).toEqual([address, false]);
  expect(await page.evaluate("document.documentElement.dataset.theme ?? 'system'")).toBe('system');
  expect(await page.evaluate("localStorage.getItem('arcadia.live')")).toBeNull();
  await page.keyboard.press('Control+k');
  await page.getByRole('dialog', { name: 'Search' }).waitFor();
  await page.keyboard.press('Escape');
  await set(true);
  await page.keyboard.press('?');
  await expect.poll(isOpen).toBe(true);
  await context.close();
});

describe('targets', () => {
  test('are 44 px high for a thumb', { timeout: timeoutOf(240_000) }, async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ width: 390, touch: true });
    expect(await page.evaluate("matchMedia('(pointer: coarse)').matches")).toBe(true);
    for (const [path, title] of turnOf(views, 1, 4)) {
      await page.goto(path);
      await settle(page, title);
      // A figure in a text or a cell opens its proof: its row is what is pressed.
      const small = await page.evaluate<string[]>(`[...document.querySelectorAll(
          'header button, header select, main button:not([data-figure]), main select, main input, main [class*=chip], nav a, nav button')]
        .filter((each) => each.checkVisibility() && !each.closest('details:not([open])') && each.type !== 'checkbox' && each.type !== 'radio')
        .map((each) => [each.outerHTML.slice(0, 120), Math.round(each.getBoundingClientRect().height)])
        .filter(([, height]) => height > 1 && height < 44).map(([html, height]) => height + ' ' + html)`);
      expect([path, small]).toEqual([path, []]);
    }
    await context.close();
  });
});

describe('seen otherwise', () => {
  test('at 400 % no view scrolls sideways', { timeout: timeoutOf(240_000) }, async ({ skip }) => {
    if (!isThere) skip();
    // 1280 px at 400 %.
    const { page, context } = await dashboard.open({ width: 320 });
    for (const [path, title] of turnOf(views, 2, 4)) {
      await page.goto(path);
      await settle(page, title);
      const wide = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
      expect([path, wide]).toEqual([path, 0]);
    }
    await context.close();
  });

  test('in forced colours, what is chosen and what has the focus differ', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/jobs' });
    await page.emulateMedia({ forcedColors: 'active' });
    await settle(page, /completed/);
    const edges = await page.evaluate<string[]>(
      `[...document.querySelectorAll('main [role=group][aria-label=States] a')].slice(0, 2).map((each) => getComputedStyle(each).border)`,
    );
    expect(edges[0]).not.toBe(edges[1]);
    const places = await page.evaluate<string[]>(
      `['[aria-current=page]', ':not([aria-current])'].map((each) => getComputedStyle(document.querySelector('nav[aria-label=Main] a' + each)).outlineStyle)`,
    );
    expect(places).toEqual(['solid', 'none']);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    await page.goto('/usage');
    await settle(page, /meter/);
    const shades = await page.evaluate<string[]>(
      `[...new Set([...document.querySelectorAll('td[data-shade] > *')].map((each) => getComputedStyle(each).backgroundColor))]`,
    );
    expect(shades.length).toBeGreaterThan(1);
    await context.close();
  });

  test('with less motion nothing moves', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/' });
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.route('**/api/v1/overview*', () => undefined);
    await page.reload();
    await page.getByText('Loading').first().waitFor({ state: 'attached' });
    const moving = await page.evaluate<number[]>(
      'document.getAnimations().map((each) => Number(each.effect.getComputedTiming().duration)).filter((ms) => ms > 1)',
    );
    expect(moving).toEqual([]);
    await context.close();
  });
});

describe('what is drawn', () => {
  test('is what its table says, day by day', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ path: '/?m=2026-04' });
    for (const month of ['2026-04', '2026-05']) {
      await page.goto(`/?m=${month}`);
      await settle(page);
      const card = page.getByRole('region', { name: 'The month in money' });
      const show = card.getByRole('button', { name: 'Show table' });
      if ((await show.count()) === 0) continue;
      await show.click();
      const cells = await card.locator('tbody td').allInnerTexts();
      const said = cells.map((text) => parseFloat(text.replaceAll(/\s/g, '')));
      const line = await card
        .locator('svg path')
        .evaluateAll((paths) => paths.map((path) => path.getAttribute('d') ?? '').filter((d) => !d.endsWith('Z')));
      const ticks = await card
        .locator('svg g')
        .evaluateAll((all) => all.map((tick) => [tick.querySelector('line')?.getAttribute('y1'), tick.textContent]));
      const drawn = {
        line: line.toSorted((one, other) => other.length - one.length)[0] ?? '',
        ticks: ticks.map(([y, value]) => [Number(y), Number(value?.replace('k', '000'))] as const),
      };
      const places = [...drawn.line.matchAll(/[ML][\d.]+ ([\d.]+)/g)].map(([, y]) => Number(y));
      const [ground = [0, 0], top = [0, 0]] = [drawn.ticks[0], drawn.ticks.at(-1)];
      const value = (y: number) => ((ground[0] - y) / (ground[0] - top[0])) * top[1];
      // The line begins at nothing, before the first day.
      const values = places.slice(1).map(value);
      expect(said.length).toBeGreaterThan(0);
      expect(values.length).toBe(said.length);
      for (const [at, each] of said.entries())
        expect(Math.abs((values[at] ?? 0) - each)).toBeLessThan(top[1] / 100 + 0.01);
    }
    await context.close();
  });
});
