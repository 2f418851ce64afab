import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { createCustomer } from '../../src/deployments/customers.ts';
import { listAudit } from '../../src/platform/audit.ts';
import { declareJob } from '../../src/platform/declare/job.ts';
import { openWorkerFixture, untilDrained, type WorkerFixture } from '../jobs/worker-fixture.ts';

let fixture: WorkerFixture;
beforeAll(async () => {
  fixture = await openWorkerFixture();
});
afterAll(() => fixture.close());

test('what a job decides is recorded as done by its worker', async () => {
  const job = declareJob({
    name: 'make_customer',
    queue: 'default',
    title: 'a test',
    arguments: z.object({}),
    timeoutSeconds: 60,
    attemptsMax: 1,
    async run({ db }) {
      const now = Temporal.Instant.from('2026-05-01T00:00:00Z');
      await createCustomer(db, { externalId: 'cus_1', name: 'C', currency: 'USD' }, now);
    },
  });
  const worker = await fixture.start({ jobs: [job], name: 'w-1' });
  await fixture.db.transaction().execute((trx) => worker.jobs.enqueue(trx, job, {}));
  await untilDrained(fixture.db);
  const [entry] = await listAudit(fixture.db, { table: 'customers' }, { limit: 1, before: null });
  expect(entry).toMatchObject({ actor: 'worker w-1', origin: 'job', after: { external_id: 'cus_1' } });
});
