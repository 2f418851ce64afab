import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import type { Database } from '../platform/database/database.ts';
import { assign, unassign } from './assignments.ts';
import { bringAttributionsUpToDate, unattributedResources } from './attribution.ts';
import { createCustomer } from './customers.ts';
import { createDeployment, getDeployment, setDeploymentStart } from './deployments.ts';
import {
  at,
  type FixtureState,
  insertAccount,
  insertLiving,
  insertResource,
  readOwnership,
  writeMembership,
  writeState,
} from '../../test/fixtures/inventory.ts';
import { applyRules, listRules, reorderRules } from './rules.ts';

let opened: TestDatabase;
let db: Database;
let account: number;
const born = at('2026-05-01');
const now = at('2026-06-01');

beforeEach(async () => {
  opened = await openTestDatabase();
  db = opened.db;
  account = await insertAccount(db);
  await createCustomer(db, { externalId: 'c1', name: 'One', currency: 'USD' }, born);
  for (const slug of ['acme', 'beta'])
    await createDeployment(db, { slug, name: slug, customer: 'c1', startsAt: born }, born);
});
afterEach(() => opened.close());

async function ownership(resourceId: number) {
  await bringAttributionsUpToDate(db, now);
  return (await readOwnership(db, resourceId)).map(({ from, to, owner, rule }) => `${from} ${to} ${owner} ${rule}`);
}

test('what no rule owns is unattributed from birth on', async () => {
  const droplet = await insertLiving(db, account, 'droplet', '1', { name: 'web' }, born);
  expect(await ownership(droplet)).toEqual(['2026-05-01 00:00 infinity unattributed null']);
});

test('the first rule in order wins at each instant', async () => {
  const project = await insertLiving(db, account, 'project', 'p-1', { name: 'Acme' }, born);
  const droplet = await insertLiving(db, account, 'droplet', '1', { name: 'beta-web' }, born);
  await writeMembership(db, droplet, project, at('2026-05-10'), at('2026-05-20'), now);
  await applyRules(
    db,
    {
      rules: [
        { name: 'beta-*', deployment: 'beta' },
        { project: 'p-1', deployment: 'acme' },
      ],
    },
    'test',
    now,
  );
  await assign(
    db,
    {
      resourceIds: [droplet],
      owners: [
        { slug: 'acme', weight: 1 },
        { slug: 'beta', weight: 2 },
      ],
      from: at('2026-05-15'),
      to: at('2026-05-17'),
    },
    'test',
    now,
  );
  expect(await ownership(droplet)).toEqual([
    '2026-05-01 00:00 2026-05-10 00:00 beta name',
    '2026-05-10 00:00 2026-05-15 00:00 acme project',
    '2026-05-15 00:00 2026-05-17 00:00 acme:1,beta:2 manual',
    '2026-05-17 00:00 2026-05-20 00:00 acme project',
    '2026-05-20 00:00 infinity beta name',
  ]);
  const ids = (await listRules(db)).map((rule) => ({ id: rule.ruleId, kind: rule.kind }));
  expect(ids.map((rule) => rule.kind)).toEqual(['manual', 'project', 'deployment_tag', 'name', 'inheritance']);
  const nameFirst = [...ids].sort((a, b) => Number(b.kind === 'name') - Number(a.kind === 'name'));
  expect(
    await reorderRules(
      db,
      nameFirst.map((rule) => rule.id),
      'test',
      now,
    ),
  ).toBe(4);
  expect(await ownership(droplet)).toEqual(['2026-05-01 00:00 infinity beta name']);
  expect(
    await reorderRules(
      db,
      nameFirst.map((rule) => rule.id),
      'test',
      now,
    ),
  ).toBe(0);
});

test('a deployment tag owns, also where the deployment comes after the tag; the older of two wins', async () => {
  const droplet = await insertLiving(db, account, 'droplet', '1', { name: 'web', tags: ['deployment:late'] }, born);
  expect(await ownership(droplet)).toEqual(['2026-05-01 00:00 infinity unattributed null']);
  await createDeployment(db, { slug: 'late', name: 'Late', customer: 'c1', startsAt: born }, now);
  expect(await ownership(droplet)).toEqual(['2026-05-01 00:00 infinity late deployment_tag']);
  await writeState(
    db,
    droplet,
    { name: 'web', tags: ['deployment:beta', 'deployment:late'] },
    at('2026-05-10'),
    null,
    now,
  );
  expect(await ownership(droplet)).toEqual([
    '2026-05-01 00:00 2026-05-10 00:00 late deployment_tag',
    '2026-05-10 00:00 infinity beta deployment_tag',
  ]);
});

