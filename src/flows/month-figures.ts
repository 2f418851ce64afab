import { z } from 'zod';
import { unassignedMoney } from '../deployments/index.ts';
import { driftSummary } from '../drift/index.ts';
import { readFreshness } from '../inventory/index.ts';
import { countInvoices, proposalTotals, readFigures } from '../invoices/index.ts';
import { dayOf, monthStatus } from '../metering/index.ts';
import { readSimulation } from '../platform/clock.ts';
import type { Queryable } from '../platform/database/database.ts';
import { dayOut, decimalOut, instantOut, slug } from '../platform/declare/schemas.ts';
import { moneyRoles, type Role } from '../platform/declare/operation.ts';
import { countFirings } from '../pricing/index.ts';
import {
  billStateMeaning,
  billStates,
  convertTotals,
  countSurprises,
  readLossMakers,
  readMarginTotals,
  readUnassignedCost,
  selectSurprises,
} from '../provider-billing/index.ts';

// A month at a glance, as one document for a first page. What is expensive to know is read from where it is kept.

/** A part of a document: whether it is known, why not, and as of when. */
export const section = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.object({
    state: z.enum(['ok', 'pending', 'unavailable']).meta({ description: 'pending: it will be there by itself' }),
    reason: z.string().nullable().meta({ description: 'Why it is not ok; null: it is' }),
    asOf: instantOut.nullable().meta({ description: 'Of which instant the figures are; null: there are none' }),
    ...shape,
  });

export const ok = (asOf: Temporal.Instant) => ({ state: 'ok' as const, reason: null, asOf });

const amounts = z
  .array(z.object({ currency: z.string(), amount: decimalOut }))
  .readonly()
  .meta({ description: 'By currency; currencies are never added up' });

const unknownCost = z.null().meta({ description: "Not known: provider bills are read as a month's figures" });

const money = z.object({
  currency: z.string().meta({ examples: ['USD'] }),
  revenueToDate: decimalOut.meta({ description: "What the month's invoices come to by what is metered, before tax" }),
  revenueForecast: decimalOut.meta({ description: "At the month's end, if everything stays as it is" }),
  lastMonthSameDay: decimalOut.meta({ description: 'Of the month before, by usage up to the same day' }),
  lastMonth: decimalOut,
  costToDate: decimalOut.nullable().meta({
    description: 'All of the month by the bills of the section `cost`, in this currency; null: `notKnown` says why',
  }),
  costForecast: unknownCost,
  marginToDate: decimalOut.nullable().meta({
    description:
      'Of all customers, in this currency: what accrues, of a yearly fee its part, less `costToDate`; null: `notKnown` says why',
  }),
  rates: z
    .array(z.object({ base: z.string(), day: dayOut, rate: decimalOut, source: z.string() }))
    .meta({ description: 'By what cost and margin in other currencies were converted; empty: nothing was' }),
  notKnown: z.string().nullable().meta({ description: 'Why cost or margin is null; null: both are known' }),
  days: z
    .array(
      z.object({
        day: dayOut,
        revenue: decimalOut.meta({ description: "What the month came to at the day's end" }),
        cost: unknownCost,
      }),
    )
    .meta({ description: 'The days that are metered' }),
});

