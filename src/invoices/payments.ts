import type { Database, Queryable, UnitOfWork } from '../platform/database/database.ts';
import { cursorOf } from '../platform/database/keyset.ts';
import type { Page, PageRequest } from '../platform/declare/operation.ts';
import { pageOf } from '../platform/declare/pages.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { currencyDigits, formatMoney } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import { dayOf } from '../metering/index.ts';
import { writeMessages } from '../webhooks/index.ts';
import { paymentConflict, paymentCurrency } from './errors.ts';
import type { Reader } from './invoices.ts';
import * as store from './payments.store.ts';

// What was paid of invoices. Each payment is a fact under the id that its provider gave it; an invoice's payment state is
// what its facts and credit notes come to on a day, so that it is overdue from the first moment of the day after it was due.

export type { PaymentKind, PaymentRow, PaymentState } from './payments.store.ts';
export { paymentKinds, paymentStates } from './payments.store.ts';

/** A payment as somebody says it. */
export interface SaidPayment {
  /** Who says it: a provider of payments, a bank. */
  readonly provider: string;
  /** The provider's id of it: of a refund or a chargeback that of itself, not of the payment that it gives back. */
  readonly payment: string;
  readonly kind: store.PaymentKind;
  /** An invoice's number. */
  readonly invoice: string;
  /** Its id as well: of two sellers' documents of one number, which one. null: there is one. */
  readonly invoiceId: number | null;
  /** Above zero, whatever the kind. */
  readonly amount: string;
  readonly currency: string;
  /** null: now. */
  readonly paidAt: Temporal.Instant | null;
  readonly note: string | null;
}

/** `known`: it was recorded before, and said the same. */
type Recorded = { readonly status: 'recorded' | 'known'; readonly payment: store.PaymentRow };

interface Recording {
  readonly by: string;
  readonly now: Temporal.Instant;
}

/** How an invoice's payment stands, in its currency. */
export interface PaymentStanding {
  /** null: nothing is to be paid of it. */
  readonly paymentState: store.PaymentState | null;
  /** Its total less what was credited. null, as `paid` and `balance`: of a credit note, whose invoice counts it, and of a draft. */
  readonly owed: string | null;
  readonly paid: string | null;
  /** What is left to pay; below zero: in the customer's favour. */
  readonly balance: string | null;
}

/**
 * Records one. The same again changes nothing.
 * @throws ArcadiaError not_found; conflict (two documents of one number); payment_currency (another than the
 *   invoice's); payment_conflict (the id says something else, or is
 *   of something else); conflict (people give back more than was paid); not_found (nothing to reverse); invalid_argument (an amount that is none)
 */
export async function recordPayment(db: Database, said: SaidPayment, recording: Recording): Promise<Recorded> {
  return db.transaction().execute(async (trx) => {
    const [done] = await recordPayments(trx, [said], recording);
    if (done === undefined) throw new RangeError('a payment was neither recorded nor refused');
    if (done instanceof ArcadiaError) throw done;
    return done;
  });
}

/**
 * Records many, each for itself: in place of one that cannot be recorded stands why, as `recordPayment` throws it.
 * Whoever records of the same invoices meanwhile waits for this transaction. That people give back more than was paid is found
 * out once it is written: who records for people rolls the transaction back if anything is refused.
 */
