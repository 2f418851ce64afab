import {
  adoptDeployment,
  applyDeclaration,
  endDeclaration,
  exportDeclaration,
  getDeclaration,
  listDeclarations,
  listDeclarationVersions,
} from '../../drift/operations/declarations.ts';
import { type Column, count, fields, moment, plural, table } from '../engine/output.ts';
import { type AnswerOf, actionView, documentView, listView, type Noun, type RowOf } from '../engine/views.ts';
import { declarationImport } from './declaration-import.ts';
import { findingColumns } from './drift-text.ts';

type Declaration = RowOf<typeof listDeclarations>;
type Applied = AnswerOf<typeof applyDeclaration>;
type Shown = AnswerOf<typeof getDeclaration>;

const declarationFile = `A declaration is a document in YAML or JSON; arcadia declaration schema prints its schema:
  declaration: acme-shop
  deployment: acme
  covers: deployment        # what is not declared is a finding too; nothing: it is not
  resources:
    - address: droplet.web
      kind: droplet
      match: { name: web }    # or id: the provider's
      fields:
        size: s-1vcpu-1gb
        tags: { includes: [web] }
  ignore:
    - { fields: [tags], until: '2026-09-01T00:00:00Z', reason: moves with each release }`;

const columns: readonly Column<Declaration>[] = [
  { header: 'declaration', value: (row) => row.declaration },
  { header: 'deployment', value: (row) => row.deployment },
  { header: 'account', value: (row) => row.account },
  { header: 'covers', value: (row) => row.covers },
  { header: 'resources', value: (row) => count(row.resources), align: 'right' },
  { header: 'made from', value: (row) => row.source.replaceAll('_', ' ') },
  { header: 'from (utc)', value: (row) => moment(row.from) },
];

const resourceColumns: readonly Column<Shown['resources'][number]>[] = [
  { header: 'address', value: (row) => row.address },
  { header: 'kind', value: (row) => row.kind },
  { header: 'id or name', value: (row) => row.externalId ?? row.match?.name ?? null },
  { header: 'is', value: (row) => row.boundTo },
  { header: 'fields', value: (row) => Object.keys(row.fields).sort().join(', ') || null },
];

function shownText({ declaration: of, resources, ignore }: Shown): string {
  return [
    fields([
      ['declaration', of.declaration],
      ['deployment', of.deployment],
      ['account', of.account],
      ['covers', of.covers],
      ['made from', of.source.replaceAll('_', ' ')],
      ['since', `${moment(of.from)}, by ${of.recordedBy}`],
    ]),
    table(resources, resourceColumns),
    ...ignore.map(
      ({ fields: names, addresses, reason, until }) =>
        `Ignored: ${[...(names ?? []), ...(addresses ?? [])].join(', ')}${until === undefined ? '' : ` until ${until}`} (${reason})`,
    ),
  ].join('\n\n');
}

function appliedText({ written, resources, findings, shown }: Applied): string {
  const { added, changed, removed, unchanged } = resources;
  const lead = written ? 'Applied' : 'Would be applied';
  const differs = findings === 0 ? 'Nothing differs from it.' : `${plural(findings, 'difference')} from it.`;
  const counts = `${lead}: ${plural(added, 'resource')} added, ${count(changed)} changed, ${count(removed)} removed, ${count(unchanged)} unchanged. ${differs}`;
  return shown.length === 0 ? counts : `${counts}\n\n${table(shown, findingColumns)}`;
}

export const declarationNoun: Noun = {
  name: 'declaration',
  summary: 'what deployments should consist of',
  description: 'What deployments and accounts should consist of: only what is declared is compared.',
  views: [
    listView(listDeclarations, {
      example: `
$ arcadia declaration list
DECLARATION  DEPLOYMENT  ACCOUNT  COVERS      RESOURCES  MADE FROM  FROM (UTC)
acme-shop    acme        -        deployment         14  adopted    2026-05-01 00:00:00Z`,
      columns,
      empty: 'Nothing is declared. Next: arcadia declaration adopt --help',
    }),
    actionView(getDeclaration, {
      example: `
$ arcadia declaration show acme-shop
declaration  acme-shop
deployment   acme
...`,
      text: shownText,
    }),
    listView(listDeclarationVersions, {
      example: `
$ arcadia declaration history acme-shop
DECLARATION  DEPLOYMENT  ACCOUNT  COVERS      RESOURCES  MADE FROM  FROM (UTC)            RECORDED (UTC)        BY
acme-shop    acme        -        deployment         14  adopted    2026-05-01 00:00:00Z  2026-05-01 00:00:00Z  ana`,
      columns: [
        ...columns,
        { header: 'recorded (utc)', value: (row) => moment(row.recordedAt) },
        { header: 'by', value: (row) => row.recordedBy },
      ],
    }),
    documentView(exportDeclaration, {
      example: `
$ arcadia declaration export acme-shop --out acme-shop.yaml
Written to acme-shop.yaml.`,
    }),
    actionView(applyDeclaration, {
      details: `What it said before stays in its history; the same again changes nothing. --dry-run shows what would change
and be found.\n\n${declarationFile}`,
      example: `
$ arcadia declaration apply acme-shop.yaml
Applied: 1 resource added, 0 changed, 0 removed, 13 unchanged. Nothing differs from it.`,
      text: appliedText,
      notes: ({ written, findings }) => (written && findings > 0 ? ['See them: arcadia drift list'] : []),
    }),
    declarationImport(appliedText),
    actionView(adoptDeployment, {
      details: 'Snapshots, backups and workers belong to something else, and are not declared by themselves.',
      example: `
$ arcadia declaration adopt acme
Applied: 14 resources added, 0 changed, 0 removed, 0 unchanged. Nothing differs from it.`,
      text: appliedText,
      notes: ({ declaration }) => [`As a document: arcadia declaration export ${declaration}`],
    }),
    actionView(endDeclaration, {
      example: `
$ arcadia declaration end acme-shop --yes
Ended.`,
      text: () => 'Ended.',
    }),
  ],
};
