import { type Command, InvalidArgumentError } from 'commander';
import type { Billing, BillingChanges } from '../../invoices/billing.ts';
import { addCommand, withSession } from '../engine/command.ts';
import { linesOf } from './entity.ts';
import { operator } from '../engine/operator.ts';
import { fields, moment } from '../engine/output.ts';
import { parseDay } from '../engine/range.ts';

interface SetOptions {
  readonly entity?: string;
  readonly legalName?: string;
  readonly address?: string;
  readonly taxId?: string[];
  readonly po?: string;
  readonly email?: string;
  readonly terms?: number;
  readonly taxCategory?: string;
  readonly tax?: Billing['taxTreatment'];
  readonly taxNote?: string;
  readonly from?: string;
}

const treatments: Record<string, Billing['taxTreatment']> = {
  taxed: 'taxed',
  exempt: 'exempt',
  'reverse-charge': 'reverse_charge',
};

/** Under `arcadia customer`, which is there already. */
export function addCustomerBillingCommands(program: Command): void {
  const customer = program.commands.find((command) => command.name() === 'customer');
  if (customer === undefined) throw new Error('the commands of customers come before those of their billing');
  const billing = customer
    .command('billing')
    .summary('how a customer is billed')
    .description('How a customer is billed: names, addresses, terms and taxes, over time.');

  addCommand(billing, 'show', {
    summary: 'how a customer is billed, over time',
    example: `
$ arcadia customer billing show c-17
from       -
address    2 Hill Road, Bath`,
  })
    .argument('<customer>', "the customer's external id")
    .action(
      withSession(async (session, id: string) => {
        const { billingHistory } = await import('../../invoices/billing.ts');
        const { db } = await session.database();
        const history = await billingHistory(db, id);
        if (session.output.json) return session.output.value(history);
        if (history.length === 0) {
          return session.output.note(`Nothing was told yet. Next: arcadia customer billing set ${id} --address '...'`);
        }
        await session.output.text(history.map(describe).join('\n\n'));
      }),
    );

  addCommand(billing, 'set', {
    summary: 'change how a customer is billed, from a day on',
    details: `What is not named stays. An invoice takes what holds on the last day of its month. Without --from:
from the beginning the first time, then from today.`,
    example: `
$ arcadia customer billing set c-17 --address '2 Hill Road, Bath' --po PO-93
Holds for invoices of every month.`,
  })
    .argument('<customer>', "the customer's external id")
    .option('--entity <slug>', 'the legal entity that bills; "default" for the default one')
    .option('--legal-name <name>', "by default the customer's name")
    .option('--address <lines>', 'lines apart by commas or line breaks')
    .option('--tax-id <id...>', 'as printed')
    .option('--po <number>', 'purchase order; "none" for none')
    .option('--email <address>')
    .option('--terms <days>', "by default the legal entity's", (text: string) => {
      if (!/^\d{1,3}$/.test(text)) throw new InvalidArgumentError('It is a whole number of days.');
      return Number(text);
    })
    .option('--tax-category <category>', 'whose rate is charged; standard unless told')
    .option('--tax <treatment>', Object.keys(treatments).join(', '), (text: string) => {
      const treatment = treatments[text];
      if (treatment === undefined)
        throw new InvalidArgumentError(`It is one of ${Object.keys(treatments).join(', ')}.`);
      return treatment;
    })
    .option('--tax-note <text>', 'why no tax is charged, as it is printed')
    .option('--from <day>', 'first UTC day')
    .action(
      withSession(async (session, id: string, options: SetOptions) => {
        const from = options.from === undefined ? null : parseDay(options.from, '--from');
        const { setBilling } = await import('../../invoices/billing.ts');
        const { db, clock } = await session.database();
        const done = await setBilling(db, id, changesOf(options), from, operator(), await clock.now());
        if (session.output.json) {
          return session.output.value({ customer: id, changed: done.changed, from: done.from?.toString() ?? null });
        }
        const since = done.from === null ? 'every month' : `months that end on ${done.from} or later`;
        await session.output.text(done.changed ? `Holds for invoices of ${since}.` : 'It was so already.');
      }),
    );
}

function changesOf(options: SetOptions): BillingChanges {
  const orNone = (text: string) => (text === 'none' ? null : text);
  return {
    ...(options.entity !== undefined && { entity: options.entity === 'default' ? null : options.entity }),
    ...(options.legalName !== undefined && { legalName: options.legalName }),
    ...(options.address !== undefined && { address: linesOf(options.address) }),
    ...(options.taxId !== undefined && { taxIds: options.taxId }),
    ...(options.po !== undefined && { poNumber: orNone(options.po) }),
    ...(options.email !== undefined && { email: orNone(options.email) }),
    ...(options.terms !== undefined && { termsDays: options.terms }),
    ...(options.taxCategory !== undefined && { taxCategory: options.taxCategory }),
    ...(options.tax !== undefined && { taxTreatment: options.tax }),
    ...(options.taxNote !== undefined && { taxNote: orNone(options.taxNote) }),
  };
}

function describe(row: Billing): string {
  return fields([
    ['from', moment(row.from)],
    ['to', moment(row.to)],
    ['legal entity', row.entity ?? 'default'],
    ['name', row.legalName],
    ['address', row.address.join(', ') || null],
    ['tax ids', row.taxIds.join(', ') || null],
    ['PO number', row.poNumber],
    ['email', row.email],
    ['terms', row.termsDays === null ? null : `${row.termsDays} days`],
    ['tax', `${row.taxTreatment.replace('_', ' ')}, ${row.taxCategory}`],
    ['tax note', row.taxNote],
    ['recorded', row.recordedAt && `${moment(row.recordedAt)} by ${row.recordedBy}`],
  ]);
}
