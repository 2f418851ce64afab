import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import type { Database } from '../platform/database/database.ts';
import { assign } from './assignments.ts';
import { bringAttributionsUpToDate, unattributedResources } from './attribution.ts';
import { createCustomer } from './customers.ts';
import { createDeployment } from './deployments.ts';
import {
  at,
  insertAccount,
  insertLiving,
  readOwnership,
  writeMembership,
  writeState,
} from '../../test/fixtures/inventory.ts';
import { previewRules } from '../../test/fixtures/preview-rules.ts';
import { applyRules, listRules, reorderRules } from './rules.ts';
import { suggestOwners } from './suggestions.ts';

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
});
afterEach(() => opened.close());

async function deploy(...slugs: string[]) {
  for (const slug of slugs) await createDeployment(db, { slug, name: slug, customer: 'c1', startsAt: born }, born);
}

/** Everything that a preview or a repeated application must leave alone. */
async function written() {
  const { rows } = await sql`
    SELECT (SELECT count(*) FROM ownership_rules) AS rules, (SELECT count(*) FROM attributions) AS attributions,
           (SELECT count(*) FROM owner_sets) AS sets, (SELECT count(*) FROM changes) AS changes,
           (SELECT change_id FROM attribution_progress) AS progress`.execute(db);
  return rows[0];
}

async function rulesInForce() {
  return (await listRules(db))
    .filter((rule) => rule.origin !== 'built in')
    .map(
      ({ kind, pattern, owners, from, to }) =>
        `${kind} ${pattern} ${owners?.map((o) => `${o.slug}:${o.weight}`)} ${from?.toString().slice(0, 10) ?? '-'} ${to?.toString().slice(0, 10) ?? '-'}`,
    );
}

test('declared rules are added, changed from a date on, ended by a date or by leaving them out', async () => {
  await deploy('acme', 'beta');
  const file = {
    rules: [
      { name: 'a-*', deployment: 'acme' },
      { tag: 'b', shares: { acme: 1, beta: 3 } },
    ],
  };
  expect(await applyRules(db, file, 'test', now)).toEqual({ added: 2, changed: 0, ended: 0, unchanged: 0 });
  const before = await written();
  expect(await applyRules(db, file, 'test', at('2026-06-02'))).toEqual({
    added: 0,
    changed: 0,
    ended: 0,
    unchanged: 2,
  });
  expect(await written()).toEqual(before);

  expect(
    await applyRules(
      db,
      { rules: [{ name: 'a-*', deployment: 'beta', from: '2026-05-10' }, file.rules[1]] },
      'test',
      now,
    ),
  ).toEqual({
    added: 0,
    changed: 1,
    ended: 0,
    unchanged: 1,
  });
  expect(await rulesInForce()).toEqual([
    'tag b acme:1,beta:3 - -',
    'name a-* acme:1 - 2026-05-10',
    'name a-* beta:1 2026-05-10 -',
  ]);

  await applyRules(
    db,
    { rules: [{ name: 'a-*', deployment: 'beta', from: '2026-05-10', to: '2026-05-20' }] },
    'test',
    now,
  );
  expect(await rulesInForce()).toEqual([
    'tag b acme:1,beta:3 - 2026-06-01',
    'name a-* acme:1 - 2026-05-10',
    'name a-* beta:1 2026-05-10 2026-05-20',
  ]);
  // What has ended stays the same rule when it comes back.
  const ids = (await listRules(db)).map((rule) => rule.ruleId);
  await applyRules(
    db,
    {
      rules: [
        { name: 'a-*', deployment: 'beta', from: '2026-05-10' },
        { tag: 'b', deployment: 'beta' },
      ],
    },
    'test',
    now,
  );
  expect(await rulesInForce()).toEqual([
    'tag b beta:1 - -',
    'name a-* acme:1 - 2026-05-10',
    'name a-* beta:1 2026-05-10 -',
  ]);
  expect(new Set((await listRules(db)).map((rule) => rule.ruleId))).toEqual(new Set(ids));
});

