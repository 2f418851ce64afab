import { type FleetName, fleets } from './fleets/index.ts';
import { instantOf } from './time.ts';
import type { FleetDeployment, SharedResource } from './timeline.ts';

/** What is known of a fleet without running it. */
export interface FleetDescription {
  /** Its history; past its end, a fleet stands still, or goes on quietly. */
  readonly start: Temporal.Instant;
  readonly end: Temporal.Instant;
  /** What an operator of it would declare, who shares what included. */
  readonly deployments: readonly FleetDeployment[];
  readonly sharedResources: readonly SharedResource[];
}

/** Describes a built-in fleet. `resources`: how many, of the fleets hoster and bare. */
export function describeFleet(fleet: FleetName, seed: number, resources?: number): FleetDescription {
  const { start, end, deployments, shared } = fleets[fleet](seed, resources);
  return { start: instantOf(start), end: instantOf(end), deployments, sharedResources: shared };
}
