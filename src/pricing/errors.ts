import { declareError } from '../platform/errors.ts';

export const alreadySubscribed = declareError({
  code: 'already_subscribed',
  status: 409,
  todo: 'Change its subscription to put it on another plan.',
});

export const notSubscribed = declareError({
  code: 'not_subscribed',
  status: 409,
  todo: 'Put it on a plan first.',
});

export const deploymentEnded = declareError({
  code: 'deployment_ended',
  status: 409,
  todo: 'Reopen it first, where it is to be billed again.',
});

export const planRetired = declareError({
  code: 'plan_retired',
  status: 409,
  todo: 'Choose another plan, or reopen this one.',
});

export const planVersionFixed = declareError({
  code: 'plan_version_fixed',
  status: 409,
  todo: 'Give the new prices a later first day, or a plan of their own.',
});

export const exchangeRateOfCostMissing = declareError({
  code: 'exchange_rate_of_cost_missing',
  status: 409,
  todo: 'Enter the exchange rate of the day, or give the plan the currency of the provider.',
});