/** What `readMonthFigures` answers, as an operation shows it. */
export const monthFiguresOut = z.object({
  month: z.string().meta({ examples: ['2026-06'] }),
  clock: z.object({
    now: instantOut,
    simulated: z.boolean(),
    runsTo: instantOut
      .nullable()
      .meta({ description: 'Until when the history of a demonstration is being created; null: it is there' }),
  }),
  metering: section({
    complete: z.boolean().meta({ description: "The month's last day is over" }),
    confirmed: z.boolean(),
    final: z.boolean(),
    meteredThrough: dayOut.nullable().meta({ description: 'Every day of the month before it is metered' }),
    obstacles: z
      .array(z.object({ reason: z.string(), message: z.string(), todo: z.string() }))
      .meta({ description: 'What keeps the month from being final; 5 at most' }),
    obstaclesTotal: z.int(),
  }),
  money: section({
    currencies: z.array(money),
    failures: z
      .array(z.object({ customer: z.string(), reason: z.string() }))
      .meta({ description: 'Customers that could not be rated, and are in no figure; 5 at most' }),
    failuresTotal: z.int(),
  }),
  movers: section({
    deployments: z
      .array(
        z.object({
          deployment: slug,
          name: z.string(),
          currency: z.string(),
          amount: decimalOut.meta({ description: 'To date' }),
          change: decimalOut.meta({ description: 'On the month before by the same day' }),
        }),
      )
      .meta({ description: 'Those that differ most; 10 at most' }),
  }),
  unowned: section({
    resources: z.int(),
    oldest: instantOut.nullable().meta({ description: 'Since when the oldest of them is unassigned' }),
    costPerMonth: amounts.meta({ description: 'By the price book of today, of those whose price is known' }),
    unpriced: z.int().meta({ description: 'How many have no known price' }),
    costToDate: amounts.nullable().meta({ description: 'null: the section `cost` says why' }),
  }),
  invoices: section({
    month: z.string().meta({ description: 'The month before: whose invoices go out now' }),
    states: z.array(
      z.object({
        state: z.enum(['draft', 'approved', 'issued']),
        currency: z.string(),
        documents: z.int(),
        total: decimalOut.meta({ description: 'With tax' }),
      }),
    ),
  }),
  corrections: section({
    months: z.int().meta({ description: "Deployments' months that cost something else by now" }),
    totals: amounts,
  }),
  alerts: section({ fired: z.int().meta({ description: 'On this month' }) }),
  accounts: section({
    broken: z.int().meta({ description: 'Accounts of which the newest reading of some kind did not end whole' }),
    newestAt: instantOut.nullable().meta({ description: 'When anything was last listed whole; null: never' }),
    kinds: z
      .array(
        z.object({
          account: slug,
          kind: z.string(),
          syncedAt: instantOut.nullable().meta({ description: 'When it was last listed whole; null: never' }),
          state: z.enum(['complete', 'partial', 'failed', 'reverted']).meta({ description: 'Of the newest run' }),
          reason: z.string().nullable(),
        }),
      )
      .meta({ description: 'The worst first; 50 at most' }),
  }),
  drift: section({
    declarations: z.int().meta({ description: 'How many there are' }),
    findings: z.int().meta({ description: 'What is open, parts of others not counted' }),
    blind: z.int().meta({ description: 'Kinds and settings that cannot be seen' }),
    groups: z
      .array(
        z.object({
          deployment: slug.nullable().meta({ description: 'null: of none, or of several' }),
          rule: z.string(),
          category: z.string(),
          severity: z.enum(['low', 'medium', 'high', 'critical']),
          findings: z.int(),
          monthly: amounts.meta({ description: 'What they add to a month: at least so much where some are unpriced' }),
          unpriced: z.int(),
        }),
      )
      .meta({ description: 'By deployment and rule, the most severe first; 10 at most' }),
  }),
  cost: section({
    bills: z.enum(billStates).nullable().meta({ description: billStateMeaning }),
    amounts: amounts.meta({ description: 'All of it, by currency' }),
  }),
  surprises: section({
    rows: z.int().meta({ description: 'Of the month: what cost more on a day than was expected of it, by Insights' }),
    newest: z
      .array(
        z.object({
          day: dayOut,
          payer: slug,
          teamUrn: z.string(),
          sku: z.string(),
          description: z.string(),
          expected: decimalOut,
          amount: decimalOut,
          currency: z.string(),
        }),
      )
      .meta({ description: 'The newest day first; 5 at most' }),
  }),
  lossMakers: z
    .array(
      z.object({ deployment: slug, currency: z.string(), margin: decimalOut, reasons: z.array(z.string()).readonly() }),
    )
    .nullable()
    .meta({
      description:
        "Who costs more than they earn, the greatest loss of each currency first, 10 at most, in the customer's currency by the rates of the month's last day; null: `cost` says why",
    }),
  notComparable: z.array(slug).readonly().nullable().meta({
    description:
      'Deployments with money in several currencies and no exchange rate between them, 10 at most, of which nobody knows whether they lose; null: `cost` says why',
  }),
});

