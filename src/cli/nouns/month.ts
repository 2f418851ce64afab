import { closeMonth, showMonthStatus } from '../../flows/operations/month.ts';
import { type Column, count, plural, table } from '../engine/output.ts';
import { noInput } from '../engine/surface.ts';
import { type AnswerOf, actionView, type Noun, type RunTools, type ViewTools } from '../engine/views.ts';

type Status = AnswerOf<typeof showMonthStatus>;
type Item = Status['items'][number];
type Closed = AnswerOf<typeof closeMonth>;
type Totals = Status['ready'];

/** What each item is about, for a person. */
const titles: Readonly<Record<Item['code'], string>> = {
  drafts_behind: 'drafts to be updated; closing does it first',
  not_rated: 'customers who cannot be rated',
  not_final: 'reasons why usage is not final',
  in_grace: 'invoices within the grace period',
  incomplete: 'invoices with missing details',
  no_exchange_rate: 'invoices whose VAT needs an exchange rate',
  differs: 'drafts that differ by more than 20 % from the month before',
  numbered_elsewhere: 'invoices that need a number from the accounting system',
  ended: 'resources of deployments that have ended',
  unassigned: 'unassigned resources',
  no_plan: 'resources of deployments on no plan',
  paused: 'resources of paused deployments',
  unbilled: 'meters that plans do not match',
  gaps: 'gaps, in which usage is estimated',
  gone: 'customers who were billed the month before and are not now',
  corrections_behind: 'issued months to be looked at for corrections; closing does it first',
  corrections: 'corrections to decide',
  electronic: 'customers and sellers with details missing for electronic invoices',
};

const columns: readonly Column<Item>[] = [
  { header: 'count', value: (row) => count(row.count), align: 'right' },
  { header: 'what', value: (row) => titles[row.code] },
  { header: 'money', value: ({ amounts }) => moneyText(amounts), align: 'right' },
  { header: 'holds', value: ({ holds }) => (holds === 0 ? null : plural(holds, 'invoice')), align: 'right' },
];

function moneyText(amounts: Item['amounts']): string | null {
  return amounts.length === 0 ? null : amounts.map(({ amount, currency }) => `${amount} ${currency}`).join(' + ');
}

/** `default: 12 invoices, 1,200.00 USD` */
function totalsText(totals: Totals): string[] {
  return totals.map(
    ({ entity, currency, invoices, total }) => `  ${entity}: ${plural(invoices, 'invoice')}, ${total} ${currency}`,
  );
}

type CommandOf = ViewTools['commandOf'];

function statusText(status: Status, commandOf: CommandOf): string {
  const { items } = status;
  return [
    headOf(status),
    ...totalsParts(status),
    ...(items.length === 0 ? [] : [table(items, columns)]),
    ...items.flatMap((item) => detailsText(item, commandOf)),
  ].join('\n\n');
}

function totalsParts({ issued, ready, held }: Status): string[] {
  const parts = [
    ['Issued, with tax:', issued],
    ['Ready to be issued:', ready],
    ['Held:', held],
  ] as const;
  return parts.flatMap(([title, totals]) => (totals.length === 0 ? [] : [[title, ...totalsText(totals)].join('\n')]));
}

function headOf({ month, over, final, closed }: Status): string {
  if (closed) return `${month} is closed: nothing is left to be issued.`;
  if (!over) return `${month} is not over.`;
  return final ? `${month} is over, and its usage is final.` : `${month} is over, and its usage is not final.`;
}

const allAtOnce =
  '  All customers at once: arcadia customer billing export --out billing.csv, then arcadia customer billing import billing.csv';

/** Of each item a few: --json has more. */
const detailsShown = 5;

