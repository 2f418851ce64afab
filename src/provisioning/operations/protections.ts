import { z } from 'zod';
import { findDeployment } from '../../deployments/index.ts';
import { getResource } from '../../inventory/index.ts';
import type { Queryable } from '../../platform/database/database.ts';
import { declareList, declareOperation, type Operation, type Role, staff } from '../../platform/declare/operation.ts';
import { pageOfAll } from '../../platform/declare/pages.ts';
import { instantOut, line, slug } from '../../platform/declare/schemas.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { insertProtectionOf, type Protected, selectProtected, updateProtectionEnded } from '../protections.store.ts';

const deciders: readonly Role[] = ['owner', 'operator'];

const listProtections = declareList({
  path: '/protections',
  name: 'resource protections',
  operationId: 'listProtections',
  tag: 'provisioning',
  summary: 'What no rollout may destroy',
  roles: staff,
  row: z
    .object({
      protection: z.int(),
      deployment: slug.nullable().meta({ description: 'All of it; null: a resource' }),
      resource: z
        .string()
        .nullable()
        .meta({ description: 'kind:id; null: a deployment', examples: ['volume:17'] }),
      reason: z.string(),
      protectedAt: instantOut,
      protectedBy: z.string(),
    })
    .meta({ id: 'Protection', description: 'What no rollout may destroy' }),
  search: { in: 'the deployment, the resource and the reason' },
  sort: { by: ['protection', 'protectedAt'] },
  total: true,
  async run({ db }, page) {
    const rows = (await selectProtected(db)).map(({ protectionId, kind, externalId, resourceId: _, ...row }) => ({
      ...row,
      protection: protectionId,
      resource: kind === null ? null : `${kind}:${externalId}`,
    }));
    return pageOfAll(rows, page, (row) => [row.protection], {
      texts: ({ deployment, resource, reason }) => [deployment, resource, reason],
      sorts: { protectedAt: (row) => row.protectedAt },
    });
  },
});

const what = {
  resource: z
    .string()
    .min(1)
    .max(300)
    .optional()
    .meta({ description: 'Our id of it, its URN, or kind:id', examples: ['volume:17'] }),
  deployment: slug.optional().meta({ description: 'In place of a resource: all of a deployment' }),
};

/** Errors: not_found; invalid_argument. */
async function protectedOf(
  db: Queryable,
  { resource, deployment }: { readonly resource?: string | undefined; readonly deployment?: string | undefined },
): Promise<Protected> {
  if ((resource === undefined) === (deployment === undefined))
    throw new ArcadiaError('invalid_argument', 'Give either a resource or a deployment.');
  if (resource !== undefined) return { resourceId: (await getResource(db, resource)).resourceId };
  await findDeployment(db, deployment ?? '');
  return { deployment: deployment ?? '' };
}

const answered = z.object({ changed: z.boolean().meta({ description: 'false: it was so already' }) });

const protect = declareOperation({
  method: 'POST',
  path: '/protections',
  name: 'resource protect',
  operationId: 'protectResource',
  tag: 'provisioning',
  summary: 'Have no rollout destroy a resource, or a deployment',
  description: 'A proposal to destroy it is blocked, and an undo leaves it.',
  command: { positional: ['resource'] },
  roles: deciders,
  body: z
    .strictObject({ ...what, reason: line.meta({ examples: ['holds the orders'] }) })
    .meta({ examples: [{ resource: 'droplet:3164494', reason: 'holds the orders' }] }),
  response: answered,
  async run({ db, body, principal, now }) {
    const of = await protectedOf(db, body);
    return db
      .transaction()
      .execute(async (trx) => ({ changed: await insertProtectionOf(trx, of, body.reason, principal.subject, now) }));
  },
});

const unprotect = declareOperation({
  method: 'POST',
  path: '/protections/end',
  name: 'resource unprotect',
  operationId: 'unprotectResource',
  tag: 'provisioning',
  summary: 'End the protection of a resource, or a deployment',
  command: { positional: ['resource'] },
  roles: ['owner'],
  body: z.strictObject(what).meta({ examples: [{ resource: 'droplet:3164494' }] }),
  response: answered,
  async run({ db, body, principal, now }) {
    const of = await protectedOf(db, body);
    return db
      .transaction()
      .execute(async (trx) => ({ changed: await updateProtectionEnded(trx, of, principal.subject, now) }));
  },
});

export const protectionOperations: readonly Operation[] = [listProtections, protect, unprotect];
