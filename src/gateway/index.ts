/** What other modules may import of gateway; everything else in this folder is its own. */

export {
  compareLifecycle,
  doEffects,
  type EffectEvent,
  type EffectOutcome,
  type EffectType,
  moveLifecycle,
  placeOf,
  sourcesWithEffects,
} from './effects.ts';
export { meterOtherwise } from './errors.ts';
export { type Replay, type ReplayFigures, replayEvents, stageReplay } from './events.ts';
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
export { eventState } from './operations/events.ts';
export { gatewayStanding, getSource, listSources, type Source } from './sources.ts';
