import type { GatewayEvent } from './read.ts';

export const stateWords: Readonly<Record<GatewayEvent['state'], string>> = {
  waiting: 'waiting',
  counted: 'counted',
  no_meter: 'no meter',
  applied: 'done',
  superseded: 'superseded',
  dead: 'dead letter',
  dropped: 'dropped',
};

const reasons: Readonly<Record<string, string>> = {
  too_old: 'it came too late',
  in_future: 'its time is ahead',
  time_required: 'it has no time',
  bad_time: 'its time cannot be read',
  value_missing: 'it has no value',
  value_not_a_number: 'its value is no number',
  value_negative: 'its value is below zero',
  value_too_large: 'its value is too large to be metered',
  subject_missing: 'it says not what it is about',
  too_many_subjects: 'too many new subjects on one day',
  not_yours: 'its source may not name that customer',
  effect_not_allowed: 'its source may only send usage',
  deployment_unknown: 'waiting for its deployment',
  not_subscribed: 'waiting for a plan of its deployment',
  invoice_unknown: 'waiting for its invoice',
  payment_currency: "another currency than the invoice's",
  payment_conflict: 'its payment was recorded before and says something else',
  bad_payment: 'its payment cannot be read',
  bad_sequence: 'its sequence is no whole number',
  subscription_ended: 'its deployment has ended its plan before',
  before_metered_from: 'its time is before its source is metered',
  before_retention: 'its time is before events are kept',
};

/** A reason in words; one that has none, as the API names it. */
export function reasonText(reason: string): string {
  return reasons[reason] ?? reason.replaceAll('_', ' ');
}
