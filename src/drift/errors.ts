import { declareError } from '../platform/errors.ts';

export const declarationShrinks = declareError({
  code: 'declaration_shrinks',
  status: 409,
  todo: 'Check that the file is whole, and that what it was read from could see all. To declare it all the same, force it.',
});

export const declarationOlder = declareError({
  code: 'declaration_older',
  status: 409,
  todo: 'Take the newest state. To declare the older one all the same, force it.',
});

export const driftBlind = declareError({
  code: 'drift_blind',
  status: 409,
  todo: 'See `drift coverage`, and sync again; or allow what cannot be seen.',
});
