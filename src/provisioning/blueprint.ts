import { isIP } from 'node:net';
import { z } from 'zod';
import { recordOf } from '../platform/declare/schemas.ts';
import { namesIn } from './templates.ts';

// What a deployment consists of, as an operator writes it. Texts may hold ${parameter}, ${slug} and ${customer}, and the
// project's name ${deployment_name}; nothing in it is code.

/** As many as one account's rollout is expected to create in a day's work. */
export const dropletsMax = 50;
/** The largest volume, in GiB, and the most nodes of a balancer that the provider has. */
export const volumeGibMax = 16_384;
export const nodesMax = 200;
export const groupsMax = 50;
export const parametersMax = 50;
export const rulesMax = 100;
export const peersMax = 100;
export const recordsMax = 200;
/** Of firewalls, of balancers and of zones. */
export const listsMax = 10;
export const valueLengthMax = 2_000;
/** In seconds. */
export const ttlMin = 30;
export const ttlMax = 86_400;

/** What texts may refer to besides parameters. */
const givenNames = ['slug', 'deployment_name', 'customer'];
/** A deployment can be renamed: what is found again by its name cannot hold the deployment's. */
const isProjectName = (path: readonly PropertyKey[]) =>
  path.length === 2 && path[0] === 'project' && path[1] === 'name';

const text = z.string().min(1).max(255);
/** A name in the blueprint itself. */
const key = z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, { error: 'is not a name such as web or data-2' });
const parameterName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,62}$/, { error: 'is not the name of a parameter such as size or admin_key' });
const template = text.meta({ description: 'May hold ${parameter}, ${slug} and ${customer}' });
/** A whole number, or the parameter that gives it. */
const count = (max: number) => z.union([z.int().min(1).max(max), z.string().regex(/^\$\{[a-z][a-z0-9_]{0,62}\}$/)]);

const choice = { default: text.optional(), allow: z.array(text).min(1).max(100).optional() };
const parameter = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('size'), ...choice }),
    z.strictObject({ type: z.literal('region'), ...choice }),
    z.strictObject({ type: z.literal('domain'), ...choice }),
    z.strictObject({ type: z.literal('text'), ...choice }),
    z.strictObject({
      type: z.literal('number'),
      default: z.int().optional(),
      min: z.int().optional(),
      max: z.int().optional(),
    }),
    z.strictObject({ type: z.literal('secret') }),
  ])
  .meta({ description: 'What has to be given for each deployment; a secret stands in user data only' });
export type Parameter = z.output<typeof parameter>;

const droplet = z.strictObject({
  count: count(dropletsMax).optional().meta({ description: 'web-1 to web-n; unless given one, named web' }),
  name: template.optional().meta({ description: 'Without the number; ${slug}-<group> unless given' }),
  size: template.meta({ examples: ['s-2vcpu-4gb'] }),
  image: template.meta({ examples: ['ubuntu-24-04-x64'] }),
  ssh_keys: z.array(text).max(50).default([]).meta({ description: 'Names under keys, or fingerprints' }),
  backups: z.enum(['weekly', 'daily']).nullable().default(null),
  user_data: z
    .union([text, z.strictObject({ text: z.string().min(1).max(65_536) })])
    .nullable()
    .default(null)
    .meta({ description: 'The name of a file that is applied with the blueprint, or { text: … }' }),
  tags: z.array(template).max(50).default([]),
});

const volume = z.strictObject({
  size: count(volumeGibMax).meta({ description: 'GiB' }),
  name: template.optional().meta({ description: '${slug}-<name> unless given' }),
  attach: text
    .nullable()
    .default(null)
    .meta({ description: 'A droplet such as web-1', examples: ['web-1'] }),
  protected: z.boolean().default(false).meta({ description: 'No rollout destroys it' }),
});

const ports = z.union([
  z.int().min(1).max(65_535),
  z.string().regex(/^(all|\d{1,5}(-\d{1,5})?)$/, { error: 'is not a port, a range such as 8000-9000, or all' }),
]);
const peers = z
  .union([text, z.array(text).min(1).max(peersMax)])
  .meta({ description: 'Networks, balancer (of several balancer:1), tag:<tag>, droplet:<name> or load_balancer:<id>' });