type Figures = z.input<typeof monthFiguresOut>;

/** A month in figures, and what needs somebody; `of`: its first day. Of what is not known the reason. */
export async function readMonthFigures(asked: Asked, of: Temporal.PlainDate): Promise<Figures> {
  const { db, now } = asked;
  const costs = await costsOf(asked, of);
  const simulation = await readSimulation(db);
  return {
    month: of.toPlainYearMonth().toString(),
    clock: { now, simulated: simulation !== null, runsTo: simulation?.runsTo ?? null },
    ...(await figuresOf(asked, of, costs)),
    unowned: await unownedOf(asked, costs),
    invoices: await invoicesOf(asked, of.subtract({ months: 1 })),
    corrections: await correctionsOf(asked),
    alerts: { ...ok(now), fired: await countFirings(db, of.toPlainYearMonth()) },
    accounts: await accountsOf(asked),
    drift: await driftOf(asked),
    surprises: await surprisesOf(asked, of),
    cost: costs.section,
    lossMakers: costs.lossMakers,
    notComparable: costs.notComparable,
  };
}

interface Asked {
  readonly db: Queryable;
  readonly now: Temporal.Instant;
  /** Cost and margin are for those who answer for our money. */
  readonly role: Role;
}

interface Costs extends Pick<Figures, 'lossMakers' | 'notComparable'> {
  readonly section: Figures['cost'];
  readonly unassigned: Figures['unowned']['costToDate'];
  readonly totals: Awaited<ReturnType<typeof readMarginTotals>>;
}

const lossMakersMax = 10;

/** By the reconciled bills of the month. */
async function costsOf({ db, now, role }: Asked, of: Temporal.PlainDate): Promise<Costs> {
  const without = (reason: string): Costs => ({
    section: { state: 'unavailable', reason, asOf: null, bills: null, amounts: [] },
    unassigned: null,
    lossMakers: null,
    notComparable: null,
    totals: [],
  });
  if (!moneyRoles.includes(role)) return without('Cost is shown to the roles owner and finance.');
  const totals = await readMarginTotals(db, { from: of, to: of.add({ months: 1 }), basis: 'accrued' });
  const bills = totals[0]?.state ?? null;
  if (bills === null) return without('No provider bill of this month has been reconciled.');
  const amountsOf = totals.flatMap(({ currency, cost }) => (cost === null ? [] : [{ currency, amount: cost }]));
  return {
    section: { ...ok(now), bills, amounts: amountsOf },
    unassigned: await readUnassignedCost(db, of),
    ...(await readLossMakers(db, of, { limit: lossMakersMax, today: dayOf(now) })),
    totals,
  };
}

async function surprisesOf({ db, now, role }: Asked, of: Temporal.PlainDate): Promise<Figures['surprises']> {
  if (!moneyRoles.includes(role)) {
    const reason = 'Cost is shown to the roles owner and finance.';
    return { state: 'unavailable', reason, asOf: null, rows: 0, newest: [] };
  }
  const to = of.add({ months: 1 });
  const newest = await selectSurprises(db, { from: of, to, limit: namedMax, after: null });
  return {
    ...ok(now),
    rows: await countSurprises(db, of, to),
    newest: newest.map(({ day, payer, teamUrn, sku, description, expected, amount, currency }) => ({
      day,
      payer,
      teamUrn,
      sku,
      description,
      expected,
      amount,
      currency,
    })),
  };
}

const namedMax = 5;
const kindsMax = 50;

