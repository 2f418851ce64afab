import { z } from 'zod';
import type { ListedMembership } from '../../provider.ts';
import { parseUrn } from '../urn.ts';
import { instant, reader, resourceReader } from './fields.ts';

export const readProject = resourceReader(
  'id',
  {
    name: z.string(),
    created_at: instant,
    is_default: z.boolean(),
    purpose: z.string(),
    environment: z.string(),
  },
  (said, externalId, payload) => ({
    kind: 'project',
    externalId,
    name: said.name,
    createdAt: said.created_at,
    attributes: { is_default: said.is_default, purpose: said.purpose, environment: said.environment },
    payload,
  }),
);

const membership = z.object({
  urn: z.string().transform((urn, context) => {
    const parsed = parseUrn(urn);
    if (parsed !== null) return { urn, ...parsed };
    context.addIssue({ code: 'custom', message: `not a URN: ${urn.slice(0, 80)}` });
    return z.NEVER;
  }),
});

export const readMembership = (projectExternalId: string) =>
  reader(membership, ({ urn }, payload): ListedMembership => ({ projectExternalId, ...urn, payload }));