const oneOf = (names: readonly string[]) => (value: Readonly<Record<string, unknown>>) =>
  names.filter((name) => value[name] !== undefined).length === 1;
const protocols = { tcp: ports.optional(), udp: ports.optional(), icmp: z.literal('all').optional() };
const oneProtocol = { error: 'needs exactly one of tcp, udp and icmp' };
const inbound = z.strictObject({ ...protocols, from: peers }).refine(oneOf(['tcp', 'udp', 'icmp']), oneProtocol);
const outbound = z.strictObject({ ...protocols, to: peers }).refine(oneOf(['tcp', 'udp', 'icmp']), oneProtocol);
const groups = z
  .union([key, z.array(key).max(groupsMax)])
  .meta({ description: 'Groups of droplets; all unless given' });

const firewall = z.strictObject({
  name: template.optional().meta({ description: '${slug}-firewall unless given' }),
  droplets: groups.optional(),
  inbound: z.array(inbound).max(rulesMax),
  outbound: z
    .array(outbound)
    .max(rulesMax)
    .default([
      { tcp: 'all', to: ['0.0.0.0/0', '::/0'] },
      { udp: 'all', to: ['0.0.0.0/0', '::/0'] },
      { icmp: 'all', to: ['0.0.0.0/0', '::/0'] },
    ]),
});

const entry = z.int().min(1).max(65_535);
const entryProtocols = ['http', 'https', 'http2', 'http3', 'tcp', 'udp'] as const;
const forward = z
  .strictObject({
    ...(Object.fromEntries(entryProtocols.map((name) => [name, entry.optional()])) as Record<
      (typeof entryProtocols)[number],
      z.ZodOptional<typeof entry>
    >),
    to: z
      .union([entry, z.strictObject({ protocol: z.enum(['http', 'https', 'http2', 'tcp', 'udp']), port: entry })])
      .meta({ description: 'A port, by http; of tcp and udp by the same' }),
    certificate: template
      .nullable()
      .default(null)
      .meta({ description: "The provider's id of a certificate, or the parameter that gives it" }),
  })
  .refine(oneOf(entryProtocols), { error: `needs exactly one of ${entryProtocols.join(', ')}` });

const balancer = z.strictObject({
  name: template.optional().meta({ description: '${slug}-balancer unless given' }),
  targets: groups.optional(),
  forward: z.array(forward).min(1).max(rulesMax),
  nodes: count(nodesMax).default(1),
});

const reservedIp = z.strictObject({ droplet: text.meta({ examples: ['web-1'] }) });

export const recordTypes = ['A', 'AAAA', 'CNAME', 'MX', 'TXT', 'NS'] as const;
const record = z
  .strictObject({
    ...(Object.fromEntries(recordTypes.map((name) => [name, template.optional()])) as Record<
      (typeof recordTypes)[number],
      z.ZodOptional<typeof template>
    >),
    to: z.string().min(1).max(valueLengthMax).meta({
      description:
        'balancer (of several balancer:1), reserved_ip (of several reserved_ip:web-1), a droplet such as web-1, or the value itself',
    }),
    ttl: z.int().min(ttlMin).max(ttlMax).default(1_800),
    priority: z.int().min(0).max(65_535).nullable().default(null),
  })
  .refine(oneOf(recordTypes), { error: `needs exactly one of ${recordTypes.join(', ')}, with its name` });

const zone = z.strictObject({ zone: template, records: z.array(record).max(recordsMax).default([]) });

/** One of them, a list, or none. */
function several<Item extends z.ZodType>(item: Item, max: number) {
  return z.union([item, z.array(item).max(max)]).nullable();
}

