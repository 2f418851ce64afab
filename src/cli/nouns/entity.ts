import {
  createLegalEntity,
  getLegalEntity,
  getLegalEntityFont,
  getLegalEntityHistory,
  getLegalEntityLogo,
  listLegalEntities,
  listTaxRates,
  removeLegalEntityFont,
  removeLegalEntityLogo,
  setLegalEntityFont,
  setLegalEntityLogo,
  setTaxRate,
  updateLegalEntity,
} from '../../invoices/operations/entities.ts';
import { exportLegalEntities, importLegalEntities } from '../../invoices/operations/seller-file.ts';
import { type Column, count, fields, plural, table } from '../engine/output.ts';
import {
  type AnswerOf,
  actionView,
  documentView,
  listView,
  type Noun,
  type RowOf,
  type ViewTools,
} from '../engine/views.ts';
import { partyFields } from './party-text.ts';

type Entity = AnswerOf<typeof getLegalEntity>;
type TaxRate = RowOf<typeof listTaxRates>;

/** The first number, or that the accounting system gives them. */
function numbersOf({ numbering, numberDigits }: Entity, prefix: string): string {
  return numbering === 'external' ? 'external' : `${prefix}${'1'.padStart(numberDigits, '0')}`;
}

const entityColumns: readonly Column<Entity>[] = [
  { header: 'entity', value: (row) => row.entity },
  { header: 'name', value: (row) => row.name },
  { header: 'numbers', value: (row) => numbersOf(row, row.invoicePrefix) },
  { header: 'terms', value: (row) => String(row.termsDays), align: 'right' },
  { header: 'grace', value: (row) => String(row.graceDays), align: 'right' },
  { header: 'default', value: (row) => (row.isDefault ? 'yes' : null) },
];

/** What a person reads of a seller; null: not set. */
function entityFields(row: Entity): [string, string | null][] {
  return [
    ['entity', row.entity],
    ['name', row.name],
    ['address', row.address.join(', ') || null],
    ['tax ids', row.taxIds.join(', ') || null],
    ['email', row.email],
    ...partyFields(row),
    ['iban', row.iban],
    ['bic', row.bic],
    ['account name', row.accountName],
    ['payment terms', row.paymentTerms],
    ['vat currency', row.vatCurrency],
    ['footer', row.footer],
    ['numbers', numbersOf(row, row.invoicePrefix)],
    ['credit notes', numbersOf(row, row.creditNotePrefix)],
    ['terms', `${row.termsDays} days`],
    ['grace period', `${row.graceDays} days`],
    ['logo', row.logo],
    ['font', row.font],
    ['default', row.isDefault ? 'yes' : 'no'],
  ];
}

function entityText(row: Entity): string {
  return fields(entityFields(row).filter(([, value]) => value !== null));
}

/** How what is not set is set: its names are those of the flags. */
function unsetNotes(row: Entity): string[] {
  const unset = entityFields(row).filter(([, value]) => value === null);
  return unset.length === 0
    ? []
    : [`${plural(unset.length, 'other field')} not set. To set: arcadia entity set ${row.entity} --help`];
}

type Imported = AnswerOf<typeof importLegalEntities>;

function importText({ written, sellers }: Imported): string {
  const lines = sellers
    .filter(({ change }) => change !== 'unchanged')
    .map(({ entity, change, from }) => `${entity} ${change}${from === null ? '' : `, from ${from} on`}`);
  const unchanged = sellers.length - lines.length;
  return [...lines, `${count(unchanged)} unchanged.${written ? '' : ' Nothing was imported.'}`].join('\n');
}

/** Asks where issued documents show what the file changes. */
async function askAboutImport({ surface, input }: ViewTools): Promise<string | null> {
  if (input.query.dryRun === true) return null;
  const asked = { ...input, query: { ...input.query, dryRun: true } };
  const { sellers } = (await surface.act(importLegalEntities, asked)) as Imported;
  const shown = sellers
    .filter(({ issued }) => issued > 0)
    .map(
      ({ entity, from, issued }) =>
        `${entity} from ${from ?? 'the beginning'} on, ${plural(issued, 'issued document')}`,
    );
  return shown.length === 0
    ? null
    : `Change what issued documents show? ${shown.join('; ')}. They stay as they are; what is issued from now on differs.`;
}

const historyColumns: readonly Column<AnswerOf<typeof getLegalEntityHistory>['history'][number]>[] = [
  { header: 'from', value: (row) => row.from?.slice(0, 10) ?? null },
  { header: 'to', value: (row) => row.to?.slice(0, 10) ?? null },
  { header: 'name', value: (row) => row.name },
  { header: 'address', value: (row) => row.address.join(', ') || null },
  { header: 'city', value: (row) => row.city },
  { header: 'country', value: (row) => row.country },
  { header: 'vat id', value: (row) => row.vatId },
];

const help = {
  name: 'legal name',
  address: 'lines, apart by commas or line breaks',
  taxIds: 'as printed, such as "VAT GB123456789"',
  invoicePrefix: 'of invoice numbers',
  creditNotePrefix: 'of credit note numbers',
  numberDigits: 'of numbers',
  isDefault: 'bills those customers for whom no other is named',
};

