import { declareError } from '../platform/errors.ts';

/** A billing kind of this name means something else. */
export const kindExists = declareError({
  code: 'kind_exists',
  status: 409,
  todo: 'Choose another name, or change the kind that is there from a day on.',
});

/** What is asked for was rolled up by retention. */
export const usageRetired = declareError({
  code: 'usage_retired',
  status: 410,
  todo: 'Retention has rolled these days up: their sums are kept; ask for those, or count records by whole months.',
});

/** A day before the first account's meteredFrom. */
export const beforeMetering = declareError({
  code: 'before_metering',
  status: 409,
  todo: 'Ask for later days, or connect the account again with an earlier --metered-from: what ran before is not known.',
});
