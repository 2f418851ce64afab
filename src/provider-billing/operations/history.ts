import { z } from 'zod';
import {
  declareList,
  declareOperation,
  moneyRoles as roles,
  type Operation,
} from '../../platform/declare/operation.ts';
import { pageOf } from '../../platform/declare/pages.ts';
import { day, dayOut, decimalOut, instant, instantOut, line, month, slug } from '../../platform/declare/schemas.ts';
import * as history from '../history.store.ts';
import { readBalanceMonth } from '../balance-months.ts';
import { selectInsights } from '../insights.store.ts';
import { selectSurprises } from '../surprises.store.ts';

// What the provider says over time: balances, payments and Insights.

const tag = 'provider billing';
const payer = slug.meta({ description: 'Who receives the bills', examples: ['acme'] });
const instantKey = z.string().transform((text) => Temporal.Instant.from(text));
const dayKey = z.iso.date().transform((text) => Temporal.PlainDate.from(text));
const balanceKey = z.tuple([instantKey, z.string()]);
const entryKey = z.tuple([instantKey, z.string(), z.string(), z.int()]);
const surpriseKey = z.tuple([dayKey, z.int()]);
const insightKey = z.tuple([dayKey, z.string(), z.string(), z.int(), z.int()]);

export const listBalances = declareList({
  path: '/balances',
  name: 'bill balance',
  operationId: 'listBalances',
  tag,
  summary: 'What is owed to the provider, over time, the newest first',
  description: 'A row for each balance that the provider made: it makes them from time to time only.',
  roles,
  query: z.object({
    payer: payer.optional(),
    from: instant.optional().meta({ description: 'From this moment on' }),
    to: instant.optional().meta({ description: 'Before this moment' }),
  }),
  row: z
    .object({
      payer,
      currency: z.string(),
      generatedAt: instantOut.meta({ description: 'When the provider made it' }),
      readAt: instantOut,
      accountBalance: decimalOut.meta({ description: 'Owed of the past; negative: a credit' }),
      monthToDateUsage: decimalOut.meta({ description: 'Used in the running month so far' }),
      monthToDateBalance: decimalOut.meta({ description: 'Both together' }),
    })
    .meta({ id: 'ProviderBalance' }),
  search: { none: 'a balance has no words' },
  sort: { none: 'the newest first, as it is indexed' },
  total: { none: 'a row for each reading' },
  async run({ db, query }, { limit, cursor }) {
    const key = cursor === null ? null : balanceKey.parse(JSON.parse(cursor));
    const after = key === null ? null : { generatedAt: key[0], payer: key[1] };
    const rows = await history.selectBalances(db, { ...query, limit: limit + 1, after });
    return pageOf(rows, limit, (last) => JSON.stringify([last.generatedAt, last.payer]));
  },
});

const figure = decimalOut.nullable();

export const getBalanceMonth = declareOperation({
  method: 'GET',
  path: '/balances/month',
  name: 'bill use',
  operationId: 'getBalanceMonth',
  tag,
  summary: "How a month's use grew day by day, beside what was there by the price book",
  description:
    'The last balance of each UTC day. What is expected is the price of an hour of what was there, as each balance was read, up to the next.',
  roles,
  query: z.object({ month: month.optional().meta({ description: 'The month of the last complete day unless given' }) }),
  response: z
    .object({
      month: z.string().meta({ examples: ['2026-06'] }),
      payers: z.array(
        z.object({
          payer,
          currency: z.string(),
          used: decimalOut.meta({ description: 'By the last balance of the month' }),
          expected: figure.meta({ description: 'By then, by the price book; null: some balance was read without it' }),
          difference: figure.meta({ description: 'used less expected' }),
          hourlyRate: figure.meta({ description: 'What an hour of what was there costs: the run rate' }),
          unpriced: z.int().nullable().meta({ description: 'Resources of no known price, which are in no rate' }),
          forecast: figure.meta({
            description: "used at the month's end by the run rate, up to the 672nd hour; null: the month is over",
          }),
          points: z.array(z.object({ at: instantOut, used: decimalOut, expected: figure })),
        }),
      ),
    })
    .meta({ id: 'BalanceMonth' }),
  async run({ db, query, now }) {
    const lastDay = now.toZonedDateTimeISO('UTC').toPlainDate().subtract({ days: 1 });
    const of = query.month ?? lastDay.with({ day: 1 });
    return { month: of.toPlainYearMonth().toString(), payers: await readBalanceMonth(db, of, now) };
  },
});

