import { declareModule } from '../platform/declare/module.ts';
import { rulesWouldEnd } from './errors.ts';
import { attributeJob, countFleetJob } from './jobs.ts';
import { customerOperations } from './operations/customers.ts';
import { deploymentOperations } from './operations/deployments.ts';
import { resourceOperations } from './operations/resources.ts';
import { ruleOperations } from './operations/rules.ts';
import { unattributedOperations } from './operations/unattributed.ts';

export const deploymentsModule = declareModule({
  name: 'deployments',
  tags: [
    {
      name: 'customers',
      description: 'Who pays. A customer has deployments, and never loses one to another customer.',
    },
    { name: 'deployments', description: "Customers' running systems: what usage belongs to, and what they own." },
    {
      name: 'rules',
      description: 'Which resources belong to whom: dated rules, tried in order, and manual assignments.',
    },
  ],
  operations: [
    ...resourceOperations,
    ...customerOperations,
    ...deploymentOperations,
    ...ruleOperations,
    ...unattributedOperations,
  ],
  jobs: [attributeJob, countFleetJob],
  // Where nothing has changed it only looks.
  schedule: [{ name: 'fleet_counts', cron: '*/10 * * * *', job: countFleetJob, arguments: {} }],
  errors: [rulesWouldEnd],
  events: [
    {
      type: 'attribution.changed',
      subject: 'deployment',
      describes: 'who owns which resource when',
      reads: [
        'listOwnership',
        'listOwnedResources',
        'listUnattributedResources',
        'getUnattributedSummary',
        'listResources',
        'getResourcesSummary',
        'getResourceLife',
        'getOverview',
      ],
    },
    {
      type: 'customer.changed',
      subject: "customer's external id",
      describes: 'created or edited',
      reads: ['listCustomers', 'getCustomer', 'listCustomerMonths'],
    },
    {
      type: 'deployment.changed',
      subject: 'deployment',
      describes: 'created or edited',
      reads: ['listDeployments', 'getDeployment', 'listDeploymentMonths', 'getDeploymentMonth'],
    },
    {
      type: 'rule.changed',
      subject: 'rule',
      describes: 'ownership rules were changed',
      reads: ['listRules', 'getRule'],
    },
    {
      type: 'assignment.changed',
      subject: 'resource',
      describes: 'it was assigned manually, or a manual assignment was removed',
      reads: [
        'listOwnership',
        'listOwnedResources',
        'listUnattributedResources',
        'getUnattributedSummary',
        'listResources',
        'getResourcesSummary',
        'getResourceLife',
        'getOverview',
      ],
    },
  ],
});
