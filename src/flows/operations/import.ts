import { z } from 'zod';
import { attributeJob, importBytesMax, importRowsMax, readCustomerFile } from '../../deployments/index.ts';
import * as flow from '../import-customers.ts';
import { exportCustomers as exportFile } from '../export-customers.ts';
import { declareDocument, declareOperation, type Operation } from '../../platform/declare/operation.ts';
import { sendSoon } from '../../webhooks/index.ts';

const counts = z.object({
  created: z.int(),
  updated: z.int().meta({ description: 'Only with update' }),
  kept: z.int().meta({ description: 'Differs from what is there, which stays' }),
  unchanged: z.int(),
});

const fileExample = `customer_external_id,customer_name,currency,deployment_slug,deployment_name,starts_at
c-17,Acme Ltd,USD,acme,Acme shop,2026-05-01
c-17,Acme Ltd,USD,acme-blog,Acme blog,2026-05-01
`;

export const importCustomers = declareOperation({
  method: 'POST',
  path: '/customers/import',
  name: 'customer import',
  operationId: 'importCustomers',
  tag: 'customers',
  summary: 'Customers and their deployments from a CSV file, all or nothing',
  description: `The file begins with a header line and has one deployment a line, its customer repeated:
\`customer_external_id, customer_name, currency, deployment_slug, deployment_name, starts_at\` and, if wanted,
\`project_id\` (the provider's project that the deployment owns) and \`plan\`, which only an owner may give: it
puts a deployment that was never on a plan on one, from the UTC day \`plan_from\` or its start on. A line whose columns of a
deployment are empty is of a customer alone. It has ${importRowsMax} deployments
and ${importBytesMax} bytes at most, in one transaction; more are given in several files, one after the other. Only what is new is created:
what differs from what is there is among the differences and stays. With \`update\`, names, currencies and project links
that differ are written, a link from now on; plans and starts never are. A customer's currency stays while a deployment is
on a plan in it, and no deployment is put on a plan in another currency than its customer's.`,
  roles: ['owner', 'operator'],
  query: z.object({
    dryRun: z.boolean().default(false).meta({ description: 'Write nothing; name each bad row and each difference' }),
    update: z
      .boolean()
      .default(false)
      .meta({ description: 'Write names, currencies and project links that differ; never a plan or a start' }),
  }),
  consumes: 'text/csv',
  fileBytesMax: importBytesMax,
  body: z
    .string()
    .min(1)
    .max(importBytesMax)
    .meta({ contentMediaType: 'text/csv', examples: [fileExample] }),
  response: z.object({
    written: z.boolean(),
    problems: z.array(z.object({ line: z.int(), column: z.string().nullable(), reason: z.string() })),
    customers: counts,
    deployments: counts,
    projectLinks: counts,
    subscriptions: z
      .object({ created: z.int(), unchanged: z.int(), kept: z.int() })
      .meta({ description: 'Deployments of the column plan; kept: on another plan, or off it, by a later decision' }),
    differences: z
      .array(
        z.object({ line: z.int(), column: z.string(), before: z.string(), file: z.string(), written: z.boolean() }),
      )
      .meta({ description: 'Where the file differs from what was there; written: it says what the file says now' }),
    differencesTotal: z.int(),
  }),
  followedBy: [attributeJob],
  prepare: ({ body, signal }) => readCustomerFile(body, signal),
  async run({ db, query, principal, now, follow, enqueue }, file) {
    const result = await flow.importCustomers(db, { file, ...query }, { now, principal });
    if (result.written) {
      await db.transaction().execute((trx) => follow(trx, attributeJob, {}));
      await sendSoon({ db, enqueue });
    }
    return { ...result, problems: [...result.problems], differences: [...result.differences] };
  },
});

export const exportCustomers = declareDocument({
  path: '/customer-file',
  name: 'customer export',
  operationId: 'exportCustomers',
  tag: 'customers',
  summary: 'All customers and their deployments as the CSV file that the import takes',
  description: `One deployment a line, and a customer without one on a line of its own. Ended deployments are not in it. \`plan\` is
the one that a deployment is on, or else the next, and \`plan_from\` the day since when: earlier plans, pauses and planned
ends are not in it. Links to projects are in the export of rules. Imported again it changes nothing.`,
  roles: ['owner', 'operator'],
  produces: ['text/csv'],
  run: async ({ db, now }) => ({
    type: 'text/csv',
    body: exportFile(db, now),
    filename: 'customers.csv',
  }),
});

export const importOperations: readonly Operation[] = [importCustomers, exportCustomers];
