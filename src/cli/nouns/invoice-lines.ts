import { type Command, InvalidArgumentError } from 'commander';
import { addCommand, withSession } from '../engine/command.ts';
import { operator } from '../engine/operator.ts';

interface LineOptions {
  readonly description: string;
  readonly quantity: string;
  readonly unit?: string;
  readonly unitPrice: string;
  readonly taxCategory?: string;
  readonly deployment?: string;
}

export function addLineCommands(invoice: Command): void {
  const line = invoice
    .command('line')
    .summary('lines by hand')
    .description('Lines by hand on drafts: setup, support hours, domains.');

  addCommand(line, 'add', {
    summary: 'add a line to a draft: quantity times unit price, rounded once',
    details: 'It stays when the draft is made anew. A negative quantity gives back.',
    example: `
$ arcadia invoice line add 17 --description 'Support' --quantity 2.5 --unit hour --unit-price 80
Line 3 was added; invoice 17 comes to 329.76 USD.`,
  })
    .argument('<invoice>', 'id of a draft')
    .requiredOption('--description <text>', 'as it is printed')
    .requiredOption('--unit-price <amount>', 'without tax')
    .option('--quantity <n>', 'a decimal', '1')
    .option('--unit <unit>', 'such as hour')
    .option('--tax-category <category>', "by default the customer's")
    .option('--deployment <slug>', 'the section it comes in')
    .action(
      withSession(async (session, which: string, options: LineOptions) => {
        const { getInvoice } = await import('../../invoices/invoices.ts');
        const { addLine } = await import('../../invoices/manual-lines.ts');
        const { db, clock } = await session.database();
        const { invoiceId } = await getInvoice(db, which);
        const { lineId } = await addLine(db, invoiceId, options, operator(), await clock.now());
        const { total, currency } = await getInvoice(db, String(invoiceId));
        if (session.output.json) return session.output.value({ lineId, invoiceId, total, currency });
        await session.output.text(`Line ${lineId} was added; invoice ${invoiceId} comes to ${total} ${currency}.`);
      }),
    );

  addCommand(line, 'remove', {
    summary: 'take a line by hand away from a draft',
    example: `
$ arcadia invoice line remove 3
Line 3 was removed.`,
  })
    .argument('<line>', 'its id, as add says it', (text: string) => {
      if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('It is a whole number.');
      return Number(text);
    })
    .action(
      withSession(async (session, lineId: number) => {
        const { removeLine } = await import('../../invoices/manual-lines.ts');
        const { db, clock } = await session.database();
        await removeLine(db, lineId, operator(), await clock.now());
        if (session.output.json) return session.output.value({ lineId });
        await session.output.text(`Line ${lineId} was removed.`);
      }),
    );
}
