import { declareSettings, list, matching, text, safeUrl } from '../platform/declare/settings.ts';

interface InventorySettings {
  readonly digitaloceanToken: string | null;
  readonly digitaloceanApiUrl: string;
  readonly spacesAccessKeyId: string | null;
  readonly spacesSecretAccessKey: string | null;
  /** Empty: every region that has Spaces. */
  readonly spacesRegions: readonly string[];
  /** One address for every region, such as a simulator's; null: the provider's own. */
  readonly spacesEndpoint: string | null;
  /** After so many days runs of syncs that say nothing any more become sums. */
  readonly syncRunsDays: number;
}

export const inventorySettings = declareSettings<InventorySettings>(
  {
    digitaloceanToken: {
      env: 'DIGITALOCEAN_TOKEN',
      purpose: 'the token of the account that `start` and `account connect` connect',
      usually: 'none',
      allowed: 'an API token without blanks',
      secret: true,
      schema: matching(/^[\x21-\x7e]+$/),
      fallback: () => null,
    },
    digitaloceanApiUrl: {
      env: 'DIGITALOCEAN_API_URL',
      purpose: "where the provider's API answers",
      allowed: 'an https:// address (http:// only on this machine)',
      guards: ['digitaloceanToken'],
      schema: safeUrl.transform((value) => value.replace(/\/+$/, '')),
      fallback: () => 'https://api.digitalocean.com',
    },
    spacesAccessKeyId: {
      env: 'SPACES_ACCESS_KEY_ID',
      purpose: 'the Spaces key with which buckets are read',
      usually: 'none: no buckets are read',
      allowed: 'the id of a Spaces key, together with SPACES_SECRET_ACCESS_KEY',
      schema: text,
      fallback: () => null,
    },
    spacesSecretAccessKey: {
      env: 'SPACES_SECRET_ACCESS_KEY',
      purpose: 'the secret of that key',
      usually: 'none',
      allowed: 'the secret of a Spaces key, together with SPACES_ACCESS_KEY_ID',
      secret: true,
      schema: text,
      fallback: () => null,
    },
    spacesRegions: {
      env: 'SPACES_REGIONS',
      purpose: 'the regions whose buckets are read',
      usually: 'all',
      allowed: 'regions such as nyc3, separated by commas',
      schema: list.refine((regions) => regions.every((region) => /^[a-z0-9-]+$/.test(region))),
      fallback: () => [],
    },
    spacesEndpoint: {
      env: 'SPACES_ENDPOINT',
      purpose: 'where the store of the buckets answers',
      usually: "the region's own",
      allowed: 'an https:// address (http:// only on this machine)',
      guards: ['spacesAccessKeyId', 'spacesSecretAccessKey'],
      schema: safeUrl,
      fallback: () => null,
    },
    syncRunsDays: {
      env: 'ARCADIA_SYNC_RUNS_DAYS',
      purpose: 'after how many days sync runs become sums by day',
      allowed: 'a whole number from 7 to 3660',
      schema: matching(/^\d{1,4}$/)
        .transform(Number)
        .refine((days) => days >= 7 && days <= 3_660),
      // A month, and the time until it is billed.
      fallback: () => 45,
    },
  },
  ({ spacesAccessKeyId: id, spacesSecretAccessKey: secret }) => {
    if ((id === null) === (secret === null)) return [];
    const [there, missing] = id === null ? ['secret', 'id'] : ['id', 'secret'];
    return [
      `A Spaces key has an id and a secret: SPACES_ACCESS_KEY_ID and SPACES_SECRET_ACCESS_KEY. Its ${there} is set, its ${missing} is not.`,
    ];
  },
);
