import type { Command } from 'commander';
import type { Deployment, Owned } from '../../deployments/deployments.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { defaultLimit, instant, several, whole } from '../engine/arguments.ts';
import { addCommand, withSession } from '../engine/command.ts';
import { operator } from '../engine/operator.ts';
import { type Column, count, fields, moment, plural, table } from '../engine/output.ts';

export function addDeploymentCommands(program: Command): void {
  const deployment = program
    .command('deployment')
    .summary("customers' running systems, and what they own")
    .description("Customers' running systems: what usage belongs to, and what a plan covers.");
  addList(deployment);
  addShow(deployment);
  addCreate(deployment);
  addAssign(deployment);
}

function addList(deployment: Command): void {
  addCommand(deployment, 'list', {
    summary: 'all deployments',
    example: `
$ arcadia deployment list --customer c-17
DEPLOYMENT  NAME       CUSTOMER  STARTS (UTC)
acme        Acme shop  c-17      2026-05-01 00:00:00Z`,
  })
    .option('--customer <id>', "only that customer's, by its external id")
    .action(
      withSession(async (session, options: { customer?: string }) => {
        const { listDeployments } = await import('../../deployments/deployments.ts');
        const { db } = await session.database();
        const rows = await listDeployments(db, options.customer === undefined ? {} : { customer: options.customer });
        if (session.output.json) return session.output.value(rows.map(deploymentAnswer));
        await session.output.list(
          rows,
          deploymentColumns,
          'No deployment yet. Make one: arcadia deployment create --help',
        );
      }),
    );
}

function addShow(deployment: Command): void {
  addCommand(deployment, 'show', {
    summary: 'a deployment, and what it owned when, by which rule',
    example: `
$ arcadia deployment show acme
deployment  acme
name        Acme shop
customer    c-17 (Acme Ltd)
starts      2026-05-01 00:00:00Z

ID  KIND     NAME       SHARE  FROM (UTC)            TO (UTC)  RULE
17  droplet  acme-web1  1      2026-05-01 00:00:00Z  -         project`,
  })
    .argument('<deployment>', 'its slug')
    .option('--limit <n>', 'lines at most', whole('--limit', 1, 1_000_000), defaultLimit)
    .action(
      withSession(async (session, slug: string, options: { limit: number }) => {
        const { getDeployment } = await import('../../deployments/deployments.ts');
        const { bringAttributionsUpToDate } = await import('../../deployments/attribution.ts');
        const { db, clock } = await session.database();
        await bringAttributionsUpToDate(db, await clock.now());
        const { deployment: found, owned, ownedTotal } = await getDeployment(db, slug, options.limit);
        if (session.output.json) {
          return session.output.value({ ...deploymentAnswer(found), owned, ownedTotal });
        }
        const { customerExternalId: id, customerName } = found;
        await session.output.text(
          fields([
            ['deployment', found.slug],
            ['name', found.name],
            ['customer', id === null ? null : `${id} (${customerName})`],
            ['starts', moment(found.startsAt)],
          ]),
        );
        if (owned.length === 0) {
          session.output.note('It owns nothing. See what has no owner: arcadia rule suggest');
          return;
        }
        await session.output.text(`\n${table(owned, ownedColumns)}`);
        if (ownedTotal > owned.length)
          session.output.note(`The newest ${count(owned.length)} of ${count(ownedTotal)}; more with --limit`);
      }),
    );
}

function addCreate(deployment: Command): void {
  addCommand(deployment, 'create', {
    summary: "make a customer's deployment",
    example: `
$ arcadia deployment create acme --customer c-17 --name 'Acme shop' --starts 2026-05-01
Made acme of c-17. Nothing before 2026-05-01 00:00:00Z is metered for it.
Next: give it what it owns, with a rule (arcadia rule --help) or by hand (arcadia deployment assign --help)`,
  })
    .argument('<slug>', 'lower-case letters, digits and hyphens; the tag deployment:<slug> names it too')
    .requiredOption('--customer <id>', "the customer's external id")
    .option('--name <name>', 'by default the slug')
    .option('--starts <moment>', 'nothing before it is metered for it; by default now', instant('--starts'))
    .action(
      withSession(
        async (session, slug: string, options: { customer: string; name?: string; starts?: Temporal.Instant }) => {
          const { createDeployment } = await import('../../deployments/deployments.ts');
          const { db, clock } = await session.database();
          const now = await clock.now();
          const made = await createDeployment(
            db,
            { slug, name: options.name ?? slug, customer: options.customer, startsAt: options.starts ?? now },
            now,
          );
          if (session.output.json) return session.output.value(deploymentAnswer(made));
          await session.output.text(
            `Made ${made.slug} of ${made.customerExternalId}. Nothing before ${moment(made.startsAt)} is metered for it.`,
          );
          session.output.note(
            'Next: give it what it owns, with a rule (arcadia rule --help) or by hand (arcadia deployment assign --help)',
          );
        },
      ),
    );
}

