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

export const writeNotGranted = declareError({
  code: 'write_not_granted',
  status: 409,
  todo: 'Grant the account a write token: `account grant`.',
});

export const writeGrantMismatch = declareError({
  code: 'write_grant_mismatch',
  status: 409,
  todo: 'Take a write token of this account.',
});
