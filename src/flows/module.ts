import { declareModule } from '../platform/declare/module.ts';
import { anchorFailed } from './errors.ts';
import { anchorAuditJob, gatewayEffectsJob } from './jobs.ts';
import { assignmentOperations } from './operations/assignments.ts';
import { auditOperations } from './operations/audit.ts';
import { customerOperations } from './operations/customers.ts';
import { deploymentMonthOperations } from './operations/deployment-month.ts';
import { gatewayMeterOperations } from './operations/gateway-meters.ts';
import { gatewayReplayOperations } from './operations/gateway-replay.ts';
import { endOperations } from './operations/end-deployments.ts';
import { importOperations } from './operations/import.ts';
import { monthOperations } from './operations/month.ts';
import { lifeOperations } from './operations/life.ts';
import { overviewOperations } from './operations/overview.ts';
import { ruleOperations } from './operations/rules.ts';
import { webhookOperations } from './operations/webhooks.ts';
import { flowsSettings } from './settings.ts';

export const flowsModule = declareModule({
  name: 'flows',
  operations: [
    ...customerOperations,
    ...importOperations,
    ...assignmentOperations,
    ...ruleOperations,
    ...endOperations,
    ...monthOperations,
    ...overviewOperations,
    ...lifeOperations,
    ...deploymentMonthOperations,
    ...auditOperations,
    ...webhookOperations,
    ...gatewayMeterOperations,
    ...gatewayReplayOperations,
  ],
  errors: [anchorFailed],
  jobs: [anchorAuditJob, gatewayEffectsJob],
  schedule: [
    { name: 'anchor_audit', cron: '17 1 * * *', job: anchorAuditJob, arguments: {} },
    { name: 'gateway_effects', cron: '*/5 * * * *', job: gatewayEffectsJob, arguments: {} },
  ],
  settings: flowsSettings,
});
