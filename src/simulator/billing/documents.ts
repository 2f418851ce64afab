import { Random } from '../random.ts';
import { DAY, instantOf, type Ms } from '../time.ts';
import { quotient } from './cost.ts';
import { type Line, plainLine } from './lines.ts';
import { type Mistake, type MistakeOf, mistakesOf } from './mistakes.ts';
import { INVOICE_DELAY, type Month, monthBefore, monthInWords } from './months.ts';
import { centsOf, isMeant } from './spoil.ts';

/** An invoice as it is shown: its lines, and what only its header knows. */
export interface Invoice {
  readonly uuid: string;
  /** The number on its face. */
  readonly number: string;
  readonly month: Month;
  readonly lines: readonly Line[];
  /** Of taxes, credits and mistakes that are on no line. */
  readonly header: { readonly taxes: number; readonly credits: number; readonly other: number };
  readonly amount: number;
  /** Of a preview only. */
  readonly updatedAt: Ms | null;
}

/** One version of one invoice. */
export interface Issue {
  readonly month: Month;
  readonly uuid: string;
  readonly number: string;
  readonly issuedAt: Ms;
  /** From then on another version is there in its place. */
  readonly replacedAt: Ms;
  /** It corrects the version before. */
  readonly corrects: boolean;
  readonly part: 'main' | 'supplement';
  /** Errors that a later version will mend. */
  readonly unmended: readonly Reissue[];
}

type Reissue = MistakeOf<'reissue_same_uuid' | 'reissue_new_uuid'>;

/** Every version of every invoice of a month, in the order in which they are issued. */
export function issuesOf(month: Month, mistakes: readonly Mistake[], seed: number): readonly Issue[] {
  const here = mistakes.filter((mistake) => mistake.month === month.name);
  const reissues = mistakesOf(here, 'reissue_same_uuid', 'reissue_new_uuid');
  const late = mistakesOf(here, 'late_invoice').reduce((days, mistake) => Math.max(days, mistake.days), 0);
  const supplements = mistakesOf(here, 'supplement');
  const first = month.end + INVOICE_DELAY + late * DAY;
  const issues: Issue[] = [];
  let version = 1;
  let issuedAt = first;
  for (let i = 0; i <= reissues.length; i++) {
    const next = reissues[i];
    const replacedAt = next === undefined ? Number.POSITIVE_INFINITY : issuedAt + next.days * DAY;
    const unmended = reissues.slice(i);
    const known = identity(seed, month, version);
    issues.push({ month, ...known, issuedAt, replacedAt, corrects: i > 0, part: 'main', unmended });
    issuedAt = replacedAt;
    if (next?.mistake === 'reissue_new_uuid') version++;
  }
  if (supplements.length > 0) {
    const own = { issuedAt: first + Math.max(...supplements.map(({ days }) => days)) * DAY, corrects: false };
    const known = identity(seed, month, 'supplement');
    issues.push({ month, ...known, ...own, replacedAt: Number.POSITIVE_INFINITY, part: 'supplement', unmended: [] });
  }
  return issues.sort((a, b) => a.issuedAt - b.issuedAt);
}

/** Numbers grow with the months: a window of a hundred thousand for each since 2015. */
export function identity(seed: number, month: Month, version: number | string): { uuid: string; number: string } {
  const random = new Random(seed, 'invoice', month.name, version);
  const { year, month: ofYear } = instantOf(month.start).toZonedDateTimeISO('UTC');
  const window = 300_000_000 + ((year - 2015) * 12 + ofYear) * 100_000;
  return { uuid: random.uuid(), number: String(window + random.int(0, 99_999)) };
}

interface Compose {
  readonly mistakes: readonly Mistake[];
  /** Where taxes and credits are told. */
  readonly told: 'item' | 'header';
  /** Usage and overages of a month, as it was billed. */
  readonly usage: (month: Month) => readonly Line[];
}