const taxColumns: readonly Column<TaxRate>[] = [
  { header: 'entity', value: (row) => row.entity },
  { header: 'category', value: (row) => row.category },
  { header: 'tax', value: (row) => row.title },
  { header: 'percent', value: (row) => row.percent, align: 'right' },
  { header: 'from', value: (row) => row.from?.slice(0, 10) ?? null },
  { header: 'to', value: (row) => row.to?.slice(0, 10) ?? null },
];

interface AskedRate {
  readonly category: string;
  readonly title: string;
  readonly percent: string;
}

export const entityNoun: Noun = {
  name: 'entity',
  summary: 'the companies that bill',
  description: 'Sellers: the companies that bill, with their numbers, terms and taxes.',
  views: [
    listView(listLegalEntities, {
      example: `
$ arcadia entity list
ENTITY   NAME                 NUMBERS     TERMS  GRACE  DEFAULT
default  Example Hosting Ltd  INV-000001     14      3  yes`,
      columns: entityColumns,
    }),
    actionView(getLegalEntity, {
      example: `
$ arcadia entity show default
entity   default
name     Example Hosting Ltd`,
      text: entityText,
      notes: unsetNotes,
    }),
    actionView(getLegalEntityHistory, {
      example: `
$ arcadia entity history default
FROM        TO  NAME                 COUNTRY
2026-01-01   -  Example Hosting Ltd  GB`,
      text: ({ history }) => table(history, historyColumns),
    }),
    actionView(createLegalEntity, {
      example: `
$ arcadia entity create oslo --name 'Example AS' --address 'Karl Johans gate 1, 0154 Oslo, Norway'
entity   oslo
name     Example AS`,
      help,
      text: entityText,
      notes: unsetNotes,
    }),
    actionView(updateLegalEntity, {
      example: `
$ arcadia entity set default --name 'Example Hosting Ltd' --address '1 Quay Street, Bristol, United Kingdom'
entity   default
name     Example Hosting Ltd`,
      help,
      text: entityText,
      notes: unsetNotes,
    }),
    documentView(exportLegalEntities, {
      details: 'Logos and fonts are files of their own. Imported again, here or elsewhere, it changes nothing.',
      example: `
$ arcadia entity export --out sellers.yaml
Written to sellers.yaml.`,
    }),
    actionView(importLegalEntities, {
      details: `The file is as arcadia entity export writes it. A seller that it leaves out stays, and so do its details and categories
of taxes that the file says nothing of, and what is recorded for days before the first that it names. Where issued documents
show what would change, it asks, and --yes answers: they stay as they are.`,
      example: `
$ arcadia entity import sellers.yaml --dry-run
default changed, from 2026-06-01 on
1 unchanged. Nothing was imported.`,
      confirm: askAboutImport,
      text: importText,
      differs: ({ written, sellers }) => !written && sellers.some(({ change }) => change !== 'unchanged'),
    }),
  ],
};

export const entityTaxNoun: Noun = {
  name: 'entity tax',
  summary: 'tax rates',
  description: 'Tax rates of a seller, by category and day.',
  views: [
    listView(listTaxRates, {
      example: `
$ arcadia entity tax list
ENTITY   CATEGORY  TAX  PERCENT  FROM  TO
default  standard  VAT       20  -     -`,
      columns: taxColumns,
      empty: 'No tax is charged. Next: arcadia entity tax set --help',
    }),
    actionView(setTaxRate, {
      details: `The rate of a month's last day applies to the whole month. Without --from: from the beginning. A category
without a rate is not taxed.`,
      example: `
$ arcadia entity tax set standard 20 --title VAT
standard is charged VAT 20 %.`,
      text({ changed }, { input }) {
        const { category, title, percent } = input.body as AskedRate;
        return `${category} is charged ${title} ${percent} %${changed ? '' : ', as before'}.`;
      },
    }),
  ],
};

export const entityLogoNoun: Noun = {
  name: 'entity logo',
  summary: 'the logo on its documents',
  views: [
    documentView(getLegalEntityLogo, {
      example: `
$ arcadia entity logo show default --out logo.png
Written to logo.png.`,
    }),
    actionView(setLegalEntityLogo, {
      example: `
$ arcadia entity logo set default logo.png
Saved. Issued invoices are not affected.`,
      text: () => 'Saved. Issued invoices are not affected.',
    }),
    actionView(removeLegalEntityLogo, {
      example: `
$ arcadia entity logo remove default --yes
Removed. Issued invoices are not affected.`,
      text: () => 'Removed. Issued invoices are not affected.',
    }),
  ],
};

export const entityFontNoun: Noun = {
  name: 'entity font',
  summary: 'the font of its documents',
  views: [
    documentView(getLegalEntityFont, {
      example: `
$ arcadia entity font show default --out font.ttf
Written to font.ttf.`,
    }),
    actionView(setLegalEntityFont, {
      details: 'For letters that the built-in fonts do not have: TrueType or OpenType.',
      example: `
$ arcadia entity font set default NotoSansJP.otf
Saved. Issued invoices are not affected.`,
      text: () => 'Saved. Issued invoices are not affected.',
    }),
    actionView(removeLegalEntityFont, {
      example: `
$ arcadia entity font remove default --yes
Removed. Issued invoices are not affected.`,
      text: () => 'Removed. Issued invoices are not affected.',
    }),
  ],
};
