import { openTestDatabase } from '../../test/database.ts';
import { describeUsageStore } from './usage-store.conformance.ts';

describeUsageStore('PostgreSQL', openTestDatabase);
