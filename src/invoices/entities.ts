import type { UnitOfWork, Queryable, Database } from '../platform/database/database.ts';
import { numberTaken } from './errors.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import type { Asset, AssetField } from './assets.ts';
import { changeFrom } from './dated-changes.ts';
import * as store from './entities.store.ts';
import { assertWhole, plainSeller, type Seller } from './party.ts';

/**
 * A company that bills, with the party that it is from its last change on. `logo` and `font` are digests (sha256) of
 * what documents are drawn with.
 */
export interface LegalEntity extends store.LegalEntityRow, Omit<store.SellerPartyRow, 'party'>, Seller {}

/** Who it is, over an interval of days. `from` null: from the beginning; `to` null: still so. */
interface DatedParty extends Omit<store.SellerPartyRow, 'party'>, Seller {
  readonly from: Temporal.Instant | null;
  readonly to: Temporal.Instant | null;
  readonly recordedAt: Temporal.Instant;
  readonly recordedBy: string;
}

type Optional<Fields> = { readonly [Name in keyof Fields]?: Fields[Name] | undefined };

/** What an operator may change about one; what is left out stays. */
interface EntityChanges extends Optional<Seller> {
  readonly name?: string | undefined;
  /** As printed, line by line. */
  readonly address?: readonly string[] | undefined;
  readonly taxIds?: readonly string[] | undefined;
  readonly email?: string | null | undefined;
  readonly footer?: string | null | undefined;
  /** 'external': the operator's accounting system gives the numbers. */
  readonly numbering?: 'own' | 'external' | undefined;
  readonly invoicePrefix?: string | undefined;
  readonly creditNotePrefix?: string | undefined;
  readonly numberDigits?: number | undefined;
  readonly termsDays?: number | undefined;
  readonly graceDays?: number | undefined;
}

/** Who decides, and from which day on what is told of the party holds. */
interface Told {
  /** Null or left out: from the beginning where nothing was told before, else from today (UTC). */
  readonly from?: Temporal.PlainDate | null | undefined;
  readonly by: string;
  readonly now: Temporal.Instant;
}

const plainSellerParty: store.SellerPartyRow = { name: null, address: [], taxIds: [], email: null, party: {} };

/** All legal entities, the default one first. */
export async function listEntities(db: Queryable): Promise<LegalEntity[]> {
  const parties = new Map((await store.selectSellerParties(db, null)).map((row) => [row.legalEntityId, row]));
  return (await store.selectEntities(db)).map((row) => withParty(row, parties.get(row.legalEntityId)));
}

function withParty(row: store.LegalEntityRow, known: store.SellerPartyRow | undefined): LegalEntity {
  const { name, address, taxIds, email, party } = known ?? plainSellerParty;
  return { ...row, name, address, taxIds, email, ...plainSeller, ...party };
}

/** What is believed of who a legal entity is over time, oldest first. Throws not_found. */
export async function partyHistory(db: Queryable, slug: string): Promise<DatedParty[]> {
  const { legalEntityId } = await getEntity(db, slug);
  return (await store.selectSellerParties(db, legalEntityId)).map(({ legalEntityId: _, party, ...row }) => ({
    ...row,
    ...plainSeller,
    ...party,
  }));
}

/**
 * One by its slug; the default one unless named.
 * @throws ArcadiaError not_found
 */
export async function getEntity(db: Queryable, slug: string | null): Promise<LegalEntity> {
  const entities = await listEntities(db);
  const found = slug === null ? entities[0] : entities.find((entity) => entity.slug === slug);
  if (found) return found;
  throw notFound('entity', slug ?? 'default');
}

/**
 * Makes a legal entity, with numbers that begin with its slug until told otherwise.
 * @throws ArcadiaError invalid_argument, already_exists
 */
export async function createEntity(
  db: Database,
  slug: string,
  changes: EntityChanges,
  told: Told,
): Promise<LegalEntity> {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(slug)) {
    throw new ArcadiaError('invalid_argument', `"${slug}" is not a slug: lower-case letters, digits and hyphens.`);
  }
  return db.transaction().execute(async (trx) => {
    if ((await store.insertEntity(trx, slug, told.now)) === null) {
      throw new ArcadiaError('already_exists', `There is a seller "${slug}" already.`);
    }
    return changeAll(trx, slug, changes, told);
  });
}

/**
 * Changes what is told. Issued documents keep what was so when they were issued.
 * @throws ArcadiaError not_found, invalid_argument, number_taken (the next number, by one from elsewhere)
 */
export async function updateEntity(
  db: Database,
  slug: string,
  changes: EntityChanges,
  told: Told,
): Promise<LegalEntity> {
  return db.transaction().execute((trx) => changeAll(trx, slug, changes, told));
}

/** How it bills is as it is; who it is, from a day on. */
async function changeAll(trx: UnitOfWork, slug: string, changes: EntityChanges, told: Told): Promise<LegalEntity> {
  const { ofParty, ofEntity } = parted(checked(changes));
  const { legalEntityId } = await change(trx, slug, (entity) => ({ ...entity, ...ofEntity }));
  if (Object.keys(ofParty).length > 0) await changeParty(trx, legalEntityId, ofParty, told);
  return getEntity(trx, slug);
}

const printed = ['name', 'address', 'taxIds', 'email'] as const;

function parted(changes: Partial<LegalEntity>): { ofParty: Partial<LegalEntity>; ofEntity: Partial<LegalEntity> } {
  const isOfParty = ([name]: [string, unknown]) => name in plainSeller || printed.some((one) => one === name);
  const all = Object.entries(changes);
  return {
    ofParty: Object.fromEntries(all.filter(isOfParty)),
    ofEntity: Object.fromEntries(all.filter((one) => !isOfParty(one))),
  };
}

