import { z } from 'zod';
import { openSecretKey } from '../../inventory/index.ts';
import {
  declareDocument,
  declareList,
  declareOperation,
  type Operation,
  type Role,
  staff,
} from '../../platform/declare/operation.ts';
import { pageOfAll } from '../../platform/declare/pages.ts';
import { documentText } from '../../platform/declare/yaml-file.ts';
import { instantOut, slug } from '../../platform/declare/schemas.ts';
import { blueprintJsonSchema } from '../blueprint.ts';
import { blueprintLengthMax } from '../blueprint-problems.ts';
import * as blueprints from '../blueprints.ts';
import { type BlueprintRow, selectBlueprints, selectVersions, versionsMax } from '../blueprints.store.ts';
import { blueprintInvalid } from '../errors.ts';
import { writeBlueprint } from '../facts.ts';

const deciders: readonly Role[] = ['owner', 'operator'];

const blueprintOut = z
  .object({
    blueprint: slug,
    version: z.int().meta({ description: 'It grows by one with each change' }),
    digest: z.string().meta({ description: 'Of what it says, with its user data' }),
    droplets: z.int().meta({ description: 'Groups of them' }),
    parameters: z.array(z.string()).readonly(),
    plan: z.string().nullable().meta({ description: 'null: none' }),
    hasUserData: z.boolean(),
    appliedAt: instantOut,
    appliedBy: z.string(),
  })
  .meta({ id: 'Blueprint', description: 'What a deployment consists of, in one version' });

function blueprintAnswer({
  document,
  userData,
  blueprintVersionId: _,
  ...row
}: BlueprintRow): z.input<typeof blueprintOut> {
  return {
    ...row,
    droplets: Object.keys(document.droplets).length,
    parameters: Object.keys(document.parameters).sort(),
    plan: document.plan,
    hasUserData: userData !== null,
  };
}

export const listBlueprints = declareList({
  path: '/blueprints',
  name: 'blueprint list',
  operationId: 'listBlueprints',
  tag: 'provisioning',
  summary: 'The blueprints that deployments are created by',
  roles: staff,
  row: blueprintOut,
  search: { in: 'the name' },
  sort: { by: ['blueprint', 'appliedAt'] },
  total: true,
  async run({ db }, page) {
    return pageOfAll((await selectBlueprints(db)).map(blueprintAnswer), page, (row) => [row.blueprint], {
      texts: (row) => [row.blueprint],
      sorts: { appliedAt: (row) => row.appliedAt },
    });
  },
});

const named = z.object({ blueprint: slug });
const ofVersion = z.object({
  version: z.int().min(1).max(2_147_483_647).optional().meta({ description: 'The newest, unless given' }),
});

export const getBlueprint = declareOperation({
  method: 'GET',
  path: '/blueprints/:blueprint',
  name: 'blueprint show',
  operationId: 'getBlueprint',
  tag: 'provisioning',
  summary: 'A blueprint, whole',
  description: 'User data is kept sealed and shown to nobody: a droplet has its name alone.',
  roles: staff,
  params: named,
  query: ofVersion,
  response: blueprintOut.extend({
    document: z.record(z.string(), z.unknown()).meta({ description: 'What its file says' }),
    history: z
      .array(z.object({ version: z.int(), appliedAt: instantOut, appliedBy: z.string() }))
      .readonly()
      .meta({ description: `Its versions, the newest first, ${versionsMax} at most` }),
  }),
  async run({ db, params: { blueprint }, query }) {
    const row = await blueprints.getBlueprint(db, blueprint, query.version);
    return { ...blueprintAnswer(row), document: { ...row.document }, history: await selectVersions(db, blueprint) };
  },
});

const files = z
  .array(
    z.strictObject({
      name: z.string().min(1).max(500),
      text: z.string().max(blueprintLengthMax).meta({ contentMediaType: 'text/plain' }),
    }),
  )
  .min(1)
  .max(60)
  .meta({
    description: 'The blueprint first, then the files of user data that it names',
    examples: [
      [
        {
          name: 'shop.yaml',
          text: 'blueprint: shop\nschema: 1\nregion: fra1\ndroplets:\n  web: { count: 2, size: s-2vcpu-4gb, image: ubuntu-24-04-x64 }\n',
        },
      ],
    ],
  });

