import { Random } from '../random.ts';
import { DAY, type Ms, SECOND } from '../time.ts';
import type { Timeline } from '../timeline.ts';
import type { View } from '../views.ts';
import { compose, identity, type Invoice, type Issue, issuesOf, sum } from './documents.ts';
import type { Line } from './lines.ts';
import { type Mistake, mistakesOf } from './mistakes.ts';
import { INVOICE_DELAY, type Month, monthAfter, monthAt, monthInWords } from './months.ts';
import { believedRules, type BillingRules } from './rules.ts';
import { linesOf, quickTotal } from './spoil.ts';

/** An entry of the billing history: what is owed grows by `amount`. */
export interface Entry {
  readonly at: Ms;
  readonly type: 'Invoice' | 'Payment' | 'Adjustment';
  readonly description: string;
  readonly amount: number;
  readonly invoice: { readonly uuid: string; readonly number: string } | null;
}

/** Mistakes that are on at a time, at most. */
const MISTAKES_MAX = 100;
/** Invoices and previews whose lines are kept; of others the amount alone. */
const KEPT_MAX = 4;

/**
 * The provider's bills as they are now. Everything is made when it is asked for, from the ledger,
 * the rules and the mistakes that are on.
 */
export class Bills {
  readonly #timeline: Timeline;
  readonly #seed: number;
  #rules: BillingRules = believedRules;
  #mistakes: readonly Mistake[] = [];
  #revision = 0;
  readonly #kept = new Map<string, readonly Line[]>();
  readonly #amounts = new Map<string, { amount: number; lines: number }>();
  #remade: { midnight: Ms; times: number } = { midnight: Number.NaN, times: 0 };
  #remembered: { readonly key: string; readonly answer: readonly View[] } | null = null;
  readonly #remakesLeft = new Map<Mistake, number>();

  constructor(timeline: Timeline, seed: number) {
    this.#timeline = timeline;
    this.#seed = seed;
  }

  get rules(): BillingRules {
    return this.#rules;
  }

  set rules(rules: BillingRules) {
    this.#rules = rules;
    this.#forget();
  }

  get mistakes(): readonly Mistake[] {
    return this.#mistakes;
  }

  /** Switches one on; false when too many are. */
  add(mistake: Mistake): boolean {
    if (this.#mistakes.length >= MISTAKES_MAX) return false;
    this.#mistakes = [...this.#mistakes, mistake];
    if (mistake.mistake === 'regenerate_while_paging') this.#remakesLeft.set(mistake, mistake.count);
    this.#forget();
    return true;
  }

  clear(): void {
    this.#mistakes = [];
    this.#remakesLeft.clear();
    this.#remade = { midnight: Number.NaN, times: 0 };
    this.#forget();
  }

  #forget(): void {
    this.#revision++;
    this.#kept.clear();
    this.#amounts.clear();
  }

  get seed(): number {
    return this.#seed;
  }

  get timeline(): Timeline {
    return this.#timeline;
  }