async function changeParty(
  trx: UnitOfWork,
  legalEntityId: number,
  changes: Partial<LegalEntity>,
  { from = null, by, now }: Told,
): Promise<void> {
  const rows = await store.selectSellerParties(trx, legalEntityId);
  const day = from ?? (rows.length === 0 ? null : now.toZonedDateTimeISO('UTC').toPlainDate());
  const history = rows.map((row) => ({ from: row.from, to: row.to, details: detailsOf(row) }));
  const start = day?.toZonedDateTime('UTC').toInstant() ?? null;
  const written = changeFrom(history, start, changes, detailsOf(plainSellerParty));
  if (written.length === 0) return;
  const parties = written.map(({ details: { name, address, taxIds, email, ...party }, ...dates }) => {
    assertWhole(party);
    return { ...dates, name, address, taxIds, email, party };
  });
  await store.rewriteSellerParties(trx, legalEntityId, parties, by, now);
}

/** With all of its fields beside each other. */
function detailsOf({ name, address, taxIds, email, party }: store.SellerPartyRow) {
  return { name, address, taxIds, email, ...plainSeller, ...party };
}

/**
 * Tells all of who a legal entity is, from a day on (null: from the beginning) without end.
 * @throws ArcadiaError not_found, invalid_argument
 */
export async function replaceParty(
  trx: UnitOfWork,
  slug: string,
  { name, address, taxIds, email, ...party }: Omit<DatedParty, 'from' | 'to' | 'recordedAt' | 'recordedBy'>,
  { from, by, now }: Told & { readonly from: Temporal.PlainDate | null },
): Promise<void> {
  const { legalEntityId } = await lock(trx, slug);
  assertWhole(party);
  const start = from?.toZonedDateTime('UTC').toInstant() ?? null;
  const row = { from: start, to: null, name, address: [...address], taxIds: [...taxIds], email, party };
  await store.rewriteSellerParties(trx, legalEntityId, [row], by, now);
}

/** The one that bills whom no other is named for. Throws not_found. */
export async function setDefaultEntity(db: Database, slug: string): Promise<LegalEntity> {
  return db.transaction().execute(async (trx) => {
    const entity = await lock(trx, slug);
    if (!entity.isDefault) await store.updateDefaultEntity(trx, entity.legalEntityId);
    return getEntity(trx, slug);
  });
}

/**
 * Gives a legal entity the logo or the font of its documents, or takes it away (null). Issued
 * documents keep what they were drawn with.
 * @throws ArcadiaError not_found
 */
export async function setAsset(
  db: Database,
  slug: string,
  field: AssetField,
  asset: Asset | null,
): Promise<LegalEntity> {
  return db.transaction().execute(async (trx) => {
    const digest = asset === null ? null : await store.insertAsset(trx, asset.type, asset.bytes);
    await change(trx, slug, (entity) => ({ ...entity, [field]: digest }));
    return getEntity(trx, slug);
  });
}

/** @throws ArcadiaError not_found: there is no such legal entity, or it has none */
export async function getAsset(
  db: Queryable,
  slug: string,
  field: AssetField,
): Promise<Asset & { readonly digest: string }> {
  const { [field]: digest } = await getEntity(db, slug);
  const asset = digest === null ? undefined : await store.selectAsset(db, digest);
  if (digest === null || asset === undefined)
    throw new ArcadiaError('not_found', `The seller "${slug}" has no ${field} of its own.`);
  return { ...asset, digest };
}

async function lock(trx: UnitOfWork, slug: string): Promise<store.LegalEntityRow> {
  const entity = await store.lockEntity(trx, slug);
  if (!entity) throw notFound('entity', slug);
  return entity;
}

async function change(
  trx: UnitOfWork,
  slug: string,
  apply: (entity: store.LegalEntityRow) => store.LegalEntityRow,
): Promise<store.LegalEntityRow> {
  const before = await lock(trx, slug);
  const changed = apply(before);
  if (changed.invoicePrefix === changed.creditNotePrefix) {
    throw new ArcadiaError(
      'invalid_argument',
      `Invoices and credit notes of "${slug}" need prefixes of their own, or their numbers would meet.`,
    );
  }
  const numbered = ['numbering', 'invoicePrefix', 'creditNotePrefix', 'numberDigits'] as const;
  const isRenumbered = changed.numbering === 'own' && numbered.some((key) => changed[key] !== before[key]);
  const taken = isRenumbered ? await store.selectNextTaken(trx, changed) : undefined;
  if (taken !== undefined) {
    throw numberTaken(`"${slug}" has a document ${taken} already, which would be its next number.`, {
      next: { operation: 'entity set', arguments: { entity: slug } },
    });
  }
  await store.updateEntity(trx, changed);
  return changed;
}

function checked(changes: EntityChanges): Partial<LegalEntity> {
  const whole = (name: string, value: number | undefined, least: number, most: number) => {
    if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return;
    throw new ArcadiaError(
      'invalid_argument',
      `${name} must be a whole number from ${least} to ${most}, not ${value}.`,
    );
  };
  whole('The terms in days', changes.termsDays, 0, 365);
  whole('The grace period in days', changes.graceDays, 0, 60);
  whole('The digits of a number', changes.numberDigits, 1, 12);
  if (changes.name?.trim() === '') throw new ArcadiaError('invalid_argument', 'A seller needs a name.');
  for (const prefix of [changes.invoicePrefix, changes.creditNotePrefix]) {
    if (prefix !== undefined && !/^[\w./-]{0,20}$/.test(prefix)) {
      throw new ArcadiaError(
        'invalid_argument',
        `"${prefix}" is no prefix of a number: up to 20 letters, digits, dots, slashes and hyphens.`,
      );
    }
  }
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Partial<LegalEntity>;
}