test('the tag deployment:unattributed is no owner', async () => {
  const droplet = await insertLiving(db, account, 'droplet', '1', { tags: ['deployment:unattributed'] }, born);
  expect(await ownership(droplet)).toEqual(['2026-05-01 00:00 infinity unattributed null']);
});

test('name patterns match literally but for * and ?, per kind and over time', async () => {
  const ids: Record<string, number> = {};
  for (const name of ['a_b', 'axb', 'a%b', 'a\\b', 'a-12', 'a-1', 'A-12', 'Ünïcode-1']) {
    ids[name] = await insertLiving(db, account, 'droplet', name, { name }, born);
  }
  const volume = await insertLiving(db, account, 'volume', 'v', { name: 'a-99' }, born);
  await applyRules(
    db,
    {
      rules: [
        { name: 'a_b', deployment: 'acme' },
        { name: 'a%*', deployment: 'acme' },
        { name: 'a\\?', deployment: 'acme' },
        { name: 'a-??', deployment: 'beta', kinds: ['droplet'] },
        { name: '?nïcode*', deployment: 'beta' },
      ],
    },
    'test',
    now,
  );
  await bringAttributionsUpToDate(db, now);
  const owners = await Promise.all(
    [...Object.values(ids), volume].map(async (id) => (await readOwnership(db, id))[0]?.owner),
  );
  expect(owners).toEqual([
    'acme',
    'unattributed',
    'acme',
    'acme',
    'beta',
    'unattributed',
    'unattributed',
    'beta',
    'unattributed',
  ]);
  await writeState(db, ids['a-1'] as number, { name: 'a-10' }, at('2026-05-20'), null, now);
  expect(await ownership(ids['a-1'] as number)).toEqual([
    '2026-05-01 00:00 2026-05-20 00:00 unattributed null',
    '2026-05-20 00:00 infinity beta name',
  ]);
});

test('the first owner found within 24 hours of first sight holds from birth', async () => {
  const early = await insertLiving(db, account, 'droplet', '1', { name: 'x' }, born);
  await writeState(db, early, { name: 'x', tags: ['deployment:acme'] }, at('2026-05-01T23:59:59Z'), null, now);
  const late = await insertLiving(db, account, 'droplet', '2', { name: 'x' }, born);
  await writeState(db, late, { name: 'x', tags: ['deployment:acme'] }, at('2026-05-02'), null, now);
  const old = await insertResource(db, account, 'droplet', '3', at('2026-05-10'));
  await writeState(db, old, { name: 'x' }, born, null, now);
  await writeState(db, old, { name: 'x', tags: ['deployment:acme'] }, at('2026-05-10T12:00:00Z'), null, now);
  expect(await ownership(early)).toEqual(['2026-05-01 00:00 infinity acme deployment_tag']);
  expect(await ownership(late)).toEqual([
    '2026-05-01 00:00 2026-05-02 00:00 unattributed null',
    '2026-05-02 00:00 infinity acme deployment_tag',
  ]);
  expect(await ownership(old)).toEqual(['2026-05-01 00:00 infinity acme deployment_tag']);
});

test('what is left behind stays with the last owner, through a chain', async () => {
  const droplet = await insertLiving(db, account, 'droplet', '1', { name: 'x', tags: ['deployment:acme'] }, born);
  const volume = await insertLiving(
    db,
    account,
    'volume',
    'v',
    { name: 'v', parents: ['droplet:1'] },
    at('2026-05-02'),
  );
  const snapshot = await insertLiving(
    db,
    account,
    'snapshot',
    's',
    { name: 's', parents: ['volume:v'] },
    at('2026-05-03'),
  );
  const elsewhere = await insertLiving(
    db,
    await insertAccount(db, 'other'),
    'snapshot',
    's',
    { name: 's', parents: ['droplet:1'] },
    at('2026-05-03'),
  );
  await bringAttributionsUpToDate(db, now);
  await writeState(db, droplet, { name: 'x', tags: ['deployment:beta'] }, at('2026-05-10'), null, now);
  expect(await ownership(snapshot)).toEqual([
    '2026-05-03 00:00 2026-05-10 00:00 acme inheritance',
    '2026-05-10 00:00 infinity beta inheritance',
  ]);
  await writeState(db, droplet, null, at('2026-05-20'), null, now);
  expect(await ownership(droplet)).toEqual([
    '2026-05-01 00:00 2026-05-10 00:00 acme deployment_tag',
    '2026-05-10 00:00 infinity beta deployment_tag',
  ]);
  // The volume is detached and ends; the snapshot stays with its last owner.
  await writeState(db, volume, null, at('2026-05-21'), null, now);
  expect((await ownership(snapshot)).at(-1)).toBe('2026-05-10 00:00 infinity beta inheritance');
  // An assignment of what is gone moves what it left behind.
  await assign(
    db,
    { resourceIds: [volume], owners: [{ slug: 'acme', weight: 5 }], from: at('2026-05-25') },
    'test',
    now,
  );
  expect((await ownership(snapshot)).at(-1)).toBe('2026-05-25 00:00 infinity acme inheritance');
  expect(await ownership(elsewhere)).toEqual(['2026-05-03 00:00 infinity unattributed null']);
});

