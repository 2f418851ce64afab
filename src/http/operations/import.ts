import { z } from 'zod';
import * as domain from '../../deployments/import.ts';
import { attributeJob } from '../../deployments/jobs.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { declareOperation, type Operation } from '../../platform/declare/operation.ts';
import { subscribeImported } from '../../pricing/imported-plans.ts';

const counts = z.object({ created: z.int(), updated: z.int(), unchanged: z.int() });

export const importCustomers = declareOperation({
  method: 'POST',
  path: '/customers/import',
  name: 'customer import',
  operationId: 'importCustomers',
  tag: 'customers',
  summary: 'Customers and their deployments from a CSV file, all or nothing',
  description: `The file begins with a header line and has one deployment a line, its customer repeated:
\`customer_external_id, customer_name, currency, deployment_slug, deployment_name, starts_at\` and, if wanted,
\`project_id\` (the provider's project that the deployment owns) and \`plan\`, which only an owner may give. It has ${domain.importRowsMax} lines at most. Importing the same again changes nothing.`,
  roles: ['owner', 'operator'],
  query: z.object({
    dryRun: z.boolean().default(false).meta({ description: 'Write nothing; name each bad row' }),
  }),
  consumes: 'text/csv',
  body: z.string().min(1).max(16_777_216),
  response: z.object({
    written: z.boolean(),
    problems: z.array(z.object({ line: z.int(), column: z.string().nullable(), reason: z.string() })),
    customers: counts,
    deployments: counts,
    projectLinks: counts,
    subscriptions: z.int().meta({ description: 'Deployments that were put on a plan' }),
  }),
  async run({ db, body, query, principal, now, enqueue }) {
    const { plans, problems, ...result } = await domain.importCustomers(db, body, query, now);
    if (!result.written) return { ...result, problems: [...problems], subscriptions: 0 };
    if (plans.length > 0 && principal.role === 'operator') {
      throw new ArcadiaError(
        'forbidden',
        'Who is on which plan is not for an operator to say: leave out the column plan, or fill it as owner.',
      );
    }
    const subscriptions = await subscribeImported(db, plans, principal.subject, now);
    await db.transaction().execute((trx) => enqueue(trx, attributeJob, {}));
    return { ...result, problems: [...problems], subscriptions };
  },
});

export const importOperations: readonly Operation[] = [importCustomers];