test('a changed, ended or reordered rule derives again exactly what it touches', async () => {
  await deploy('acme', 'beta');
  const a = await insertLiving(db, account, 'droplet', '1', { name: 'a-1', tags: ['b'] }, born);
  const other = await insertLiving(db, account, 'droplet', '2', { name: 'z' }, born);
  const snapshot = await insertLiving(db, account, 'snapshot', 's', { name: 's', parents: ['droplet:1'] }, born);
  await applyRules(
    db,
    {
      rules: [
        { name: 'a-*', deployment: 'acme' },
        { name: 'a-?', deployment: 'beta' },
      ],
    },
    'test',
    now,
  );
  await bringAttributionsUpToDate(db, now);
  const owners = async () => (await readOwnership(db, snapshot)).map((row) => `${row.from} ${row.owner}`);
  expect(await owners()).toEqual(['2026-05-01 00:00 acme']);
  await applyRules(
    db,
    {
      rules: [
        { name: 'a-?', deployment: 'beta' },
        { name: 'a-*', deployment: 'acme' },
      ],
    },
    'test',
    now,
  );
  expect(await bringAttributionsUpToDate(db, now)).toEqual({ resources: 1, changed: 2 });
  expect(await owners()).toEqual(['2026-05-01 00:00 beta']);
  await applyRules(db, { rules: [{ name: 'a-*', deployment: 'acme', from: '2026-05-10' }] }, 'test', at('2026-06-05'));
  await bringAttributionsUpToDate(db, now);
  expect(await owners()).toEqual(['2026-05-01 00:00 beta', '2026-06-05 00:00 acme']);
  await applyRules(db, { rules: [{ tag: 'b', deployment: 'beta', position: 50 }] }, 'test', at('2026-06-05'));
  await assign(db, { resourceIds: [a], owners: [{ slug: 'acme', weight: 1 }], from: null }, 'test', now);
  await bringAttributionsUpToDate(db, now);
  expect(await owners()).toEqual(['2026-05-01 00:00 beta']);
  const manualFirst = (await listRules(db)).map((rule) => rule.ruleId).sort((x, y) => x - y);
  await reorderRules(db, [...new Set(manualFirst)], 'test', now);
  await bringAttributionsUpToDate(db, now);
  expect(await owners()).toEqual(['2026-05-01 00:00 acme']);
  expect((await readOwnership(db, other)).map((row) => row.owner)).toEqual(['unattributed']);
  await expect(reorderRules(db, [1, 2], 'test', now)).rejects.toMatchObject({ code: 'invalid_argument' });
});

test('inheritance can go before names', async () => {
  await deploy('acme', 'beta');
  await insertLiving(db, account, 'droplet', '1', { name: 'x', tags: ['deployment:beta'] }, born);
  const snapshot = await insertLiving(db, account, 'snapshot', 's', { name: 'a-1', parents: ['droplet:1'] }, born);
  await applyRules(db, { rules: [{ name: 'a-*', deployment: 'acme' }] }, 'test', now);
  await bringAttributionsUpToDate(db, now);
  expect(await readOwnership(db, snapshot)).toMatchObject([{ owner: 'acme', rule: 'name' }]);
  const ids = (await listRules(db)).map((rule) => rule.ruleId);
  await reorderRules(db, [3, ...ids.filter((id) => id !== 3)], 'test', now);
  await bringAttributionsUpToDate(db, now);
  expect(await readOwnership(db, snapshot)).toMatchObject([{ owner: 'beta', rule: 'inheritance' }]);
});

test('what cannot be applied is named by rule and field, and nothing is', async () => {
  await deploy('acme');
  const before = await written();
  const file = {
    rules: [
      { name: 'ok-*', deployment: 'acme' },
      { name: 'x-*', deployment: 'nobody' },
      { project: 'p-404', deployment: 'acme' },
      { name: 'ok-*', deployment: 'acme', from: '2026-05-01' },
    ],
  };
  const error = await applyRules(db, file, 'test', now).then(
    () => null,
    (thrown) => thrown,
  );
  expect(error.message.split('\n')).toEqual([
    'rules[1] (name x-*): deployment: There is no deployment nobody.',
    'rules[2] (project p-404): project: no project with this id is known; connect its account and sync first',
    'rules[3] (name ok-*): from: says the same time over as rules[0] (name ok-*)',
  ]);
  expect(await written()).toEqual(before);
});

