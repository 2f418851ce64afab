import { expect, test } from 'vitest';
import type { KnownBill } from './bills.store.ts';
import { isSameAmount, pairBills } from './known-bills.ts';

const may = Temporal.PlainDate.from('2026-05-01');
const header = (externalId: string, amount: string, period = may) => ({
  externalId,
  number: null,
  period,
  amount,
  updatedAt: null,
});
const bill = (billId: number, externalId: string, amount: string | null, period = may): KnownBill => ({
  billId,
  kind: 'final',
  externalId,
  period,
  missingSince: null,
  source: externalId.startsWith('csv:') ? 'csv' : 'api',
  number: null,
  amount,
  updatedAt: null,
  contentDigest: null,
});
/** The listed ids, with the bill that each is. */
const pairs = (listed: readonly ReturnType<typeof header>[], known: readonly KnownBill[]) =>
  Object.fromEntries(
    [...pairBills(listed, known)].map(([{ externalId }, found]) => [externalId, found?.billId ?? null]),
  );

test('an invoice is the bill of its uuid, and one that nobody knows is new', () => {
  expect(pairs([header('a', '1.00'), header('b', '2.00')], [bill(1, 'a', '9.00')])).toEqual({ a: 1, b: null });
});

test('a new one takes the place of the only bill of its month that is not listed any more, or of a file', () => {
  expect(pairs([header('b', '2.00')], [bill(1, 'a', '9.00')])).toEqual({ b: 1 });
  expect(pairs([header('b', '2.00')], [bill(1, 'csv:2026-05:', '9.00')])).toEqual({ b: 1 });
  expect(pairs([header('b', '2.00')], [bill(1, 'a', '2.00', may.subtract({ months: 1 }))])).toEqual({ b: null });
});

test('of several it is the one of the same amount, if that is clear', () => {
  const known = [bill(1, 'csv:2026-05:1', '9.00'), bill(2, 'csv:2026-05:2', '2.0')];
  expect(pairs([header('b', '2.00'), header('c', '9.00')], known)).toEqual({ b: 2, c: 1 });
  expect(pairs([header('b', '2.00'), header('c', '2.00')], known)).toEqual({ b: null, c: null });
  expect(pairs([header('b', '3.00')], known)).toEqual({ b: null });
  // A supplement beside an invoice that is still listed is a bill of its own.
  expect(pairs([header('a', '9.00'), header('b', '2.00')], [bill(1, 'a', '9.00')])).toEqual({ a: 1, b: null });
});

test.each([
  ['1.10', '1.1', true],
  ['0.00', '-0', true],
  ['100', '1', false],
  ['10.0', '10', true],
  ['-5.00', '5.00', false],
])('%s and %s are the same amount: %s', (a, b, same) => {
  expect(isSameAmount(a, b)).toBe(same);
});
