import { declareError } from '../platform/errors.ts';

export const accountChanged = declareError({
  code: 'account_changed',
  status: 409,
  todo: 'Connect the account again with a token of its own, or connect the other one under another name.',
});

export const resourceAmbiguous = declareError({
  code: 'resource_ambiguous',
  status: 409,
  todo: 'Name the resource by its number.',
});
