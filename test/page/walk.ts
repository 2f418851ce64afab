import AxeBuilder from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { type Dashboard, type OpenOptions, settle } from './dashboard.ts';

// What holds of every view, whatever it is for.

/** An address and the title that it has once it is read. */
export type View = readonly [path: string, title: RegExp];

/**
 * Axe finds nothing wrong, targets that are too small and too close among it. What is looked at is named by `of`. The
 * dashboard has no frames, whose findings axe would put together in a tab of its own each time, unless in legacy mode.
 */
export async function expectNoFaults(page: Page, of: unknown = page.url()): Promise<void> {
  const axe = new AxeBuilder({ page }).setLegacyMode(true).options({
    rules: { 'target-size': { enabled: true } },
    // To say of each element what holds of it, and by which selector it is found, takes longer than to look at it.
    resultTypes: ['violations'],
    selectors: false,
  });
  const { violations } = await axe.analyze();
  expect([of, violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])]).toEqual([of, []]);
}

/**
 * As much of the window as may move in all, each part by how far: a tenth is what people call restless. Of a phone's, a title
 * that takes one line more moves all below it by a fiftieth.
 */
const shiftMax = (width: number) => (width < 720 ? 0.05 : 0.02);

/**
 * Opens one view after the other. Each asks the API for two things at most besides who is asking and the stream of events,
 * keeps the page's policy, says no error, has no fault that axe finds, scrolls sideways in no part, and moves nothing once it is there.
 */
export async function walk(dashboard: Dashboard, views: readonly View[], options: OpenOptions): Promise<void> {
  const { page, context, wrong } = await dashboard.open(options);
  // What moved, and by which part of the window.
  await context.addInitScript(`globalThis.moved = [];
    new PerformanceObserver((list) => {
      for (const { hadRecentInput, value, sources } of list.getEntries())
        if (!hadRecentInput) globalThis.moved.push([value, ...sources.map(({ node }) => String(node?.outerHTML ?? node?.data).slice(0, 80))]);
    }).observe({ type: 'layout-shift', buffered: true });`);
  for (const [path, title] of views) {
    const asked = new Set<string>();
    const note = (request: { url(): string }) => {
      const { pathname, search } = new URL(request.url());
      if (/^\/api\/v1\/(?!me$|events$)/.test(pathname)) asked.add(`${pathname}${search}`);
    };
    page.on('request', note);
    await page.goto(path);
    await settle(page, title);
    // Once more, when the stream of events begins, would be twice; and what moves does so now.
    await page.waitForTimeout(500);
    page.off('request', note);
    expect([path, asked.size <= 2 && asked.size > 0, [...asked]]).toEqual([path, true, [...asked]]);
    const moved = await page.evaluate<[share: number, ...what: string[]][]>('globalThis.moved');
    const share = moved.reduce((sum, [each]) => sum + each, 0);
    expect(share, `${path} moves: ${JSON.stringify(moved)}`).toBeLessThan(shiftMax(options.width ?? 1440));
    await expectNoFaults(page, path);
    const overflow = await page.evaluate<number[]>(
      "[document.documentElement, document.querySelector('main')].map(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)",
    );
    expect([path, overflow]).toEqual([path, [0, 0]]);
  }
  expect(wrong).toEqual([]);
  await context.close();
}
