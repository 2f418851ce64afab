import { sql } from 'kysely';
import type { Page } from 'playwright-core';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { bringAttributionsUpToDate } from '../../src/deployments/attribution.ts';
import { createCustomer } from '../../src/deployments/customers.ts';
import { createDeployment } from '../../src/deployments/deployments.ts';
import { setBilling } from '../../src/invoices/billing.ts';
import { draftMonth } from '../../src/invoices/drafts.ts';
import { rateMonths } from '../../src/invoices/month-figures.ts';
import { startWorker } from '../../src/jobs/worker.ts';
import { program } from '../../src/modules.ts';
import { databaseClock } from '../../src/platform/clock.ts';
import { declareJob } from '../../src/platform/declare/job.ts';
import { createLog } from '../../src/platform/log.ts';
import { subscribe } from '../../src/pricing/subscriptions.ts';
import { smallDemonstration } from '../fixtures/demonstration.ts';
import { insertLiving } from '../fixtures/inventory.ts';
import { timeoutOf } from '../soak.ts';
import { type Dashboard, openDashboard, settle, turnOf } from './dashboard.ts';
import { type Hands, handsOf } from './hands.ts';

// Ten things that an operator does of a day, each by mouse, by keyboard alone and by thumb on a phone, from a view that has
// nothing to do with it. How many actions each takes is printed, and bounded.

let dashboard: Dashboard;
let isThere = false;
beforeAll(async () => {
  const opened = await openDashboard(smallDemonstration);
  isThere = opened !== null;
  if (opened === null) return;
  dashboard = opened;
  await billCustomers();
  await leaveUnassigned();
});
afterAll(async () => {
  if (isThere) await dashboard.close();
});

/** Whoever approves a month leaves nothing of it to the next: each way has one of its own. */
const months = {
  mouse: ['2026-04', 'April 2026'],
  keyboard: ['2026-03', 'March 2026'],
  thumb: ['2026-02', 'February 2026'],
} as const;
const billed = 12;

/** Twelve drafts of each month. */
async function billCustomers(): Promise<void> {
  const { db } = dashboard.database;
  const now = await databaseClock(db).now();
  const startsAt = Temporal.Instant.from('2026-02-01T00:00:00Z');
  const from = Temporal.PlainDate.from('2026-02-01');
  for (let at = 1; at <= billed; at += 1) {
    const slug = `shop-${at}`;
    await createCustomer(db, { externalId: `cus_${slug}`, name: `Shop ${at}`, currency: 'USD' }, startsAt);
    await createDeployment(db, { slug, name: `Shop ${at}`, customer: `cus_${slug}`, startsAt }, startsAt);
    await subscribe(db, { deployment: slug, plan: 'studio', from }, 'test', startsAt);
    // Of three nobody knows where they are: they are what is looked at first.
    if (at > 3) await setBilling(db, `cus_${slug}`, { address: [`${at} Quay Street`] }, null, 'test', now);
  }
  for (const [month] of Object.values(months))
    await draftMonth(db, { month: Temporal.PlainDate.from(`${month}-01`), now });
  await rateMonths(db, { now });
}

async function leaveUnassigned(): Promise<void> {
  const { db } = dashboard.database;
  const { rows } = await sql<{ id: number }>`SELECT account_id AS id FROM accounts LIMIT 1`.execute(db);
  const since = Temporal.Instant.from('2026-05-02T00:00:00Z');
  const size = { attributes: { size_slug: 's-1vcpu-1gb' } };
  for (const name of ['stray-one', 'stray-two', 'stray-three'])
    await insertLiving(db, rows[0]?.id ?? 0, 'droplet', name, { name, ...size }, since);
  await bringAttributionsUpToDate(db, since);
}

const failing = declareJob({
  name: 'test_failing',
  queue: 'default',
  title: 'For tests',
  arguments: z.strictObject({ n: z.number() }),
  timeoutSeconds: 60,
  attemptsMax: 1,
  run: async () => {
    throw new Error('no route to host');
  },
});