export const blueprintSchema = z
  .strictObject({
    blueprint: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, { error: 'is not a slug such as shop' })
      .meta({ description: 'Its name', examples: ['shop'] }),
    schema: z.literal(1).meta({ description: 'Of this form of blueprints' }),
    parameters: recordOf(parameterName, parameter, parametersMax).default({}),
    region: template.meta({ examples: ['fra1'] }),
    project: z
      .strictObject({
        name: template.optional().meta({ description: '${slug} unless given; may hold ${deployment_name} too' }),
        purpose: text.default('Web Application'),
        environment: z.enum(['Development', 'Staging', 'Production']).default('Production'),
      })
      .default({ purpose: 'Web Application', environment: 'Production' }),
    network: z
      .strictObject({
        vpc: z
          .strictObject({
            name: template.optional().meta({ description: '${slug} unless given' }),
            ip_range: z
              .string()
              .refine((range) => isNetwork(range), { error: 'is not a private network such as 10.20.0.0/20' })
              .nullable()
              .default(null)
              .meta({ description: 'null: any that is free' }),
          })
          .nullable(),
      })
      .default({ vpc: null })
      .meta({ description: 'vpc null: the default network of the region' }),
    keys: recordOf(
      key,
      z.strictObject({
        public_key: z
          .string()
          .max(4_096)
          .regex(/^[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}( .*)?$/, { error: 'is not a public key as ssh-keygen writes it' }),
      }),
      50,
    ).default({}),
    droplets: recordOf(key, droplet, groupsMax).default({}),
    volumes: recordOf(key, volume, groupsMax).default({}),
    firewall: several(firewall, listsMax).default(null),
    balancer: several(balancer, listsMax).default(null),
    reserved_ip: several(reservedIp, dropletsMax).default(null),
    dns: several(zone, listsMax).default(null),
    plan: template.nullable().default(null).meta({ description: 'null: the deployment is put on none' }),
  })
  .superRefine((blueprint, context) => {
    const { parameters } = blueprint;
    const known = new Set([...Object.keys(parameters), ...givenNames]);
    for (const { path, value } of textsOf(blueprint)) {
      if (path[0] === 'parameters' || path.at(-2) === 'user_data') continue;
      for (const name of namesIn(value)) {
        const refuse = (message: string) => context.addIssue({ code: 'custom', message, path: [...path] });
        if (!known.has(name)) refuse(`there is no parameter ${name}`);
        else if (name === 'deployment_name' && !isProjectName(path))
          refuse('${deployment_name} can stand in project.name only, because deployments are renamed: take ${slug}');
        else if (parameters[name]?.type === 'secret') refuse(`${name} is a secret: it can stand in user data only`);
      }
    }
    for (const name of givenNames)
      if (name in parameters)
        context.addIssue({ code: 'custom', message: 'has its value already', path: ['parameters', name] });
  });

/** A blueprint, checked: what was left out has its default. */
export type Blueprint = z.output<typeof blueprintSchema>;
/** As somebody writes it. */
export type BlueprintDocument = z.input<typeof blueprintSchema>;

/** One, several or none as a list. */
export function listOf<Item>(value: Item | readonly Item[] | null | undefined): readonly Item[] {
  if (value === null || value === undefined) return [];
  return Array.isArray(value) ? (value as readonly Item[]) : [value as Item];
}

/** All texts of a value, with where each stands. */
function* textsOf(
  value: unknown,
  path: readonly (string | number)[] = [],
): Generator<{ readonly path: readonly (string | number)[]; readonly value: string }> {
  if (typeof value === 'string') yield { path, value };
  else if (Array.isArray(value)) for (const [index, item] of value.entries()) yield* textsOf(item, [...path, index]);
  else if (typeof value === 'object' && value !== null)
    for (const [name, item] of Object.entries(value)) yield* textsOf(item, [...path, name]);
}

/** An IPv4 network of /16 to /28. */
function isNetwork(range: string): boolean {
  const [address = '', bits = ''] = range.split('/');
  return isIP(address) === 4 && /^\d{2}$/.test(bits) && Number(bits) >= 16 && Number(bits) <= 28;
}

/** The JSON schema of a blueprint, by which editors complete and check it. */
export function blueprintJsonSchema(): object {
  return z.toJSONSchema(blueprintSchema, { io: 'input' });
}
