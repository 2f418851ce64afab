import { expect, test } from 'vitest';
import { summaryLines } from './overview-summary.ts';

type Overview = Parameters<typeof summaryLines>[0];

const nothing: Overview = {
  from: '2026-05-01',
  to: '2026-06-01',
  meteredThrough: '2026-05-11',
  kinds: [],
  deployments: [],
  totals: [],
  notBilled: [],
  unbilled: [],
  unlisted: [],
  revertedSyncs: [],
  unattributed: { usage: {}, resources: [], total: 0 },
};

function notBilled(
  reason: Overview['notBilled'][number]['reason'],
  running: number,
  amount: string,
): Overview['notBilled'][number] {
  const amounts = [{ currency: 'USD', amount }];
  return { reason, resources: running, running, unpriced: 0, amounts, deployments: [], deploymentsTotal: 0 };
}

test('a month without anything is three lines', () => {
  expect(summaryLines(nothing)).toEqual([
    'May 2026 (UTC): 0 customers, 0 deployments. Nothing to invoice yet.',
    'Nothing needs attention.',
    'Next: arcadia invoice list --month 2026-05   The table: arcadia overview   (in the clone: ./arcadia)',
  ]);
});

test('a deployment that has ended, or has yet to begin, lacks no plan', () => {
  const deployment = { deployment: 'acme', customer: 'Acme', usage: {}, plan: null, amounts: [], problem: null };
  expect(summaryLines({ ...nothing, deployments: [deployment] })).toContain('Nothing needs attention.');
});

test('one with everything that can be wrong is eight at most, the gravest first', () => {
  const deployment = { customer: 'Acme', usage: {}, plan: null, amounts: [], problem: 'No address.' };
  const unplanned = ['one', 'two', 'three', 'four'].map(
    (slug) => ({ deployment: slug }) as Overview['notBilled'][number]['deployments'][number],
  );
  const lines = summaryLines({
    ...nothing,
    deployments: ['one', 'two', 'three', 'four', 'five'].map((slug) => ({ ...deployment, deployment: slug })),
    totals: [
      { currency: 'EUR', subtotal: '10.00', tax: '1.90', total: '11.90' },
      { currency: 'USD', subtotal: '5.00', tax: '0.00', total: '5.00' },
    ],
    notBilled: [
      notBilled('ended', 2, '30.00'),
      notBilled('unassigned', 900, '1800.50'),
      { ...notBilled('no_plan', 3, '0.00'), amounts: [], deployments: unplanned, deploymentsTotal: 5 },
    ],
    unbilled: [{}] as unknown as Overview['unbilled'],
    unlisted: [{ account: 'a', kind: 'vpc', hidden: 3, urns: [] }] as unknown as Overview['unlisted'],
    revertedSyncs: [{}] as unknown as Overview['revertedSyncs'],
    unattributed: { usage: {}, resources: [], total: 1_234 },
  });
  expect(lines).toEqual([
    'May 2026 (UTC): 1 customer, 5 deployments. Invoices as they are now: 10.00 EUR + 5.00 USD, tax 1.90 EUR + 0.00 USD, total 11.90 EUR + 5.00 USD.',
    'Needs attention:',
    '  2 resources running for deployments that ended (30.00 USD at list price): arcadia overview',
    '  1 customer cannot be rated: Acme: arcadia overview',
    '  1,234 resources unassigned, not billed (1800.50 USD at list price): arcadia rule suggest',
    '  5 deployments on no plan: one, two, three and 2 more: arcadia subscription start --help',
    '  and 3 more remarks: arcadia overview',
    'Next: arcadia overview   (in the clone: ./arcadia)',
  ]);
});