async function failJobs(): Promise<void> {
  const { db, connectionString } = dashboard.database;
  const log = createLog({ level: 'silent', format: 'json' });
  const jobs = { ...program, jobs: [failing], schedule: [] };
  const options = { config: dashboard.api.config, log, program: jobs, registry: new Registry(), name: 'big-host' };
  const worker = await startWorker({ db, connectionString, queues: ['default'], ...options });
  try {
    await db.transaction().execute(async (trx) => {
      for (let n = 0; n < 5; n += 1) await worker.jobs.enqueue(trx, failing, { n });
    });
    await expect.poll(() => jobsOf('dead'), { timeout: 60_000 }).toBe(5);
  } finally {
    await worker.stop();
  }
}

async function jobsOf(state: string): Promise<number | undefined> {
  const answer = await dashboard.api.fetch('/jobs/summary?job=test_failing');
  const { states } = (await answer.json()) as { states: { state: string; jobs: number }[] };
  return states.find((each) => each.state === state)?.jobs;
}

interface Task {
  readonly name: string;
  /** How many actions it may take: by mouse, by keyboard, by thumb. */
  readonly most: Readonly<Record<Hands['name'], number>>;
  readonly before?: () => Promise<void>;
  readonly run: (hands: Hands, page: Page) => Promise<void>;
}

const title = (page: Page, name: RegExp) => page.getByRole('heading', { level: 1, name }).waitFor();

async function serverName(): Promise<string> {
  const { items } = (await (await dashboard.api.fetch('/resources?kind=droplet&owner=acme-studio&limit=1')).json()) as {
    items: { name: string }[];
  };
  return items[0]?.name ?? '';
}

