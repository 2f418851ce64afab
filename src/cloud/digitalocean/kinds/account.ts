import { z } from 'zod';
import type { ProviderAction, ProviderSize } from '../../provider.ts';
import { kindOfWord } from '../urn.ts';
import { exactNumber, id, names, optionalInstant, price, reader } from './fields.ts';

/** Who a token belongs to: its team, or, before teams, its person. */
export const account = z.object({
  account: z
    .object({
      uuid: z.string().min(1),
      name: z.string().nullish(),
      email: z.string().nullish(),
      team: z.object({ uuid: z.string().nullish(), name: z.string().nullish() }).nullish(),
    })
    .transform(({ uuid, name, email, team }) => ({
      accountId: team?.uuid || uuid,
      name: team?.name || name || email || uuid,
    })),
});

/** How much the account may have. */
export const accountLimits = z.object({
  account: z
    .object({ droplet_limit: z.int(), floating_ip_limit: z.int() })
    .transform((said) => ({ droplets: said.droplet_limit, reservedIps: said.floating_ip_limit })),
});

/** A key that droplets can be created with. */
export const readSshKey = reader(z.object({ name: z.string(), fingerprint: z.string() }), (said) => said);

/** An image that droplets can be created from; what goes by no slug is none that a blueprint names. */
export const readBaseImage = reader(z.object({ slug: z.string().nullish(), regions: names }), ({ slug, regions }) => ({
  slug: slug ?? '',
  regions,
}));

const action = z.object({
  id,
  type: z.string(),
  status: z.string(),
  resource_type: z.string().nullish(),
  resource_id: id.nullish(),
  region_slug: z.string().nullish(),
  started_at: optionalInstant,
  completed_at: optionalInstant,
});

/**
 * Which resource an action is about. Its id is a number: of a reserved IPv4 the address, of which an IPv6 has no
 * room and a volume's UUID neither. null: it does not tell.
 */
function aboutWhich(type: string | null | undefined, said: string | null | undefined): string | null {
  if (said == null) return null;
  if (type === 'reserved_ipv6') return said.includes(':') ? said : null;
  const isAddress = type != null && kindOfWord(type) === 'reserved_ip' && /^\d+$/.test(said);
  return isAddress ? ipv4Of(Number(said)) : said;
}

function ipv4Of(address: number): string | null {
  if (address >= 2 ** 32) return null;
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

export const readAction = reader(
  action,
  (said, payload): ProviderAction => ({
    externalId: said.id,
    type: said.type,
    status: said.status,
    resourceKind: said.resource_type == null ? null : kindOfWord(said.resource_type),
    resourceExternalId: aboutWhich(said.resource_type, said.resource_id),
    region: said.region_slug ?? null,
    startedAt: said.started_at,
    completedAt: said.completed_at,
    payload,
  }),
);

const size = z.object({
  slug: z.string().min(1),
  vcpus: z.number(),
  memory: z.number(),
  disk: z.number(),
  transfer: exactNumber,
  regions: names,
  gpu_info: z.unknown().optional(),
  price_hourly: price,
  price_monthly: price,
  available: z.boolean(),
});

export const readSize = reader(
  size,
  (said, payload): ProviderSize => ({
    slug: said.slug,
    vcpus: said.vcpus,
    memoryMb: said.memory,
    diskGb: said.disk,
    transferTb: said.transfer,
    regions: said.regions,
    gpu: said.gpu_info != null,
    priceHourly: said.price_hourly,
    priceMonthly: said.price_monthly,
    available: said.available,
    payload,
  }),
);
