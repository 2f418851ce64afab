import type { Command } from 'commander';
import type { ImportCounts, ImportDifference } from '../../deployments/import.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { addCommand, withSession } from '../engine/command.ts';
import { flowContext } from '../engine/flow.ts';
import { readInput } from '../engine/input.ts';
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
and, if wanted, project_id (the provider's project that the deployment owns) and plan, which puts a
deployment that was never on a plan on one. Importing the same again changes nothing; what was decided
about plans since stays. Each difference from what was there is named by line.`,
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
  const csv = await readInput(file);
  const { describeProblem } = await import('../../deployments/import.ts');
  const { importCustomers } = await import('../../flows/import-customers.ts');
  const { bringAttributionsUpToDate } = await import('../../deployments/attribution.ts');
  const database = await session.database();
  const context = await flowContext(session, database);
  const result = await importCustomers(database.db, { csv, dryRun: options.dryRun === true }, context);
  if (result.written) await bringAttributionsUpToDate(database.db, context.now);

  const { customers, deployments, projectLinks, subscriptions, problems, differences, differencesTotal } = result;
  const differs =
    subscriptions.created > 0 ||
    [customers, deployments, projectLinks].some((counts) => counts.created + counts.updated > 0);
  if (session.output.json) {
    await session.output.value(result);
  } else if (problems.length > 0) {
    await session.output.text(problems.map(describeProblem).join('\n'));
  } else {
    const { created, unchanged, kept } = subscriptions;
    await session.output.text(
      [
        ...differences.map(describeDifference),
        ...(differencesTotal > differences.length ? [`And ${count(differencesTotal - differences.length)} more.`] : []),
        describeCounts('Customers', customers),
        describeCounts('Deployments', deployments),
        describeCounts('Project links', projectLinks),
        `Plans: ${count(created)} started, ${count(unchanged)} unchanged, ${count(kept)} kept as decided since`,
      ].join('\n'),
    );
    if (result.written) session.output.note('Next: arcadia deployment list, then arcadia meter');
  }
  if (!result.written) session.output.note('Nothing was written.');
  if (problems.length > 0) {
    throw new ArcadiaError('invalid_argument', `${plural(problems.length, 'error')}. Nothing would be imported.`);
  }
  return options.exitCode === true && options.dryRun === true && differs ? 3 : 0;
}

/** `line 3, plan: stays atelier; the file says studio` */
function describeDifference({ line, column, before, file, written }: ImportDifference): string {
  return written
    ? `line ${line}, ${column}: ${before} becomes ${file}`
    : `line ${line}, ${column}: stays ${before}; the file says ${file}`;
}

function describeCounts(what: string, { created, updated, unchanged }: ImportCounts): string {
  return `${what}: ${count(created)} new, ${count(updated)} changed, ${count(unchanged)} unchanged`;
}