test('a preview says what would change since when and whose it was, and writes nothing', async () => {
  await deploy('acme', 'beta');
  await insertLiving(db, account, 'droplet', '1', { name: 'a-1' }, born);
  const two = await insertLiving(db, account, 'droplet', '2', { name: 'a-2', tags: ['deployment:beta'] }, born);
  await insertLiving(db, account, 'snapshot', 's', { name: 's', parents: ['droplet:2'] }, at('2026-05-20'));
  await bringAttributionsUpToDate(db, now);
  // A fact that is outstanding is no effect of the rules.
  await writeState(db, two, { name: 'a-2' }, at('2026-05-15'), null, now);
  const before = await written();
  const file = { rules: [{ name: 'a-*', deployment: 'acme', from: '2026-05-10' }] };
  const preview = await previewRules(db, file, now);
  expect(await written()).toEqual(before);
  const shown = preview.changes.map(({ name, from, to, before, after }) =>
    [
      name,
      from.toString().slice(0, 10),
      to?.toString().slice(0, 10) ?? '-',
      before.map((o) => o.slug).join(),
      after.map((o) => o.slug).join(),
    ].join(' '),
  );
  expect(shown).toEqual(['a-1 2026-05-10 -  acme', 'a-2 2026-05-15 -  acme', 's 2026-05-20 -  acme']);
  expect(preview).toMatchObject({
    rules: { added: 1, changed: 0, ended: 0, unchanged: 0 },
    resources: 3,
    changesTotal: 3,
    totals: [
      { deployment: 'acme', gains: 3, loses: 0 },
      { deployment: 'unattributed', gains: 0, loses: 3 },
    ],
  });
  expect((await previewRules(db, file, now, { limit: 1, offset: 1 })).changes.map((change) => change.name)).toEqual([
    'a-2',
  ]);
  await applyRules(db, file, 'test', now);
  await bringAttributionsUpToDate(db, now);
  expect(await previewRules(db, file, now)).toMatchObject({
    resources: 0,
    changes: [],
    totals: [],
    rules: { unchanged: 1 },
  });
});

test('suggestions name what would own how much, can be previewed as they are, and leave owned things alone', async () => {
  await createDeployment(db, { slug: 'acme-shop', name: 'Acme Web Shop', customer: 'c1', startsAt: born }, born);
  await deploy('beta');
  const project = await insertLiving(db, account, 'project', 'p-1', { name: 'Acme web shop!' }, born);
  const unknown = await insertLiving(db, account, 'project', 'p-2', { name: 'Gamma' }, born);
  let id = 0;
  const droplet = (name: string, tags: string[] = []) =>
    insertLiving(db, account, 'droplet', String(++id), { name, tags }, born);
  await writeMembership(db, await droplet('lonely'), project, born, null, born);
  await writeMembership(db, await droplet('other'), unknown, born, null, born);
  await droplet('tagged', ['beta']);
  for (const name of ['acme-web-1', 'acme-web-2', 'beta.db', 'zeta-1', 'zeta-2', 'zeta-3', 'solo-1'])
    await droplet(name);
  await droplet('zeta-9', ['deployment:beta']);
  await bringAttributionsUpToDate(db, now);
  const suggestions = await suggestOwners(db);
  expect(
    suggestions.map(({ rule, deploymentExists, resources }) => ({ ...rule, deploymentExists, resources })),
  ).toEqual([
    { project: 'p-1', deployment: 'acme-shop', deploymentExists: true, resources: 1 },
    { project: 'p-2', deployment: 'gamma', deploymentExists: false, resources: 1 },
    { tag: 'beta', deployment: 'beta', deploymentExists: true, resources: 1 },
    { name: 'acme-*', deployment: 'acme-shop', deploymentExists: true, resources: 2 },
    { name: 'beta.*', deployment: 'beta', deploymentExists: true, resources: 1 },
    // Not zeta-*: what is called zeta-9 is tagged for beta.
  ]);
  for (const suggestion of suggestions.filter((one) => one.deploymentExists)) {
    expect((await previewRules(db, { rules: [suggestion.rule] }, now)).resources).toBe(suggestion.resources);
  }
  expect(await suggestOwners(db, 1)).toHaveLength(1);
});

