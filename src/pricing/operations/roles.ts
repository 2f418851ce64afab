import { type Role, staff } from '../../platform/declare/operation.ts';

/** Of plans and of what is on them. */
export const readers: readonly Role[] = [...staff, 'customer'];

export const deciders: readonly Role[] = ['owner', 'finance'];
