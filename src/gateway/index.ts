/** What other modules may import of gateway; everything else in this folder is its own. */

export { meterOtherwise } from './errors.ts';
export { interpretJob } from './jobs.ts';
export { applyMeter, type GatewayMeter, metersFileSchema } from './meters.ts';
export { listSources } from './sources.ts';
