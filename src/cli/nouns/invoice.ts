import type { Command } from 'commander';
import type { Invoice } from '../../invoices/invoices.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { addCommand, withSession } from '../engine/command.ts';
import { addCorrectionCommands } from './invoice-corrections.ts';
import { addInvoiceReadingCommands } from './invoice-reading.ts';
import { addLineCommands } from './invoice-lines.ts';
import { monthArgument, monthName } from './invoice-month.ts';
import { operator } from '../engine/operator.ts';
import { count, plural } from '../engine/output.ts';
import type { Session } from '../engine/session.ts';

export function addInvoiceCommands(program: Command): void {
  const invoice = program
    .command('invoice')
    .summary('what customers owe for a month')
    .description('What customers owe for a month: drafts that follow the facts, approved, issued and frozen.');
  addStepCommands(invoice);
  addInvoiceReadingCommands(invoice);
  addLineCommands(invoice);
  addCorrectionCommands(invoice);
}

function addStepCommands(invoice: Command): void {
  addCommand(invoice, 'draft', {
    summary: "bring a month's drafts up to date with the facts",
    details: `A job does this every day for the last month; by hand it may be done at any time, for the
current month too. What is approved or issued stays as it is.`,
    example: `
$ arcadia invoice draft --month 2026-05
May 2026: 2 drafts made, 0 changed, 0 as they were, 0 removed; 0 approved or issued stay.`,
  })
    .requiredOption('--month <month>', 'a UTC calendar month, 2026-05')
    .action(
      withSession(async (session, options: { month: string }) => {
        const month = monthArgument(options.month);
        const { draftMonth } = await import('../../invoices/drafts.ts');
        const { db, clock } = await session.database();
        const now = await clock.now();
        const drafted = await session.progress.step(`Drafting ${monthName(month)}`, (report) =>
          draftMonth(db, {
            month,
            now,
            signal: session.signal,
            onProgress: (customers) => report(plural(customers, 'customer')),
          }),
        );
        if (session.output.json) return session.output.value(drafted);
        const { created, changed, unchanged, removed, kept } = drafted;
        await session.output.text(
          `${monthName(month)}: ${count(created)} drafts made, ${count(changed)} changed, ${count(unchanged)} as they were, ` +
            `${count(removed)} removed; ${count(kept)} approved or issued stay.`,
        );
        session.output.note(`Next: arcadia invoice list --month ${options.month} --state draft`);
      }),
    );

  addCommand(invoice, 'approve', {
    summary: 'agree to drafts, by their ids or all of a month',
    details: `Each is drafted once more first, so that what is approved is what is so. Before the month is
final, or within the legal entity's grace period, it takes --override and a reason.`,
    example: `
$ arcadia invoice approve 17
17  acme  129.76 USD approved`,
  })
    .argument('[invoices...]', 'ids')
    .option('--month <month>', 'all drafts of a month')
    .option('--total <amount>', 'refuse where one comes to another total')
    .option('--override <reason>', 'although the month is not final')
    .action(
      withSession(async (session, which: string[], options: BulkOptions & { total?: string; override?: string }) => {
        const { approveInvoice } = await import('../../invoices/issue.ts');
        const { db, clock } = await session.database();
        return eachInvoice(session, which, options, 'draft', async (one) => {
          const { total } = await approveInvoice(db, one.invoiceId, {
            by: operator(),
            now: await clock.now(),
            override: options.override,
            expectedTotal: options.total,
          });
          return { outcome: 'approved', total };
        });
      }),
    );

  addCommand(invoice, 'issue', {
    summary: 'number, freeze and hash what is approved, by ids or all of a month',
    details: 'What is issued never changes; what is issued already is left as it is.',
    example: `
$ arcadia invoice issue 17
17  acme  129.76 USD issued as INV-000017`,
  })
    .argument('[invoices...]', 'ids')
    .option('--month <month>', 'all approved ones of a month')
    .option('--number <number>', "the accounting system's number, where it gives them")
    .option('--incomplete', 'although names, addresses or tax ids are missing')
    .action(
      withSession(
        async (session, which: string[], options: BulkOptions & { number?: string; incomplete?: boolean }) => {
          const { issueInvoice } = await import('../../invoices/issue.ts');
          const { db, clock } = await session.database();
          return eachInvoice(session, which, options, 'approved', async (one) => {
            const issued = await issueInvoice(db, one.invoiceId, {
              by: operator(),
              now: await clock.now(),
              number: options.number,
              incomplete: options.incomplete,
            });
            return { outcome: `issued as ${issued.number}`, total: one.total, ...issued };
          });
        },
      ),
    );

  addCommand(invoice, 'void', {
    summary: 'take an approved or issued document back',
    details: `An issued one keeps its number, and its month is drafted anew. Where a correction of it was waived,
the new draft bills what was waived: --drop-waivers says that you want that.`,
    example: `
$ arcadia invoice void INV-000017 --reason 'wrong customer'
INV-000017 is void.`,
  })
    .argument('<invoice>', 'id or number')
    .requiredOption('--reason <text>', 'for the record')
    .option('--drop-waivers', 'also where corrections of it were waived')
    .action(
      withSession(async (session, which: string, options: { reason: string; dropWaivers?: boolean }) => {
        const { getInvoice } = await import('../../invoices/invoices.ts');
        const { voidInvoice } = await import('../../invoices/issue.ts');
        const { db, clock } = await session.database();
        const { invoiceId } = await getInvoice(db, which);
        await voidInvoice(db, invoiceId, { ...options, by: operator(), now: await clock.now() });
        if (session.output.json) return session.output.value(await getInvoice(db, String(invoiceId)));
        await session.output.text(`${which} is void.`);
      }),
    );
}

interface BulkOptions {
  readonly month?: string;
}

/** Does a step to each, and tells of those that refuse; they do not stop the others. */
async function eachInvoice(
  session: Session,
  which: readonly string[],
  options: BulkOptions,
  state: 'draft' | 'approved',
  step: (one: Invoice) => Promise<{ outcome: string; total: string }>,
): Promise<number> {
  if (which.length > 0 === (options.month !== undefined)) {
    throw new ArcadiaError('invalid_argument', 'Name invoices by their ids, or give --month for all of a month.');
  }
  const { db } = await session.database();
  const done: unknown[] = [];
  let failed = 0;
  for await (const one of chosen(db, which, options.month, state)) {
    session.signal.throwIfAborted();
    try {
      const { outcome, ...rest } = await step(one);
      if (session.output.json) done.push({ invoiceId: one.invoiceId, customer: one.customer, outcome, ...rest });
      else await session.output.text(`${one.invoiceId}  ${one.customer}  ${rest.total} ${one.currency} ${outcome}`);
    } catch (error) {
      // One alone is refused as any command is.
      if (which.length === 1 || !(error instanceof ArcadiaError)) throw error;
      failed += 1;
      if (session.output.json) done.push({ invoiceId: one.invoiceId, customer: one.customer, error: error.message });
      else session.output.note(`${one.invoiceId}  ${one.customer}  ${error.message}`);
    }
  }
  if (session.output.json) await session.output.value(done);
  return failed > 0 ? 1 : 0;
}

async function* chosen(
  db: Awaited<ReturnType<Session['database']>>['db'],
  which: readonly string[],
  month: string | undefined,
  state: 'draft' | 'approved',
): AsyncGenerator<Invoice> {
  const { getInvoice, invoicesOfMonth } = await import('../../invoices/invoices.ts');
  for (const id of which) yield await getInvoice(db, id);
  if (month !== undefined) yield* invoicesOfMonth(db, monthArgument(month), state);
}
