import { declareError } from '../platform/errors.ts';

export const blueprintInvalid = declareError({
  code: 'blueprint_invalid',
  status: 400,
  todo: 'Correct what is named; `blueprint schema` prints what a blueprint may say.',
});

export const proposalStale = declareError({
  code: 'proposal_stale',
  status: 409,
  todo: 'Propose it again, and look at what it says now.',
});

export const proposalClosed = declareError({
  code: 'proposal_closed',
  status: 409,
  todo: 'Propose it again.',
});

export const proposalBlocked = declareError({
  code: 'proposal_blocked',
  status: 409,
  todo: 'Remove what it names, and propose it again.',
});

export const proposalNotApproved = declareError({
  code: 'proposal_not_approved',
  status: 409,
  todo: 'Have it approved: `proposal approve`.',
});
