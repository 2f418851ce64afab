import { listDeployments } from '../deployments/index.ts';
import {
  type Accepted,
  checkDrafts,
  countUnlooked,
  customersGone,
  heldBy,
  type HoldReason,
  issuedOfMonth,
  proposalPage,
  type MonthInvoice,
  readMonthInvoices,
  type SellerTotal,
  sumGone,
  totalsBySeller,
} from '../invoices/index.ts';
import { heldCustomers, type HeldMonth, startOfDay } from '../metering/index.ts';
import type { Database } from '../platform/database/database.ts';
import { ArcadiaError, type NextOperation } from '../platform/errors.ts';
import { formatMoney } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import { gapsWithMoney, notBilled, unbilledOf } from '../pricing/index.ts';

// What keeps a month from closing, and what is lost if it closes as it is.

export type MonthItemCode =
  /** Drafts that facts have changed since: closing drafts them first. */
  | 'drafts_behind'
  /** Customers who cannot be rated. */
  | 'not_rated'
  | HoldReason
  /** What runs and is on nobody's plan, by its reason. */
  | 'ended'
  | 'unassigned'
  | 'no_plan'
  | 'paused'
  /** Used, and on a plan that does not match metering. */
  | 'unbilled'
  /** Stretches that nobody saw. */
  | 'gaps'
  /** Billed last month and not in this. */
  | 'gone'
  /** Issued months whose facts have changed since they were looked at for corrections: closing looks first. */
  | 'corrections_behind'
  | 'corrections'
  /** Rules of electronic invoices that documents would break. */
  | 'electronic';

interface Money {
  readonly currency: string;
  readonly amount: string;
}

/** One of the things that somebody looks at before a month closes. */
export interface MonthItem {
  readonly code: MonthItemCode;
  /** How many there are of what it is about. */
  readonly count: number;
  /** What it comes to where that is known, by currency. */
  readonly amounts: readonly Money[];
  /** How many invoices it keeps from being issued. */
  readonly holds: number;
  /** The first of them, each with the operation that settles it. */
  readonly details: readonly {
    readonly about: string;
    readonly message: string;
    readonly next: Required<NextOperation> | null;
  }[];
}

export interface MonthStatus {
  /** `2026-05` */
  readonly month: string;
  /** Whether it is over, and all of its usage is final. */
  readonly over: boolean;
  readonly final: boolean;
  /** Nothing is left to be issued, nor to be drafted. */
  readonly closed: boolean;
  /** With tax, by seller and currency: issued, may be issued now, and kept. */
  readonly issued: readonly SellerTotal[];
  readonly ready: readonly SellerTotal[];
  readonly held: readonly SellerTotal[];
  /** What keeps invoices first, then what is lost, the worst first. */
  readonly items: readonly MonthItem[];
}

/** As many of each item as a person takes in at a glance. */
const detailsShown = 20;
const pageSize = 500;

/**
 * What keeps a calendar month from closing: each kind with its count, its money and the operations that settle it. It is
 * as the facts are now, writes nothing, and takes a few statements for some hundred customers.
 * @param accepted what counts as ready all the same
 * @throws ArcadiaError invalid_argument (a month to come)
 */
export async function readMonthStatus(
  db: Database,
  month: Temporal.PlainDate,
  now: Temporal.Instant,
  accepted: Accepted = {},
): Promise<MonthStatus> {
  if (Temporal.Instant.compare(startOfDay(month), now) > 0) {
    throw new ArcadiaError(
      'invalid_argument',
      `${month.toPlainYearMonth()} has not begun: it is ${now.round('second')}.`,
    );
  }
  const of = month.toPlainYearMonth();
  const held = await heldCustomers(db, { month: of, now });
  const invoices = await allInvoices(db, month, now, held);
  const drafts = await checkDrafts(db, month, now);
  const items = [
    behind(drafts.behind),
    notRated(drafts.failures),
    ...holdItems(invoices, held),
    ...(await notBilledItems(db, of, now)),
    await unbilledItem(db, of, now),
    await gapsItem(db, of, now),
    await goneItem(db, month, drafts.created),
    correctionsBehind(await countUnlooked(db)),
    await correctionsItem(db),
    electronic(invoices),
  ].filter(({ count }) => count > 0);
  const isReady = (one: MonthInvoice) => heldBy(one, accepted).length === 0;
  return {
    month: of.toString(),
    over: held.complete,
    final: held.final,
    closed: held.complete && invoices.length === 0 && drafts.behind === 0 && drafts.failures.length === 0,
    issued: (await issuedOfMonth(db, month)).map((row) => ({
      ...row,
      total: formatMoney(new Decimal(row.total), row.currency),
    })),
    ready: totalsBySeller(invoices.filter(isReady)),
    held: totalsBySeller(invoices.filter((one) => !isReady(one))),
    items,
  };
}