export const applyBlueprint = declareOperation({
  method: 'POST',
  path: '/blueprints',
  name: 'blueprint apply',
  operationId: 'applyBlueprint',
  tag: 'provisioning',
  summary: 'Apply a blueprint of a file',
  description:
    'One that says something else than its newest version is a new version. Nothing is created by it: deployments are, by proposals.',
  command: { positional: ['files'], files: ['files'] },
  roles: deciders,
  refuses: [blueprintInvalid],
  query: z.object({
    dryRun: z.boolean().default(false).meta({ description: 'Write nothing, and answer which version it would be' }),
  }),
  body: z.strictObject({ files }),
  response: z.object({
    blueprint: slug,
    version: z.int(),
    changed: z.boolean().meta({ description: 'false: it said so already' }),
    written: z.boolean().meta({ description: 'false: of a dry run' }),
  }),
  prepare: async ({ body, signal, db, config }) => ({
    read: await blueprints.readBlueprintFiles(body.files, signal),
    secretKey: await openSecretKey(db, config),
  }),
  async run({ db, query, now, principal }, { read, secretKey }) {
    if (query.dryRun) return { ...(await blueprints.previewBlueprint(db, read, secretKey)), written: false };
    const { row, changed } = await db
      .transaction()
      .execute((trx) => blueprints.applyBlueprint(trx, read, { secretKey, by: principal.subject, now }));
    return { blueprint: row.blueprint, version: row.version, changed, written: true };
  },
});

export const exportBlueprint = declareDocument({
  path: '/blueprints/:blueprint/export',
  name: 'blueprint export',
  operationId: 'exportBlueprint',
  tag: 'provisioning',
  summary: 'A blueprint as the file that it was applied from',
  description:
    'Applied again, with the files of its user data, it changes nothing. Those are kept sealed, and not given out.',
  roles: staff,
  params: named,
  query: ofVersion,
  produces: ['application/yaml'],
  async run({ db, params, query }) {
    const { document } = await blueprints.getBlueprint(db, params.blueprint, query.version);
    return {
      type: 'application/yaml',
      body: documentText(document),
      filename: `${params.blueprint}.yaml`,
    };
  },
});

export const writeBlueprintFrom = declareOperation({
  method: 'POST',
  path: '/blueprints/from',
  name: 'blueprint from',
  operationId: 'writeBlueprintFrom',
  tag: 'provisioning',
  summary: 'Write a blueprint of what a deployment has now',
  description: 'The provider is asked for what there is. Proposed against the same deployment it changes nothing.',
  command: { positional: ['deployment'] },
  roles: staff,
  asks: true,
  asksProvider: true,
  body: z.strictObject({ deployment: slug }),
  response: z.object({
    text: z.string().meta({ description: 'The file, in YAML' }),
    leftOut: z.array(z.string()).readonly().meta({ description: 'What it does not say of what is there' }),
  }),
  async run({ db, config, body: { deployment }, now, signal }) {
    const looking = { db, secretKey: await openSecretKey(db, config), signal };
    const { document, leftOut } = await writeBlueprint(looking, { slug: deployment, blueprint: deployment }, now);
    return { text: documentText(document), leftOut };
  },
});

const getBlueprintSchema = declareOperation({
  method: 'GET',
  path: '/blueprint-schema',
  name: 'blueprint schema',
  operationId: 'getBlueprintSchema',
  tag: 'provisioning',
  summary: 'The JSON schema of a blueprint',
  roles: staff,
  response: z.record(z.string(), z.unknown()),
  run: async () => ({ ...blueprintJsonSchema() }),
});

export const blueprintOperations: readonly Operation[] = [
  listBlueprints,
  getBlueprint,
  applyBlueprint,
  exportBlueprint,
  writeBlueprintFrom,
  getBlueprintSchema,
];