export async function recordPayments(
  trx: UnitOfWork,
  said: readonly SaidPayment[],
  { by, now }: Recording,
): Promise<(Recorded | ArcadiaError)[]> {
  const named = Map.groupBy(
    await store.lockNamed(
      trx,
      said.map(({ invoice }) => invoice),
    ),
    (row) => row.named,
  );
  const facts = said.map((one) => readSaid(one, named.get(one.invoice) ?? [], now));
  const others = await store.insertPayments(trx, soundOf(facts.filter((one) => !isReversal(one))), by, now);
  // After the others: a file may take back what it records.
  const reversed = await store.selectReversed(trx, soundOf(facts.filter(isReversal)));
  const read = readReversals(facts, reversed);
  const reversals = await store.insertPayments(trx, soundOf(read.filter(isReversal)), by, now);
  const fresh = new Set([...others, ...reversals].map(keyOf));
  const stored = new Map((await store.selectPaymentsByKey(trx, soundOf(read))).map((row) => [keyOf(row), row]));
  const refused = isOfEvent(by) ? new Map<number, ArcadiaError>() : await tooMuchBack(trx, stored, fresh, now);
  await publish(trx, { invoices: [...named.values()].flat(), touched: paidNow(stored, fresh), now });
  return read.map((one, place) => {
    if (one instanceof ArcadiaError) return one;
    const row = stored.get(keyOf(one.stored));
    if (row === undefined)
      return paymentConflict(
        `${one.stored.provider} ${one.stored.payment} was recorded before, and is no ${one.stored.kind}: what was given back has an id of its own.`,
      );
    const tooMuch = refused.get(row.invoiceId);
    if (tooMuch !== undefined && givenBack.has(row.kind) && fresh.has(keyOf(row))) return tooMuch;
    return same(one, row, { paidAt: said[place]?.paidAt ?? null, by })
      ? { status: fresh.delete(keyOf(row)) ? 'recorded' : 'known', payment: row }
      : paymentConflict(
          `The ${row.kind} ${row.payment} of ${row.provider} was recorded before, and says something else.`,
          {
            details: {
              invoice: row.invoice,
              amount: row.amount,
              currency: row.currency,
              paidAt: row.paidAt.toString(),
            },
          },
        );
  });
}

const soundOf = (read: readonly (ReadPayment | ArcadiaError)[]): store.NewPayment[] =>
  read.flatMap((one) => (one instanceof ArcadiaError ? [] : [one.stored]));

const isReversal = (one: ReadPayment | ArcadiaError) =>
  !(one instanceof ArcadiaError) && one.stored.kind === 'reversal';

const idOf = ({ provider, payment }: Pick<store.PaymentKey, 'provider' | 'payment'>) => `${provider}\n${payment}`;

/** A reversal is the opposite of what was recorded under its id, and of nothing else. The rest stays as it is. */
function readReversals(
  facts: readonly (ReadPayment | ArcadiaError)[],
  reversed: readonly store.PaymentRow[],
): (ReadPayment | ArcadiaError)[] {
  const rows = new Map(reversed.map((row) => [idOf(row), row]));
  return facts.map((one) => {
    if (one instanceof ArcadiaError || !isReversal(one)) return one;
    const said = one.stored;
    const row = rows.get(idOf(said));
    if (row === undefined)
      return new ArcadiaError(
        'not_found',
        `Nothing was recorded as ${said.provider} ${said.payment}: there is nothing to take back.`,
      );
    const amount = new Decimal(row.amount).neg();
    if (row.invoiceId !== said.invoiceId || !amount.abs().eq(new Decimal(said.amount).abs()))
      return paymentConflict(
        `${said.provider} ${said.payment} is a ${row.kind} of ${row.amount} ${row.currency} of ${row.invoice}: it is taken back as a whole.`,
      );
    return { stored: { ...said, amount: formatMoney(amount, said.currency) } };
  });
}

const givenBack: ReadonlySet<store.PaymentKind> = new Set(['refund', 'chargeback']);

/**
 * Of which invoices more is given back now than was paid of them, or is owed to the customer, and how it is refused. Of what
 * events say nothing is: a refund may come before its payment.
 */
