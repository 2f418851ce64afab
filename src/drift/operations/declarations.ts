import { z } from 'zod';
import {
  declareDocument,
  declareList,
  declareOperation,
  type Operation,
  staff,
} from '../../platform/declare/operation.ts';
import { pageOfAll } from '../../platform/declare/pages.ts';
import { instantOut, slug } from '../../platform/declare/schemas.ts';
import { listText } from '../../platform/declare/yaml-file.ts';
import { declarationJsonSchema, declarationSchema } from '../declaration.ts';
import * as declarations from '../declarations.ts';
import { declarationMisplaced, declarationOfOtherState, declarationOlder, declarationShrinks } from '../errors.ts';
import { finding, findingAnswer } from './finding-out.ts';

const declaration = z
  .object({
    declaration: slug,
    deployment: slug.nullable(),
    account: slug.nullable(),
    covers: z
      .string()
      .meta({ examples: ['deployment'], description: 'Where a resource that is not declared is a finding' }),
    resources: z.int(),
    source: z.string().meta({ examples: ['written'], description: 'What it was made from' }),
    serial: z.int().nullable().meta({ description: 'Of a Terraform state' }),
    lineage: z.string().nullable().meta({ description: 'Of a Terraform state' }),
    from: instantOut.nullable().meta({ description: 'Since when it says this' }),
    to: instantOut.nullable().meta({ description: 'null: it holds' }),
    recordedAt: instantOut,
    recordedBy: z.string(),
    supersededAt: instantOut
      .nullable()
      .meta({ description: 'When something else took its place; null: it is believed' }),
  })
  .meta({ id: 'Declaration', description: 'What a deployment or an account should consist of' });

function declarationAnswer({
  origin,
  declarationId: _,
  ignore: __,
  ...row
}: declarations.DeclarationRow): z.input<typeof declaration> {
  return { ...row, source: origin.source, serial: origin.serial, lineage: origin.lineage };
}

export const listDeclarations = declareList({
  path: '/declarations',
  name: 'declaration list',
  operationId: 'listDeclarations',
  tag: 'drift',
  summary: 'What is declared now',
  roles: staff,
  row: declaration,
  search: { in: 'the name, the deployment and the account' },
  sort: { by: ['declaration', 'deployment', 'recordedAt'] },
  total: true,
  async run({ db }, page) {
    return pageOfAll(
      (await declarations.listDeclarations(db)).map(declarationAnswer),
      page,
      (row) => [row.declaration],
      {
        texts: (row) => [row.declaration, row.deployment, row.account],
        sorts: { deployment: (row) => row.deployment, recordedAt: (row) => row.recordedAt },
      },
    );
  },
});

const named = z.object({ declaration: slug });

const declaredOut = z.object({
  address: z.string().meta({ examples: ['droplet.web-1'] }),
  kind: z.string(),
  account: slug.nullable().meta({ description: 'null: any' }),
  externalId: z.string().nullable().meta({ description: "The provider's id; null: it is found by `match`" }),
  match: z.object({ name: z.string(), region: z.string().optional() }).nullable(),
  count: z.object({ min: z.number().optional(), max: z.number().optional() }).nullable(),
  fields: z.record(z.string(), z.unknown()),
  boundTo: z.string().nullable().meta({ description: "The provider's id of what it is; null: nothing, or several" }),
});

export const getDeclaration = declareOperation({
  method: 'GET',
  path: '/declarations/:declaration',
  name: 'declaration show',
  operationId: 'getDeclaration',
  tag: 'drift',
  summary: 'One declaration, with what each of its resources is bound to',
  roles: staff,
  params: named,
  response: z.object({
    declaration,
    resources: z.array(declaredOut).meta({ description: 'By address' }),
    ignore: z.array(
      z.object({
        fields: z.array(z.string()).optional(),
        addresses: z.array(z.string()).optional(),
        reason: z.string(),
        until: z.string().optional(),
      }),
    ),
  }),
  async run({ db, params }) {
    const { head, resources } = await declarations.getDeclaration(db, params.declaration);
    const shown = resources.map(({ id: externalId, ...rest }) => ({ ...rest, externalId }));
    return { declaration: declarationAnswer(head), resources: shown, ignore: [...head.ignore] };
  },
});

export const listDeclarationVersions = declareList({
  path: '/declarations/:declaration/versions',
  name: 'declaration history',
  operationId: 'listDeclarationVersions',
  tag: 'drift',
  summary: 'All that a declaration said, the newest first',
  roles: staff,
  params: named,
  row: declaration,
  search: { none: 'one declaration' },
  sort: { none: 'the newest first' },
  total: true,
  async run({ db, params }, page) {
    const rows = await declarations.declarationHistory(db, params.declaration);
    const places = new Map(rows.map((row, index) => [row, index]));
    const { items, ...rest } = pageOfAll(rows, page, (row) => [places.get(row) ?? 0]);
    return { items: items.map(declarationAnswer), ...rest };
  },
});

export const exportDeclaration = declareDocument({
  path: '/declarations/:declaration/export',
  name: 'declaration export',
  operationId: 'exportDeclaration',
  tag: 'drift',
  summary: 'A declaration as the document that it was made from',
  description: 'Applied again it changes nothing.',
  roles: staff,
  params: named,
  produces: ['application/yaml'],
  async run({ db, params }) {
    const { resources, ignore = [], ...head } = await declarations.declarationDocument(db, params.declaration);
    const lines = Object.entries(head).map(
      ([name, value]) => `${name}: ${JSON.stringify(value)}
`,
    );
    const lists = [listText('resources', resources), ...(ignore.length === 0 ? [] : [listText('ignore', ignore)])];
    const body = [...lines, ...lists].join('');
    return { type: 'application/yaml', body, filename: `${params.declaration}.yaml` };
  },
});

