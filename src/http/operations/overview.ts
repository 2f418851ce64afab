import { z } from 'zod';
import { unattributedMoney } from '../../deployments/index.ts';
import { readFreshness } from '../../inventory/index.ts';
import { countInvoices, listProposals, readFigures } from '../../invoices/index.ts';
import { readQueueLoad } from '../../jobs/index.ts';
import { monthStatus } from '../../metering/index.ts';
import { readSimulatedClock } from '../../platform/clock.ts';
import { declareOperation, type Operation, type OperationCall, staff } from '../../platform/declare/operation.ts';
import { dayOut, decimalOut, instantOut, month, slug } from '../../platform/declare/schemas.ts';
import { formatMoney } from '../../platform/money.ts';
import { Decimal } from '../../platform/quantity.ts';
import { countFirings } from '../../pricing/index.ts';

// A month at a glance, as one document for a first page. What is expensive to know is read from where it is kept.

/** A part of the document: whether it is known, why not, and as of when. */
const section = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.object({
    state: z.enum(['ok', 'pending', 'unavailable']).meta({ description: 'pending: it will be there by itself' }),
    reason: z.string().nullable().meta({ description: 'Why it is not ok; null: it is' }),
    asOf: instantOut.nullable().meta({ description: 'Of which instant the figures are; null: there are none' }),
    ...shape,
  });

const ok = (asOf: Temporal.Instant) => ({ state: 'ok' as const, reason: null, asOf });

const amounts = z
  .array(z.object({ currency: z.string(), amount: decimalOut }))
  .readonly()
  .meta({ description: 'By currency; currencies are never added up' });

const unknownCost = z.null().meta({ description: 'Not known: costs are not taken from provider bills yet' });

const money = z.object({
  currency: z.string().meta({ examples: ['USD'] }),
  revenueToDate: decimalOut.meta({ description: "What the month's invoices come to by what is metered, before tax" }),
  revenueForecast: decimalOut.meta({ description: "At the month's end, if everything stays as it is" }),
  lastMonthSameDay: decimalOut.meta({ description: 'Of the month before, by usage up to the same day' }),
  lastMonth: decimalOut,
  costToDate: unknownCost,
  costForecast: unknownCost,
  marginToDate: unknownCost,
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

const overview = z
  .object({
    month: z.string().meta({ examples: ['2026-06'] }),
    clock: z.object({ now: instantOut, simulated: z.boolean() }),
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
      costToDate: unknownCost,
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
    jobs: section({
      dead: z.int(),
      oldestWaitingSeconds: z.int(),
      pausedQueues: z.array(z.string()),
    }),
    drift: z.null().meta({ description: 'Not known: nothing is declared that could be compared' }),
    lossMakers: z.null().meta({ description: 'Not known: costs are not taken from provider bills yet' }),
  })
  .meta({ id: 'Overview', description: 'A month at a glance' });

type Overview = z.input<typeof overview>;

const getOverview = declareOperation({
  method: 'GET',
  path: '/overview',
  name: 'overview figures',
  operationId: 'getOverview',
  tag: 'invoices',
  summary: 'A month at a glance: money by day, what is unassigned, and what needs attention',
  description: `What the month comes to was rated by a job every ten minutes, where anything had changed, by the function that composes
invoices; \`asOf\` says when. All else is as of now. What is not known is null, and a section says why.`,
  roles: staff,
  query: z.object({ month: month.optional().meta({ description: 'The month of the last complete day unless given' }) }),
  response: overview,
  async run(call) {
    const { db, now, query } = call;
    const lastDay = now.toZonedDateTimeISO('UTC').toPlainDate().subtract({ days: 1 });
    const of = query.month ?? lastDay.with({ day: 1 });
    return {
      month: of.toPlainYearMonth().toString(),
      clock: { now, simulated: (await readSimulatedClock(db)) !== null },
      ...(await figuresOf(call, of)),
      unowned: await unownedOf(call),
      invoices: await invoicesOf(call, of.subtract({ months: 1 })),
      corrections: await correctionsOf(call),
      alerts: { ...ok(now), fired: await countFirings(db, of.toPlainYearMonth()) },
      accounts: await accountsOf(call),
      jobs: await jobsOf(call),
      drift: null,
      lossMakers: null,
    };
  },
});

type Call = Pick<OperationCall, 'db' | 'now' | 'program'>;

const namedMax = 5;
const kindsMax = 50;

async function figuresOf(
  { db, now }: Call,
  of: Temporal.PlainDate,
): Promise<Pick<Overview, 'metering' | 'money' | 'movers'>> {
  const kept = await readFigures(db, of);
  const status = await monthStatus(db, { month: of.toPlainYearMonth(), now });
  const metering: Overview['metering'] = {
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
  const currencies = kept.totals.map(({ currency, toDate, forecast, lastSameDay, lastMonth }) => ({
    currency,
    revenueToDate: toDate,
    revenueForecast: forecast,
    lastMonthSameDay: lastSameDay,
    lastMonth,
    costToDate: null,
    costForecast: null,
    marginToDate: null,
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

async function unownedOf({ db, now }: Call): Promise<Overview['unowned']> {
  const { resources, unknown, monthly, oldest } = await unattributedMoney(db, now);
  return { ...ok(now), resources, oldest, costPerMonth: monthly, unpriced: unknown, costToDate: null };
}

async function invoicesOf({ db, now }: Call, of: Temporal.PlainDate): Promise<Overview['invoices']> {
  return { ...ok(now), month: of.toPlainYearMonth().toString(), states: await countInvoices(db, of) };
}

async function correctionsOf({ db, now }: Call): Promise<Overview['corrections']> {
  const proposals = await listProposals(db);
  const totals = [...Map.groupBy(proposals, ({ currency }) => currency)].map(([currency, own]) => ({
    currency,
    amount: formatMoney(
      own.reduce((sum, { amount }) => sum.plus(amount), new Decimal(0)),
      currency,
    ),
  }));
  return { ...ok(now), months: proposals.length, totals };
}

async function accountsOf({ db, now }: Call): Promise<Overview['accounts']> {
  const { kinds, accountsBroken } = await readFreshness(db, kindsMax);
  return { ...ok(now), broken: accountsBroken, kinds: [...kinds] };
}

async function jobsOf({ db, now, program }: Call): Promise<Overview['jobs']> {
  const queues = await readQueueLoad(db, program.queues);
  return {
    ...ok(now),
    dead: queues.reduce((sum, { dead }) => sum + dead, 0),
    oldestWaitingSeconds: Math.round(Math.max(0, ...queues.map(({ paused, lagSeconds }) => (paused ? 0 : lagSeconds)))),
    pausedQueues: queues.flatMap(({ queue, paused }) => (paused ? [queue] : [])),
  };
}

export const overviewOperations: readonly Operation[] = [getOverview];
