import { createCustomer, getCustomer, listCustomers } from '../../deployments/operations/customers.ts';
import { updateCustomer } from '../../flows/operations/customers.ts';
import { closeCustomer } from '../../flows/operations/end-deployments.ts';
import { exportCustomers, importCustomers } from '../../flows/operations/import.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { type Column, count, fields, moment, plural } from '../engine/output.ts';
import { noInput } from '../engine/surface.ts';
import {
  type AnswerOf,
  actionView,
  documentView,
  listView,
  type Noun,
  type RowOf,
  type ViewTools,
} from '../engine/views.ts';
import { endedNotes, endedText } from './ended-text.ts';

type Customer = RowOf<typeof listCustomers>;
type Imported = AnswerOf<typeof importCustomers>;

const columns: readonly Column<Customer>[] = [
  { header: 'customer', value: (row) => row.customer },
  { header: 'name', value: (row) => row.name },
  { header: 'currency', value: (row) => row.currency },
  { header: 'deployments', value: (row) => count(row.deployments), align: 'right' },
  { header: 'closed (utc)', value: (row) => moment(row.closedAt) },
];

function customerText(row: Customer): string {
  return fields([
    ['customer', row.customer],
    ['name', row.name],
    ['currency', row.currency],
    ['deployments', count(row.deployments)],
    ...(row.closedAt === null ? [] : [['closed', moment(row.closedAt)] as const]),
  ]);
}

function problemText({ line, column, reason }: Imported['problems'][number]): string {
  return `line ${line}${column === null ? '' : `, ${column}`}: ${reason}`;
}

function countsText(what: string, { created, updated, kept, unchanged }: Imported['customers']): string {
  const counts = [
    `${count(created)} new`,
    ...(updated > 0 ? [`${count(updated)} changed`] : []),
    ...(kept > 0 ? [`${count(kept)} differ, kept`] : []),
    `${count(unchanged)} unchanged`,
  ];
  return `${what}: ${counts.join(', ')}`;
}

/** `line 3, plan: stays atelier; the file says studio` */
function differenceText({ line, column, before, file, written }: Imported['differences'][number]): string {
  return written
    ? `line ${line}, ${column}: ${before} becomes ${file}`
    : `line ${line}, ${column}: stays ${before}; the file says ${file}`;
}

function importText(imported: Imported): string {
  const { problems, customers, deployments, projectLinks, subscriptions, differences, differencesTotal } = imported;
  if (problems.length > 0) return problems.map(problemText).join('\n');
  const { created, unchanged, kept } = subscriptions;
  return [
    ...differences.map(differenceText),
    ...(differencesTotal > differences.length ? [`And ${count(differencesTotal - differences.length)} more.`] : []),
    countsText('Customers', customers),
    countsText('Deployments', deployments),
    countsText('Project links', projectLinks),
    `Plans: ${count(created)} started, ${count(unchanged)} unchanged, ${count(kept)} kept as decided since`,
  ].join('\n');
}

function importNotes({ written, problems, differences }: Imported, { input }: ViewTools): readonly string[] {
  const isKept = differences.some(({ written: isWritten, column }) => !isWritten && updatable.has(column));
  const update = isKept && input.query.update !== true ? ['To write what differs: --update'] : [];
  if (written) return [...update, 'Next: arcadia deployment list, then arcadia meter'];
  return problems.length > 0 ? [] : [...update, 'Nothing was imported.'];
}

const updatable: ReadonlySet<string> = new Set(['customer_name', 'currency', 'deployment_name', 'project_id']);

export const customerNoun: Noun = {
  name: 'customer',
  summary: 'who pays',
  description: 'Who pays: each has deployments.',
  views: [
    listView(listCustomers, {
      example: `
$ arcadia customer list
CUSTOMER  NAME      CURRENCY  DEPLOYMENTS  CLOSED (UTC)
c-17      Acme Ltd  USD                 2  -`,
      columns,
      empty: 'No customer yet. Import some: arcadia customer import --help',
    }),
    actionView(getCustomer, {
      example: `
$ arcadia customer show c-17
customer     c-17
name         Acme Ltd
currency     USD
deployments  2`,
      text: customerText,
    }),
    actionView(createCustomer, {
      example: `
$ arcadia customer create c-17 --name 'Acme Ltd' --currency USD
Created c-17 (Acme Ltd), billed in USD.
Next: arcadia deployment create --help`,
      text: (made) => `Created ${made.customer} (${made.name}), billed in ${made.currency}.`,
      notes: () => ['Next: arcadia deployment create --help'],
    }),
    actionView(updateCustomer, {
      example: `
$ arcadia customer set c-17 --name 'Acme Holding Ltd'
customer     c-17
name         Acme Holding Ltd
currency     USD
deployments  2`,
      text: customerText,
    }),
    actionView(closeCustomer, {
      details: `Each deployment's subscription ends with it, and the drafts say so at once. What goes on running is metered,
not billed, and at the top of arcadia overview.`,
      example: `
$ arcadia customer close c-17 --at 2026-05-11 --yes
acme, acme-wiki have ended at 2026-05-11 00:00:00Z.
Still to be issued to c-17:
  17  2026-05  16.13 USD  draft
Next: arcadia invoice show 17`,
      async confirm({ surface, input }) {
        const found = await surface.act(getCustomer, { ...noInput, params: input.params });
        const { customer, name, deployments } = found as AnswerOf<typeof getCustomer>;
        const { endsAt } = input.body as { endsAt: string };
        return `End ${plural(deployments, 'deployment')} of ${customer} (${name}) at ${moment(endsAt)}? It is billed up to then.`;
      },
      text: endedText,
      notes: endedNotes,
    }),
    actionView(importCustomers, {
      details: `The file begins with a header line and has one deployment a line, its customer repeated. Columns:
customer_external_id, customer_name, currency, deployment_slug, deployment_name, starts_at and, if wanted, project_id
(the provider's project that the deployment owns) and plan, which puts a
deployment that was never on a plan on one, from its start or the day plan_from. A line whose columns of a
deployment are empty is a customer alone. Only what is new is created. Each difference from what is there is named by
line, and what is there stays; --update writes names, currencies and project links that differ, a link from now on. Plans
and starts are changed one by one: subscription change, deployment set.`,
      example: `
$ arcadia customer import customers.csv --dry-run
line 3, currency: "dollars" is no currency such as USD
error: 1 error. Nothing imported.`,
      text: importText,
      notes: importNotes,
      differs: ({ written, customers, deployments, projectLinks, subscriptions }) =>
        !written &&
        (subscriptions.created > 0 ||
          [customers, deployments, projectLinks].some(({ created, updated }) => created + updated > 0)),
      failure: ({ problems }) =>
        problems.length === 0
          ? null
          : new ArcadiaError('invalid_argument', `${plural(problems.length, 'error')}. Nothing imported.`),
    }),
    documentView(exportCustomers, {
      details: `The file that customer import takes, with the plan that each deployment is on and since when. Ended deployments, earlier
plans, pauses and planned ends are not in it; links to projects are in what arcadia rule export prints.`,
      example: `
$ arcadia customer export --out customers.csv
Written to customers.csv.`,
    }),
  ],
};
