import { declareError } from '../platform/errors.ts';

/** A billing kind of this name means something else. */
export const kindExists = declareError({
  code: 'kind_exists',
  status: 409,
  todo: 'Choose another name, or change the kind that is there from a day on.',
});
