import { expect, it } from 'vitest';
import { ratePlan } from './rate-plan.ts';
import { version } from '../../../test/fixtures/rating.ts';

const june = Temporal.PlainYearMonth.from('2026-06');
const volume = { upTo: '100', unitPrice: '1' };
const item = { kind: 'dns_zones', model: 'volume' as const };
const tiers = [volume, { upTo: null, unitPrice: '0.5' }];

function cliffs(units: string, properties: object, change: object = {}): string[] {
  const items = [{ ...item, properties: { tiers, ...properties } }];
  const quote = ratePlan(version({ base: '10.00', items, ...change }), new Map([['dns_zones', units]]), june);
  return (quote.cliffs ?? []).map((one) => `${one.moreUnits} more: ${one.amount} -> ${one.amountWithMore}`);
}

it('more that would cost less is pointed out', () => {
  expect(cliffs('90', {})).toEqual(['10.000000001 more: 90.00 -> 50.00']);
  expect(cliffs('40', {})).toEqual([]);
});

it("not where the plan's minimum is due anyway, and only as far as it is not", () => {
  expect(cliffs('90', {}, { minimum: '100.00' })).toEqual([]);
  expect(cliffs('90', {}, { minimum: '130.00' })).toEqual([]);
  // 100.00 with the base fee; with more it would be 60.00, and is 75.00.
  expect(cliffs('90', {}, { minimum: '75.00' })).toEqual(['10.000000001 more: 90.00 -> 65.00']);
  expect(cliffs('90', {}, { minimum: '60.00' })).toEqual(['10.000000001 more: 90.00 -> 50.00']);
});

it('counts in units where the tiers count thousands', () => {
  expect(cliffs('90000', { per: '1000' })).toEqual(['10000.000000001 more: 90.00 -> 50.00']);
  expect(cliffs('89000.5', { per: '1000', roundUp: true })).toEqual(['10999.500000001 more: 90.00 -> 50.50']);
});