async function allInvoices(
  db: Database,
  month: Temporal.PlainDate,
  now: Temporal.Instant,
  held: HeldMonth,
): Promise<MonthInvoice[]> {
  const invoices: MonthInvoice[] = [];
  for (let after = 0; ; ) {
    const page = await readMonthInvoices(db, { month, now, after, limit: pageSize, held });
    invoices.push(...page);
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) return invoices;
    after = last.invoiceId;
  }
}

function item(
  code: MonthItemCode,
  count: number,
  rest: Partial<Pick<MonthItem, 'amounts' | 'holds'>> & { readonly details?: readonly MonthItem['details'][number][] },
): MonthItem {
  const { amounts = [], holds = 0, details = [] } = rest;
  return { code, count, amounts, holds, details: details.slice(0, detailsShown) };
}

function behind(count: number): MonthItem {
  return item('drafts_behind', count, {});
}

function notRated(failures: Awaited<ReturnType<typeof checkDrafts>>['failures']): MonthItem {
  const details = failures.map(({ customer, error }) => ({
    about: customer,
    message: error.message,
    next: error.next === null ? null : { operation: error.next.operation, arguments: error.next.arguments ?? {} },
  }));
  return item('not_rated', failures.length, { details });
}

/** Those that keep invoices, in the order in which they are settled. */
const holdReasons: readonly HoldReason[] = [
  'not_final',
  'in_grace',
  'incomplete',
  'no_exchange_rate',
  'differs',
  'numbered_elsewhere',
];

/** What one decision settles for all invoices that it keeps. */
const settledTogether: readonly HoldReason[] = ['in_grace', 'no_exchange_rate'];

function holdItems(invoices: readonly MonthInvoice[], held: HeldMonth): MonthItem[] {
  return holdReasons.map((reason) => {
    const own = invoices.filter(({ holds }) => holds.some((hold) => hold.reason === reason));
    const amounts = sumOf(own.map(({ currency, total }) => ({ currency, amount: total })));
    const details = own.flatMap(({ invoiceId, customer, holds }) =>
      holds
        .filter((hold) => hold.reason === reason)
        .map(({ message, next }) => ({
          about: settledTogether.includes(reason) ? '' : `${invoiceId} ${customer}`,
          message,
          next,
        })),
    );
    if (reason !== 'not_final') {
      const distinct = [...new Map(details.map((one) => [`${one.about} ${one.message}`, one])).values()];
      return item(reason, own.length, { amounts, holds: own.length, details: distinct });
    }
    // Of everybody's month, not of each invoice: a few blockers keep hundreds.
    const blockers = held.blockers.map(({ message, next, account }) => ({ about: account ?? '', message, next }));
    return item(reason, held.blockersTotal, { amounts, holds: own.length, details: blockers });
  });
}

async function notBilledItems(db: Database, month: Temporal.PlainYearMonth, now: Temporal.Instant) {
  return (await notBilled(db, { month, now })).map(({ reason, resources, amounts, deployments }) =>
    item(reason, resources, {
      amounts,
      details: deployments.map((one) => ({
        about: one.deployment ?? '',
        message: notBilledWords(one),
        next: one.next,
      })),
    }),
  );
}

function notBilledWords({
  customer,
  resources,
  running,
  unpriced,
  amounts,
}: Awaited<ReturnType<typeof notBilled>>[number]['deployments'][number]): string {
  const money = amounts.map(({ amount, currency }) => `${amount} ${currency}`).join(' + ');
  return [
    `${resources === 1 ? '1 resource' : `${resources} resources`}${customer === null ? '' : ` of ${customer}`}, ${running} still running`,
    ...(money === '' ? [] : [`${money} at list price`]),
    ...(unpriced === 0 ? [] : [`${unpriced} without a list price`]),
  ].join('; ');
}

