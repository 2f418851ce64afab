import { readFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError } from 'commander';
import type { EntityChanges, LegalEntity } from '../../invoices/entities.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { addCommand, withSession } from '../engine/command.ts';
import { operator } from '../engine/operator.ts';
import { fields } from '../engine/output.ts';
import { parseDay } from '../engine/range.ts';

interface SetOptions {
  readonly name?: string;
  readonly address?: string;
  readonly taxId?: string[];
  readonly email?: string;
  readonly footer?: string;
  readonly numbering?: 'own' | 'external';
  readonly prefix?: string;
  readonly creditPrefix?: string;
  readonly digits?: number;
  readonly terms?: number;
  readonly grace?: number;
  readonly logo?: string;
  readonly font?: string;
  readonly default?: boolean;
}

export function addEntityCommands(program: Command): void {
  const entity = program
    .command('entity')
    .summary('the companies that bill')
    .description('Legal entities: the companies that bill, with their numbers, terms and taxes.');

  addCommand(entity, 'list', {
    summary: 'all legal entities, the default one first',
    example: `
$ arcadia entity list
ENTITY   NAME                 NUMBERS     TERMS  GRACE  DEFAULT
default  Example Hosting Ltd  INV-000001  14     3      yes`,
  }).action(
    withSession(async (session) => {
      const { listEntities } = await import('../../invoices/entities.ts');
      const { db } = await session.database();
      await session.output.list(
        await listEntities(db),
        [
          { header: 'entity', value: (row) => row.slug },
          { header: 'name', value: (row) => row.name },
          { header: 'numbers', value: (row) => numberOf(row) },
          { header: 'terms', value: (row) => String(row.termsDays), align: 'right' },
          { header: 'grace', value: (row) => String(row.graceDays), align: 'right' },
          { header: 'default', value: (row) => (row.isDefault ? 'yes' : null) },
        ],
        'There is none.',
      );
    }),
  );

  addCommand(entity, 'show', {
    summary: 'a legal entity',
    example: `
$ arcadia entity show default
entity   default
name     Example Hosting Ltd`,
  })
    .argument('[entity]', 'by default the default one')
    .action(
      withSession(async (session, slug: string | undefined) => {
        const { getEntity } = await import('../../invoices/entities.ts');
        const { db } = await session.database();
        const row = await getEntity(db, slug ?? null);
        if (session.output.json) return session.output.value(row);
        await session.output.text(describe(row));
      }),
    );

  withDetails(
    addCommand(entity, 'create', {
      summary: 'make a legal entity',
      example: `
$ arcadia entity create oslo --name 'Example AS' --address 'Karl Johans gate 1, 0154 Oslo, Norway'
entity   oslo
name     Example AS`,
    }),
  ).action(
    withSession(async (session, slug: string, options: SetOptions) => {
      const { createEntity } = await import('../../invoices/entities.ts');
      const { db, clock } = await session.database();
      await createEntity(db, slug, changesOf(options), await clock.now());
      await finish(session, slug, options);
    }),
  );

  withDetails(
    addCommand(entity, 'set', {
      summary: "change a legal entity's details",
      details: 'What is not named stays. What was issued keeps what was so then.',
      example: `
$ arcadia entity set default --name 'Example Hosting Ltd' --address '1 Quay Street, Bristol, United Kingdom'
entity   default
name     Example Hosting Ltd`,
    }),
  ).action(
    withSession(async (session, slug: string, options: SetOptions) => {
      const { updateEntity } = await import('../../invoices/entities.ts');
      const { db } = await session.database();
      await updateEntity(db, slug, changesOf(options));
      await finish(session, slug, options);
    }),
  );

  addTaxCommands(entity);
}

function addTaxCommands(entity: Command): void {
  const tax = entity
    .command('tax')
    .summary('tax rates')
    .description('Tax rates of a legal entity, by category and day.');

  addCommand(tax, 'list', {
    summary: 'all tax rates',
    example: `
$ arcadia entity tax list
ENTITY   CATEGORY  TAX  PERCENT  FROM
default  standard  VAT       20  -`,
  }).action(
    withSession(async (session) => {
      const { listTaxRates } = await import('../../invoices/tax-rates.ts');
      const { db } = await session.database();
      await session.output.list(
        await listTaxRates(db),
        [
          { header: 'entity', value: (row) => row.entity },
          { header: 'category', value: (row) => row.category },
          { header: 'tax', value: (row) => row.title },
          { header: 'percent', value: (row) => row.percent, align: 'right' },
          { header: 'from', value: (row) => row.from?.toString() ?? null },
          { header: 'to', value: (row) => row.to?.toString() ?? null },
        ],
        'No tax is charged. Next: arcadia entity tax set --help',
      );
    }),
  );

  addCommand(tax, 'set', {
    summary: 'set the rate of a category, from a day on',
    details: "The rate of a month's last day holds for the whole month. Without --from: from the beginning.",
    example: `
$ arcadia entity tax set standard 20 --title VAT
standard is charged VAT 20 %.`,
  })
    .argument('<category>', 'such as standard; it is what customers have unless told')
    .argument('<percent>')
    .requiredOption('--title <title>', 'as it is printed')
    .option('--from <day>', 'first UTC day')
    .option('--entity <slug>', 'by default the default one')
    .action(
      withSession(
        async (
          session,
          category: string,
          percent: string,
          options: { title: string; from?: string; entity?: string },
        ) => {
          const from = options.from === undefined ? null : parseDay(options.from, '--from');
          const { setTaxRate } = await import('../../invoices/tax-rates.ts');
          const { db, clock } = await session.database();
          const rate = { entity: options.entity ?? null, category, title: options.title, percent, from };
          const { changed } = await setTaxRate(db, rate, operator(), await clock.now());
          if (session.output.json) return session.output.value({ ...rate, from: from?.toString() ?? null, changed });
          await session.output.text(
            `${category} is charged ${options.title} ${percent} %${changed ? '' : ', as before'}.`,
          );
        },
      ),
    );
}