async function tooMuchBack(
  trx: UnitOfWork,
  stored: ReadonlyMap<string, store.PaymentRow>,
  fresh: ReadonlySet<string>,
  now: Temporal.Instant,
): Promise<ReadonlyMap<number, ArcadiaError>> {
  const rows = [...stored].flatMap(([key, row]) => (fresh.has(key) && givenBack.has(row.kind) ? [row] : []));
  const invoices = new Map(rows.map((row) => [row.invoiceId, row]));
  const standings = await readStandings(trx, [...invoices.values()], now);
  return new Map(
    [...invoices].flatMap(([invoiceId, { invoice, currency }]): [number, ArcadiaError][] => {
      const { paid, owed } = standingOf(standings, invoiceId);
      const least = Decimal.min(0, owed ?? 0);
      if (paid === null || new Decimal(paid).gte(least)) return [];
      const over = formatMoney(least.minus(paid), currency);
      return [
        [
          invoiceId,
          new ArcadiaError('conflict', `That is ${over} ${currency} more than can be given back of ${invoice}.`),
        ],
      ];
    }),
  );
}

const keyOf = ({ provider, payment, kind }: store.PaymentKey) => `${provider}\n${payment}\n${kind}`;

/** The invoices of which something is new. */
function paidNow(stored: ReadonlyMap<string, store.PaymentRow>, fresh: ReadonlySet<string>): Set<number> {
  return new Set([...fresh].flatMap((key) => stored.get(key)?.invoiceId ?? []));
}

interface ReadPayment {
  readonly stored: store.NewPayment;
}

/** Numbers alone name what is paid: an id that looks like one would be another customer's invoice. */
function onlyOne(found: readonly store.NamedInvoiceRow[], number: string): store.NamedInvoiceRow | ArcadiaError {
  const [invoice] = found;
  if (invoice === undefined)
    return new ArcadiaError('not_found', `No issued invoice has the number ${number}: name one by its number.`);
  if (found.length > 1)
    return new ArcadiaError('conflict', `More than one seller has a document ${number}; give its id as well.`);
  return invoice;
}

/**
 * Whose invoice has a number: the customer's external id. Whoever records of it meanwhile waits for this transaction.
 * @throws ArcadiaError not_found; conflict (two documents of one number)
 */
export async function customerOfNumber(trx: UnitOfWork, number: string): Promise<string> {
  const invoice = onlyOne(await store.lockNamed(trx, [number]), number);
  if (invoice instanceof ArcadiaError) throw invoice;
  return invoice.customer;
}

/** What is paid counts at once: a day may have begun where it was paid that has not begun in UTC. */
const aheadHours = 24;

/** What is to be stored of it, or why it cannot be. */
function readSaid(
  { invoice: which, invoiceId: id, amount: text, ...said }: SaidPayment,
  found: readonly store.NamedInvoiceRow[],
  now: Temporal.Instant,
): ReadPayment | ArcadiaError {
  const invoice = onlyOne(id === null ? found : found.filter(({ invoiceId }) => invoiceId === id), which);
  if (invoice instanceof ArcadiaError) return invoice;
  if (invoice.kind === 'credit_note')
    return new ArcadiaError('invalid_argument', `${which} is a credit note: name the invoice that it credits.`);
  if (invoice.currency !== said.currency)
    return paymentCurrency(`Invoice ${invoice.number} is in ${invoice.currency}, and the payment in ${said.currency}.`);
  if (said.paidAt !== null && Temporal.Instant.compare(said.paidAt, now.add({ hours: aheadHours })) > 0)
    return new ArcadiaError(
      'invalid_argument',
      `It is said to be paid at ${said.paidAt}, which is more than a day ahead.`,
    );
  const amount = new Decimal(text);
  const digits = currencyDigits(said.currency);
  if (said.kind !== 'failed' && (amount.lte(0) || amount.decimalPlaces() > digits || amount.gte('1e15')))
    return new ArcadiaError(
      'invalid_argument',
      `The amount ${text} is not above zero with up to ${digits} decimals; what is given back is of the kind refund, chargeback or reversal.`,
    );
  // Of a reversal, what it takes back says the sign.
  const signed = said.kind === 'failed' ? new Decimal(0) : said.kind === 'payment' ? amount : amount.neg();
  const { invoiceId, customerId } = invoice;
  return {
    stored: { ...said, invoiceId, customerId, amount: formatMoney(signed, said.currency), paidAt: said.paidAt ?? now },
  };
}

