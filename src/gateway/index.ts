/** What other modules may import of gateway; everything else in this folder is its own. */

export { meterOtherwise } from './errors.ts';
export { interpretJob } from './jobs.ts';
export {
  applyMeter,
  type GatewayMeter,
  holdForPreview,
  holdInterpretation,
  listMeters,
  type MeterSum,
  metersFileSchema,
  pointerOf,
  sumsWithin,
} from './meters.ts';
export { gatewayStanding, listSources } from './sources.ts';
