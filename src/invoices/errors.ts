import { declareError } from '../platform/errors.ts';

export const numberTaken = declareError({
  code: 'number_taken',
  status: 409,
  todo: 'Give the legal entity another prefix, or the document another number.',
});