async function figuresOf(
  { db, now }: Asked,
  of: Temporal.PlainDate,
  costs: Costs,
): Promise<Pick<Figures, 'metering' | 'money' | 'movers'>> {
  const kept = await readFigures(db, of);
  const status = await monthStatus(db, { month: of.toPlainYearMonth(), now });
  const metering: Figures['metering'] = {
    ...ok(now),
    complete: status.complete,
    confirmed: status.confirmed,
    final: status.final,
    meteredThrough: kept?.meteredThrough ?? null,
    obstacles: status.blockers.slice(0, namedMax).map(({ reason, message, todo }) => ({ reason, message, todo })),
    obstaclesTotal: status.blockersTotal,
  };
  if (kept === null) {
    const pending = {
      state: 'pending' as const,
      reason: 'This month has not been rated yet: a job does it every ten minutes, for this month and the one before.',
      asOf: null,
    };
    return {
      metering,
      money: { ...pending, currencies: [], failures: [], failuresTotal: 0 },
      movers: { ...pending, deployments: [] },
    };
  }
  const days = Map.groupBy(kept.days, ({ currency }) => currency);
  const shown = kept.totals.map(({ currency }) => currency);
  const whole = await convertTotals(db, costs.totals, shown, dayOf(now));
  const currencies = kept.totals.map(({ currency, toDate, forecast, lastSameDay, lastMonth }, at) => ({
    currency,
    revenueToDate: toDate,
    revenueForecast: forecast,
    lastMonthSameDay: lastSameDay,
    lastMonth,
    ...costOf(whole[at], costs),
    costForecast: null,
    days: (days.get(currency) ?? []).map(({ day, toDate: revenue }) => ({ day, revenue, cost: null })),
  }));
  return {
    metering,
    money: {
      ...ok(kept.ratedAt),
      currencies,
      failures: kept.failures.slice(0, namedMax),
      failuresTotal: kept.failures.length,
    },
    movers: { ...ok(kept.ratedAt), deployments: [...kept.movers] },
  };
}

type WholeMonth = Awaited<ReturnType<typeof convertTotals>>[number];
type CurrencyMonth = Figures['money']['currencies'][number];
type CurrencyCost = Pick<CurrencyMonth, 'costToDate' | 'marginToDate' | 'rates' | 'notKnown'>;

/** What all of a month cost and leaves in one currency, by which rates, or why that is not known. */
function costOf(whole: WholeMonth | undefined, { section: { reason } }: Costs): CurrencyCost {
  if (whole === undefined || reason !== null)
    return { costToDate: null, marginToDate: null, rates: [], notKnown: reason };
  const { cost, margin, rates, missing } = whole;
  return {
    costToDate: cost,
    marginToDate: margin,
    rates: rates.map(({ base, day, rate, source }) => ({ base, day, rate, source })),
    notKnown: margin === null ? whyNotKnown(missing[0]) : null,
  };
}

function whyNotKnown(missing: WholeMonth['missing'][number] | undefined): string {
  if (missing === undefined) return 'This month has not been rated yet.';
  const { base, counter, on } = missing;
  return `No exchange rate of ${base} in ${counter} for ${on} or the week before: enter one.`;
}

async function unownedOf({ db, now }: Asked, costs: Costs): Promise<Figures['unowned']> {
  const { resources, unknown, monthly, oldest } = await unassignedMoney(db, now);
  return { ...ok(now), resources, oldest, costPerMonth: monthly, unpriced: unknown, costToDate: costs.unassigned };
}

const groupsMax = 10;

async function driftOf({ db, now }: Asked): Promise<Figures['drift']> {
  const { groups, sweptAt, ...counts } = await driftSummary(db, now);
  const reason = 'Nothing has been compared yet: a job does it after each sync.';
  const known = sweptAt === null ? { state: 'pending' as const, reason, asOf: null } : ok(sweptAt);
  return { ...known, ...counts, groups: groups.slice(0, groupsMax) };
}

async function invoicesOf({ db, now }: Asked, of: Temporal.PlainDate): Promise<Figures['invoices']> {
  return { ...ok(now), month: of.toPlainYearMonth().toString(), states: await countInvoices(db, of) };
}

async function correctionsOf({ db, now }: Asked): Promise<Figures['corrections']> {
  const sums = await proposalTotals(db);
  const months = sums.reduce((count, { corrections }) => count + corrections, 0);
  return { ...ok(now), months, totals: sums.map(({ currency, amount }) => ({ currency, amount })) };
}

async function accountsOf({ db, now }: Asked): Promise<Figures['accounts']> {
  const { kinds, accountsBroken, newestAt } = await readFreshness(db, kindsMax);
  return { ...ok(now), broken: accountsBroken, newestAt, kinds: [...kinds] };
}
