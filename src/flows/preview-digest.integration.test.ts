import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { addDeployment, addDroplet, at, day, openBusiness, settle } from '../../test/fixtures/invoices.ts';
import { insertLiving } from '../../test/fixtures/inventory.ts';
import { assign } from '../deployments/assignments.ts';
import { applyRules, endRule, listRules } from '../deployments/rules.ts';
import { draftMonth } from '../invoices/drafts.ts';
import { invoicesOfMonth } from '../invoices/invoices.ts';
import { approveInvoice, issueInvoice } from '../invoices/issue.ts';
import type { UnitOfWork } from '../platform/database/database.ts';
import { nestedDatabase } from '../platform/database/nested-database.ts';
import { changeAsPreviewed, previewOwnership } from './preview-ownership.ts';

// A change of owners that is held to the preview which somebody saw: January is drafted, and issued while they look.

const now = at('2026-03-04T12:00:00Z');
const january = day('2026-01-01');

let database: TestDatabase;
let account: number;
let droplets: number[];
beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  account = await openBusiness(db);
  await addDeployment(db, { customer: 'acme', slug: 'shop' });
  await addDeployment(db, { customer: 'beta', slug: 'wiki' });
  droplets = [];
  for (const name of ['a', 'b']) droplets.push(await addDroplet(db, account, name, ['shop'], '2026-01-10'));
  await settle(db, now);
  await draftMonth(db, { month: january, now });
});
afterAll(() => database.close());

const toWiki =
  (resource: number, when = now) =>
  (trx: UnitOfWork) =>
    assign(
      nestedDatabase(trx),
      { resourceIds: [resource], owners: [{ slug: 'wiki', weight: 1 }], from: at('2026-01-20') },
      'ann',
      when,
    );
const digestOf = async (change: (trx: UnitOfWork) => Promise<unknown>, when = now) =>
  (await previewOwnership(database.db, change, { now: when })).digest;
const write = (change: (trx: UnitOfWork) => Promise<unknown>, expected: string, when = now) =>
  changeAsPreviewed(database.db, change, { expect: expected, now: when });

test('an invoice that was issued since refuses it, and a look again agrees', async () => {
  const { db } = database;
  const change = toWiki(droplets[0] as number);
  const seen = await digestOf(change);
  expect(await digestOf(change)).toBe(seen);
  for await (const { invoiceId } of invoicesOfMonth(db, january, 'draft')) {
    await approveInvoice(db, invoiceId, { by: 'ann', now, override: 'a test' });
    await issueInvoice(db, invoiceId, { by: 'ann', now });
  }
  await expect(write(change, seen)).rejects.toMatchObject({
    code: 'conflict',
    message: 'Nothing was written: the preview no longer holds. Invoices of its months were issued or cancelled since.',
  });
  expect(await write(change, await digestOf(change))).toMatchObject({ inserted: 2, superseded: 1 });
  await settle(db, now);
});

test('usage of another day changes nothing of it', async () => {
  const change = toWiki(droplets[1] as number);
  const seen = await digestOf(change);
  const tomorrow = now.add({ hours: 24 });
  await settle(database.db, tomorrow);
  expect(await digestOf(change, tomorrow)).toBe(seen);
});

test('an invoice of a later month that was issued since refuses it: what is left of an allowance goes on into it', async () => {
  const { db } = database;
  const february = day('2026-02-01');
  await draftMonth(db, { month: february, now });
  const change = (trx: UnitOfWork) => {
    const [from, to] = [at('2026-01-20'), at('2026-01-25')];
    const owners = [{ slug: 'wiki', weight: 1 }];
    return assign(nestedDatabase(trx), { resourceIds: [droplets[1] as number], owners, from, to }, 'ann', now);
  };
  const seen = await digestOf(change);
  for await (const { invoiceId } of invoicesOfMonth(db, february, 'draft')) {
    await approveInvoice(db, invoiceId, { by: 'ann', now, override: 'a test' });
    await issueInvoice(db, invoiceId, { by: 'ann', now });
  }
  await expect(write(change, seen)).rejects.toMatchObject({ code: 'conflict' });
});

test('what ends from now on is the same whenever it is done', async () => {
  const { db } = database;
  await applyRules(db, { rules: [{ name: 'c-*', deployment: 'shop' }] }, 'ann', now, { keepOthers: true });
  await insertLiving(db, account, 'droplet', 'c-1', { name: 'c-1' }, at('2026-01-10'));
  await settle(db, now);
  const rule = (await listRules(db)).find(({ pattern }) => pattern === 'c-*')?.ruleId ?? 0;
  const later = now.add({ minutes: 7 });
  const end = (when: Temporal.Instant) => (trx: UnitOfWork) => endRule(nestedDatabase(trx), rule, when);
  const seen = await digestOf(end(now));
  expect(await digestOf(end(later), later)).toBe(seen);
  expect(await write(end(later), seen, later)).toMatchObject({ ended: 1 });
});

test('of two who decide at once by the same preview one is refused', async () => {
  const change = toWiki(droplets[1] as number);
  const other = (trx: UnitOfWork) =>
    assign(
      nestedDatabase(trx),
      {
        resourceIds: [droplets[1] as number],
        owners: [
          { slug: 'wiki', weight: 1 },
          { slug: 'shop', weight: 1 },
        ],
        from: null,
      },
      'bea',
      now,
    );
  const [mine, hers] = [await digestOf(change), await digestOf(other)];
  const outcomes = await Promise.allSettled([write(change, mine), write(other, hers)]);
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  const [refused] = outcomes.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
  expect(refused?.reason).toMatchObject({ code: 'conflict' });
});
