import { declareModule } from '../platform/declare/module.ts';
import {
  eventConflict,
  eventUnusable,
  gatewayBacklog,
  gatewayDiskFull,
  meterOtherwise,
  sourceDisconnected,
  sourcePaused,
  sourceUnauthorized,
} from './errors.ts';
import { eventsIntake } from './intake.ts';
import { interpretJob, pruneGatewayJob, reconcileGatewayJob, sweepGatewayJob } from './jobs.ts';
import { eventOperations } from './operations/events.ts';
import { meterOperations } from './operations/meters.ts';
import { sourceOperations } from './operations/sources.ts';
import { gatewaySettings } from './settings.ts';

export const gatewayModule = declareModule({
  name: 'gateway',
  tags: [
    {
      name: 'gateway',
      description:
        'Events that gateways send: who may send, what came, and which of it counts as usage. They are sent as CloudEvents to ' +
        '`POST /gateway/sources/{source}/events`, with the secret of the source; docs/gateway.md has an example.',
    },
  ],
  operations: [...sourceOperations, ...meterOperations, ...eventOperations],
  intakes: [eventsIntake],
  jobs: [interpretJob, sweepGatewayJob, reconcileGatewayJob, pruneGatewayJob],
  queues: [{ name: 'gateway_events', limit: 5, position: 70 }],
  schedule: [
    { name: 'gateway_events', cron: '* * * * *', job: sweepGatewayJob, arguments: {} },
    { name: 'gateway_reconcile', cron: '5 * * * *', job: reconcileGatewayJob, arguments: {} },
    { name: 'gateway_prune', cron: '50 3 * * *', job: pruneGatewayJob, arguments: {} },
  ],
  errors: [
    eventConflict,
    eventUnusable,
    sourceUnauthorized,
    sourcePaused,
    sourceDisconnected,
    gatewayBacklog,
    gatewayDiskFull,
    meterOtherwise,
  ],
  events: [
    {
      type: 'gateway.received',
      subject: 'source',
      describes: 'events came; once a second at most',
      reads: ['listGatewayEvents', 'listGatewaySources', 'getGatewaySource', 'listGatewaySubjects'],
    },
    {
      type: 'gateway.interpreted',
      subject: 'source',
      describes: 'it is known what events count as, or did',
      reads: ['listGatewayEvents', 'getGatewayEvent', 'listGatewaySources', 'getGatewaySource', 'listGatewaySubjects'],
    },
    {
      type: 'gateway.dead',
      subject: 'source',
      describes: 'events count for nothing',
      reads: ['listDeadLetters', 'listGatewayEvents', 'getGatewayEvent', 'listGatewaySources', 'getGatewaySource'],
    },
    {
      type: 'gateway_source.changed',
      subject: 'source',
      describes: 'it was added, changed or paused',
      reads: ['listGatewaySources', 'getGatewaySource'],
    },
    {
      type: 'gateway_meter.changed',
      subject: 'meter; empty: many',
      describes: 'it counts other events, or otherwise',
      reads: ['listGatewayMeters'],
    },
  ],
  settings: gatewaySettings,
});