test('a firewall belongs to its droplets where they agree, named or tagged', async () => {
  const one = await insertLiving(db, account, 'droplet', '1', { name: 'x', tags: ['deployment:acme'] }, born);
  const two = await insertLiving(db, account, 'droplet', '2', { name: 'x', tags: ['deployment:acme', 'web'] }, born);
  const named = await insertLiving(
    db,
    account,
    'firewall',
    'f1',
    { parents: ['droplet:1', 'droplet:2', 'droplet:404'] },
    born,
  );
  const tagged = await insertLiving(db, account, 'firewall', 'f2', { parents: ['tag:web'] }, born);
  expect(await ownership(named)).toEqual(['2026-05-01 00:00 infinity acme inheritance']);
  expect(await ownership(tagged)).toEqual(['2026-05-01 00:00 infinity acme inheritance']);
  await writeState(db, one, { name: 'x', tags: ['deployment:beta', 'web'] }, at('2026-05-10'), null, now);
  await writeState(db, one, { name: 'x', tags: ['web'] }, at('2026-05-12'), null, now);
  await writeState(db, two, { name: 'x', tags: ['deployment:acme'] }, at('2026-05-15'), null, now);
  expect(await ownership(named)).toEqual([
    '2026-05-01 00:00 2026-05-10 00:00 acme inheritance',
    '2026-05-10 00:00 infinity unattributed null',
  ]);
  expect(await ownership(tagged)).toEqual([
    '2026-05-01 00:00 2026-05-10 00:00 acme inheritance',
    '2026-05-10 00:00 infinity unattributed null',
  ]);
  // A correction: the tag was never there.
  await writeState(db, one, { name: 'x', tags: [] }, at('2026-05-10'), null, now);
  expect(await ownership(tagged)).toEqual([
    '2026-05-01 00:00 2026-05-15 00:00 acme inheritance',
    '2026-05-15 00:00 infinity unattributed null',
  ]);
});

test('assigning again writes nothing; taking it back lets the rules decide', async () => {
  const droplet = await insertLiving(db, account, 'droplet', '1', { name: 'x', tags: ['deployment:beta'] }, born);
  const acme = { resourceIds: [droplet], owners: [{ slug: 'acme', weight: 1 }], from: null };
  expect(await assign(db, acme, 'test', now)).toEqual({ superseded: 0, inserted: 1 });
  expect(await assign(db, { ...acme, owners: [{ slug: 'acme', weight: 7 }] }, 'test', now)).toEqual({
    superseded: 0,
    inserted: 0,
  });
  expect(await ownership(droplet)).toEqual(['2026-05-01 00:00 infinity acme manual']);
  await unassign(db, { resourceIds: [droplet], from: at('2026-05-10'), to: at('2026-05-20') }, 'test', now);
  expect(
    await unassign(db, { resourceIds: [droplet], from: at('2026-05-10'), to: at('2026-05-20') }, 'test', now),
  ).toEqual({ superseded: 0, inserted: 0 });
  expect(await ownership(droplet)).toEqual([
    '2026-05-01 00:00 2026-05-10 00:00 acme manual',
    '2026-05-10 00:00 2026-05-20 00:00 beta deployment_tag',
    '2026-05-20 00:00 infinity acme manual',
  ]);
  const refused = (owners: { slug: string; weight: number }[], resourceIds = [droplet]) =>
    assign(db, { resourceIds, owners, from: null }, 'test', now).then(
      () => 'accepted',
      (error: { code: string }) => error.code,
    );
  expect(await refused([{ slug: 'nobody', weight: 1 }])).toBe('not_found');
  expect(await refused([{ slug: 'unattributed', weight: 1 }])).toBe('invalid_argument');
  expect(await refused([{ slug: 'acme', weight: 0 }])).toBe('invalid_argument');
  expect(
    await refused([
      { slug: 'acme', weight: 1 },
      { slug: 'acme', weight: 1 },
    ]),
  ).toBe('invalid_argument');
  expect(await refused([{ slug: 'acme', weight: 1 }], [droplet, 999_999])).toBe('not_found');
});