/** Who records what events of a gateway's source say. */
export const recorderOf = (source: string): string => `gateway:${source}`;
const isOfEvent = (by: string | null) => by?.startsWith(recorderOf('')) ?? false;

/**
 * Whether what is stored is what was said; a time that was not said differs from none. Events are sent again under another
 * time, a file knows the day alone, and a failed attempt is repeated: of these, the time says nothing.
 */
function same(
  { stored: said }: ReadPayment,
  row: store.PaymentRow,
  { paidAt, by }: { readonly paidAt: Temporal.Instant | null; readonly by: string },
): boolean {
  const isAnyTime = paidAt === null || row.kind === 'failed' || isOfEvent(by) || isOfEvent(row.recordedBy);
  return (
    row.invoiceId === said.invoiceId &&
    row.currency === said.currency &&
    new Decimal(row.amount).eq(said.amount) &&
    (isAnyTime || row.paidAt.equals(paidAt))
  );
}

/** To webhooks: ours, and the customer's own. */
async function publish(
  trx: UnitOfWork,
  {
    invoices,
    touched,
    now,
  }: {
    readonly invoices: readonly store.NamedInvoiceRow[];
    readonly touched: ReadonlySet<number>;
    readonly now: Temporal.Instant;
  },
): Promise<void> {
  const changed = new Map(
    invoices
      .filter(({ invoiceId }) => touched.has(invoiceId))
      .map((row): [number, store.NamedInvoiceRow] => [row.invoiceId, row]),
  );
  const standings = await readStandings(trx, [...changed.values()], now);
  const messages = [...changed.values()].flatMap(({ invoiceId, number, customer, customerId, month, currency }) => {
    const standing = standings.get(invoiceId);
    if (standing === undefined) return [];
    const { paymentState, owed, paid, balance } = standing;
    if (owed === null || paid === null || balance === null) return [];
    const path = `/api/v1/invoices/${invoiceId}`;
    const whose = { invoiceId, number, customer, month: month.toPlainYearMonth().toString(), currency };
    return [{ customerId, data: { ...whose, paymentState, owed, paid, balance, path } }];
  });
  await writeMessages(trx, 'invoice.payment_changed', messages, now);
}

/** How invoices stand at an instant, by their ids. */
export async function readStandings(
  db: Queryable,
  invoices: readonly { readonly invoiceId: number; readonly currency: string }[],
  now: Temporal.Instant,
): Promise<ReadonlyMap<number, PaymentStanding>> {
  const currencies = new Map(invoices.map(({ invoiceId, currency }) => [invoiceId, currency]));
  const rows = await store.selectStandingsOn(db, [...currencies.keys()], dayOf(now));
  return new Map(
    rows.map(({ invoiceId, state, owed, paid }): [number, PaymentStanding] => {
      const money = (amount: Decimal) => formatMoney(amount, currencies.get(invoiceId) ?? '');
      if (owed === null || paid === null)
        return [invoiceId, { paymentState: state, owed: null, paid: null, balance: null }];
      const [due, got] = [new Decimal(owed), new Decimal(paid)];
      return [invoiceId, { paymentState: state, owed: money(due), paid: money(got), balance: money(due.minus(got)) }];
    }),
  );
}

/** The standing of one of those that were read; of one that is gone since, that nothing is to be paid. */
export function standingOf(standings: ReadonlyMap<number, PaymentStanding>, invoiceId: number): PaymentStanding {
  return standings.get(invoiceId) ?? { paymentState: null, owed: null, paid: null, balance: null };
}

/** A page of payments, the newest first unless another order is asked for. */
export async function paymentPage(
  db: Queryable,
  filter: Omit<store.PaymentFilter, 'q'>,
  page: PageRequest<store.PaymentSort>,
  reader: Reader,
): Promise<Page<store.PaymentRow>> {
  const { q, ...request } = { ...page, limit: page.limit + 1 };
  const rows = await store.selectPayments(db, { ...filter, q }, request, reader === 'staff' ? null : reader.customerId);
  return pageOf(rows, page.limit, cursorOf);
}
