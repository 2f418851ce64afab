import type { Queryable } from '../platform/database/database.ts';
import { selectAccruals } from './forecast.store.ts';
import type { DayRange } from './period.ts';

/** Billing kind to exact decimal quantity. */
type Forecast = ReadonlyMap<string, string>;

/**
 * What deployments will use over days that are not metered yet, within one calendar month, if
 * everything stays as the last metering saw it: levels that stand go on, those that are known to end
 * end. It is the formula of metering itself, so that where nothing changes, the forecast is what
 * will be metered, to the last digit. One statement, however many deployments.
 */
export async function forecastUsage(
  db: Queryable,
  deploymentIds: readonly number[],
  range: DayRange,
): Promise<Map<number, Forecast>> {
  const forecasts = new Map<number, Map<string, string>>();
  for (const { deploymentId, kind, quantity } of await selectAccruals(db, deploymentIds, range)) {
    const own = forecasts.get(deploymentId) ?? new Map<string, string>();
    forecasts.set(deploymentId, own.set(kind, quantity));
  }
  return forecasts;
}
