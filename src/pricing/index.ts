/** What other modules may import of pricing; everything else in this folder is its own. */

export { addAlert, checkAlerts, countFirings, firingPage } from './alerts.ts';
export { findUnbillable, otherCurrency } from './currency-rule.ts';
export { type CurrencyPair, convertMoney, type DatedRate, rateAgeDaysMax } from './exchange-rate.ts';
export { findExchangeRates, setExchangeRate } from './exchange-rates.ts';
export { readSubscribed, startSubscriptions } from './first-subscriptions.ts';
export {
  customersWithoutBill,
  type DeploymentCost,
  passingDeployments,
  replaceDeploymentCosts,
} from './pass-through.ts';
export type { PlanVersion } from './plan.ts';
export { listPlanVersions, listPlans } from './plans.ts';
export { retiredPlans } from './retire.ts';
export { openRating, ratedMonth, segmentsOfDeployment, segmentsOnPlan } from './rated-months.ts';
export type { RatedLine, RatedMonth, UnchargedUsage } from './rating/rate-month.ts';
export {
  changeSubscription,
  currentSubscriptions,
  endSubscription,
  isPausedAt,
  pauseSubscription,
  resumeSubscription,
  startSubscription,
  subscriptionHistory,
} from './subscriptions.ts';
export { applyPlans } from './plan-apply.ts';
export { ForecastSums, type UsageSource, UsageSums, UsageUntil } from './usage-sums.ts';
export { forecastDeployment, quoteDeployment } from './quotes.ts';
export { rateLine } from './rating/rate-line.ts';
export { type Unbilled, unbilledOf } from './unbilled.ts';
export { unbilledOut } from './operations/unbilled.ts';
export { type NotBilled, notBilled } from './not-billed.ts';
export { notBilledOut } from './operations/not-billed.ts';
export { gapsWithMoney } from './gaps.ts';
export { searchPlans } from './search.store.ts';
export { type PlannedResource, usageOfPlanned } from './planned-resources.ts';
export { ratePlan, rateSegments } from './rating/rate-plan.ts';
export type { Segment } from './rating/timeline.ts';
export { getPlan } from './plans.ts';
