import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import type { Database } from '../platform/database/database.ts';
import { checkCorrections } from './corrections.ts';
import { draftMonth } from './drafts.ts';
import {
  addDeployment,
  addDroplet,
  at,
  day,
  openBusiness,
  settle,
  writeState,
  proposalsOf,
} from '../../test/fixtures/invoices.ts';
import { invoicesOfMonth } from './invoices.ts';
import { approveInvoice, issueInvoice } from './issue.ts';
import { addLine } from './manual-lines.ts';

const january = day('2026-01-01');
const now = at('2026-02-05');
const names = Array.from({ length: 10 }, (_, index) => `d${index}`);

let test: TestDatabase;
let db: Database;
const droplets: number[] = [];
beforeAll(async () => {
  test = await openTestDatabase();
  db = test.db;
  const account = await openBusiness(db, '2026-01-20');
  for (const slug of names) {
    await addDeployment(db, { customer: `c-${slug}`, slug });
    for (const copy of ['a', 'b', 'c', 'd', 'e', 'f']) {
      droplets.push(await addDroplet(db, account, `${slug}-${copy}`, [slug], '2026-01-20'));
    }
  }
  await settle(db, now);
});
afterAll(() => test.close());

async function drafts(): Promise<number[]> {
  const ids: number[] = [];
  for await (const { invoiceId } of invoicesOfMonth(db, january, 'draft')) ids.push(invoiceId);
  return ids;
}

it('approving and manual lines wait for drafting, and drafting for them', async () => {
  await draftMonth(db, { month: january, now });
  const ids = await drafts();
  const drafting = (async () => {
    for (let round = 0; round < 15; round += 1) await draftMonth(db, { month: january, now });
  })();
  const deciding = (async () => {
    for (const id of ids) {
      await addLine(db, id, { description: 'Support', quantity: '1', unitPrice: '1' }, 'ann', now);
      await approveInvoice(db, id, { by: 'ann', now });
      await approveInvoice(db, id, { by: 'bob', now });
    }
  })();
  await Promise.all([drafting, deciding]);
  expect(await drafts()).toEqual([]);
  for (const id of ids) await issueInvoice(db, id, { by: 'ann', now });
});

it('several who look for corrections at once take turns, and find what one would', async () => {
  for (let round = 0; round < 4; round += 1) {
    const later = at('2026-02-06').add({ hours: round });
    for (const id of droplets) {
      const state = { status: round % 2 === 0 ? 'off' : 'active' };
      await writeState(db, id, state, at('2026-01-21'), at('2026-01-25'), later);
    }
    await settle(db, later.add({ minutes: 1 }));
    await Promise.all([1, 2, 3].map(() => checkCorrections(db)));
    expect(await checkCorrections(db)).toBe(0);
    expect(await proposalsOf(db)).toHaveLength(round % 2 === 0 ? names.length : 0);
  }
});
