import { z } from 'zod';
import { instant, recordOf, slug } from '../platform/declare/schemas.ts';

// What a deployment or an account should consist of, as an operator writes it. Only what is declared is compared.

/** As many as one document is applied with at once. */
const resourcesMax = 10_000;
/** So many keys of one resource: a zone of 4,000 records has five for each. */
export const fieldsMax = 20_000;

const name = z.string().min(1).max(255);

/** A name with `*` (any characters) and `?` (one character); ids and addresses are compared as they are. */
const pattern = name.meta({ examples: ['web-*'] });

/** A number within bounds, both included; a count too. */
const numberBound = z
  .strictObject({ min: z.number().optional(), max: z.number().optional() })
  .refine(({ min, max }) => min !== undefined || max !== undefined, { error: 'gives neither min nor max' })
  .refine(({ min, max }) => min === undefined || max === undefined || min <= max, { error: 'has a min above its max' });
/** A set that has these elements, and may have others. */
const setBound = z.strictObject({ includes: z.array(z.string().max(1_000)).min(1).max(1_000) });

/**
 * A field, by the key under which the inventory keeps the setting (`size`, `inbound/tcp/22`): an exact canonical
 * value, or a bound. A key that ends with `/` is a group, declared as a whole: its value has the keys beneath it, and
 * a member that it does not name is a difference (`inbound/: { tcp/22: [10.0.0.0/8] }`).
 */
const scalar = z.union([z.string().max(10_000), z.number(), z.boolean(), z.null()]);
const key = z.string().min(1).max(1_000);
const value = z.union([numberBound, setBound, scalar, z.array(scalar).max(10_000), recordOf(key, scalar, fieldsMax)]);
const field = z.union([value, recordOf(key, value, fieldsMax)]).meta({
  description:
    'An exact value, or a bound: {min, max} of a number, {includes: [...]} of a set. A key that ends with / declares a group as a whole, its value the keys beneath it',
  examples: ['s-1vcpu-1gb', { min: 2, max: 5 }, { includes: ['web'] }],
});

const ignoreRule = z
  .strictObject({
    fields: z
      .array(pattern)
      .min(1)
      .max(fieldsMax)
      .optional()
      .meta({ description: 'Fields, with * and ?; all of the addresses unless given', examples: [['tags']] }),
    addresses: z
      .array(pattern)
      .min(1)
      .max(resourcesMax)
      .optional()
      .meta({ description: 'Addresses, with * and ?; all of the declaration unless given' }),
    reason: z
      .string()
      .min(1)
      .max(1_000)
      .meta({ examples: ['moves with each release'] }),
    until: instant.optional().meta({ description: 'When it ends; no end unless given' }),
  })
  .refine(({ fields, addresses }) => fields !== undefined || addresses !== undefined, {
    error: 'names neither fields nor addresses',
  });

const declaredResource = z
  .strictObject({
    address: z
      .string()
      .min(1)
      .max(1_000)
      .meta({ description: 'Its name in this declaration, unique', examples: ['droplet.web-1'] }),
    kind: z
      .string()
      .regex(/^[a-z][a-z0-9_]{0,62}$/, 'is not a kind of resource')
      .meta({ description: 'A kind of resource', examples: ['droplet'] }),
    account: slug.optional().meta({ description: 'The account that it is in; the only one, unless given' }),
    id: z.string().min(1).max(1_000).optional().meta({ description: "The provider's id" }),
    match: z
      .strictObject({ name: pattern, region: z.string().min(1).max(63).optional() })
      .optional()
      .meta({ description: 'In place of id: the one resource of this name, * and ? in it standing for any' }),
    count: z
      .union([z.int().min(0).max(100_000), numberBound])
      .optional()
      .meta({ description: 'How many resources match; one unless given.' }),
    fields: recordOf(key, field, fieldsMax).default({}),
  })
  .refine(({ id, match }) => (id === undefined) !== (match === undefined), {
    error: 'needs exactly one of id and match',
  })
  .refine(({ count, match }) => count === undefined || match !== undefined, {
    error: 'a count needs a match',
    path: ['count'],
  })
  .superRefine(({ fields }, context) => {
    for (const [key, value] of Object.entries(fields)) {
      if (!key.endsWith('/') || (typeof value === 'object' && value !== null && !Array.isArray(value))) continue;
      context.addIssue({ code: 'custom', message: 'a group needs its keys and their values', path: ['fields', key] });
    }
  });

const origin = z.strictObject({
  source: z.enum(['written', 'adopted', 'terraform_state', 'terraform_show', 'terraform_plan']),
  lineage: z.string().max(200).nullable().default(null).meta({ description: 'Of a Terraform state' }),
  serial: z.int().nullable().default(null).meta({ description: 'Of a Terraform state' }),
  digest: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable()
    .default(null)
    .meta({ description: 'SHA-256 of what was read, in hexadecimal' }),
});

const covers = z
  .union([z.enum(['deployment', 'nothing']), z.string().regex(/^project:[0-9a-f-]{1,64}$/)], {
    error: 'is none of deployment, project:<id> and nothing',
  })
  .default('nothing')
  .meta({ description: 'Where a resource that is not declared is a finding', examples: ['deployment'] });

export const declarationSchema = z
  .strictObject({
    declaration: slug.meta({ description: 'Its name', examples: ['acme-shop'] }),
    deployment: slug.optional().meta({ description: 'The deployment that it is about' }),
    account: slug.optional().meta({ description: 'The account that it is about, where it is about no deployment' }),
    covers,
    resources: z.array(declaredResource).max(resourcesMax),
    ignore: z.array(ignoreRule).max(1_000).default([]),
    origin: origin.optional(),
  })
  .refine(({ deployment, account }) => deployment !== undefined || account !== undefined, {
    error: 'needs a deployment or an account',
  })
  .refine(({ covers: of, deployment }) => of !== 'deployment' || deployment !== undefined, {
    error: 'covers a deployment and names none',
    path: ['covers'],
  })
  .superRefine(({ resources }, context) => {
    const seen = new Set<string>();
    for (const [index, { address }] of resources.entries()) {
      if (seen.has(address)) {
        context.addIssue({
          code: 'custom',
          message: `${address} is declared before`,
          path: ['resources', index, 'address'],
        });
      }
      seen.add(address);
    }
  });

/** A declaration, checked: what was left out has its default. */
export type Declaration = z.output<typeof declarationSchema>;
/** A declaration as a document has it: what a parser of Terraform's files gives. */
export type DeclarationDocument = z.input<typeof declarationSchema>;
export type DeclaredResource = Declaration['resources'][number];
export type DeclaredField = DeclaredResource['fields'][string];
export type DeclarationOrigin = NonNullable<Declaration['origin']>;

/** The JSON schema of a declaration, by which editors complete and check it. */
export function declarationJsonSchema(): object {
  return z.toJSONSchema(declarationSchema, { io: 'input' });
}