function detailsText({ code, details, count: total }: Item, commandOf: CommandOf): string[] {
  if (details.length === 0) return [];
  const lines = details.slice(0, detailsShown).flatMap(({ about, message, next }) => {
    const command = next === null ? null : commandOf(next);
    return [`  ${about === '' ? message : `${about}: ${message}`}`, ...(command === null ? [] : [`    ${command}`])];
  });
  const more =
    details.length > detailsShown ? [`  The first ${detailsShown} of ${count(total)}; --json has more.`] : [];
  const together = code === 'incomplete' && total > 1 ? [allAtOnce] : [];
  return [[`${capital(titles[code])}:`, ...lines, ...more, ...together].join('\n')];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

type Body = { readonly [name: string]: unknown };

/**
 * All steps, one after the other, as one answer. It is asked once, of what may be issued; the first step is refused where
 * that comes to something else by then.
 */
async function closeAll(tools: RunTools): Promise<Closed> {
  const { surface, input, note, isSure } = tools;
  const { params, query } = input;
  const body = input.body as Body;
  const closed: Closed = { issued: [], notIssued: [], notDrafted: null, next: null };
  const isWhole = query.after === undefined && body.expected === undefined && body.draftOnly !== true;
  const expected = isWhole && !isSure ? await askedTotals(tools, body) : body.expected;
  let after = query.after;
  for (;;) {
    const first = after === undefined && expected !== undefined ? { expected } : {};
    const asked = { params, query: after === undefined ? {} : { after }, body: { ...body, ...first } };
    const step = (await surface.act(closeMonth, asked)) as Closed;
    closed.issued.push(...step.issued);
    closed.notIssued = [...closed.notIssued, ...step.notIssued];
    closed.notDrafted ??= step.notDrafted;
    if (step.next === null) return closed;
    note(`${plural(closed.issued.length, 'invoice')} issued so far.`);
    after = step.next;
  }
}

/** Drafts the month, shows how it stands, and asks: what somebody agreed to. */
async function askedTotals({ surface, input, note, ask }: RunTools, body: Body): Promise<Totals> {
  const { params } = input;
  await surface.act(closeMonth, { params, query: {}, body: { draftOnly: true } });
  const { override, incomplete, differing } = body;
  const query = {
    ...(override !== undefined && { override: true }),
    ...(incomplete === true && { incomplete }),
    ...(differing === true && { differing }),
  };
  const status = (await surface.act(showMonthStatus, { ...noInput, params, query })) as Status;
  for (const part of [headOf(status), ...totalsParts(status)]) note(part);
  if (status.items.length > 0) note(table(status.items, columns));
  const total = status.ready.reduce((sum, { invoices }) => sum + invoices, 0);
  const untouched = 'Nothing was approved or issued; the drafts are up to date.';
  await ask(`Issue ${plural(total, 'invoice')} of ${status.month}, with the totals above?`, untouched);
  return status.ready;
}

/** Customers that one reason names, and reasons that are shown: `month status` has all. */
const namesShown = 5;
const reasonsShown = 20;

/** What keeps many of them, such as the grace period, is said once. */
function notIssuedText(notIssued: Closed['notIssued'], commandOf: CommandOf): string[] {
  const groups = [...Map.groupBy(notIssued, ({ message, next }) => JSON.stringify([message, next])).values()];
  const lines = groups.slice(0, reasonsShown).map((own) => {
    const [first] = own as [Closed['notIssued'][number]];
    const names = own.slice(0, namesShown).map(({ customer }) => customer);
    const more = own.length > names.length ? ` and ${count(own.length - names.length)} more` : '';
    const which =
      own.length === 1
        ? `${first.invoiceId}  ${first.customer} (${first.customerName}), ${first.total} ${first.currency}`
        : `${plural(own.length, 'invoice')}, of ${names.join(', ')}${more}`;
    const command = first.next === null ? null : commandOf(first.next);
    return [`  ${which}: ${first.message}`, ...(command === null ? [] : [`    ${command}`])].join('\n');
  });
  const left = groups.slice(reasonsShown).flat().length;
  return left === 0 ? lines : [...lines, `  ${plural(left, 'more invoice')}: arcadia month status`];
}

function closedText({ issued, notIssued, notDrafted }: Closed, commandOf: CommandOf): string {
  const refused = notIssuedText(notIssued, commandOf);
  return [
    issued.length === 0 ? 'Nothing was issued.' : `${plural(issued.length, 'invoice')} issued:`,
    ...issuedTotals(issued),
    ...(refused.length === 0 ? [] : [`Not issued: ${count(notIssued.length)}`, ...refused]),
    ...(notDrafted === null ? [] : [notDrafted]),
  ].join('\n');
}

function issuedTotals(issued: Closed['issued']): string[] {
  return [...Map.groupBy(issued, ({ entity, currency }) => `${entity} ${currency}`).values()].map((own) => {
    const [first] = own as [Closed['issued'][number]];
    const last = own.at(-1)?.number;
    const numbers = own.length === 1 ? first.number : `${first.number} to ${last}`;
    return `  ${first.entity}: ${plural(own.length, 'invoice')} in ${first.currency}, ${numbers}`;
  });
}

export const monthNoun: Noun = {
  name: 'month',
  summary: 'closing a calendar month: what keeps it, and issuing its invoices',
  description: 'Closing a calendar month: what keeps it from closing, and issuing its invoices.',
  defaultVerb: 'status',
  views: [
    actionView(showMonthStatus, {
      details: `Each item has its count, its money where that is known, how many invoices it holds, and the commands that
settle it. Items that hold nothing cost money if the month closes without them.`,
      example: `
$ arcadia month status 2026-05
2026-05 is over, and its usage is final.

Ready to be issued:
  default: 25 invoices, 2140.50 USD
Held:
  default: 1 invoice, 310.00 USD

COUNT  WHAT                                                         MONEY      HOLDS
    1  drafts that differ by more than 20 % from the month before  310.00 USD  1 invoice

Drafts that differ by more than 20 % from the month before:
  17 acme: It comes to 310.00 USD before tax; the month before came to 129.76.
    arcadia invoice show 17`,
      text: (status, { commandOf }) => statusText(status, commandOf),
    }),
    actionView(closeMonth, {
      summary: 'draft, approve and issue what may be issued of a month',
      details: `It drafts the month, then approves and issues each invoice that nothing holds, at the total that its draft
says. It asks first, with the totals by seller and currency. What is held is named with its reason and stops no other.
Stopped in the middle it goes on when it is run again; what is issued is left as it is. Each step by itself:
arcadia invoice draft, approve-month, issue-month.`,
      example: `
$ arcadia month close 2026-05 --yes
25 invoices issued:
  default: 25 invoices in USD, INV-000001 to INV-000025
Not issued: 1
  17  acme (Acme Ltd), 310.00 USD: It comes to 310.00 USD before tax; the month before came to 129.76.
    arcadia invoice show 17`,
      run: closeAll,
      text: (closed, { commandOf }) => closedText(closed, commandOf),
    }),
  ],
};
