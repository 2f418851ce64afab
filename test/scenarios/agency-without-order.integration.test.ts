import { afterEach, beforeEach, expect, test } from 'vitest';
import { bare } from '../../src/simulator/fleets/bare.ts';
import { bringAttributionsUpToDate, unattributedResources } from '../../src/deployments/attribution.ts';
import { createCustomer } from '../../src/deployments/customers.ts';
import { createDeployment } from '../../src/deployments/deployments.ts';
import { previewRules } from '../fixtures/preview-rules.ts';
import { applyRules } from '../../src/deployments/rules.ts';
import { suggestOwners } from '../../src/deployments/suggestions.ts';
import { databaseClock } from '../../src/platform/clock.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { openSimulatedAccount, type SimulatedAccount } from './simulated-account.ts';

// An agency with 400 droplets, no useful projects and no tags: 20 name rules own nine tenths of it.

let database: TestDatabase;
let cloud: SimulatedAccount;

beforeEach(async () => {
  database = await openTestDatabase();
  cloud = await openSimulatedAccount(database.db, { fleet: 'bare', resources: 400 });
});
afterEach(async () => {
  await cloud.close();
  await database.close();
});

test('20 name rules own nine tenths, previewed first, and nothing is written to the provider', async () => {
  const { db } = database;
  const results = await cloud.sync({ kinds: ['project', 'droplet'] });
  expect(results.map(({ outcome }) => outcome)).toEqual(['complete', 'complete']);
  const now = await databaseClock(db).now();
  const { deployments } = bare(1, 400);
  expect(deployments).toHaveLength(20);
  for (const { customer, slug, name, startsAt } of deployments) {
    await createCustomer(db, customer, now);
    await createDeployment(db, { slug, name, customer: customer.externalId, startsAt }, now);
  }
  await bringAttributionsUpToDate(db, now);
  expect((await unattributedResources(db, now)).total).toBe(400);

  const file = { rules: deployments.map(({ slug, namePattern }) => ({ name: namePattern, deployment: slug })) };
  const preview = await previewRules(db, file, now);
  expect(preview.resources).toBe(360);
  expect(preview.totals.find(({ deployment }) => deployment === 'unattributed')).toMatchObject({
    gains: 0,
    loses: 360,
  });
  expect((await unattributedResources(db, now)).total).toBe(400);

  // Unasked, the same is suggested.
  const suggested = (await suggestOwners(db, 100)).filter((suggestion) => suggestion.deploymentExists);
  expect((await previewRules(db, { rules: suggested.map(({ rule }) => rule) }, now)).totals).toEqual(preview.totals);

  await applyRules(db, file, 'test', now);
  expect(await bringAttributionsUpToDate(db, now)).toMatchObject({ changed: 360 });
  expect((await unattributedResources(db, now)).total).toBe(40);

  const asked = await fetch(`${cloud.simulator.url}/_simulator/requests`).then((answer) => answer.json());
  expect(asked).toMatchObject({ writes: 0 });
  expect((asked as { total: number }).total).toBeGreaterThan(0);
});