test('with nothing outstanding nothing is written, and only another owner is told to others', async () => {
  const droplet = await insertLiving(db, account, 'droplet', '1', { name: 'acme-web' }, born);
  await applyRules(db, { rules: [{ name: 'acme-*', deployment: 'acme' }] }, 'test', now);
  expect(await bringAttributionsUpToDate(db, now)).toEqual({ resources: 1, changed: 1 });
  expect(await bringAttributionsUpToDate(db, now)).toEqual({ resources: 0, changed: 0 });
  const told = async () =>
    (await sql<{ told: number }>`SELECT count(*) AS told FROM changes WHERE cause = 'attribution'`.execute(db)).rows[0]
      ?.told;
  expect(await told()).toBe(1);
  // The same owner by another rule.
  await assign(
    db,
    { resourceIds: [droplet], owners: [{ slug: 'acme', weight: 1 }], from: at('2026-05-10') },
    'test',
    now,
  );
  expect(await bringAttributionsUpToDate(db, now)).toEqual({ resources: 1, changed: 0 });
  expect(await ownership(droplet)).toEqual([
    '2026-05-01 00:00 2026-05-10 00:00 acme name',
    '2026-05-10 00:00 infinity acme manual',
  ]);
  expect(await told()).toBe(1);
});

test('a deployment shows what it owned when and by which rule; moving its start tells metering', async () => {
  await insertLiving(db, account, 'droplet', '1', { name: 'acme-web' }, born);
  const volume = await insertLiving(db, account, 'volume', 'v', { name: 'acme-data' }, at('2026-05-03'));
  await applyRules(db, { rules: [{ name: 'acme-*', shares: { acme: 2, beta: 4 } }] }, 'test', now);
  await bringAttributionsUpToDate(db, now);
  const { owned, ownedTotal } = await getDeployment(db, 'beta', 1);
  expect(ownedTotal).toBe(2);
  expect(owned).toMatchObject([
    { resourceId: volume, name: 'acme-data', weight: 2, weightTotal: 3, rule: 'name acme-*', to: null },
  ]);
  expect(owned[0]?.from.equals(at('2026-05-03'))).toBe(true);
  const before = (await sql<{ id: number }>`SELECT max(change_id) AS id FROM changes`.execute(db)).rows[0]?.id;
  expect(await setDeploymentStart(db, 'beta', at('2026-05-02'), now)).toBe(true);
  expect(await setDeploymentStart(db, 'beta', at('2026-05-02'), now)).toBe(false);
  const { rows } = await sql<{ topic: string; f: string; t: string }>`
    SELECT topic, to_char(valid_from, 'MM-DD') AS f, to_char(valid_to, 'MM-DD') AS t FROM changes WHERE change_id > ${before} ORDER BY change_id`.execute(
    db,
  );
  expect(rows).toEqual([
    { topic: 'deployment', f: '05-01', t: '05-02' },
    { topic: 'resource', f: '05-01', t: '05-02' },
  ]);
});

test('a change that no rule can read derives no owner', async () => {
  const name = 'acme-web';
  const droplet = await insertLiving(db, account, 'droplet', '1', { name }, born);
  await applyRules(db, { rules: [{ name: 'acme-*', deployment: 'acme' }] }, 'test', now);
  await bringAttributionsUpToDate(db, now);
  const write = (state: FixtureState | null, from: string) => writeState(db, droplet, state, at(from), null, now);
  await write({ name, status: 'off' }, '2026-05-02');
  await write({ name, status: 'off', attributes: { vcpus: 4 } }, '2026-05-03');
  expect(await bringAttributionsUpToDate(db, now)).toEqual({ resources: 0, changed: 0 });
  for (const other of [{ name: 'web' }, { name, tags: ['a'] }, { name, parents: ['kubernetes_cluster:1'] }, null]) {
    await write(other, '2026-05-04');
    expect(await bringAttributionsUpToDate(db, now)).toMatchObject({ resources: 1 });
  }
  // It lives again, where it was gone.
  await write({ name }, '2026-05-04');
  expect(await bringAttributionsUpToDate(db, now)).toMatchObject({ resources: 1 });
});

test('lists what has no owner, but not projects', async () => {
  await insertLiving(db, account, 'project', 'p', { name: 'Acme' }, born);
  await insertLiving(db, account, 'droplet', '1', { name: 'b', tags: ['deployment:acme'] }, born);
  const nobodys = await insertLiving(db, account, 'droplet', '2', { name: 'a' }, at('2026-05-05'));
  await bringAttributionsUpToDate(db, now);
  expect(await unattributedResources(db, at('2026-05-10'))).toMatchObject({
    total: 1,
    resources: [{ resourceId: nobodys, name: 'a' }],
  });
  expect((await unattributedResources(db, at('2026-05-04'))).total).toBe(0);
});
