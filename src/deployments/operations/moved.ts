import { z } from 'zod';
import { instantOut, slug } from '../../platform/declare/schemas.ts';

export const owners = z.array(z.object({ deployment: slug, weight: z.int() }));

const ownersBeforeAndAfter = z
  .array(z.object({ slug, weight: z.int() }))
  .transform((list) => list.map(({ slug: name, weight }) => ({ deployment: name, weight })))
  .pipe(owners);

/** What a preview says of owners: the fields of `MovedOwnership`. */
export const movedOut = {
  resources: z.int().meta({ description: 'How many would change owner' }),
  totals: z.array(z.object({ deployment: slug, gains: z.int(), loses: z.int() })),
  changes: z.array(
    z.object({
      resourceId: z.int(),
      account: slug,
      kind: z.string(),
      externalId: z.string(),
      name: z.string(),
      from: instantOut,
      to: instantOut.nullable(),
      before: ownersBeforeAndAfter,
      after: ownersBeforeAndAfter,
    }),
  ),
  changesTotal: z.int(),
  digest: z.string().meta({
    description:
      'Of all changes and of the invoices that are issued of their months, for `expect` of the change itself',
  }),
};

/** For whoever decides after a preview. */
export const expect = z
  .string()
  .regex(/^[0-9a-f]{64}$/, { error: 'is not the digest of a preview: 64 hexadecimal digits' })
  .optional()
  .meta({
    description: 'The digest of the preview that was seen: refused (conflict) where something else would change by now',
  });
