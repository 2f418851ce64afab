import type { Queryable, Database } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { parseQuantity } from '../platform/quantity.ts';
import { getEntity } from './entities.ts';
import * as store from './entities.store.ts';

/** A seller's tax rates of a category, by day. */
export type TaxRate = store.TaxRateRow;

export const taxCategoryPattern: RegExp = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Every rate that is believed, of all legal entities. */
export async function listTaxRates(db: Queryable): Promise<TaxRate[]> {
  return store.selectTaxRates(db, null);
}

/** The rates that hold on a day. */
export async function taxRatesOn(db: Queryable, day: Temporal.PlainDate): Promise<TaxRate[]> {
  return store.selectTaxRates(db, day);
}

/**
 * Sets the rate of a legal entity's tax category from a day on (null: from the beginning), until
 * it is set again. The rate of a month's last day applies to the whole month.
 * @param entity null: the default one
 * @returns whether anything changed
 * @throws ArcadiaError not_found, invalid_argument
 */
export async function setTaxRate(
  db: Database,
  rate: {
    readonly entity: string | null;
    readonly category: string;
    readonly title: string;
    readonly percent: string;
    readonly from: Temporal.PlainDate | null;
  },
  by: string,
  now: Temporal.Instant,
): Promise<{ changed: boolean }> {
  if (!taxCategoryPattern.test(rate.category)) {
    throw new ArcadiaError(
      'invalid_argument',
      `"${rate.category}" is no tax category; write it as standard or reduced.`,
    );
  }
  if (rate.title.trim() === '') throw new ArcadiaError('invalid_argument', 'A tax needs a name to print, such as VAT.');
  const percent = parseQuantity(rate.percent);
  if (percent.lt(0) || percent.gt(100) || percent.decimalPlaces() > 6) {
    throw new ArcadiaError('invalid_argument', `${rate.percent} is no percentage: 0 to 100, with up to 6 decimals.`);
  }
  const { legalEntityId } = await getEntity(db, rate.entity);
  return db.transaction().execute(async (trx) => ({
    changed: await store.rewriteTaxRate(trx, { ...rate, legalEntityId }, by, now),
  }));
}
