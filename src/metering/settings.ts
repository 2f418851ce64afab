import { declareSettings, url } from '../platform/declare/settings.ts';

interface MeteringSettings {
  /** The ClickHouse that usage records were or are to be moved to; null: they are in the database. */
  readonly usageStoreUrl: string | null;
}

export const meteringSettings = declareSettings<MeteringSettings>({
  usageStoreUrl: {
    env: 'ARCADIA_USAGE_STORE_URL',
    purpose: 'the ClickHouse that holds usage records once they were moved there',
    usually: 'none: they are in PostgreSQL',
    allowed: 'http://user:password@host:port/database, or https, of a ClickHouse',
    secret: true,
    schema: url(/^https?:$/),
    fallback: () => null,
  },
});
