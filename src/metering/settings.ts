import { declareSettings, matching, url } from '../platform/declare/settings.ts';

interface MeteringSettings {
  /** The ClickHouse that usage records were or are to be moved to; null: they are in the database. */
  readonly usageStoreUrl: string | null;
  /** The cluster that its tables are to be on; null: they are on that one server. */
  readonly usageStoreCluster: string | null;
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
  usageStoreCluster: {
    env: 'ARCADIA_USAGE_STORE_CLUSTER',
    purpose: 'the cluster of that ClickHouse on which the tables of usage are, replicated, and sharded by deployment',
    usually: 'none: they are on that one server',
    allowed: 'the name of a cluster, in letters, digits, _ and -',
    schema: matching(/^[A-Za-z0-9_-]{1,64}$/),
    fallback: () => null,
  },
});