test("no suggestion takes what a project, a tag, another name or an owner says is somebody else's", async () => {
  await deploy('nettle-cycles', 'site-0001', 'port', 'lamp');
  let id = 0;
  const droplet = (name: string, tags: string[] = []) =>
    insertLiving(db, account, 'droplet', String(++id), { name, tags }, born);
  // Three customers are called Nettle; only one has a deployment, and two have projects.
  for (const [project, name] of [
    ['p-records', 'Nettle Records'],
    ['p-tours', 'Nettle Tours'],
  ] as const) {
    const resource = await insertLiving(db, account, 'project', project, { name }, born);
    const prefix = name.toLowerCase().replace(' ', '-');
    for (const suffix of ['web', 'db']) {
      await writeMembership(db, await droplet(`${prefix}-${suffix}`), resource, born, null, born);
    }
  }
  for (const suffix of ['web', 'db', 'cache']) await droplet(`nettle-${suffix}`);
  // Five hundred sites in small, of which one has a deployment yet.
  for (const site of ['0001', '0002', '0003', '0004'])
    for (const suffix of ['a', 'b']) await droplet(`site-${site}-${suffix}`);
  for (const last of [1, 2, 3, 4])
    await insertLiving(db, account, 'reserved_ip', `100.20.30.${last}`, { name: `100.20.30.${last}` }, born);
  // A tag, and an owner by hand, that say otherwise than the name.
  for (const place of [1, 2, 3]) await droplet(`port-${place}`, place === 3 ? ['deployment:lamp'] : []);
  const given = await droplet('lamp-1');
  for (const place of [2, 3]) await droplet(`lamp-${place}`);
  await assign(db, { resourceIds: [given], owners: [{ slug: 'port', weight: 1 }], from: null }, 'ann', now);
  await bringAttributionsUpToDate(db, now);
  const suggestions = await suggestOwners(db);
  expect(suggestions.map(({ rule, resources }) => ({ ...rule, resources }))).toEqual([
    { project: 'p-records', deployment: 'nettle-records', resources: 2 },
    { project: 'p-tours', deployment: 'nettle-tours', resources: 2 },
    { name: 'site-0001-*', deployment: 'site-0001', resources: 2 },
  ]);
  expect(suggestions.map(({ reason }) => reason)).toEqual([
    'the project is called Nettle Records; of its 2 resources none belongs to another',
    'the project is called Nettle Tours; of its 2 resources none belongs to another',
    'names are made like site-0001; of the 2 that match none belongs to another',
  ]);
});

test('an agency of 400 droplets without projects and tags: 20 name rules own nine tenths, previewed first', async () => {
  const slugs = Array.from({ length: 20 }, (_, index) => `kunde${index}`);
  await deploy(...slugs);
  // 360 named after their customer in an agency's many ways, 40 after nothing.
  await sql`
    WITH droplets AS (
      INSERT INTO resources (account_id, kind, external_id, first_seen_at)
      SELECT ${account}, 'droplet', (1000 + i)::text, ${born} FROM generate_series(0, 399) AS i
      RETURNING resource_id, external_id::int - 1000 AS i
    ), states AS (
      INSERT INTO resource_states (resource_id, account_id, kind, name, status, tags, parents, attributes, valid_from, valid_to,
                                   recorded_at, superseded_at, source)
      SELECT resource_id, ${account}, 'droplet',
             CASE WHEN i < 360 THEN format('kunde%s-%s-%s', i % 20, (ARRAY['web', 'db', 'cache'])[1 + i % 3], i) ELSE format('ubuntu-s-1vcpu-%s', i) END,
             'active', '{}', '{}', '{}', ${born}::timestamptz + i * interval '1 minute', 'infinity', ${born}, 'infinity', 'listing'
      FROM droplets RETURNING resource_id, valid_from
    )
    INSERT INTO changes (topic, subject, valid_from, valid_to, cause, recorded_at)
    SELECT 'resource', resource_id, valid_from, 'infinity', 'state', ${born} FROM states`.execute(db);
  expect(await bringAttributionsUpToDate(db, now)).toEqual({ resources: 400, changed: 400 });
  expect((await unattributedResources(db, now)).total).toBe(400);

  const file = { rules: slugs.map((slug) => ({ name: `${slug}-*`, deployment: slug, kinds: ['droplet'] })) };
  const before = await written();
  const preview = await previewRules(db, file, now);
  expect(await written()).toEqual(before);
  expect(preview).toMatchObject({ resources: 360, changesTotal: 360 });
  expect(preview.totals).toHaveLength(21);
  expect(preview.totals.at(-1)).toEqual({ deployment: 'unattributed', gains: 0, loses: 360 });
  expect(preview.totals.slice(0, 20).every((total) => total.gains === 18 && total.loses === 0)).toBe(true);

  await applyRules(db, file, 'test', now);
  expect(await bringAttributionsUpToDate(db, now)).toEqual({ resources: 360, changed: 360 });
  expect((await unattributedResources(db, now)).total).toBe(40);
  const left = (await suggestOwners(db)).map(({ rule, resources }) => ({ ...rule, resources }));
  expect(left).toEqual([{ name: 'ubuntu-*', deployment: 'ubuntu', resources: 40 }]);
});

