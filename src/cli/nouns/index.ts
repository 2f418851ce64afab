import type { Noun } from '../engine/views.ts';
import { accountNoun } from './account.ts';
import { alertNoun } from './alert.ts';
import { auditNoun } from './audit.ts';
import { billNoun, billPayerNoun } from './bill.ts';
import { blueprintNoun } from './blueprint.ts';
import { clockNoun } from './clock.ts';
import { customerNoun } from './customer.ts';
import { customerBillingNoun } from './customer-billing.ts';
import { declarationNoun } from './declaration.ts';
import { deploymentNoun } from './deployment.ts';
import { driftNoun, driftRuleNoun } from './drift.ts';
import { entityFontNoun, entityLogoNoun, entityNoun, entityTaxNoun } from './entity.ts';
import { eventNoun } from './event.ts';
import { exchangeRateNoun } from './exchange-rate.ts';
import { exportNoun } from './export.ts';
import {
  gatewayDeadLetterNoun,
  gatewayEventNoun,
  gatewayMeterNoun,
  gatewayNoun,
  gatewaySourceNoun,
  gatewaySubjectNoun,
} from './gateway.ts';
import { invoiceCorrectionNoun, invoiceLineNoun, invoiceNoun } from './invoice.ts';
import { invoicePaymentNoun } from './invoice-payment.ts';
import { jobNoun } from './job.ts';
import { kindNoun } from './kind.ts';
import { marginNoun } from './margin.ts';
import { meterNoun } from './meter.ts';
import { monthNoun } from './month.ts';
import { overviewNoun } from './overview.ts';
import { planNoun } from './plan.ts';
import { priceNoun } from './price.ts';
import { proposalNoun } from './proposal.ts';
import { queueNoun } from './queue.ts';
import { quoteNoun } from './quote.ts';
import { allocationNoun, priceRuleNoun } from './reconciliation.ts';
import { resourceNoun } from './resource.ts';
import { rolloutNoun } from './rollout.ts';
import { ruleNoun } from './rule.ts';
import { scheduleNoun } from './schedule.ts';
import { searchNoun } from './search.ts';
import { sessionNoun } from './session.ts';
import { subscriptionNoun } from './subscription.ts';
import { syncNoun } from './sync.ts';
import { usageConfirmationNoun, usageLimitNoun, usageNoun } from './usage.ts';
import { webhookNoun } from './webhook.ts';

/** The nouns' files, in the order of the help. */
export const nouns: readonly Noun[] = [
  overviewNoun,
  searchNoun,
  accountNoun,
  syncNoun,
  resourceNoun,
  priceNoun,
  priceRuleNoun,
  customerNoun,
  customerBillingNoun,
  deploymentNoun,
  blueprintNoun,
  proposalNoun,
  rolloutNoun,
  ruleNoun,
  gatewayNoun,
  gatewaySourceNoun,
  gatewayMeterNoun,
  gatewayEventNoun,
  gatewayDeadLetterNoun,
  gatewaySubjectNoun,
  kindNoun,
  meterNoun,
  usageNoun,
  usageConfirmationNoun,
  usageLimitNoun,
  planNoun,
  subscriptionNoun,
  quoteNoun,
  alertNoun,
  exchangeRateNoun,
  entityNoun,
  entityTaxNoun,
  entityLogoNoun,
  entityFontNoun,
  invoiceNoun,
  invoiceLineNoun,
  invoiceCorrectionNoun,
  invoicePaymentNoun,
  monthNoun,
  exportNoun,
  billNoun,
  billPayerNoun,
  allocationNoun,
  marginNoun,
  declarationNoun,
  driftNoun,
  driftRuleNoun,
  webhookNoun,
  jobNoun,
  queueNoun,
  scheduleNoun,
  auditNoun,
  clockNoun,
  eventNoun,
  sessionNoun,
];
