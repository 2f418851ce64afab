import { endDeployment, reopenDeployment } from '../../flows/operations/end-deployments.ts';
import { assignResources, unassignResources } from '../../flows/operations/assignments.ts';
import {
  getDeployment,
  listDeployments,
  listOwnedNow,
  listOwnership,
  updateDeployment,
} from '../../deployments/operations/deployments.ts';
import { type Column, fields, moment, plural, table } from '../engine/output.ts';
import { changeDeploymentView, createDeploymentView, destroyDeploymentView } from './deployment-proposals.ts';
import { endedNotes, endedText } from './ended-text.ts';
import { changesText, isToBeAsked, moneyText, movedCountText } from './moved-text.ts';
import { noInput } from '../engine/surface.ts';
import {
  type AnswerOf,
  actionView,
  listView,
  type Noun,
  type Question,
  type RowOf,
  type ViewTools,
} from '../engine/views.ts';

type Deployment = RowOf<typeof listDeployments>;
type Owned = RowOf<typeof listOwnership>;
type Written = AnswerOf<typeof assignResources>;

const deploymentColumns: readonly Column<Deployment>[] = [
  { header: 'deployment', value: (row) => row.deployment },
  { header: 'name', value: (row) => row.name },
  { header: 'customer', value: (row) => row.customer },
  { header: 'starts (utc)', value: (row) => moment(row.startsAt) },
  { header: 'ends (utc)', value: (row) => moment(row.endsAt) },
];

const ownedNowColumns: readonly Column<RowOf<typeof listOwnedNow>>[] = [
  { header: 'deployment', value: (row) => row.deployment },
  { header: 'kind', value: (row) => row.kind },
  { header: 'name', value: (row) => row.name },
  {
    header: 'share',
    value: (row) => (row.weightTotal === 1 ? '1' : `${row.weight}/${row.weightTotal}`),
    align: 'right',
  },
  { header: 'since (utc)', value: (row) => moment(row.from) },
];

const ownedColumns: readonly Column<Owned>[] = [
  { header: 'id', value: (row) => String(row.resourceId), align: 'right' },
  { header: 'kind', value: (row) => row.kind },
  { header: 'name', value: (row) => row.name },
  {
    header: 'share',
    value: (row) => (row.weightTotal === row.weight ? '1' : `${row.weight}/${row.weightTotal}`),
    align: 'right',
  },
  { header: 'from (utc)', value: (row) => moment(row.from) },
  { header: 'to (utc)', value: (row) => moment(row.to) },
  { header: 'rule', value: (row) => row.rule },
];

/** The newest of what it owned, beside the deployment itself. */
const ownedMost = 20;

async function ownedOf(deployment: string, { surface }: ViewTools) {
  const page = await surface.page(listOwnership, { ...noInput, params: { deployment }, query: { limit: ownedMost } });
  return { owned: page.items as readonly Owned[], isAll: page.nextCursor === null };
}

async function deploymentText(row: Deployment, tools: ViewTools): Promise<string> {
  const { owned, isAll } = await ownedOf(row.deployment, tools);
  return [
    fields([
      ['deployment', row.deployment],
      ['name', row.name],
      ['customer', row.customer === null ? null : `${row.customer} (${row.customerName})`],
      ['starts', moment(row.startsAt)],
      ...(row.endsAt === null ? [] : [['ends', moment(row.endsAt)] as const]),
    ]),
    owned.length === 0
      ? 'No resources are assigned to it. To see what is unassigned: arcadia rule suggest'
      : table(owned, ownedColumns),
    ...(isAll ? [] : [`The newest ${ownedMost}. All of it: arcadia deployment ownership ${row.deployment} --all`]),
  ].join('\n\n');
}

interface Asked {
  readonly owners?: readonly { readonly deployment: string; readonly weight?: number }[];
  readonly from?: string;
  readonly to?: string;
}

function whenText({ from, to }: Asked): string {
  return `${from === undefined ? '' : ` from ${moment(from)}`}${to === undefined ? '' : ` to ${moment(to)}`}`;
}

function assignedText({ resources, inserted, superseded }: Written, { input }: ViewTools): string {
  if (inserted + superseded === 0) return 'Unchanged: nothing was written.';
  const asked = input.body as Asked;
  const owners = asked.owners ?? [];
  const total = owners.reduce((sum, { weight = 1 }) => sum + weight, 0);
  const names = owners
    .map(({ deployment, weight = 1 }) => (owners.length === 1 ? deployment : `${deployment} (${weight} of ${total})`))
    .join(', ');
  return `${plural(resources, 'resource')} assigned to ${names}${whenText(asked)}.`;
}

function unassignedText({ resources, superseded }: Written, { input }: ViewTools): string {
  if (superseded === 0) return 'Unchanged: nothing was assigned manually.';
  return `The rules decide again about ${plural(resources, 'resource')}${whenText(input.body as Asked)}.`;
}

/** Of the resources as many as a person looks through before a decision. */
const changesShown = 20;