/** Droplets called web-1-a, web-2-a and so on, each known since it was born. */
async function insertFleet(count: number): Promise<void> {
  await sql`
    INSERT INTO resources (account_id, kind, external_id, first_seen_at)
    SELECT ${account}, 'droplet', 'fleet-' || i, ${born} FROM generate_series(1, ${count}::int) AS i`.execute(db);
  await sql`
    INSERT INTO resource_states (resource_id, account_id, kind, name, status, region, tags, parents, attributes,
                                 valid_from, valid_to, recorded_at, superseded_at, source)
    SELECT resource_id, account_id, kind, 'web-' || substr(external_id, 7) || '-a', 'active', 'nyc3', '{}', '{}', '{}',
           ${born}, 'infinity', ${born}, 'infinity', 'listing'
    FROM resources WHERE external_id LIKE 'fleet-%'`.execute(db);
  await sql`
    INSERT INTO changes (topic, subject, valid_from, valid_to, cause, recorded_at)
    SELECT 'resource', resource_id, ${born}, 'infinity', 'sync', ${born} FROM resources WHERE external_id LIKE 'fleet-%'`.execute(
    db,
  );
}

test('as many rules as a file may have are previewed, where their names begin differently', async () => {
  await deploy('acme', 'beta');
  await insertFleet(10_000);
  const rules = Array.from({ length: 2_000 }, (_, place) => ({
    name: `web-${place + 1}-*`,
    deployment: place % 2 === 0 ? 'acme' : 'beta',
  }));
  const before = await written();
  expect(await previewRules(db, { rules }, now, { limit: 1 })).toMatchObject({
    rules: { added: 2_000 },
    resources: 2_000,
    totals: [
      { deployment: 'acme', gains: 1_000, loses: 0 },
      { deployment: 'beta', gains: 1_000, loses: 0 },
      { deployment: 'unattributed', gains: 0, loses: 2_000 },
    ],
  });
  expect(await written()).toEqual(before);
});

test('rules that would compare very many names are refused, with what they would cost', async () => {
  await deploy('acme');
  await insertFleet(25_001);
  const rules = Array.from({ length: 2_000 }, (_, place) => ({ name: `*-${place}`, deployment: 'acme' }));
  const refused = {
    code: 'too_costly',
    message: expect.stringMatching(/^2000 rules by name would compare names 50002000 times with the 25001 states/),
  };
  await expect(previewRules(db, { rules }, now)).rejects.toMatchObject(refused);
  await expect(applyRules(db, { rules }, 'ann', now)).rejects.toMatchObject(refused);
});

test('two thousand times the same rule is refused for each but the first, the first thousand by name', async () => {
  await deploy('acme');
  const rules = Array.from({ length: 2_000 }, () => ({ name: 'web-*', deployment: 'acme' }));
  const error = await applyRules(db, { rules }, 'ann', now).catch((caught: unknown) => caught);
  const { problems } = (error as { details: { problems: unknown[] } }).details;
  expect(problems).toHaveLength(1_000);
  expect(problems[0]).toMatchObject({ rule: 'rules[1] (name web-*)', field: 'from' });
});