interface AssignOptions {
  readonly resource: readonly string[];
  readonly from?: Temporal.Instant;
  readonly to?: Temporal.Instant;
  readonly remove?: boolean;
}

function addAssign(deployment: Command): void {
  addCommand(deployment, 'assign', {
    summary: 'decide by hand who owns resources, before any rule',
    details: `Several owners share: acme:2 beta:1 gives acme two thirds. Without --from it holds from the beginning
of history, without --to for good; past days that it changes are metered again by the next arcadia meter.`,
    example: `
$ arcadia deployment assign acme:2 beta:1 --resource droplet:3164494 --from 2026-05-01
1 resource belongs to acme (2 of 3), beta (1 of 3) from 2026-05-01 00:00:00Z.
Next: arcadia meter`,
  })
    .argument('[owner...]', 'a deployment, or several with their weights: acme:2 beta:1')
    .requiredOption('--resource <ref>', 'an id of arcadia resource list, or kind:external-id; can be repeated', several)
    .option('--from <moment>', 'when it begins', instant('--from'))
    .option('--to <moment>', 'when it ends: not included', instant('--to'))
    .option('--remove', 'take the assignment back: the rules decide again')
    .action(
      withSession(async (session, owners: string[], options: AssignOptions) => {
        const shares = owners.map(parseOwner);
        if ((options.remove === true) === shares.length > 0) {
          throw new ArcadiaError('invalid_argument', 'Give the owner, or --remove and no owner.');
        }
        const { assign, unassign } = await import('../../deployments/assignments.ts');
        const { bringAttributionsUpToDate } = await import('../../deployments/attribution.ts');
        const { resolveResources } = await import('./resource-ref.ts');
        const { db, clock } = await session.database();
        const now = await clock.now();
        const range = {
          resourceIds: await resolveResources(db, options.resource),
          from: options.from ?? null,
          to: options.to ?? null,
        };
        const written =
          options.remove === true
            ? await unassign(db, range, operator(), now)
            : await assign(db, { ...range, owners: shares }, operator(), now);
        await bringAttributionsUpToDate(db, now);
        if (session.output.json) return session.output.value({ resources: range.resourceIds.length, ...written });
        const total = shares.reduce((sum, share) => sum + share.weight, 0);
        const names = shares
          .map(({ slug, weight }) => (shares.length === 1 ? slug : `${slug} (${weight} of ${total})`))
          .join(', ');
        const when = `${options.from ? ` from ${moment(options.from)}` : ''}${options.to ? ` to ${moment(options.to)}` : ''}`;
        const what = plural(range.resourceIds.length, 'resource');
        await session.output.text(
          written.inserted + written.superseded === 0
            ? 'It was so already; nothing was written.'
            : options.remove === true
              ? `The rules decide again about ${what}${when}.`
              : `${what} assigned to ${names}${when}.`,
        );
        session.output.note('Next: arcadia meter');
      }),
    );
}

function parseOwner(text: string): { slug: string; weight: number } {
  const [, slug = '', weight = '1'] = /^([^:]+)(?::(.*))?$/.exec(text) ?? [];
  return { slug, weight: whole(`The weight of ${slug},`, 1)(weight) };
}

const deploymentColumns: readonly Column<Deployment>[] = [
  { header: 'deployment', value: (row) => row.slug },
  { header: 'name', value: (row) => row.name },
  { header: 'customer', value: (row) => row.customerExternalId },
  { header: 'starts (utc)', value: (row) => moment(row.startsAt) },
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

function deploymentAnswer(row: Deployment) {
  const { slug, name, startsAt, customerExternalId: customer, customerName, currency } = row;
  return { deployment: slug, name, customer, customerName, currency, startsAt };
}
