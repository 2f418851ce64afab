import type { UnitOfWork, Queryable, Database } from '../platform/database/database.ts';
import { numberTaken } from './errors.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import type { Asset, AssetField } from './assets.ts';
import * as store from './entities.store.ts';

/** A company that bills. `logo` and `font` are digests (sha256) of what documents are drawn with. */
export type LegalEntity = store.LegalEntityRow;

/** What an operator may change about one; what is left out stays. */
interface EntityChanges {
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

/** All legal entities, the default one first. */
export async function listEntities(db: Queryable): Promise<LegalEntity[]> {
  return store.selectEntities(db);
}

/**
 * One by its slug; the default one unless named.
 * @throws ArcadiaError not_found
 */
export async function getEntity(db: Queryable, slug: string | null): Promise<LegalEntity> {
  const entities = await store.selectEntities(db);
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
  now: Temporal.Instant,
): Promise<LegalEntity> {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(slug)) {
    throw new ArcadiaError('invalid_argument', `"${slug}" is not a slug: lower-case letters, digits and hyphens.`);
  }
  return db.transaction().execute(async (trx) => {
    if ((await store.insertEntity(trx, slug, now)) === null) {
      throw new ArcadiaError('already_exists', `There is a legal entity "${slug}" already.`);
    }
    return change(trx, slug, (entity) => ({ ...entity, ...checked(changes) }));
  });
}

/**
 * Changes what is told. Issued documents keep what was so when they were issued.
 * @throws ArcadiaError not_found, invalid_argument, number_taken (the next number, by one from elsewhere)
 */
export async function updateEntity(db: Database, slug: string, changes: EntityChanges): Promise<LegalEntity> {
  return db.transaction().execute((trx) => change(trx, slug, (entity) => ({ ...entity, ...checked(changes) })));
}

/** The one that bills whom no other is named for. Throws not_found. */
export async function setDefaultEntity(db: Database, slug: string): Promise<LegalEntity> {
  return db.transaction().execute(async (trx) => {
    const entity = await lock(trx, slug);
    if (entity.isDefault) return entity;
    await store.updateDefaultEntity(trx, entity.legalEntityId);
    return { ...entity, isDefault: true };
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
    return change(trx, slug, (entity) => ({ ...entity, [field]: digest }));
  });
}

/** @throws ArcadiaError not_found: there is no such legal entity, or it has none */
export async function getAsset(db: Queryable, slug: string, field: AssetField): Promise<Asset> {
  const { [field]: digest } = await getEntity(db, slug);
  const asset = digest === null ? undefined : await store.selectAsset(db, digest);
  if (asset === undefined)
    throw new ArcadiaError('not_found', `The legal entity "${slug}" has no ${field} of its own.`);
  return asset;
}

async function lock(trx: UnitOfWork, slug: string): Promise<LegalEntity> {
  const entity = await store.lockEntity(trx, slug);
  if (!entity) throw notFound('entity', slug);
  return entity;
}

async function change(
  trx: UnitOfWork,
  slug: string,
  apply: (entity: LegalEntity) => LegalEntity,
): Promise<LegalEntity> {
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
  if (changes.name?.trim() === '') throw new ArcadiaError('invalid_argument', 'A legal entity needs a name.');
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
