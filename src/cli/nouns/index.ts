import type { Noun } from '../engine/views.ts';
import { accountNoun } from './account.ts';
import { alertNoun } from './alert.ts';
import { auditNoun } from './audit.ts';
import { customerNoun } from './customer.ts';
import { customerBillingNoun } from './customer-billing.ts';
import { deploymentNoun } from './deployment.ts';
import { entityFontNoun, entityLogoNoun, entityNoun, entityTaxNoun } from './entity.ts';
import { jobNoun } from './job.ts';
import { planNoun } from './plan.ts';
import { queueNoun } from './queue.ts';
import { quoteNoun } from './quote.ts';
import { resourceNoun } from './resource.ts';
import { ruleNoun } from './rule.ts';
import { scheduleNoun } from './schedule.ts';
import { subscriptionNoun } from './subscription.ts';

/** The nouns' files, in the order of the help. */
export const nouns: readonly Noun[] = [
  accountNoun,
  resourceNoun,
  customerNoun,
  customerBillingNoun,
  deploymentNoun,
  ruleNoun,
  planNoun,
  subscriptionNoun,
  quoteNoun,
  alertNoun,
  entityNoun,
  entityTaxNoun,
  entityLogoNoun,
  entityFontNoun,
  jobNoun,
  queueNoun,
  scheduleNoun,
  auditNoun,
];
