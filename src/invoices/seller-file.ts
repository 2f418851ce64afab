import { isDeepStrictEqual } from 'node:util';
import { listText } from '../platform/declare/yaml-file.ts';
import type { Database, Queryable, UnitOfWork } from '../platform/database/database.ts';
import { nestedDatabase } from '../platform/database/nested-database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { Decimal } from '../platform/quantity.ts';
import {
  createEntity,
  type LegalEntity,
  listEntities,
  partyHistory,
  replaceParty,
  setDefaultEntity,
  updateEntity,
} from './entities.ts';
import { selectIssuedSince } from './invoices.store.ts';
import { plainSeller, type Seller } from './party.ts';
import { listTaxRates, setTaxRate } from './tax-rates.ts';

// Sellers as one file: how each bills, who it is by day, and its taxes by day. What is exported and imported again
// changes nothing. Logos and fonts are files of their own.

/** How a seller bills: as it is, without a day. */
interface SellerSettings extends Pick<LegalEntity, (typeof settingNames)[number]> {
  readonly entity: string;
  readonly isDefault: boolean;
}

const settingNames = [
  'footer',
  'numbering',
  'invoicePrefix',
  'creditNotePrefix',
  'numberDigits',
  'termsDays',
  'graceDays',
] as const;

/** From a UTC day on; null: from the beginning. */
interface Dated {
  readonly entity: string;
  readonly from: Temporal.PlainDate | null;
}

export interface SellerDetails extends Dated, Seller {
  readonly name: string | null;
  readonly address: string[];
  readonly taxIds: string[];
  readonly email: string | null;
}

interface SellerTax extends Dated {
  readonly category: string;
  readonly title: string;
  readonly percent: string;
}

export interface SellerFile {
  readonly sellers: readonly SellerSettings[];
  readonly details: readonly SellerDetails[];
  readonly taxes: readonly SellerTax[];
}

interface ImportedSeller {
  readonly entity: string;
  readonly change: 'created' | 'changed' | 'unchanged';
  /** The first day whose details or taxes are others; null: none is, or from the beginning on. */
  readonly from: Temporal.PlainDate | null;
  /** Issued documents of months that end on that day or later: they stay as they are. */
  readonly issued: number;
}

const dayOf = (at: Temporal.Instant | null) => at?.toZonedDateTimeISO('UTC').toPlainDate() ?? null;

/** All sellers as a file of YAML, an object a line; `from` null is from the beginning. */
export async function exportSellers(db: Queryable): Promise<string> {
  const { sellers, details, taxes } = await readSellers(db);
  const shown = ({ from, ...rest }: Dated) => ({ ...rest, from: from?.toString() ?? null });
  return [
    listText('sellers', sellers),
    listText(
      'details',
      details.map((row) => withoutNulls(shown(row))),
    ),
    listText('taxes', taxes.map(shown)),
  ].join('');
}

/** Without fields that nothing is told of: there are many, and few are told. */
function withoutNulls(row: object): object {
  return Object.fromEntries(
    Object.entries(row).filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0)),
  );
}

async function readSellers(db: Queryable): Promise<SellerFile> {
  const entities = (await listEntities(db)).toSorted((a, b) => (a.slug < b.slug ? -1 : 1));
  const details = [];
  for (const { slug } of entities) details.push(...(await detailsOf(db, slug)));
  const taxes = (await listTaxRates(db)).map(({ entity, category, title, percent, from }) => ({
    entity,
    category,
    title,
    percent,
    from: dayOf(from),
  }));
  return { sellers: entities.map(settingsOf), details, taxes };
}

function settingsOf(entity: LegalEntity): SellerSettings {
  const settings = Object.fromEntries(settingNames.map((name) => [name, entity[name]]));
  return { entity: entity.slug, isDefault: entity.isDefault, ...settings } as SellerSettings;
}

async function detailsOf(db: Queryable, slug: string): Promise<SellerDetails[]> {
  return (await partyHistory(db, slug)).map(({ from, to: _to, recordedAt: _at, recordedBy: _by, ...party }) => ({
    entity: slug,
    from: dayOf(from),
    ...party,
  }));
}

/**
 * Imports sellers, all or nothing. A seller that the file leaves out stays, and so do its details and categories of
 * taxes that the file says nothing of, and what is told for days before the first that the file names. From that day on
 * what the file says takes the place of what is there. A dry run is the same, rolled back.
 * @throws ArcadiaError invalid_argument; number_taken; not_found (details of a seller that there is not)
 */
export async function importSellers(
  db: Database,
  file: SellerFile,
  { dryRun, by, now }: { readonly dryRun: boolean; readonly by: string; readonly now: Temporal.Instant },
): Promise<{ readonly written: boolean; readonly sellers: readonly ImportedSeller[] }> {
  assertConsistent(file);
  const done: ImportedSeller[] = [];
  try {
    await db.transaction().execute(async (trx) => {
      const names = [...new Set([...file.sellers, ...file.details, ...file.taxes].map(({ entity }) => entity))];
      for (const name of names) done.push(await importOne(trx, name, file, { by, now }));
      if (dryRun) throw new RolledBack();
    });
  } catch (error) {
    if (!(error instanceof RolledBack)) throw error;
  }
  return { written: !dryRun, sellers: done };
}

