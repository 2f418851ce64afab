import { ms, type Ms } from '../time.ts';
import type { FleetDeployment } from '../timeline.ts';
import type { Company } from './companies.ts';

/** Ninety days: May is whole, and the end is in the middle of a month. */
export const START = ms('2026-03-20T00:00:00Z');
export const END = ms('2026-06-18T00:00:00Z');

export interface Server {
  readonly id: number;
  readonly name: string;
  readonly role: 'web' | 'db' | 'worker' | 'staging';
  readonly size: string;
  readonly region: string;
  readonly born: Ms;
}

export interface Tenant {
  readonly index: number;
  readonly company: Company;
  readonly deployment: FleetDeployment;
  readonly region: string;
  readonly servers: readonly Server[];
  readonly tags: string[];
  /** Undefined: the default project. */
  readonly project: string | undefined;
  readonly born: Ms;
  /** END or earlier. */
  readonly until: Ms;
}