const tasks: readonly Task[] = [
  {
    name: 'why is this line 50.00',
    most: { mouse: 3, keyboard: 12, thumb: 3 },
    async run(hands, page) {
      await hands.go('Invoices', 'v');
      await hands.row(page.getByRole('link', { name: 'Shop 9', exact: true }));
      await title(page, /Shop 9/);
      await hands.row(page.getByRole('article').getByRole('button', { name: '50.00' }).first());
      await page
        .getByRole('dialog', { name: 'Where this comes from' })
        .getByText(/Studio, monthly fee: 50.00 USD/)
        .waitFor();
    },
  },
  {
    name: 'whose is this server',
    most: { mouse: 3, keyboard: 6, thumb: 3 },
    async run(hands, page) {
      const name = await serverName();
      await hands.find(name, new RegExp(`Resource.*${name}`));
      await title(page, new RegExp(`${name}: droplet of (acme-studio|Acme Studio)`));
    },
  },
  {
    name: 'what changed since yesterday',
    most: { mouse: 1, keyboard: 2, thumb: 1 },
    async run(hands, page) {
      await hands.go('Overview', 'o');
      const lines = page.getByRole('region', { name: 'What just happened' }).getByRole('listitem');
      await lines.first().waitFor();
    },
  },
  {
    name: 'approve a month but one',
    most: { mouse: 5, keyboard: 24, thumb: 5 },
    async run(hands, page) {
      await hands.go('Invoices', 'v');
      await title(page, /wait for approval|waits for approval/);
      await hands.press(page.getByRole('button', { name: /^Approve all \d+ drafts/ }));
      const sheet = page.getByRole('dialog', { name: `Approve ${months[hands.name][1]}` });
      await hands.press(sheet.getByRole('checkbox', { name: 'Leave out Shop 2' }));
      await sheet.getByText(/; 1 invoice left out/).waitFor();
      await hands.press(sheet.getByRole('button', { name: /^Approve \d+ for/ }));
      await sheet.getByText(/^Approved \d+ invoices?\./).waitFor({ timeout: 60_000 });
      await hands.press(sheet.getByRole('button', { name: 'Done' }));
      await sheet.waitFor({ state: 'detached' });
      expect(await page.evaluate('document.activeElement !== document.body')).toBe(true);
    },
  },
  {
    name: 'retry what failed at night',
    most: { mouse: 4, keyboard: 18, thumb: 5 },
    before: failJobs,
    async run(hands, page) {
      await hands.go('Jobs', 'j');
      await title(page, /5 are dead/);
      await hands.filters();
      await hands.press(page.getByRole('link', { name: /^dead 5/ }));
      await page.waitForURL(({ searchParams }) => searchParams.get('state') === 'dead');
      await hands.press(page.getByRole('button', { name: 'Retry all that match' }));
      await hands.press(page.getByRole('dialog').getByRole('button', { name: 'Retry 5 jobs' }));
      await page.getByText('5 jobs will run again.').waitFor();
      expect(await jobsOf('waiting')).toBe(5);
      await dashboard.api.fetch('/jobs/cancel', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ job: 'test_failing', state: 'waiting' }),
      });
    },
  },
  {
    name: 'what would Atelier cost',
    most: { mouse: 3, keyboard: 5, thumb: 3 },
    async run(hands, page) {
      await hands.find('quote usage', /Quote usage on all plans/);
      await title(page, /Cheapest/);
      const row = page.getByRole('region', { name: 'Quotes, as a table' }).getByRole('row', { name: /^atelier/ });
      await row.waitFor();
      expect(await row.innerText()).toMatch(/\d+\.\d\d/);
    },
  },
  {
    name: 'who sees this',
    most: { mouse: 2, keyboard: 5, thumb: 2 },
    async run(hands, page) {
      if (hands.name === 'keyboard') await hands.find('who sees', /Who sees this view/);
      else {
        await hands.press(page.getByRole('button', { name: 'Account' }));
        await hands.press(page.getByRole('button', { name: 'Who sees this view' }));
      }
      await page.getByRole('dialog', { name: 'Who sees this view' }).getByText('all of it').first().waitFor();
    },
  },
  {
    name: 'where is the money that belongs to no customer',
    most: { mouse: 1, keyboard: 2, thumb: 1 },
    async run(hands, page) {
      await hands.go('Unassigned', 'u');
      await title(page, /3 resources are unassigned, about 18.00 USD a month/);
      await page.getByRole('row', { name: /stray-one/ }).waitFor();
    },
  },
  {
    name: 'what did we believe last week',
    most: { mouse: 3, keyboard: 6, thumb: 3 },
    async run(hands, page) {
      const name = await serverName();
      await hands.find(name, new RegExp(`Resource.*${name}`));
      await page.getByRole('region', { name: 'Corrected since' }).waitFor();
    },
  },
  {
    name: 'is every account read',
    most: { mouse: 1, keyboard: 2, thumb: 2 },
    async run(hands, page) {
      await hands.go('Accounts', 'a');
      await title(page, /Everything can be seen: \d+ kinds of 1 account are read whole/);
    },
  },
];

const counted = new Map<string, string[]>(tasks.map(({ name }) => [name, []]));

// In `npm test` each task is done in one of the ways, in `npm run soak` in all.
for (const [turn, name] of (['mouse', 'keyboard', 'thumb'] as const).entries())
  test(`tasks by ${name}`, { timeout: timeoutOf(240_000) }, async ({ skip }) => {
    if (!isThere) skip();
    const isThumb = name === 'thumb';
    const { page, context, wrong } = await dashboard.open({ width: isThumb ? 390 : 1440, touch: isThumb });
    for (const task of turnOf(tasks, turn, 3)) {
      await task.before?.();
      await page.goto(`/rules?m=${months[name][0]}`);
      await settle(page, /rules/);
      const hands = handsOf(name, page);
      await task.run(hands, page);
      counted.get(task.name)?.push(`${hands.actions} by ${name}`);
      expect([task.name, hands.actions <= task.most[name], hands.actions]).toEqual([task.name, true, hands.actions]);
    }
    expect(wrong).toEqual([]);
    await context.close();
  });

afterAll(() => {
  for (const [task, ways] of counted) if (ways.length > 0) process.stdout.write(`${task}: ${ways.join(', ')}\n`);
});
