import { describeUsageStore } from './usage-store.conformance.ts';

describeUsageStore('PostgreSQL', async () => ({ async close() {} }));
