import { declareError } from '../platform/errors.ts';

export const rolloutEnded = declareError({
  code: 'rollout_ended',
  status: 409,
  todo: 'Look at what it did: `rollout show`.',
});

export const rolloutUnderWay = declareError({
  code: 'rollout_under_way',
  status: 409,
  todo: 'Cancel it first, or wait until it has ended or is held.',
});
