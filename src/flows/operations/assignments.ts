import { z } from 'zod';
import { assign, attributeJob, expectPreview, movedOut, unassign } from '../../deployments/index.ts';
import { getResource } from '../../inventory/index.ts';
import { nestedDatabase } from '../../platform/database/nested-database.ts';
import type { Queryable, UnitOfWork } from '../../platform/database/database.ts';
import { declareOperation, type Operation, type OperationCall } from '../../platform/declare/operation.ts';
import { instant, slug } from '../../platform/declare/schemas.ts';
import * as flow from '../preview-ownership.ts';
import { movedMoney } from './moved-money.ts';

const resourceRefs = z
  .array(z.union([z.int().min(1), z.string().min(1).max(300)]))
  .min(1)
  .max(1_000)
  .meta({ description: "Our ids, URNs, or `kind:provider's-id`", examples: [['droplet:3164494']] });

const interval = {
  from: instant.optional().meta({ description: 'The beginning of history unless given' }),
  to: instant.optional().meta({ description: 'Not included; no end unless given' }),
};

const query = z.object({
  preview: z.boolean().default(false).meta({ description: 'Write nothing, and answer what it would change' }),
  expect: expectPreview,
});

const assigned = z.object({
  written: z.boolean().meta({ description: 'false: of a preview' }),
  resources: z.int(),
  inserted: z.int().meta({ description: 'Intervals that were written' }),
  superseded: z.int().meta({ description: 'Intervals that no longer hold' }),
  preview: z
    .object({ ...movedOut, money: movedMoney })
    .nullable()
    .meta({ description: 'What it would change; null where it was written' }),
});

async function resolveResources(db: Queryable, refs: z.output<typeof resourceRefs>): Promise<number[]> {
  const ids: number[] = [];
  for (const ref of refs) ids.push(typeof ref === 'number' ? ref : (await getResource(db, ref)).resourceId);
  return ids;
}

type Written = { readonly inserted: number; readonly superseded: number };
type Change = (trx: UnitOfWork) => Promise<Written>;
type Call = Pick<OperationCall<unknown, z.output<typeof query>>, 'db' | 'now' | 'signal' | 'follow' | 'query'>;

/** Does it and keeps nothing. */
async function tried(change: Change, resources: number, { db, now, signal }: Pick<Call, 'db' | 'now' | 'signal'>) {
  const { made, totals, changes, ...rest } = await flow.previewOwnership(db, change, { now, signal });
  const preview = { ...rest, totals: [...totals], changes: [...changes] };
  return { written: false, resources, inserted: made.inserted, superseded: made.superseded, preview };
}

async function written(change: Change, resources: number, { db, follow, now, signal, query: { expect } }: Call) {
  const { inserted, superseded } = await flow.changeAsPreviewed(db, change, { expect, now, signal });
  // Attributions follow by a job in seconds, or at once where a command decides on the database.
  await db.transaction().execute((trx) => follow(trx, attributeJob, {}));
  return { written: true, resources, inserted, superseded, preview: null };
}

const assignBody = z.strictObject({
  resources: resourceRefs,
  owners: z
    .array(z.strictObject({ deployment: slug, weight: z.int().min(1).max(1_000_000).default(1) }))
    .min(1)
    .max(100),
  ...interval,
});

async function assignmentOf({
  db,
  body: { resources, owners: shares, from, to },
  principal,
  now,
}: Pick<OperationCall<unknown, unknown, z.output<typeof assignBody>>, 'db' | 'body' | 'principal' | 'now'>) {
  const resourceIds = await resolveResources(db, resources);
  const owners = shares.map(({ deployment, weight }) => ({ slug: deployment, weight }));
  const change: Change = (trx) =>
    assign(nestedDatabase(trx), { resourceIds, owners, from: from ?? null, to: to ?? null }, principal.subject, now);
  return { change, resources: resourceIds.length };
}

export const assignResources = declareOperation({
  method: 'POST',
  path: '/assignments',
  name: 'deployment assign',
  operationId: 'assignResources',
  tag: 'rules',
  summary: 'Assign resources manually, ahead of the rules',
  command: { positional: ['owners'], flags: { resources: 'resource' } },
  description: `Several owners share by their weights. Past days that it changes are metered again. With \`preview\` all of
it is done (owners, usage, amounts) and nothing kept: the answer says which months and issued invoices it touches, and
what they come to before and after. With the digest of a preview as \`expect\` it is written only where the same owners change by it.`,
  roles: ['owner', 'operator'],
  query,
  body: assignBody,
  response: assigned,
  followedBy: [attributeJob],
  // A preview rolls back a transaction of its own.
  async prepare(call) {
    if (!call.query.preview) return null;
    const { change, resources } = await assignmentOf(call);
    return tried(change, resources, call);
  },
  async run(call, found) {
    if (found !== null) return found;
    const { change, resources } = await assignmentOf(call);
    return written(change, resources, call);
  },
});

const unassignBody = z.strictObject({ resources: resourceRefs, ...interval });

async function unassignmentOf({
  db,
  body: { resources, from, to },
  principal,
  now,
}: Pick<OperationCall<unknown, unknown, z.output<typeof unassignBody>>, 'db' | 'body' | 'principal' | 'now'>) {
  const resourceIds = await resolveResources(db, resources);
  const change: Change = (trx) =>
    unassign(nestedDatabase(trx), { resourceIds, from: from ?? null, to: to ?? null }, principal.subject, now);
  return { change, resources: resourceIds.length };
}

export const unassignResources = declareOperation({
  method: 'POST',
  path: '/assignments/remove',
  name: 'deployment unassign',
  operationId: 'unassignResources',
  tag: 'rules',
  summary: 'Remove manual assignments: the rules apply again',
  description: 'With `preview` nothing is kept, and the answer says what it would change, as that of assigning does.',
  command: { positional: ['resources'] },
  roles: ['owner', 'operator'],
  query,
  body: unassignBody,
  response: assigned,
  followedBy: [attributeJob],
  async prepare(call) {
    if (!call.query.preview) return null;
    const { change, resources } = await unassignmentOf(call);
    return tried(change, resources, call);
  },
  async run(call, found) {
    if (found !== null) return found;
    const { change, resources } = await unassignmentOf(call);
    return written(change, resources, call);
  },
});

export const assignmentOperations: readonly Operation[] = [assignResources, unassignResources];
