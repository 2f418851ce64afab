import type { Role } from '../../platform/declare/operation.ts';

/** What we are charged is for those who answer for our money. */
export const moneyRoles: readonly Role[] = ['owner', 'finance'];
