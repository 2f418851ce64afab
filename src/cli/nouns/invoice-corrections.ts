import type { Command } from 'commander';
import { addCommand, withSession } from '../engine/command.ts';
import { monthArgument } from './invoice-month.ts';
import { operator } from '../engine/operator.ts';
import type { Column } from '../engine/output.ts';
import type { TakenBack } from '../../invoices/pending.ts';

interface DecideOptions {
  readonly month: string;
  readonly currency?: string;
  readonly amount?: string;
}

export function addCorrectionCommands(invoice: Command): void {
  addCommand(invoice, 'corrections', {
    summary: 'what issued months cost now beyond what was issued for them',
    details: `Late facts change no issued invoice. What they come to is listed here until somebody decides:
on the next invoice, as a credit note, or waived.`,
    example: `
$ arcadia invoice corrections
CUSTOMER  DEPLOYMENT  MONTH    LINE                      COSTS  ISSUED  DECIDED          AMOUNT
acme      shop        2026-05  Droplet hours, running  19.20   29.76     0.00  -10.56 USD`,
  })
    .option('--deployment <slug>')
    .option('--month <month>', 'a UTC calendar month, 2026-05')
    .option('--exit-code', 'end with 3 where anything is to be corrected')
    .action(
      withSession(async (session, options: { deployment?: string; month?: string; exitCode?: boolean }) => {
        const { checkCorrections, listProposals } = await import('../../invoices/corrections.ts');
        const { db } = await session.database();
        await checkCorrections(db, { signal: session.signal });
        const month = options.month === undefined ? undefined : monthArgument(options.month);
        const proposals = await listProposals(db, { deployment: options.deployment, month });
        if (session.output.json) await session.output.value(proposals);
        else {
          const rows = proposals.flatMap((proposal) =>
            proposal.lines.map((line) => ({
              ...line,
              customer: proposal.customer,
              deployment: proposal.deployment,
              month: proposal.month,
              currency: proposal.currency,
            })),
          );
          await session.output.list(rows, columns, 'Nothing is to be corrected.');
        }
        return options.exitCode === true && proposals.length > 0 ? 3 : 0;
      }),
    );

  withDecision(
    addCommand(invoice, 'correct', {
      summary: "send a correction of a deployment's month: on the next invoice, or as a credit note",
      example: `
$ arcadia invoice correct shop --month 2026-05
-10.56 USD comes on the invoice of 2026-06.`,
    }),
  )
    .option('--credit-note', 'as a document of its own, with a number of its own series')
    .option('--number <number>', "the credit note's, where the accounting system gives them")
    .option('--incomplete', 'issue the credit note although names, addresses or tax ids are missing')
    .action(
      withSession(
        async (
          session,
          deployment: string,
          options: DecideOptions & { creditNote?: boolean; number?: string; incomplete?: boolean },
        ) => {
          const { correctOnNextInvoice, issueCreditNote } = await import('../../invoices/corrections.ts');
          const { db, clock } = await session.database();
          const request = requestOf(deployment, options, await clock.now());
          if (options.creditNote) {
            const { number, incomplete } = options;
            const credited = await issueCreditNote(db, { ...request, number, incomplete });
            if (session.output.json) return session.output.value(credited);
            const notes = credited.creditNotes.map(
              (note) => `${note.total} with tax: credit note ${note.number} of ${note.credits}.`,
            );
            return session.output.text([...takenBackTexts(credited.takenBack), ...notes].join('\n'));
          }
          const corrected = await correctOnNextInvoice(db, request);
          if (session.output.json) return session.output.value(corrected);
          const texts = takenBackTexts(corrected.takenBack);
          if (corrected.month !== null) texts.push(`${corrected.amount} comes on the invoice of ${corrected.month}.`);
          await session.output.text(texts.join('\n'));
        },
      ),
    );

  withDecision(
    addCommand(invoice, 'waive', {
      summary: "waive a correction of a deployment's month",
      details: 'For exactly its amount: what changes afterwards is proposed again.',
      example: `
$ arcadia invoice waive shop --month 2026-05 --reason 'a trifle'
-10.56 is waived.`,
    }),
  )
    .requiredOption('--reason <text>', 'for the record')
    .action(
      withSession(async (session, deployment: string, options: DecideOptions & { reason: string }) => {
        const { waiveCorrection } = await import('../../invoices/corrections.ts');
        const { db, clock } = await session.database();
        const request = requestOf(deployment, options, await clock.now());
        const waived = await waiveCorrection(db, { ...request, reason: options.reason });
        if (session.output.json) return session.output.value(waived);
        await session.output.text([...takenBackTexts(waived.takenBack), `${waived.amount} is waived.`].join('\n'));
      }),
    );
}

function takenBackTexts(takenBack: readonly TakenBack[]): string[] {
  return takenBack.map(({ month, amount }) =>
    month === null ? `The waiver of ${amount} is withdrawn.` : `${amount} is taken off the draft of ${month}.`,
  );
}

function withDecision(command: Command): Command {
  return command
    .argument('<deployment>', "the deployment's slug")
    .requiredOption('--month <month>', 'the month that is corrected, 2026-05')
    .option('--currency <currency>', 'where the month is corrected in more than one')
    .option('--amount <amount>', 'refuse where it comes to another amount');
}

function requestOf(deployment: string, options: DecideOptions, now: Temporal.Instant) {
  const { currency, amount } = options;
  return { deployment, month: monthArgument(options.month), currency, expectedAmount: amount, by: operator(), now };
}

interface Row {
  readonly customer: string;
  readonly deployment: string;
  readonly month: string;
  readonly currency: string;
  readonly description: string;
  readonly costs: string;
  readonly issued: string;
  readonly decided: string;
  readonly amount: string;
}

const columns: Column<Row>[] = [
  { header: 'customer', value: (row) => row.customer },
  { header: 'deployment', value: (row) => row.deployment },
  { header: 'month', value: (row) => row.month },
  { header: 'line', value: (row) => row.description },
  { header: 'costs', value: (row) => row.costs, align: 'right' },
  { header: 'issued', value: (row) => row.issued, align: 'right' },
  { header: 'decided', value: (row) => row.decided, align: 'right' },
  { header: 'amount', value: (row) => `${row.amount} ${row.currency}`, align: 'right' },
];