function withDetails(command: Command): Command {
  return command
    .argument('<entity>', 'its slug')
    .option('--name <name>', 'legal name')
    .option('--address <lines>', 'lines apart by commas or line breaks')
    .option('--tax-id <id...>', 'as printed, such as "VAT GB123456789"')
    .option('--email <address>')
    .option('--footer <text>', 'below the totals: registration, bank account')
    .option('--numbering <own|external>', 'external: the accounting system gives the numbers', (text: string) => {
      if (text !== 'own' && text !== 'external') throw new InvalidArgumentError('It is own or external.');
      return text;
    })
    .option('--prefix <text>', 'of invoice numbers')
    .option('--credit-prefix <text>', 'of credit note numbers')
    .option('--digits <n>', 'of numbers', wholeNumber)
    .option('--terms <days>', 'to pay', wholeNumber)
    .option('--grace <days>', 'after a month, before its invoices can be approved', wholeNumber)
    .option('--logo <file>', 'PNG or JPEG; "none" takes it away')
    .option(
      '--font <file>',
      'TrueType or OpenType, for letters that the built-in fonts do not have; "none" takes it away',
    )
    .option('--default', 'bills those customers for whom no other is named');
}

function changesOf(options: SetOptions): EntityChanges {
  return {
    ...(options.name !== undefined && { name: options.name }),
    ...(options.address !== undefined && { address: linesOf(options.address) }),
    ...(options.taxId !== undefined && { taxIds: options.taxId }),
    ...(options.email !== undefined && { email: options.email }),
    ...(options.footer !== undefined && { footer: options.footer }),
    ...(options.numbering !== undefined && { numbering: options.numbering }),
    ...(options.prefix !== undefined && { invoicePrefix: options.prefix }),
    ...(options.creditPrefix !== undefined && { creditNotePrefix: options.creditPrefix }),
    ...(options.digits !== undefined && { numberDigits: options.digits }),
    ...(options.terms !== undefined && { termsDays: options.terms }),
    ...(options.grace !== undefined && { graceDays: options.grace }),
  };
}

/** An address as it is printed: line by line. */
export function linesOf(text: string): string[] {
  return text
    .split(/\r?\n|,/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

async function finish(
  session: Parameters<Parameters<typeof withSession>[0]>[0],
  slug: string,
  options: SetOptions,
): Promise<void> {
  const { readAsset } = await import('../../invoices/assets.ts');
  const { getEntity, setAsset, setDefaultEntity } = await import('../../invoices/entities.ts');
  const { db } = await session.database();
  for (const field of ['logo', 'font'] as const) {
    const file = options[field];
    if (file === undefined) continue;
    const bytes = await bytesOf(file);
    await setAsset(db, slug, field, bytes === null ? null : await readAsset(field, bytes));
  }
  if (options.default) await setDefaultEntity(db, slug);
  const row = await getEntity(db, slug);
  if (session.output.json) await session.output.value(row);
  else await session.output.text(describe(row));
}

async function bytesOf(file: string): Promise<Uint8Array | null> {
  if (file === 'none') return null;
  try {
    return await readFile(file);
  } catch (cause) {
    throw new ArcadiaError('invalid_argument', `${file} cannot be read: ${(cause as Error).message}.`, { cause });
  }
}

function numberOf(row: LegalEntity): string {
  return row.numbering === 'external' ? 'external' : `${row.invoicePrefix}${'1'.padStart(row.numberDigits, '0')}`;
}

function describe(row: LegalEntity): string {
  return fields([
    ['entity', row.slug],
    ['name', row.name],
    ['address', row.address.join(', ') || null],
    ['tax ids', row.taxIds.join(', ') || null],
    ['email', row.email],
    ['footer', row.footer],
    ['numbers', numberOf(row)],
    [
      'credit notes',
      row.numbering === 'external' ? 'external' : `${row.creditNotePrefix}${'1'.padStart(row.numberDigits, '0')}`,
    ],
    ['terms', `${row.termsDays} days`],
    ['grace period', `${row.graceDays} days`],
    ['logo', row.logo],
    ['font', row.font],
    ['default', row.isDefault ? 'yes' : 'no'],
  ]);
}

function wholeNumber(text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw new InvalidArgumentError('It is a whole number.');
  return Number(text);
}