async function unbilledItem(db: Database, month: Temporal.PlainYearMonth, now: Temporal.Instant): Promise<MonthItem> {
  const deployments = (await listDeployments(db)).flatMap((row) =>
    row.customerName === null ? [] : [row.deploymentId],
  );
  const found = await unbilledOf(db, { deployments, month, now });
  return item('unbilled', found.length, {
    amounts: sumOf(found.flatMap(({ currency, amount }) => (amount === null ? [] : [{ currency, amount }]))),
    details: found.map(({ kind, message, next }) => ({ about: kind, message, next })),
  });
}

/** More gaps than an operator settles one by one; the others are in the next look. */
const gapsMax = 1_000;

async function gapsItem(db: Database, month: Temporal.PlainYearMonth, now: Temporal.Instant): Promise<MonthItem> {
  const { gaps, totals } = await gapsWithMoney(db, { month, now, limit: gapsMax });
  return item('gaps', gaps.length, {
    amounts: totals,
    details: gaps.map(({ account, resourceKind, from, to, resources, amounts }) => {
      const sums = sumOf(
        amounts.flatMap(({ currency, amount }) => (currency === null || amount === null ? [] : [{ currency, amount }])),
      );
      const money = sums.map((one) => `${one.amount} ${one.currency}`).join(' + ');
      return {
        about: account,
        message: `${resourceKind} from ${from} to ${to ?? 'now'}: ${resources === 1 ? '1 resource' : `${resources} resources`} estimated${money === '' ? '' : `, ${money}`}`,
        next: { operation: 'account check', arguments: { account } },
      };
    }),
  });
}

async function goneItem(
  db: Database,
  month: Temporal.PlainDate,
  drafted: Awaited<ReturnType<typeof checkDrafts>>['created'],
): Promise<MonthItem> {
  const totals = await sumGone(db, month, drafted);
  const rows = totals.length === 0 ? [] : await customersGone(db, month, drafted, detailsShown);
  const count = totals.reduce((sum, { customers }) => sum + customers, 0);
  return item('gone', count, {
    amounts: totals.map(({ currency, subtotal }) => ({
      currency,
      amount: formatMoney(new Decimal(subtotal), currency),
    })),
    details: rows.map(({ customer, customerName, currency, subtotal }) => ({
      about: customer,
      message: `${customerName} was billed ${formatMoney(new Decimal(subtotal), currency)} ${currency} the month before.`,
      next: { operation: 'customer show', arguments: { customer } },
    })),
  });
}

function correctionsBehind(count: number): MonthItem {
  const words = count === 1 ? "1 customer's issued month" : `${count} issued months of customers`;
  const message = `Facts of ${words} have changed since it was looked at for corrections.`;
  const next = { operation: 'invoice correction check', arguments: {} };
  return item('corrections_behind', count, { details: [{ about: '', message, next }] });
}

async function correctionsItem(db: Database): Promise<MonthItem> {
  const first = { q: null, sort: 'customer', order: 'asc', cursor: null, limit: detailsShown } as const;
  const { items, totals } = await proposalPage(db, {}, first);
  return item(
    'corrections',
    totals.reduce((count, { corrections }) => count + corrections, 0),
    {
      amounts: totals.map(({ currency, amount }) => ({ currency, amount })),
      details: items.map(({ customer, deployment, month, amount, currency }) => ({
        about: deployment,
        message: `${amount} ${currency} before tax for ${month} (${customer})`,
        next: {
          operation: 'invoice correction decide',
          arguments: { deployment, month, currency, decision: 'invoice' },
        },
      })),
    },
  );
}

/** By customer and seller, not by invoice: each lacks the same on all of them. */
function electronic(invoices: readonly MonthInvoice[]): MonthItem {
  const lacking = invoices.flatMap(({ lacking: own }) => own);
  const groups = Map.groupBy(lacking, ({ next }) => String(next.arguments['entity'] ?? next.arguments['customer']));
  return item('electronic', groups.size, {
    details: [...groups].map(([about, own]) => ({
      about,
      message: [...new Set(own.map(({ message }) => message))].join('; '),
      next: (own[0] as (typeof own)[number]).next,
    })),
  });
}

function sumOf(amounts: readonly Money[]): Money[] {
  return [...Map.groupBy(amounts, ({ currency }) => currency)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([currency, own]) => ({
      currency,
      amount: formatMoney(
        own.reduce((sum, { amount }) => sum.plus(amount), new Decimal(0)),
        currency,
      ),
    }));
}
