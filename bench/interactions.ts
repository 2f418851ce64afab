import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { ensureProgram } from '../test/debian-program.ts';
import { launch } from '../test/page/dashboard.ts';
import { type Row, row, say } from './support.ts';

// How long the Inventory takes from a click or a key to the next paint (web.dev's INP), in Debian's Chromium with a processor
// that is four times slower: what is painted then is that it was understood, not yet what is read.

const slowdown = 4;
const rounds = 5;
const limitMs = 200;

/** Of a server with its dashboard, for who has this token. Nothing where there is no browser, which is said aloud. */
export async function measureInteractions(url: string, token: string): Promise<Row[]> {
  if (!ensureProgram('chromium')) return [];
  await untilBuilt(url);
  const browser = await launch();
  try {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, baseURL: url });
    context.setDefaultTimeout(120_000);
    await context.addInitScript(`globalThis.interactions = new Map();
      new PerformanceObserver((list) => {
        for (const { interactionId, duration } of list.getEntries())
          if (interactionId > 0) interactions.set(interactionId, Math.max(duration, interactions.get(interactionId) ?? 0));
      }).observe({ type: 'event', durationThreshold: 16, buffered: true });`);
    const page = await context.newPage();
    await page.goto(`/resources#token=${token}`);
    await read(page);
    const devtools = await context.newCDPSession(page);
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: slowdown });
    let count = 0;
    for (let round = 0; round < rounds; round += 1) count += await use(page);
    const durations = await page.evaluate<number[]>('[...interactions.values()]');
    // Below the observer's threshold an interaction is not told: it was faster than that.
    const told = durations.toSorted((one, other) => other - one);
    say(`${count} interactions, the slowest: ${told.slice(0, 8).join(', ')} ms`);
    const worst = told[Math.floor(count / 50)] ?? 16;
    const name = `reads: Inventory, interaction to next paint, processor ${slowdown} times slower`;
    return [row(name, worst, `limit of ${limitMs} ms`, limitMs, 1)];
  } finally {
    await browser.close();
  }
}

async function untilBuilt(url: string): Promise<void> {
  for (;;) {
    const text = await (await fetch(url, { headers: { accept: 'text/html' } })).text();
    if (text.includes('/assets/')) return;
    await sleep(200);
  }
}

/** Until the list is read, and painted. */
async function read(page: Page): Promise<void> {
  await page.locator('[data-row]').first().waitFor();
  await page.locator('main:not(:has([aria-busy="true"]))').waitFor();
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => setTimeout(done)))');
}

/** What a person does there: filters, sorts, pages, searches, opens one, comes back. Returns how many clicks and keys that were. */
async function use(page: Page): Promise<number> {
  let count = 0;
  const click = async (target: string) => {
    await page.locator(target).first().click();
    count += 1;
    await read(page);
  };
  const press = async (key: string) => {
    await page.keyboard.press(key);
    count += 1;
    await read(page);
  };
  const type = async (text: string) => {
    for (const sign of text) await press(sign);
  };
  await click('[aria-label="Kind"] a');
  await click('[aria-label="Owner"] a');
  await click('a:text("Clear")');
  await click('thead a:text("Name")');
  await click('thead a:text("Since")');
  await click('a:text("Next page")');
  await page.locator('main input[type=search]').focus();
  await type('resource-12');
  await press('Enter');
  await page.locator('[data-row] a').first().click();
  count += 1;
  await page.getByRole('heading', { level: 1, name: /./ }).waitFor();
  await page.goBack();
  await read(page);
  await click('a:text("Clear")');
  await press('Control+k');
  const palette = page.getByRole('dialog');
  await palette.waitFor();
  await type('d12');
  // The first empties the field.
  await press('Escape');
  await press('Escape');
  await palette.waitFor({ state: 'detached' });
  return count;
}
