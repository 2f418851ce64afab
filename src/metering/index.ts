/** What other modules may import of metering; everything else in this folder is its own. */

export { type UsageExplanation, explainUsage } from './explain/explain.ts';
export { heldCustomers, type HeldMonth, monthStatus, setObservationLimit } from './finality/attestations.ts';
export { type Gap, type GapQuery, listGaps, listUnlistedKinds, openGaps, type UnlistedKind } from './finality/gaps.ts';
export { forecastUsage } from './forecast.ts';
export {
  addKind,
  type BillingKind,
  changeKind,
  type Kind,
  type KindChange,
  listBillingKinds,
  listKinds,
} from './kinds.ts';
export { type MeteredDay, meterOutstanding } from './meter.ts';
export { completeRange, meterWithin, settleWithin } from './meter-within.ts';
export { type DayRange, dayOf, daysOf, monthOf, startOfDay } from './period.ts';
export type { UsageScope } from './records/usage-store.ts';
export { type UnmeteredKind, unmeteredKinds, unmeteredUsage } from './unmetered.ts';
export { type DeploymentUsage, type Usage, usageForPeriod, usageOfAll } from './usage.ts';
export { countUsageRecords } from './usage.ts';
export { usageByDay } from './usage-days.ts';
export { usageStoreAddress, useClickHouse } from './records/open.ts';
export { meteringSettings } from './settings.ts';
export { usageOfResource } from './resource-usage.ts';