/** Shows what would change, in owners, months and money, and asks where it is more than what is to come. */
async function askAboutOwners(
  operation: typeof assignResources | typeof unassignResources,
  question: string,
  { surface, input, note }: ViewTools & { note(text: string): void },
): Promise<Question | null> {
  const asked = { ...input, query: { ...input.query, preview: true } };
  const { preview } = (await surface.act(operation, asked)) as Written;
  if (preview === null) return null;
  const seen = { expect: preview.digest };
  if (preview.resources === 0) return { question: null, seen };
  const shown = { ...preview, changes: preview.changes.slice(0, changesShown) };
  note(`${[movedCountText(shown), ...changesText(shown), ...moneyText(shown.money)].join('\n\n')}\n`);
  return { question: isToBeAsked(preview) ? question : null, seen };
}

const next = 'Next: arcadia meter';

export const deploymentNoun: Noun = {
  name: 'deployment',
  summary: "customers' running systems, and what they own",
  description: "Customers' running systems: what usage belongs to, and what a plan covers.",
  views: [
    listView(listDeployments, {
      example: `
$ arcadia deployment list --customer c-17
DEPLOYMENT  NAME       CUSTOMER  STARTS (UTC)          ENDS (UTC)
acme        Acme shop  c-17      2026-05-01 00:00:00Z  -`,
      columns: deploymentColumns,
      empty: 'No deployment yet. Create one: arcadia deployment create --help',
    }),
    actionView(getDeployment, {
      summary: 'one deployment, and the newest of what it owned',
      example: `
$ arcadia deployment show acme
deployment  acme
name        Acme shop
customer    c-17 (Acme Ltd)
starts      2026-05-01 00:00:00Z

ID  KIND     NAME       SHARE  FROM (UTC)            TO (UTC)  RULE
17  droplet  acme-web1      1  2026-05-01 00:00:00Z  -         project`,
      text: deploymentText,
    }),
    listView(listOwnership, {
      example: `
$ arcadia deployment ownership acme --limit 1
ID  KIND     NAME       SHARE  FROM (UTC)            TO (UTC)  RULE
17  droplet  acme-web1      1  2026-05-01 00:00:00Z  -         project`,
      columns: ownedColumns,
      empty: 'No resources are assigned to it. To see what is unassigned: arcadia rule suggest',
    }),
    listView(listOwnedNow, {
      example: `
$ arcadia deployment resources --deployment acme --limit 1
DEPLOYMENT  KIND     NAME       SHARE  SINCE (UTC)
acme        droplet  acme-web1      1  2026-05-01 00:00:00Z`,
      columns: ownedNowColumns,
      empty: 'Nothing is assigned. To see what is unassigned: arcadia rule suggest',
    }),
    createDeploymentView,
    changeDeploymentView,
    destroyDeploymentView,
    actionView(updateDeployment, {
      example: `
$ arcadia deployment set acme --name 'Acme Shop' --starts-at 2026-05-03
acme (Acme Shop): nothing before 2026-05-03 00:00:00Z is metered.
Next: arcadia meter`,
      text: (row) => `${row.deployment} (${row.name}): nothing before ${moment(row.startsAt)} is metered.`,
      notes: () => [next],
    }),
    actionView(endDeployment, {
      details: `Its subscription ends with it, whatever was planned for later, and its customer's drafts say so at once. What it
owns is metered on and not billed: arcadia overview shows what goes on running.`,
      example: `
$ arcadia deployment end acme --at 2026-05-11 --yes
acme has ended at 2026-05-11 00:00:00Z.
Still to be issued to c-17:
  17  2026-05  16.13 USD  draft
Still running, and not billed: 1 resource.
Next: arcadia invoice show 17`,
      async confirm({ surface, input }) {
        const found = await surface.act(getDeployment, { ...noInput, params: input.params });
        const { deployment, customer } = found as AnswerOf<typeof getDeployment>;
        const { endsAt } = input.body as { endsAt: string };
        return `End ${deployment} of ${customer} at ${moment(endsAt)}? It is billed up to then.`;
      },
      text: endedText,
      notes: endedNotes,
    }),
    actionView(reopenDeployment, {
      example: `
$ arcadia deployment reopen acme
acme has no end.
Next: arcadia subscription start --help`,
      text: (_, { input }) => `${String(input.params.deployment)} has no end.`,
      notes: () => ['Next: arcadia subscription start --help'],
    }),
    actionView(assignResources, {
      details: `Several owners share: acme:2 beta:1 gives acme two thirds. Without --from it holds from the beginning
of history, without --to for good; past days that it changes are metered again by the next arcadia meter. What would
change is shown first, with the months and amounts that it touches; where a deployment loses something or a month is
touched that is over, it asks, and --yes answers.`,
      example: `
$ arcadia deployment assign acme:2 beta:1 --resource droplet:3164494 --from 2026-05-01 --yes
1 resource assigned to acme (2 of 3), beta (1 of 3) from 2026-05-01 00:00:00Z.
Next: arcadia meter`,
      help: { owners: 'a deployment, or several with their weights: acme:2 beta:1' },
      fixed: { preview: false },
      confirm: (tools) => askAboutOwners(assignResources, 'Assign?', tools),
      text: assignedText,
      notes: () => [next],
    }),
    actionView(unassignResources, {
      details: 'What would change is shown first, as arcadia deployment assign does.',
      example: `
$ arcadia deployment unassign droplet:3164494 --yes
The rules decide again about 1 resource.
Next: arcadia meter`,
      fixed: { preview: false },
      confirm: (tools) => askAboutOwners(unassignResources, 'Remove the manual assignment?', tools),
      text: unassignedText,
      notes: () => [next],
    }),
  ],
};
