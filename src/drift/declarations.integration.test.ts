import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { openSimulatedAccount, type SimulatedAccount } from '../../test/scenarios/simulated-account.ts';
import { bringAttributionsUpToDate, createCustomer, createDeployment } from '../deployments/index.ts';
import { nestedDatabase } from '../platform/database/nested-database.ts';
import { declarationSchema } from './declaration.ts';
import { applyDeclaration } from './declarations.ts';
import { openFindings } from './findings.ts';
import { sweep, verifyFindings } from './sweep/sweep.ts';

// A declaration that is applied while a sweep waits for it.

let database: TestDatabase;
let cloud: SimulatedAccount;
beforeAll(async () => {
  database = await openTestDatabase();
  cloud = await openSimulatedAccount(database.db);
  const { db } = database;
  const start = cloud.simulator.now();
  await createCustomer(db, { externalId: 'acme', name: 'Acme', currency: 'USD' }, start);
  await createDeployment(db, { slug: 'acme', name: 'Acme', customer: 'acme', startsAt: start }, start);
});
afterAll(async () => {
  await cloud.close();
  await database.close();
});

const now = () => cloud.simulator.now();

async function sync(): Promise<void> {
  await cloud.advance({ minutes: 15 });
  await cloud.sync();
  await bringAttributionsUpToDate(database.db, now());
}

async function untilOneWaits(): Promise<void> {
  for (let waiting = 0; waiting === 0; await sleep(20)) {
    const { rows } = await sql<{ waiting: number }>`
      SELECT count(*) AS waiting FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`.execute(database.db);
    waiting = rows[0]!.waiting;
  }
}

test('a sweep that waited for a declaration compares what changed meanwhile with it', async () => {
  const { db } = database;
  await cloud.happen({ type: 'create_droplet', id: 7001, name: 'web', size: 's-2vcpu-4gb' });
  await sync();
  await sweep(db, now());
  const declaration = declarationSchema.parse({
    declaration: 'acme',
    deployment: 'acme',
    resources: [{ address: 'web', kind: 'droplet', id: '7001', fields: { size: 's-2vcpu-4gb' } }],
  });
  const sweeping = await db.transaction().execute(async (trx) => {
    await applyDeclaration(nestedDatabase(trx), declaration, { by: 'test', now: now() });
    await cloud.happen({ type: 'resize_droplet', droplet: 7001, size: 's-4vcpu-8gb' });
    await sync();
    const waits = sweep(db, now());
    await untilOneWaits();
    return { waits };
  });
  await sweeping.waits;
  const { items } = await openFindings(db, { declaration: 'acme', now: now() }, 10);
  expect(items.map(({ category, field }) => `${category} ${field}`)).toContain('changed size');
  expect(await verifyFindings(db, now())).toBeNull();
});
