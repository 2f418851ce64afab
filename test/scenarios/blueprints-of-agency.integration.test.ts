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
import { proposeChange, proposeCreation } from '../../src/provisioning/proposing.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { openSimulatedAccount, secretKey, type SimulatedAccount } from './simulated-account.ts';

// An agency of 40 deployments after 80 days, and the one of the pilot: each is written down as a blueprint, proposed against
// itself, and another one is proposed to be like it.

const fleets = [
  { fleet: 'agency', days: 80 },
  { fleet: 'pilot', days: 20 },
] as const;
const databases: TestDatabase[] = [];
const clouds: SimulatedAccount[] = [];

async function open({ fleet, days }: (typeof fleets)[number]): Promise<void> {
  const database = await openTestDatabase();
  databases.push(database);
  const { db } = database;
  const cloud = await openSimulatedAccount(db, { fleet });
  clouds.push(cloud);
  await cloud.advance({ days });
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
}

beforeAll(async () => {
  for (const fleet of fleets) await open(fleet);
});
afterAll(async () => {
  for (const cloud of clouds) await cloud.close();
  for (const database of databases) await database.close();
});

test('each deployment proposed against the blueprint of what it has is 0 steps, 0.00; another like it can be made', {
  timeout: 0,
}, async () => {
  let deployments = 0;
  let droplets = 0;
  const found: Record<string, unknown> = {};
  const toAnswer: string[] = [];
  for (const [index, cloud] of clouds.entries()) {
    const { db } = databases[index] as TestDatabase;
    const now = cloud.simulator.now();
    const looking = { db, secretKey };
    for (const { slug } of cloud.simulator.deployments) {
      deployments++;
      const { document } = await writeBlueprint(looking, { slug, blueprint: slug }, now);
      // Before it is applied: of a deployment without a blueprint one is written.
      const fresh = {
        deployment: 'new-one',
        name: 'New One',
        customer: 'all',
        account: null,
        like: slug,
        blueprint: null,
      };
      const like = await proposeCreation(looking, { ...fresh, parameters: {}, acceptUnmetered: true }, now);
      toAnswer.push(...like.document.problems);
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
  }
  expect(found).toEqual({});
  // A domain is what nobody can make up.
  expect(toAnswer).toEqual([
    "The account has a DNS zone acme-shop.example already, which is not the deployment's: give another value for the parameter domain.",
  ]);
  expect(deployments).toBe(41);
  expect(droplets).toBeGreaterThan(80);
});
