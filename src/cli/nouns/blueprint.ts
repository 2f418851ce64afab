import {
  applyBlueprint,
  exportBlueprint,
  getBlueprint,
  listBlueprints,
  writeBlueprintFrom,
} from '../../provisioning/operations/blueprints.ts';
import { documentText } from '../../platform/declare/yaml-file.ts';
import { type Column, count, fields, moment, table } from '../engine/output.ts';
import { type AnswerOf, actionView, documentView, listView, type Noun, type RowOf } from '../engine/views.ts';

type Shown = AnswerOf<typeof getBlueprint>;

const columns: readonly Column<RowOf<typeof listBlueprints>>[] = [
  { header: 'blueprint', value: (row) => row.blueprint },
  { header: 'version', value: (row) => count(row.version), align: 'right' },
  { header: 'plan', value: (row) => row.plan },
  { header: 'parameters', value: (row) => row.parameters.join(', ') || null },
  { header: 'applied (utc)', value: (row) => moment(row.appliedAt) },
  { header: 'by', value: (row) => row.appliedBy },
];

const versionColumns: readonly Column<Shown['history'][number]>[] = [
  { header: 'version', value: (row) => count(row.version), align: 'right' },
  { header: 'applied (utc)', value: (row) => moment(row.appliedAt) },
  { header: 'by', value: (row) => row.appliedBy },
];

function shownText({ document, history, ...row }: Shown): string {
  return [
    fields([
      ['blueprint', row.blueprint],
      ['version', `${row.version}, applied ${moment(row.appliedAt)} by ${row.appliedBy}`],
      ['digest', row.digest],
    ]),
    documentText(document).trimEnd(),
    ...(history.length < 2 ? [] : [table(history, versionColumns)]),
  ].join('\n\n');
}

const blueprintFile = `A blueprint is a document in YAML; arcadia blueprint schema prints its schema:
  blueprint: shop
  schema: 1
  parameters: { domain: { type: domain } }
  region: fra1
  droplets:
    web: { count: 2, size: s-2vcpu-4gb, image: ubuntu-24-04-x64, user_data: web.yaml }
  dns: { zone: '\${domain}', records: [{ A: '@', to: web-1 }] }
  plan: studio
Files of user data that it names are given after it.`;

export const blueprintNoun: Noun = {
  name: 'blueprint',
  summary: 'what deployments are created by',
  description: 'What a deployment consists of, with parameters. Deployments are created by proposals of it.',
  views: [
    listView(listBlueprints, {
      example: `
$ arcadia blueprint list
BLUEPRINT  VERSION  PLAN    PARAMETERS    APPLIED (UTC)         BY
shop             2  studio  domain, size  2026-06-01 09:00:00Z  ana`,
      columns,
      empty: 'No blueprint yet. Write one of what a deployment has: arcadia blueprint from --help',
    }),
    actionView(getBlueprint, {
      example: `
$ arcadia blueprint show shop
blueprint  shop
version    2, applied 2026-06-01 09:00:00Z by ana
...`,
      text: shownText,
    }),
    actionView(applyBlueprint, {
      details: blueprintFile,
      help: { files: 'the blueprint, then the files of user data that it names' },
      example: `
$ arcadia blueprint apply shop.yaml web.yaml
Applied: shop is in version 2.
Next: arcadia deployment create --help`,
      text({ blueprint, version, changed, written }) {
        if (!changed) return `Unchanged: ${blueprint} is in version ${version}.`;
        return written
          ? `Applied: ${blueprint} is in version ${version}.`
          : `Would be applied: ${blueprint} in version ${version}.`;
      },
      notes: () => ['Next: arcadia deployment create --help'],
    }),
    documentView(exportBlueprint, {
      example: `
$ arcadia blueprint export shop --out shop.yaml
Written to shop.yaml.`,
    }),
    actionView(writeBlueprintFrom, {
      details: 'What it cannot say of what is there stands in comments at its head.',
      example: `
$ arcadia blueprint from acme-shop > acme-shop.yaml
Next: arcadia blueprint apply --help`,
      text: ({ text, leftOut }) => `${leftOut.map((line) => `# ${line}\n`).join('')}${text.trimEnd()}`,
      notes: () => ['Next: arcadia blueprint apply --help'],
    }),
  ],
};