/** What is on an issued invoice. */
export function compose(issue: Issue, { mistakes, told, usage }: Compose): Invoice {
  const { month, part, unmended, uuid, number } = issue;
  const here = mistakes.filter((mistake) => mistake.month === month.name);
  const moved = mistakesOf(here, 'supplement');
  const isMoved = (line: Line) => moved.some((mistake) => isMeant(mistake, line));
  const billed = usage(month).filter((line) => isMoved(line) === (part === 'supplement'));
  const again = (line: Line) => [line, ...unmended.filter((mistake) => isMeant(mistake, line)).map(() => line)];
  const lines = unmended.length === 0 ? billed : billed.flatMap(again);
  const extra = [...refunds(month, mistakes, usage), ...taxes(month, mistakes, lines)];
  const all = part === 'main' ? extra : taxes(month, mistakes, lines);
  const charged = sum(lines) + sum(all);
  const given = part === 'main' ? credits(month, here, charged) : [];
  const items = told === 'item' ? [...all, ...given] : all.filter(({ section }) => section === 'usage');
  const headed = told === 'item' ? [] : [...all, ...given].filter(({ section }) => section !== 'usage');
  const promo = part === 'main' ? mistakesOf(here, 'promo_in_header_only') : [];
  const off = part === 'main' ? mistakesOf(here, 'header_off_by_cent') : [];
  const header = {
    taxes: sum(headed.filter(({ section }) => section === 'tax')),
    credits:
      sum(headed.filter(({ section }) => section === 'credit')) - total(promo.map((each) => centsOf(each.amount))),
    other: total(off.map(({ cents }) => cents)),
  };
  const shown = [...lines, ...items];
  const amount = sum(shown) + header.taxes + header.credits + header.other;
  return { uuid, number, month, lines: shown, header, amount, updatedAt: null };
}

/** What is given back of the month before, with the times of what was charged. */
function refunds(month: Month, mistakes: readonly Mistake[], usage: Compose['usage']): readonly Line[] {
  const before = monthBefore(month);
  const given = mistakesOf(mistakes, 'refund_next_month').filter((mistake) => mistake.month === before.name);
  if (given.length === 0) return [];
  return given.flatMap((mistake) =>
    usage(before)
      .filter((line) => isMeant(mistake, line))
      .map(
        (line): Line => ({
          ...line,
          section: 'usage',
          key: `refund ${line.key}`,
          description: `Refund: ${line.description}`,
          cents: -line.cents || 0,
          basis: null,
        }),
      ),
  );
}

/** A tax is of all that the invoice charges. */
function taxes(month: Month, mistakes: readonly Mistake[], lines: readonly Line[]): readonly Line[] {
  const rates = [
    ...mistakesOf(mistakes, 'tax')
      .filter((mistake) => mistake.month === month.name)
      .map(({ percent }) => percent),
    ...mistakesOf(mistakes, 'tax_change').map(({ month: since, from, to }) => (month.name < since ? from : to)),
  ];
  const base = sum(lines);
  if (base <= 0) return [];
  return rates.map((percent) => {
    const cents = quotient(BigInt(base) * BigInt(Math.round(Number(percent) * 1_000)), 100_000n);
    return {
      ...monthly(month, 'tax'),
      key: `tax ${percent}`,
      product: 'Taxes',
      description: `STATE SALES TAX (${percent}%)`,
      cents,
    };
  });
}

function credits(month: Month, here: readonly Mistake[], charged: number): readonly Line[] {
  const amounts = [
    ...mistakesOf(here, 'credit').map(({ amount }) => centsOf(amount)),
    ...mistakesOf(here, 'credit_above_bill').map(({ amount }) => charged + centsOf(amount)),
  ];
  return amounts.map((cents, i) => ({
    ...monthly(month, 'credit'),
    key: `credit ${i}`,
    product: 'Credits',
    description: `Credit for ${monthInWords(month)}`,
    cents: -cents,
  }));
}

/** Taxes and credits are of the whole month, up to its last second. */
function monthly(month: Month, section: 'tax' | 'credit') {
  return { ...plainLine, section, from: month.start, to: month.end - 1000 };
}

export function sum(lines: readonly Line[]): number {
  return lines.reduce((cents, line) => cents + line.cents, 0);
}

function total(amounts: readonly number[]): number {
  return amounts.reduce((all, cents) => all + cents, 0);
}