export const listBillingHistory = declareList({
  path: '/billing-history',
  name: 'bill history',
  operationId: 'listBillingHistory',
  tag,
  summary: "The provider's billing history: invoices, payments, credits, the newest first",
  roles,
  query: z.object({ payer: payer.optional() }),
  row: z
    .object({
      payer,
      currency: z.string(),
      at: instantOut,
      type: z.string().meta({ examples: ['Payment'] }),
      amount: decimalOut.meta({ description: 'By how much what is owed grows' }),
      description: z.string().nullable(),
      invoiceNumber: z.string().nullable(),
      missingSince: instantOut.nullable().meta({ description: 'Since when the provider does not show it' }),
    })
    .meta({ id: 'ProviderBillingEntry' }),
  search: { none: 'the filter by payer says the same' },
  sort: { none: 'the newest first, as it is indexed' },
  total: { none: 'years of entries' },
  async run({ db, query }, { limit, cursor }) {
    const key = cursor === null ? null : entryKey.parse(JSON.parse(cursor));
    const after = key === null ? null : { at: key[0], payer: key[1], digest: key[2], ordinal: key[3] };
    const rows = await history.selectEntries(db, { ...query, limit: limit + 1, after });
    return pageOf(rows, limit, (last) => JSON.stringify([last.at, last.payer, last.digest, last.ordinal]));
  },
});

export const listInsights = declareList({
  path: '/bill-insights',
  name: 'bill insights',
  operationId: 'listInsights',
  tag,
  summary: "The provider's Insights: what was used by day, team, SKU and region",
  description:
    'The provider calls these estimates, and may change a day later: each change is a revision. The days of the last 31 unless given.',
  roles,
  query: z.object({
    payer: payer.optional(),
    from: day.optional().meta({ description: 'First UTC day' }),
    to: day.optional().meta({ description: 'First UTC day after the range: not in it' }),
    sku: line.optional().meta({ examples: ['1-DO-DROP-0109'] }),
    revisions: z.boolean().default(false).meta({ description: 'Every revision, not the newest alone' }),
  }),
  row: z
    .object({
      payer,
      urn: z.string().meta({ description: 'Whom it was asked about: a team or an organization' }),
      day: dayOut,
      revision: z.int(),
      readAt: instantOut,
      teamUrn: z.string(),
      sku: z.string(),
      region: z.string(),
      description: z.string(),
      groupDescription: z.string(),
      amount: decimalOut,
    })
    .meta({ id: 'ProviderInsight' }),
  search: { none: 'the filter by SKU is indexed; a text would read every day of every resource' },
  sort: { none: 'the newest first, as it is indexed' },
  total: { none: 'a row for each resource and day' },
  async run({ db, query: { from, to, payer: of, sku, revisions }, now }, { limit, cursor }) {
    const today = now.toZonedDateTimeISO('UTC').toPlainDate();
    const key = cursor === null ? null : insightKey.parse(JSON.parse(cursor));
    const rows = await selectInsights(db, {
      payer: of,
      sku,
      all: revisions,
      from: from ?? (to ?? today).subtract({ days: 31 }),
      to: to ?? today.add({ days: 1 }),
      limit: limit + 1,
      after: key === null ? null : { day: key[0], payer: key[1], urn: key[2], revision: key[3], ordinal: key[4] },
    });
    return pageOf(rows, limit, (last) => JSON.stringify([last.day, last.payer, last.urn, last.revision, last.ordinal]));
  },
});

export const listBillSurprises = declareList({
  path: '/bill-surprises',
  name: 'bill surprises',
  operationId: 'listBillSurprises',
  tag,
  summary: 'What cost more on a day than was expected of it, by Insights: the newest day first',
  description:
    'Looked for each night after Insights were read, so that it is known a day later and not with the bill. The days of the last 31 unless given.',
  roles,
  query: z.object({
    payer: payer.optional(),
    from: day.optional().meta({ description: 'First UTC day' }),
    to: day.optional().meta({ description: 'First UTC day after the range: not in it' }),
  }),
  row: z
    .object({
      day: dayOut,
      payer,
      teamUrn: z.string().meta({ description: 'The team that used it' }),
      sku: z.string(),
      region: z.string(),
      description: z.string(),
      groupDescription: z.string(),
      compared: z.enum(['history', 'days_before', 'new']).meta({
        description:
          'With what. history: with what was there, by the price book and the billing rules; days_before: with the most of the seven days before, where nobody says what it costs; new: nothing like it was there',
      }),
      expected: decimalOut,
      amount: decimalOut,
      difference: decimalOut,
      currency: z.string(),
      foundAt: instantOut,
    })
    .meta({ id: 'BillSurprise' }),
  search: { none: 'there are few' },
  sort: { none: 'the newest day first, of a day the greatest first' },
  total: { none: 'there are few' },
  async run({ db, query: { from, to, payer: of }, now }, { limit, cursor }) {
    const today = now.toZonedDateTimeISO('UTC').toPlainDate();
    const key = cursor === null ? null : surpriseKey.parse(JSON.parse(cursor));
    const rows = await selectSurprises(db, {
      payer: of,
      from: from ?? (to ?? today).subtract({ days: 31 }),
      to: to ?? today.add({ days: 1 }),
      limit: limit + 1,
      after: key === null ? null : { day: key[0], place: key[1] },
    });
    const page = pageOf(rows, limit, (last) => JSON.stringify([last.day, last.place]));
    return { ...page, items: page.items.map(({ place: _, ...row }) => row) };
  },
});

export const historyOperations: readonly Operation[] = [
  listBalances,
  getBalanceMonth,
  listBillingHistory,
  listInsights,
  listBillSurprises,
];
