/** What other modules may import of simulator; everything else in this folder is its own. */

export { type FleetDescription, describeFleet } from './describe-fleet.ts';
export type { FleetName } from './server.ts';
export type { FleetDeployment, SharedResource } from './timeline.ts';
export { fleetNames } from './server.ts';
export { startSimulator } from './server.ts';
