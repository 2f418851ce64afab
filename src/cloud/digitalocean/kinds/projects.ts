import { z } from 'zod';
import type { ListedMembership } from '../../provider.ts';
import { parseUrn } from '../urn.ts';
import { id, instant, known, reader, resource } from './fields.ts';

const project = z.object({
  id,
  name: z.string(),
  created_at: instant,
  is_default: z.boolean().nullish(),
  purpose: z.string().nullish(),
  environment: z.string().nullish(),
});

export const readProject = reader(project, (said, payload) =>
  resource({
    kind: 'project',
    externalId: said.id,
    name: said.name,
    createdAt: said.created_at,
    attributes: known({ is_default: said.is_default, purpose: said.purpose, environment: said.environment }),
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
