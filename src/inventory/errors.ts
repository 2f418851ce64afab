import { declareError } from '../platform/errors.ts';

export const accountChanged = declareError({
  code: 'account_changed',
  status: 409,
  todo: 'Connect the account again with a token of its own, or connect the other one under another name.',
});

export const accountDisconnected = declareError({
  code: 'account_disconnected',
  status: 409,
  todo: 'Connect it again with a token.',
});

export const accountSends = declareError({
  code: 'account_sends',
  status: 409,
  todo: 'Name an account of a cloud provider.',
});

export const resourceAmbiguous = declareError({
  code: 'resource_ambiguous',
  status: 409,
  todo: 'Name the resource by its number.',
});

export const syncRunBuiltOn = declareError({
  code: 'sync_run_built_on',
  status: 409,
  todo: 'Revert these first, the first that is named first; or have them reverted with it (andLater).',
});