/** Takes the transaction back. */
class RolledBack extends Error {}

/** One seller is the default one, and each thing is told once of a day. */
function assertConsistent({ sellers, details, taxes }: SellerFile): void {
  const refuse = (message: string) => {
    throw new ArcadiaError('invalid_argument', message);
  };
  if (sellers.filter(({ isDefault }) => isDefault).length > 1) refuse('More than one seller is the default one.');
  const keys = [
    ...sellers.map(({ entity }) => `Seller "${entity}"`),
    ...details.map(({ entity, from }) => `Details of "${entity}" from ${from ?? 'the beginning'} on`),
    ...taxes.map(({ entity, category, from }) => `Tax ${category} of "${entity}" from ${from ?? 'the beginning'} on`),
  ];
  const twice = keys.find((key, index) => keys.indexOf(key) < index);
  if (twice !== undefined) refuse(`${twice}: it is in the file twice.`);
}

interface Told {
  readonly by: string;
  readonly now: Temporal.Instant;
}

async function importOne(trx: UnitOfWork, entity: string, file: SellerFile, told: Told): Promise<ImportedSeller> {
  const nested = nestedDatabase(trx);
  const wanted = file.sellers.find((one) => one.entity === entity);
  const before = (await listEntities(trx)).find(({ slug }) => slug === entity);
  let changed = false;
  if (wanted !== undefined) {
    const { entity: _, isDefault, ...settings } = wanted;
    if (before === undefined) await createEntity(nested, entity, settings, told);
    else if (settingNames.some((name) => before[name] !== settings[name])) {
      await updateEntity(nested, entity, settings, told);
      changed = true;
    }
    if (isDefault && before?.isDefault !== true) {
      await setDefaultEntity(nested, entity);
      changed = true;
    }
  }
  const days = [await importDetails(trx, entity, file, told), ...(await importTaxes(trx, entity, file, told))].filter(
    (day) => day !== undefined,
  );
  const first = days.includes(null)
    ? null
    : (days.filter((day) => day !== null).toSorted(Temporal.PlainDate.compare)[0] ?? null);
  return {
    entity,
    change: before === undefined ? 'created' : changed || days.length > 0 ? 'changed' : 'unchanged',
    from: first,
    issued: days.length === 0 ? 0 : await selectIssuedSince(trx, entity, first),
  };
}

const order = (a: Dated, b: Dated): number =>
  a.from === null ? -1 : b.from === null ? 1 : Temporal.PlainDate.compare(a.from, b.from);

/**
 * What of the file is to be told, from the first difference to what is there on; none: it is there already.
 * @param there by day
 */
function differing<Row extends Dated>(
  wanted: readonly Row[],
  there: readonly Row[],
  isSame: (a: Row, b: Row) => boolean,
): readonly Row[] {
  const [first] = wanted;
  if (first === undefined) return [];
  // What holds on the file's first day counts as from it on: what is told of the days before stays.
  const begun = there.findLastIndex((row) => row.from === null || (first.from !== null && order(row, first) <= 0));
  const known = there
    .slice(begun === -1 ? 0 : begun)
    .map((row, index) => (index === 0 && begun !== -1 ? { ...row, from: first.from } : row));
  const at = wanted.findIndex((row, index) => {
    const other = known[index];
    return other === undefined || String(other.from) !== String(row.from) || !isSame(row, other);
  });
  if (at !== -1) return wanted.slice(at);
  return known.length > wanted.length ? wanted.slice(-1) : [];
}

/** @returns the first day whose details are others; undefined: none is */
async function importDetails(
  trx: UnitOfWork,
  entity: string,
  { details }: SellerFile,
  { by, now }: Told,
): Promise<Temporal.PlainDate | null | undefined> {
  const wanted = details.filter((row) => row.entity === entity).toSorted(order);
  const there = await detailsOf(trx, entity);
  const plain = ({ from: _, ...row }: SellerDetails) => ({ ...plainSeller, ...row });
  const left = differing(wanted, there, (a, b) => isDeepStrictEqual(plain(a), plain(b)));
  for (const { from, entity: _, ...party } of left) await replaceParty(trx, entity, party, { from, by, now });
  return left[0]?.from;
}

/** @returns the first day of each category whose rates are others */
async function importTaxes(
  trx: UnitOfWork,
  entity: string,
  { taxes }: SellerFile,
  { by, now }: Told,
): Promise<(Temporal.PlainDate | null)[]> {
  const days: (Temporal.PlainDate | null)[] = [];
  const there = (await readSellers(trx)).taxes.filter((row) => row.entity === entity);
  const own = taxes.filter((row) => row.entity === entity);
  for (const category of new Set(own.map((row) => row.category))) {
    const ofCategory = (row: SellerTax) => row.category === category;
    const isSame = (a: SellerTax, b: SellerTax) => a.title === b.title && new Decimal(a.percent).eq(b.percent);
    const left = differing(own.filter(ofCategory).toSorted(order), there.filter(ofCategory), isSame);
    for (const rate of left) await setTaxRate(nestedDatabase(trx), rate, by, now);
    if (left[0] !== undefined) days.push(left[0].from);
  }
  return days;
}
