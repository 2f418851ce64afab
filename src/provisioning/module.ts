import { declareModule } from '../platform/declare/module.ts';

/** Declares nothing yet: what is here is asked for by no surface. */
export const provisioningModule = declareModule({ name: 'provisioning' });
