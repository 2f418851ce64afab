import type { Script } from '../timeline.ts';
import { agency } from './agency.ts';
import { bare } from './bare.ts';
import { hoster } from './hoster.ts';
import { pilot } from './pilot.ts';

/** The fleets by name. `resources` means something to `hoster` and `bare`. */
export const fleets = { pilot, agency, hoster, bare } as const satisfies Record<
  string,
  (seed: number, resources?: number) => Script
>;
export type FleetName = keyof typeof fleets;
export const fleetNames = Object.keys(fleets) as [FleetName, ...FleetName[]];
