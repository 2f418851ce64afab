import { listUnattributedResources } from '../../deployments/operations/unattributed.ts';
import { listResources } from '../../deployments/operations/resources.ts';
import { getResource, getResourceSettings } from '../../inventory/operations/resources.ts';
import { type Column, fields, moment, table } from '../engine/output.ts';
import { type AnswerOf, actionView, listView, type Noun, type RowOf } from '../engine/views.ts';

type Resource = RowOf<typeof listResources>;
type Unassigned = RowOf<typeof listUnattributedResources>;
type History = AnswerOf<typeof getResource>;
type Settings = AnswerOf<typeof getResourceSettings>;
type Phase = Settings['phases'][number];

const resourceColumns: readonly Column<Resource>[] = [
  { header: 'id', value: (row) => String(row.resourceId), align: 'right' },
  { header: 'account', value: (row) => row.account },
  { header: 'kind', value: (row) => row.kind },
  { header: 'name', value: (row) => row.name },
  { header: 'status', value: (row) => row.status },
  { header: 'since (utc)', value: (row) => moment(row.since) },
  { header: "provider's id", value: (row) => row.externalId },
];

const unassignedColumns: readonly Column<Unassigned>[] = [
  { header: 'id', value: (row) => String(row.resourceId), align: 'right' },
  { header: 'account', value: (row) => row.account },
  { header: 'kind', value: (row) => row.kind },
  { header: 'name', value: (row) => row.name },
  { header: 'tags', value: (row) => (row.tags.length === 0 ? null : row.tags.join(', ')) },
  { header: 'since (utc)', value: (row) => moment(row.since) },
];

const stateColumns: readonly Column<History['states'][number]>[] = [
  { header: 'from (utc)', value: (row) => moment(row.from) },
  { header: 'to (utc)', value: (row) => moment(row.to) },
  { header: 'status', value: (row) => row.status },
  { header: 'name', value: (row) => row.name },
  { header: 'source', value: (row) => row.source },
  { header: 'tags', value: (row) => (row.tags.length === 0 ? null : row.tags.join(', ')) },
  { header: 'attributes', value: (row) => describeAttributes(row.attributes) },
];

const membershipColumns: readonly Column<History['memberships'][number]>[] = [
  { header: 'from (utc)', value: (row) => moment(row.from) },
  { header: 'to (utc)', value: (row) => moment(row.to) },
  { header: 'project', value: (row) => row.project },
  { header: 'source', value: (row) => row.source },
];

function describeAttributes(attributes: Readonly<Record<string, unknown>>): string {
  return Object.entries(attributes)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}

function historyText(found: History): string {
  const identity = fields([
    ['id', String(found.resourceId)],
    ['kind', found.kind],
    ['account', found.account],
    ["provider's id", found.externalId],
    ['urn', found.urn],
    ['created', moment(found.createdAt)],
    ['first seen', moment(found.firstSeenAt)],
  ]);
  const memberships =
    found.memberships.length === 0 ? [] : [`Projects that held it:\n${table(found.memberships, membershipColumns)}`];
  return [identity, table(found.states, stateColumns), ...memberships].join('\n\n');
}

interface Setting {
  readonly key: string;
  readonly value: string;
}

const settingColumns: readonly Column<Setting>[] = [
  { header: 'setting', value: (row) => row.key },
  { header: 'value', value: (row) => row.value },
];

interface SettingChange extends Setting {
  readonly before: string | null;
  readonly phase: Phase;
}

const settingChangeColumns: readonly Column<SettingChange>[] = [
  { header: 'since (utc)', value: (row) => moment(row.phase.from) },
  { header: 'setting', value: (row) => row.key },
  { header: 'before', value: (row) => row.before },
  { header: 'after', value: (row) => row.value },
  { header: 'source', value: (row) => row.phase.source },
];

function shown(value: unknown): string | null {
  if (value === undefined) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** What each phase has otherwise than the one before it, if that led up to it. */
function settingChanges(phases: readonly Phase[]): SettingChange[] {
  return phases.flatMap((phase, index) => {
    const before = phases[index - 1];
    if (before === undefined || before.to !== phase.from) return [];
    const keys = new Set([...Object.keys(before.settings), ...Object.keys(phase.settings)]);
    return [...keys].sort().flatMap((key) => {
      const [was, is] = [shown(before.settings[key]), shown(phase.settings[key])];
      return was === is ? [] : [{ key, before: was, value: is ?? '', phase }];
    });
  });
}

function settingsText({ phases, ...found }: Settings): string {
  const latest = phases.at(-1);
  if (latest === undefined) return 'Nothing is known of how it was configured.';
  const identity = fields([
    ['id', String(found.resourceId)],
    ['kind', found.kind],
    ['account', found.account],
    ["provider's id", found.externalId],
    ['since', moment(latest.from)],
    ['until', moment(latest.to)],
    ['not seen', latest.hidden.length === 0 ? null : latest.hidden.join(', ')],
  ]);
  const rows = Object.entries(latest.settings).map(([key, value]) => ({ key, value: shown(value) ?? '' }));
  const changes = settingChanges(phases);
  return [
    identity,
    table(
      rows.sort((a, b) => (a.key < b.key ? -1 : 1)),
      settingColumns,
    ),
    ...(changes.length === 0 ? [] : [`What changed:\n${table(changes, settingChangeColumns)}`]),
  ].join('\n\n');
}

export const resourceNoun: Noun = {
  name: 'resource',
  summary: 'what the provider lists, and its history',
  views: [
    listView(listResources, {
      summary: 'what lives, or lived at another moment',
      example: `
$ arcadia resource list --kind droplet --limit 2
ID  ACCOUNT  KIND     NAME      STATUS  SINCE (UTC)           PROVIDER'S ID
17  acme     droplet  acme-web  active  2026-05-01 00:00:00Z  3164494
18  acme     droplet  acme-db   off     2026-05-03 04:10:00Z  3164495`,
      columns: resourceColumns,
      empty: 'Nothing was alive then. Read the accounts: arcadia sync',
    }),
    actionView(getResource, {
      summary: 'one resource: what it was when, and how we know',
      example: `
$ arcadia resource show droplet:3164494
id         17
kind       droplet
account    acme
created    2026-05-01 00:00:00Z

FROM (UTC)            TO (UTC)              STATUS  NAME      ATTRIBUTES                SOURCE
2026-05-01 00:00:00Z  2026-05-03 04:10:00Z  active  acme-web  size_slug=s-1vcpu-1gb     listing
2026-05-03 04:10:00Z  -                     off     acme-web  size_slug=s-1vcpu-1gb     action`,
      text: historyText,
    }),
    actionView(getResourceSettings, {
      summary: 'how one resource is configured, and what changed when',
      example: `
$ arcadia resource settings droplet:3164494
id             17
kind           droplet
account        acme
provider's id  3164494
since          2026-05-03 04:10:00Z

SETTING  VALUE
backups  false
size     s-1vcpu-1gb

What changed:
SINCE (UTC)           SETTING  BEFORE  AFTER  SOURCE
2026-05-03 04:10:00Z  backups  true    false  action`,
      text: settingsText,
    }),
    listView(listUnattributedResources, {
      example: `
$ arcadia resource unassigned --limit 1
ID  ACCOUNT  KIND     NAME      TAGS  SINCE (UTC)
17  acme     droplet  acme-web  -     2026-05-01 00:00:00Z`,
      columns: unassignedColumns,
      empty: 'Nothing is unassigned.',
      notes: ({ items }) => ((items as unknown[]).length === 0 ? [] : ['To assign them: arcadia rule suggest']),
    }),
  ],
};
