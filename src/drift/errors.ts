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

export const declarationOfOtherState = declareError({
  code: 'declaration_of_other_state',
  status: 409,
  todo: 'Declare another state under another name. If it is the same one, give its lineage.',
});

export const declarationMisplaced = declareError({
  code: 'declaration_misplaced',
  status: 409,
  todo: 'Give each resource the account that it is in; of a Terraform file, each alias of the provider.',
});

export const driftBlind = declareError({
  code: 'drift_blind',
  status: 409,
  todo: 'See `drift coverage`, and sync again; or allow what cannot be seen.',
});
