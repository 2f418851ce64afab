import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { program } from '../../src/modules.ts';
import { generateSecretKey } from '../../src/platform/secrets/crypto.ts';
import { loadConfig } from '../../src/platform/config.ts';
import { openWorkerFixture, until, untilDrained, type WorkerFixture } from './worker-fixture.ts';

let fixture: WorkerFixture;
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'arcadia-anchors-'));
  fixture = await openWorkerFixture();
  await sql`INSERT INTO customers (external_id, name, currency, created_at) VALUES ('c', 'C', 'USD', '2026-05-01')`.execute(
    fixture.db,
  );
});
afterEach(async () => {
  await fixture.close();
  rmSync(folder, { recursive: true });
});

const scheduled = program.schedule.find(({ name }) => name === 'anchor_audit');

/** Runs the scheduled job once, with one attempt. */
async function runWith(place: string): Promise<void> {
  if (scheduled === undefined) throw new Error('it is not in the schedule');
  const job = { ...scheduled.job, attemptsMax: 1 };
  const env = { ARCADIA_AUDIT_ANCHOR: place, ARCADIA_SECRET_KEY: generateSecretKey() };
  const worker = await fixture.start({ jobs: [job], config: loadConfig({ env, cwd: folder }, program.settings) });
  await fixture.db.transaction().execute((trx) => worker.jobs.enqueue(trx, job, {}));
  await untilDrained(fixture.db);
}

const lines = () => fixture.lines.map((line) => JSON.stringify(line));

test('the schedule writes an anchor each day, and warns of guards that are gone', async () => {
  expect(scheduled?.cron).toMatch(/^\d+ \d+ \* \* \*$/);
  await sql`DROP TRIGGER lines_stay ON invoice_lines`.execute(fixture.db);
  await runWith(folder);
  const [file = ''] = readdirSync(folder);
  expect(JSON.parse(readFileSync(join(folder, file), 'utf8'))).toMatchObject({
    position: 2,
    faults: ['missing trigger invoice_lines lines_stay'],
  });
  await until(() => lines().some((line) => line.includes('are missing or were changed')), 'a warning');
});

test('a place that cannot be written to fails the job, with what to do', async () => {
  await runWith(join(folder, 'nowhere'));
  await until(() => lines().some((line) => line.includes('"outcome":"dead"')), 'the failure in the log');
  expect(fixture.lines.find(({ level }) => level === 'warn')?.msg).toMatch(
    /not anchored\. .*nowhere\/audit-anchors-.* cannot be written: ENOENT.* ARCADIA_AUDIT_ANCHOR .* run the job anchor_audit\./,
  );
});
