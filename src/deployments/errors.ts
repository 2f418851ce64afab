import { declareError } from '../platform/errors.ts';

export const rulesWouldEnd = declareError({
  code: 'rules_would_end',
  status: 409,
  todo: 'Agree that they end, keep the rules that are left out, or put them into the file. Nothing was written.',
});
