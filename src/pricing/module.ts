import { declareModule } from '../platform/declare/module.ts';
import {
  alreadySubscribed,
  deploymentEnded,
  exchangeRateOfCostMissing,
  notSubscribed,
  planRetired,
  planVersionFixed,
} from './errors.ts';
import { checkAlertsJob } from './jobs.ts';
import { alertOperations } from './operations/alerts.ts';
import { exchangeRateOperations } from './operations/exchange-rates.ts';
import { gapOperations } from './operations/gaps.ts';
import { planOperations } from './operations/plans.ts';
import { quoteOperations } from './operations/quotes.ts';
import { ratingOperations } from './operations/rating.ts';
import { subscriptionOperations } from './operations/subscriptions.ts';

export const pricingModule = declareModule({
  name: 'pricing',
  tags: [
    { name: 'plans', description: 'Price lists, who is on which of them since when, and what given usage costs.' },
    { name: 'exchange rates', description: 'What one currency is in another, by day.' },
  ],
  operations: [
    ...planOperations,
    ...subscriptionOperations,
    ...quoteOperations,
    ...ratingOperations,
    ...alertOperations,
    ...gapOperations,
    ...exchangeRateOperations,
  ],
  jobs: [checkAlertsJob],
  schedule: [{ name: 'alerts', cron: '20 * * * *', job: checkAlertsJob, arguments: {} }],
  errors: [alreadySubscribed, deploymentEnded, exchangeRateOfCostMissing, notSubscribed, planRetired, planVersionFixed],
  events: [
    {
      type: 'plan.changed',
      subject: 'plan',
      describes: 'it has a new version, is retired or reopened',
      reads: ['listPlans', 'getPlan', 'listPlanVersions'],
    },
    {
      type: 'subscription.changed',
      subject: 'deployment',
      describes: 'it is on another plan',
      reads: ['listSubscriptions', 'listSubscriptionHistory', 'listDeploymentMonths', 'getDeploymentMonth'],
    },
    {
      type: 'exchange_rate.changed',
      subject: 'the two currencies, as USD-EUR',
      describes: 'a rate was entered, replaced or removed',
      reads: ['listExchangeRates'],
    },
    {
      type: 'alert.changed',
      subject: 'deployment; empty: each',
      describes: 'an alert was added or removed',
      reads: ['listAlerts', 'getAlert'],
    },
    {
      type: 'alert.fired',
      subject: 'deployment',
      describes: 'an alert on its amount or usage fired',
      reads: ['listAlertFirings', 'getOverview', 'listDeploymentMonths', 'getDeploymentMonth'],
    },
  ],
});
