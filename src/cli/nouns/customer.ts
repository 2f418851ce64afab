import type { Command } from 'commander';
import type { ImportCounts } from '../../deployments/import.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { addCommand, withSession } from '../engine/command.ts';
import { readInput } from '../engine/input.ts';
import { operator } from '../engine/operator.ts';
import { count, plural } from '../engine/output.ts';
import type { Session } from '../engine/session.ts';

export function addCustomerCommands(program: Command): void {
  const customer = program.command('customer').summary('who pays').description('Who pays: each has deployments.');

  addCommand(customer, 'list', {
    summary: 'all customers',
    example: `
$ arcadia customer list
CUSTOMER  NAME      CURRENCY  DEPLOYMENTS
c-17      Acme Ltd  USD                 2`,
  }).action(
    withSession(async (session) => {
      const { listCustomers } = await import('../../deployments/customers.ts');
      const { db } = await session.database();
      const customers = await listCustomers(db);
      if (session.output.json) {
        return session.output.value(
          customers.map(({ externalId, name, currency, deployments }) => ({
            customer: externalId,
            name,
            currency,
            deployments,
          })),
        );
      }
      await session.output.list(
        customers,
        [
          { header: 'customer', value: (row) => row.externalId },
          { header: 'name', value: (row) => row.name },
          { header: 'currency', value: (row) => row.currency },
          { header: 'deployments', value: (row) => count(row.deployments), align: 'right' },
        ],
        'No customer yet. Import some: arcadia customer import --help',
      );
    }),
  );

  addCommand(customer, 'import', {
    summary: 'customers and their deployments from a CSV file, all or nothing',
    details: `The file begins with a header line and has one deployment a line, its customer repeated:
  customer_external_id, customer_name, currency, deployment_slug, deployment_name, starts_at
and, if wanted, project_id (the provider's project that the deployment owns) and plan.
Importing the same again changes nothing.`,
    example: `
$ arcadia customer import customers.csv --dry-run
line 3, currency: dollars is not a currency; give three capitals such as USD
Nothing was written.`,
  })
    .argument('<file>', '- reads it from stdin')
    .option('--dry-run', 'write nothing; say what would be written, and name each bad row')
    .option('--exit-code', 'with --dry-run: end with 3 where anything would change')
    .action(withSession(importFile));
}

async function importFile(
  session: Session,
  file: string,
  options: { dryRun?: boolean; exitCode?: boolean },
): Promise<number> {
  const text = await readInput(file);
  const { describeProblem, importCustomers } = await import('../../deployments/import.ts');
  const { bringAttributionsUpToDate } = await import('../../deployments/attribution.ts');
  const { db, clock } = await session.database();
  const now = await clock.now();
  const result = await importCustomers(db, text, { dryRun: options.dryRun === true }, now);
  let subscriptions = 0;
  if (result.written) {
    const { subscribeImported } = await import('../../pricing/imported-plans.ts');
    subscriptions = await subscribeImported(db, result.plans, operator(), now);
    await bringAttributionsUpToDate(db, now);
  }

  const { customers, deployments, projectLinks, problems } = result;
  const differs = [customers, deployments, projectLinks].some((counts) => counts.created + counts.updated > 0);
  if (session.output.json) {
    await session.output.value({ ...result, subscriptions });
  } else if (problems.length > 0) {
    await session.output.text(problems.map(describeProblem).join('\n'));
  } else {
    await session.output.text(
      [
        describeCounts('Customers', customers),
        describeCounts('Deployments', deployments),
        describeCounts('Project links', projectLinks),
      ].join('\n'),
    );
    if (result.written) session.output.note('Next: arcadia deployment list, then arcadia meter');
  }
  if (!result.written) session.output.note('Nothing was written.');
  if (problems.length > 0) {
    throw new ArcadiaError(
      'invalid_argument',
      `${plural(problems.length, 'row is', 'rows are')} not as they should be; nothing would be imported.`,
    );
  }
  return options.exitCode === true && options.dryRun === true && differs ? 3 : 0;
}

function describeCounts(what: string, { created, updated, unchanged }: ImportCounts): string {
  return `${what}: ${count(created)} new, ${count(updated)} changed, ${count(unchanged)} as they were`;
}