  /** Usage up to `end` of a month, as it was known at `knownAt`. */
  usage(month: Month, end: Ms, knownAt: Ms): readonly Line[] {
    return this.#keep(`${month.name} ${end} ${knownAt}`, () =>
      linesOf({
        ledger: this.#timeline.ledger,
        period: { month, end, knownAt },
        rules: this.#rules,
        seed: this.#seed,
        mistakes: this.#mistakes,
      }),
    );
  }

  #keep(key: string, make: () => readonly Line[]): readonly Line[] {
    const lines = this.#kept.get(key) ?? make();
    this.#kept.delete(key);
    this.#kept.set(key, lines);
    if (this.#kept.size > KEPT_MAX) this.#kept.delete(this.#kept.keys().next().value as string);
    return lines;
  }

  /** The month that the preview is of: until its invoice is due, the one that has ended. */
  get month(): Month {
    return monthAt(this.#timeline.now - INVOICE_DELAY);
  }

  get midnight(): Ms {
    return Math.min(Math.floor(this.#timeline.now / DAY) * DAY, this.month.end);
  }

  /** The running month as of the last midnight, without taxes and credits: those come with the invoice. */
  preview(): Invoice {
    const { month, midnight } = this;
    const made = this.usage(month, midnight, midnight);
    const times = this.#remade.midnight === midnight ? this.#remade.times : 0;
    const turn = made.length === 0 ? 0 : (times * 7) % made.length;
    const lines = turn === 0 ? made : [...made.slice(turn), ...made.slice(0, turn)];
    const header = { taxes: 0, credits: 0, other: 0 };
    const known = identity(this.#seed, month, 'preview');
    return { ...known, month, lines, header, amount: sum(made), updatedAt: midnight + times * SECOND };
  }

  /** Somebody reads on in the preview: it may have been made anew meanwhile. */
  readOn(): void {
    const here = mistakesOf(this.#mistakes, 'regenerate_while_paging');
    for (const mistake of here.filter(({ month }) => month === this.month.name)) {
      const left = this.#remakesLeft.get(mistake) ?? 0;
      if (left === 0) continue;
      this.#remakesLeft.set(mistake, left - 1);
      const times = this.#remade.midnight === this.midnight ? this.#remade.times + 1 : 1;
      this.#remade = { midnight: this.midnight, times };
      return;
    }
  }

  /** Every invoice that has been issued, in that order, also those that were replaced. */
  #issues(): readonly Issue[] {
    const first = this.#timeline.ledger.charges[0];
    const { now } = this.#timeline;
    if (first === undefined) return [];
    const issues: Issue[] = [];
    const began = first.levels[0]?.at ?? first.writtenAt;
    for (let month = monthAt(began); month.end <= now; month = monthAfter(month))
      issues.push(...issuesOf(month, this.#mistakes, this.#seed));
    return issues
      .filter(({ issuedAt }) => issuedAt <= now)
      .sort((a, b) => a.issuedAt - b.issuedAt)
      .filter((issue) => this.#size(issue).lines > 0);
  }

  /** Those that are there now, newest month first. */
  invoices(): readonly Issue[] {
    const { now } = this.#timeline;
    const there = this.#issues().filter(({ replacedAt }) => replacedAt > now);
    return there.sort((a, b) => b.month.start - a.month.start || b.issuedAt - a.issuedAt);
  }

  compose(issue: Issue): Invoice {
    const usage = (month: Month) => this.usage(month, month.end, month.end + INVOICE_DELAY);
    return compose(issue, { mistakes: this.#mistakes, told: this.#rules.tax_and_credits, usage });
  }

  /** What an invoice comes to; kept, since issued ones stay as they are. */
  amountOf(issue: Issue): number {
    return this.#size(issue).amount;
  }

  #size(issue: Issue): { amount: number; lines: number } {
    const key = `${issue.uuid} ${issue.issuedAt}`;
    const known = this.#amounts.get(key);
    if (known !== undefined) return known;
    const size = this.#quickSize(issue.month) ?? this.#wholeSize(issue);
    this.#amounts.set(key, size);
    return size;
  }

  #wholeSize(issue: Issue): { amount: number; lines: number } {
    const { amount, lines } = this.compose(issue);
    return { amount, lines: lines.length };
  }

  /** Of a month that is billed without a mistake, its lines need not be made. */
  #quickSize(month: Month): { amount: number; lines: number } | null {
    if (this.#mistakes.length > 0) return null;
    const period = { month, end: month.end, knownAt: month.end + INVOICE_DELAY };
    return quickTotal({ ledger: this.#timeline.ledger, period, rules: this.#rules });
  }

  /** By uuid, or `preview`. Null: there is none, or not any more. */
  find(uuid: string): Invoice | null {
    const preview = identity(this.#seed, this.month, 'preview').uuid;
    if (uuid === 'preview' || uuid === preview) return this.preview();
    const issue = this.invoices().find((each) => each.uuid === uuid);
    return issue === undefined ? null : this.compose(issue);
  }

  /** Invoices, and payments of what is owed soon after each; newest first. */
  history(): readonly Entry[] {
    const { now } = this.#timeline;
    const issues = this.#issues();
    const entries: Entry[] = [];
    let owed = 0;
    let pays: Ms = Number.POSITIVE_INFINITY;
    const pay = (before: Ms) => {
      if (pays > before || owed <= 0) return;
      entries.push({ at: pays, type: 'Payment', description: 'Payment (VI 4242)', amount: -owed, invoice: null });
      owed = 0;
    };
    for (const issue of issues) {
      pay(issue.issuedAt);
      const { uuid, number, corrects, issuedAt, month } = issue;
      const before = issues.find((each) => corrects && each.month.name === month.name && each.replacedAt === issuedAt);
      const amount = this.amountOf(issue) - (before === undefined ? 0 : this.amountOf(before));
      const type = corrects ? 'Adjustment' : 'Invoice';
      const description = `${corrects ? 'Adjustment to invoice' : 'Invoice'} for ${monthInWords(month)}`;
      entries.push({ at: issuedAt, type, description, amount, invoice: { uuid, number } });
      owed += amount;
      pays = issuedAt + new Random(this.#seed, 'payment', uuid, issuedAt).int(600, 5_400) * SECOND;
    }
    pay(now);
    return entries.reverse();
  }

  /** Owed of the past; used in the month of the preview; and as of when. */
  balance(): { readonly account: number; readonly usage: number; readonly at: Ms } {
    const history = this.history();
    const account = history.reduce((owed, { amount }) => owed + amount, 0);
    const { amount, updatedAt } = this.preview();
    return { account, usage: amount, at: Math.max(updatedAt ?? this.midnight, history[0]?.at ?? this.midnight) };
  }

  /** What one question is answered with, for whoever reads it page by page; good until the next night. */
  remember(question: string, make: () => readonly View[]): readonly View[] {
    const key = `${question} ${this.midnight} ${this.#revision}`;
    if (this.#remembered?.key !== key) this.#remembered = { key, answer: make() };
    return this.#remembered.answer;
  }

  /** What was used on a day, line by line: how much more the night after it than the night before. Null: not over yet. */
  day(start: Ms): readonly { readonly line: Line; readonly cents: number }[] | null {
    const end = start + DAY;
    if (end > this.#timeline.now) return null;
    const month = monthAt(start);
    const after = byKey(this.usage(month, end, end));
    const before = start === month.start ? new Map<string, never>() : byKey(this.usage(month, start, start));
    const gone = [...before].filter(([key]) => !after.has(key)).map(([, { line, cents }]) => ({ line, cents: -cents }));
    const used = [...after].map(([key, { line, cents }]) => ({ line, cents: cents - (before.get(key)?.cents ?? 0) }));
    return [...used, ...gone].filter(({ cents }) => cents !== 0);
  }
}

function byKey(lines: readonly Line[]): Map<string, { line: Line; cents: number }> {
  const all = new Map<string, { line: Line; cents: number }>();
  for (const line of lines) all.set(line.key, { line, cents: (all.get(line.key)?.cents ?? 0) + line.cents });
  return all;
}
