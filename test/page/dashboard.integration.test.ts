import AxeBuilder from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Dashboard, openDashboard, smallDemonstration } from './dashboard.ts';

// The dashboard in a real browser: the build under the server's own policy, over a demonstration's data. What stays
// on one person's screen is asked for by role and name.

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

const views = [['/', /need|Nothing/]] as const;

/** Where a view has been read, by its title. */
async function settle(page: Page, title: RegExp): Promise<void> {
  await page.getByRole('heading', { level: 1, name: title }).waitFor();
  await page.getByText('Live', { exact: true }).waitFor({ state: 'attached' });
}

describe('signing in', () => {
  test('by a link leaves no token in the address, in storage or to scripts, and opens the view asked for', async ({
    skip,
  }) => {
    if (!isThere) skip();
    const { page, context, wrong } = await dashboard.open({ path: '/?m=2026-05' });
    await settle(page, /need|Nothing/);
    expect(new URL(page.url()).hash).toBe('');
    expect(new URL(page.url()).search).toBe('?m=2026-05');
    const kept = await page.evaluate('JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }])');
    expect(kept).not.toContain('eyJ');
    expect(await page.evaluate('document.cookie')).toBe('');
    await page.reload();
    await settle(page, /need|Nothing/);
    expect(wrong).toEqual([]);
    await context.close();
  });

  test('by a token that is pasted, and signing out in all tabs', async ({ skip }) => {
    if (!isThere) skip();
    const { page, context } = await dashboard.open({ signsIn: false });
    await page.getByRole('heading', { name: 'Sign in to arcadia-cloud' }).waitFor();
    await page.getByLabel('Token').fill('not.a.token');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').waitFor();
    await page.getByLabel('Token').fill(await dashboard.api.token('viewer'));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await settle(page, /need|Nothing/);
    const other = await context.newPage();
    await other.goto('/');
    await settle(other, /need|Nothing/);
    await page.getByRole('button', { name: 'Account' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to arcadia-cloud' }).waitFor();
    await other.getByRole('heading', { name: 'Sign in to arcadia-cloud' }).waitFor();
    await context.close();
  });
});

describe('every view', () => {
  for (const theme of ['light', 'dark'] as const)
    for (const width of [1440, 390])
      test(`keeps the page's policy, says no error and has no fault that axe finds: ${theme}, ${width} px`, async ({
        skip,
      }) => {
        if (!isThere) skip();
        const { page, context, wrong } = await dashboard.open({ theme, width });
        for (const [path, title] of views) {
          await page.goto(path);
          await settle(page, title);
          const { violations } = await new AxeBuilder({ page }).analyze();
          expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
          const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
          expect([path, overflow > 0]).toEqual([path, false]);
        }
        expect(wrong).toEqual([]);
        await context.close();
      });
});