const getDeclarationSchema = declareOperation({
  method: 'GET',
  path: '/declaration-schema',
  name: 'declaration schema',
  operationId: 'getDeclarationSchema',
  tag: 'drift',
  summary: 'The JSON schema of a declaration',
  roles: staff,
  response: z.record(z.string(), z.unknown()),
  run: async () => ({ ...declarationJsonSchema() }),
});

const dryRun = z
  .boolean()
  .default(false)
  .meta({ description: 'Write nothing, and answer what would change and be found' });

const applied = z.object({
  declaration: slug,
  written: z.boolean().meta({ description: 'false: of a dry run' }),
  changed: z.boolean().meta({ description: 'false: it says what it said before' }),
  resources: z.object({ added: z.int(), changed: z.int(), removed: z.int(), unchanged: z.int() }),
  findings: z.int().meta({ description: 'What differs from it now, those that are yet to settle among them' }),
  shown: z.array(finding).meta({ description: 'Of a dry run the first of them, 100 at most' }),
});

function appliedAnswer({ shown, ...rest }: declarations.AppliedDeclaration, written: boolean): z.input<typeof applied> {
  return { ...rest, written, shown: shown.map(findingAnswer) };
}

export const applyDeclaration = declareOperation({
  method: 'POST',
  path: '/declarations/apply',
  name: 'declaration apply',
  operationId: 'applyDeclaration',
  tag: 'drift',
  summary: 'Apply a declaration, whole',
  description: `The document is all that the declaration says from now on; what it said stays in its history. Applying the
same again changes nothing. What was read from an older state of the same lineage, or would drop more than half, is
refused unless it is forced.`,
  command: { file: true },
  roles: ['owner', 'operator'],
  refuses: [declarationShrinks, declarationOlder, declarationOfOtherState, declarationMisplaced],
  query: z.object({
    dryRun,
    force: z
      .boolean()
      .default(false)
      .meta({ description: 'Also where it drops more than half, or is of an older state' }),
  }),
  body: declarationSchema.meta({
    examples: [
      {
        declaration: 'acme-shop',
        deployment: 'acme',
        covers: 'nothing',
        resources: [
          {
            address: 'droplet.web',
            kind: 'droplet',
            match: { name: 'web' },
            fields: { size: 's-1vcpu-1gb', tags: { includes: ['web'] } },
          },
        ],
        ignore: [{ fields: ['tags'], reason: 'moves with each release' }],
      },
    ],
  }),
  response: applied,
  // A dry run rolls back a transaction of its own.
  prepare: async ({ db, query, body, now, principal }) =>
    query.dryRun ? declarations.previewDeclaration(db, body, { by: principal.subject, now, force: query.force }) : null,
  async run({ db, query, body, now, principal }, preview) {
    if (preview !== null) return appliedAnswer(preview, false);
    const options = { by: principal.subject, now, force: query.force };
    return appliedAnswer(await declarations.applyDeclaration(db, body, options), true);
  },
});

export const adoptDeployment = declareOperation({
  method: 'POST',
  path: '/deployments/:deployment/adopt',
  name: 'declaration adopt',
  operationId: 'adoptDeployment',
  tag: 'drift',
  summary: 'Declare what a deployment has now, all of it',
  description:
    'Right after, nothing of it differs. What belongs to something else, as a snapshot or a worker does, is not declared.',
  roles: ['owner', 'operator'],
  params: z.object({ deployment: slug }),
  query: z.object({ dryRun }),
  body: z.strictObject({
    declaration: slug
      .optional()
      .meta({ description: "Its name; the deployment's unless given", examples: ['acme-shop'] }),
  }),
  response: applied,
  prepare: async ({ db, params, query, body, now, principal }) =>
    query.dryRun
      ? declarations.adoptDeployment(db, params.deployment, body.declaration ?? params.deployment, {
          by: principal.subject,
          now,
          dryRun: true,
        })
      : null,
  async run({ db, params, body, now, principal }, preview) {
    if (preview !== null) return appliedAnswer(preview, false);
    const options = { by: principal.subject, now };
    const name = body.declaration ?? params.deployment;
    return appliedAnswer(await declarations.adoptDeployment(db, params.deployment, name, options), true);
  },
});

export const endDeclaration = declareOperation({
  method: 'POST',
  path: '/declarations/:declaration/end',
  name: 'declaration end',
  operationId: 'endDeclaration',
  tag: 'drift',
  summary: 'End a declaration: from now on nothing is compared with it',
  description: 'What it said stays in its history, and what it found is resolved.',
  command: { confirm: 'End declaration {declaration}?' },
  roles: ['owner', 'operator'],
  params: named,
  response: named,
  async run({ db, params, principal, now }) {
    await declarations.endDeclaration(db, params.declaration, principal.subject, now);
    return params;
  },
});

export const declarationOperations: readonly Operation[] = [
  listDeclarations,
  getDeclaration,
  listDeclarationVersions,
  exportDeclaration,
  getDeclarationSchema,
  applyDeclaration,
  adoptDeployment,
  endDeclaration,
];
