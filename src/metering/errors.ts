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
