import type { previewRules } from '../../flows/operations/rules.ts';
import { type Column, count, moment, plural, table } from '../engine/output.ts';
import type { AnswerOf } from '../engine/views.ts';

// What a preview says of owners, months and money, for a person.

type Moved = Pick<AnswerOf<typeof previewRules>, 'resources' | 'totals' | 'changes' | 'changesTotal' | 'money'>;
type Owner = Moved['changes'][number]['before'][number];
type Money = NonNullable<Moved['money']>;
type Bill = Money['bills'][number];

/** `acme`, or with shares `acme 2/3, beta 1/3`. */
export function ownersText(owners: readonly Owner[]): string {
  if (owners.length <= 1) return owners[0]?.deployment ?? 'unassigned';
  const total = owners.reduce((sum, { weight }) => sum + weight, 0);
  return owners.map(({ deployment, weight }) => `${deployment} ${weight}/${total}`).join(', ');
}

const changeColumns: readonly Column<Moved['changes'][number]>[] = [
  { header: 'id', value: (row) => String(row.resourceId), align: 'right' },
  { header: 'kind', value: (row) => row.kind },
  { header: 'name', value: (row) => row.name },
  { header: 'from (utc)', value: (row) => moment(row.from) },
  { header: 'to (utc)', value: (row) => moment(row.to) },
  { header: 'before', value: (row) => ownersText(row.before) },
  { header: 'after', value: (row) => ownersText(row.after) },
];

/** `3 resources would change owner.` */
export function movedCountText({ resources }: Pick<Moved, 'resources'>): string {
  return `${plural(resources, 'resource')} would change owner.`;
}

/** The changes as a table, the first of them; nothing where there are none. */
export function changesText({ changes, changesTotal }: Pick<Moved, 'changes' | 'changesTotal'>): string[] {
  if (changes.length === 0) return [];
  const rest = changesTotal > changes.length ? [`The first ${count(changes.length)} of ${count(changesTotal)}.`] : [];
  return [table(changes, changeColumns), ...rest];
}

/** Whether a deployment loses something, or a month is touched that is over. */
export function isToBeAsked({ totals, money }: Pick<Moved, 'totals' | 'money'>): boolean {
  const isLosing = totals.some(({ deployment, loses }) => deployment !== 'unattributed' && loses > 0);
  return isLosing || money === null || money.months.some(({ over }) => over);
}

const billsShown = 20;

const billColumns: readonly Column<Bill>[] = [
  { header: 'month', value: (row) => row.month },
  { header: 'customer', value: (row) => row.customer },
  { header: 'invoice', value: ({ state, number }) => (number === null ? state : `${state}, ${number}`) },
  { header: 'before', value: (row) => row.before, align: 'right' },
  { header: 'after', value: (row) => row.after, align: 'right' },
  { header: 'difference', value: (row) => row.difference, align: 'right' },
  { header: 'currency', value: (row) => row.currency },
  { header: 'correction', value: ({ correction }) => correction?.difference ?? null, align: 'right' },
];

/** What it comes to, in months and money. */
export function moneyText(money: Money | null): string[] {
  if (money === null) return ['Usage is in ClickHouse: the amounts are known once it is metered.'];
  const { months, bills, billsTotal, corrections, leftOut } = money;
  if (months.length === 0) return [];
  const touched = `Months: ${months.map(({ month }) => month).join(', ')}`;
  if (billsTotal === 0) return [`${touched}. No amount changes.`, ...leftOutText(leftOut)];
  const shown = bills.slice(0, billsShown);
  return [
    `${touched}. Amounts, excluding tax:\n${table(shown, billColumns)}`,
    ...(billsTotal > shown.length
      ? [`The first ${count(shown.length)} of ${count(billsTotal)}; --json has more.`]
      : []),
    ...sumsText(money),
    ...(corrections.invoices === 0 ? [] : [correctionsText(corrections)]),
    ...leftOutText(leftOut),
  ];
}

/** A line for each customer, where the table has several months of one or not all of them. */
function sumsText({ customers, billsTotal }: Money): string[] {
  if (billsTotal === customers.length && billsTotal <= billsShown) return [];
  const lines = customers
    .slice(0, billsShown)
    .map(
      ({ customer, customerName, before, after, difference, currency }) =>
        `  ${customer} (${customerName}): ${before} before, ${after} after, ${signed(difference)} ${currency}`,
    );
  return [`All months together:\n${lines.join('\n')}`];
}

function correctionsText({ invoices, amounts }: Money['corrections']): string {
  const sums = amounts
    .flatMap(({ more, less, currency }) => [more, less].map((amount) => ({ amount, currency })))
    .filter(({ amount }) => /[1-9]/.test(amount))
    .map(({ amount, currency }) => `${signed(amount)} ${currency}`)
    .join(', ');
  return `${plural(invoices, 'issued invoice')} would get corrections: ${sums}, excluding tax.`;
}

function leftOutText({ months, customers, days, notRated }: Money['leftOut']): string[] {
  return [
    ...(months.length === 0 ? [] : [`Not calculated, because it takes too long: ${months.join(', ')}.`]),
    ...(customers === 0 ? [] : [`Not calculated: ${plural(customers, 'more customer')}.`]),
    ...(days === 0 ? [] : [`${plural(days, 'day is', 'days are')} not metered yet, and not in the amounts.`]),
    ...notRated.map(({ customer, month, message }) => `Not calculated for ${customer} in ${month}: ${message}`),
  ];
}

function signed(amount: string): string {
  return amount.startsWith('-') ? amount : `+${amount}`;
}
