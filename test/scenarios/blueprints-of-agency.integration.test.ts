import { afterAll, beforeAll, expect, test } from 'vitest';
import { readFile } from 'node:fs/promises';
import { documentText } from '../../src/platform/declare/yaml-file.ts';
import {
  applyRules,
  bringAttributionsUpToDate,
  createCustomer,
  createDeployment,
} from '../../src/deployments/index.ts';
import { applyPlans } from '../../src/pricing/index.ts';
import { applyBlueprint, readBlueprintFiles } from '../../src/provisioning/blueprints.ts';
import { writeBlueprint } from '../../src/provisioning/facts.ts';
import { proposeChange } from '../../src/provisioning/proposing.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { openSimulatedAccount, secretKey, type SimulatedAccount } from './simulated-account.ts';

// An agency of 40 deployments after 80 days: each is written down as a blueprint and proposed against itself.

let database: TestDatabase;
let cloud: SimulatedAccount;

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  cloud = await openSimulatedAccount(db, { fleet: 'agency' });
  await cloud.advance({ days: 80 });
  await cloud.sync();
  const now = cloud.simulator.now();
  await createCustomer(db, { externalId: 'all', name: 'All', currency: 'USD' }, now);
  const files = await Promise.all(
    ['studio', 'atelier', 'grand'].map(async (name) => ({
      name: `${name}.yaml`,
      text: await readFile(`plans/${name}.yaml`, 'utf8'),
    })),
  );
  await applyPlans(db, files, 'test', now);
  const { deployments } = cloud.simulator;
  for (const { slug, name, startsAt } of deployments)
    await createDeployment(db, { slug, name, customer: 'all', startsAt }, now);
  const rules = deployments.flatMap(({ slug, projectId, tag, namePattern }) => [
    ...(projectId === undefined ? [] : [{ project: projectId, deployment: slug }]),
    ...(tag === undefined ? [] : [{ tag, deployment: slug }]),
    ...(namePattern === undefined ? [] : [{ name: namePattern, deployment: slug }]),
  ]);
  await applyRules(db, { rules }, 'test', now);
  await bringAttributionsUpToDate(db, now);
});
afterAll(async () => {
  await cloud?.close();
  await database?.close();
});

test('40 deployments, each proposed against the blueprint of what it has: 0 steps, 0.00', async () => {
  const { db } = database;
  const now = cloud.simulator.now();
  const looking = { db, secretKey };
  let droplets = 0;
  const found: Record<string, unknown> = {};
  for (const { slug } of cloud.simulator.deployments) {
    const { document } = await writeBlueprint(looking, { slug, blueprint: slug }, now);
    droplets += Object.values(document.droplets ?? {}).reduce((sum, { count = 1 }) => sum + Number(count), 0);
    // As a file is: written, and read again.
    const read = await readBlueprintFiles([{ name: `${slug}.yaml`, text: documentText(document) }]);
    await db.transaction().execute((trx) => applyBlueprint(trx, read, { secretKey, by: 'test', now }));
    const request = { deployment: slug, blueprint: slug, parameters: {}, acceptUnmetered: false };
    const { document: proposed } = await proposeChange(looking, request, now);
    const { steps, problems, ours } = proposed;
    if (steps.length > 0 || problems.length > 0 || ours.monthly.difference !== '0.00')
      found[slug] = { steps: steps.map(({ says }) => says), problems, difference: ours.monthly.difference };
  }
  expect(found).toEqual({});
  expect(cloud.simulator.deployments).toHaveLength(40);
  expect(droplets).toBeGreaterThan(80);
});
