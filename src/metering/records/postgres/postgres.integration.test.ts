import { openTestDatabase } from '../../../../test/database.ts';
import { describeUsageStore } from '../../../../test/fixtures/usage-store-conformance.ts';

describeUsageStore('PostgreSQL', openTestDatabase);
