import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { answerOf, arcadia, makeFolder } from '../end-to-end/arcadia.ts';
import { insertLiving } from '../fixtures/inventory.ts';
import { addDeployment, at, insertAccount, openBusiness } from '../fixtures/invoices.ts';
import { makePlan } from '../fixtures/pricing.ts';
import { arcadiaHere } from './here.ts';

// An operator hands in what Terraform has: the command reads it, and sends the declaration that it makes.

let database: TestDatabase;
const folder = makeFolder();
const fixture = (name: string) => new URL(`../fixtures/terraform/${name}.tfstate`, import.meta.url).pathname;

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  await sql`INSERT INTO simulated_clock (instant) VALUES (${at('2026-06-05')})`.execute(db);
  await openBusiness(db, '2026-04-01');
  await makePlan(db, { plan: 'usage', from: '2026-02-01', base: '0.00', items: [] });
  await addDeployment(db, { customer: 'anna', slug: 'acme', plan: 'usage', from: '2026-04-01' });
});
afterAll(async () => {
  await database.close();
  folder.remove();
});

function run(args: readonly string[], input?: string, by = arcadiaHere) {
  const env = { DATABASE_URL: database.connectionString, ARCADIA_DATA_DIR: folder.path };
  return by(args, { env, cwd: folder.path, ...(input !== undefined && { input }) });
}

const importing = (name: string, file: string, ...more: readonly string[]) =>
  run(['declaration', 'import', name, '--from', file, '--deployment', 'acme', ...more]);

/** A state of so many droplets. */
function stateOf(droplets: number, more: object = {}): string {
  const instances = Array.from({ length: droplets }, (_, index) => ({
    index_key: index,
    attributes: { id: String(index + 1), name: `web-${index}` },
  }));
  const provider = 'provider["registry.terraform.io/digitalocean/digitalocean"]';
  const resources = [{ mode: 'managed', type: 'digitalocean_droplet', name: 'web', provider, instances }];
  return JSON.stringify({ version: 4, terraform_version: '1.9.8', serial: 5, lineage: 'l-1', resources, ...more });
}

function file(name: string, text: string): string {
  const path = join(folder.path, name);
  writeFileSync(path, text);
  return path;
}

test('what is compared and what is not is said, and what would be declared is not written by --dry-run', async () => {
  const dry = await importing('structure', fixture('4-structure'), '--dry-run', '--json');
  expect(answerOf(dry)).toMatchObject({
    declaration: 'structure',
    written: false,
    changed: true,
    resources: { added: 3 },
  });
  expect(dry.stderr).toContain(
    '4 of 6 compared, 1 of kinds not read, 1 skipped for other reasons. Besides: 1 data source, 1 of other providers, 1 deposed.',
  );
  expect(dry.stderr).toContain('digitalocean_gradientai_agent.bot: not compared, its kind is not read');
  expect(dry.stderr).toContain('digitalocean_volume.data: not compared, it was written before Terraform 0.12');
  expect(dry.stderr).toContain('digitalocean_droplet.old: tainted');
  expect(dry.stderr).toContain('its deposed droplet 480009999 (8f3a9c01) is meant to be destroyed');
  expect(dry.stderr).toMatch(/digitalocean_droplet\.twice: module\.customer.* declares the same resource/);
  expect(dry.stderr).not.toContain('cloudflare_dns_record');
  expect(dry.stderr).toContain('A state is only what Terraform last saw');
  expect(dry.stderr).toContain('tofu plan -refresh=false -out p && tofu show -json p | arcadia declaration import');
  expect((await run(['declaration', 'show', 'structure'])).code).toBe(1);

  const words = ['declaration', 'import', 'structure', '--from', fixture('4-structure'), '--deployment', 'acme'];
  expect(await run(words, undefined, arcadia)).toMatchObject({ code: 0 });
  const shown = answerOf(await run(['declaration', 'show', 'structure', '--json'])) as {
    declaration: object;
    resources: object[];
  };
  expect(shown.declaration).toMatchObject({
    deployment: 'acme',
    covers: 'nothing',
    source: 'terraform_state',
    serial: 4,
    lineage: '7d3f0000-0000-4000-8000-000000000004',
  });
  expect(shown.resources).toHaveLength(3);
  expect(answerOf(await importing('structure', fixture('4-structure'), '--json'))).toMatchObject({ changed: false });
});

test('no secret of a state is in an answer, in an error or in any table', async () => {
  const texts = [
    await importing('secrets', fixture('6-secrets')),
    await importing('secrets', fixture('6-secrets'), '--json'),
  ];
  expect(texts.map(({ code }) => code)).toEqual([0, 0]);
  const whole = readFileSync(fixture('6-secrets'), 'utf8');
  texts.push(await importing('secrets', file('cut.tfstate', whole.slice(0, -200))));
  expect(texts[2]).toMatchObject({ code: 1 });
  for (const { stdout, stderr } of texts) expect(stdout + stderr).not.toContain('CANARY');
  const { rows: tables } = await sql<{ name: string }>`
    SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind = 'r'`.execute(database.db);
  expect(tables.length).toBeGreaterThan(50);
  const found: string[] = [];
  for (const { name } of tables) {
    const { rows } = await sql`SELECT FROM ${sql.table(name)} AS t WHERE t::text LIKE '%CANARY%' LIMIT 1`.execute(
      database.db,
    );
    if (rows.length > 0) found.push(name);
  }
  expect(found).toEqual([]);
  const { rows } = await sql`SELECT FROM declared_resources WHERE address = 'digitalocean_database_cluster.pg'`.execute(
    database.db,
  );
  expect(rows.length).toBeGreaterThan(0);
});

test('an older state, and one that has lost more than half, are refused unless they are forced', async () => {
  expect(await importing('fleet', file('five.tfstate', stateOf(5)))).toMatchObject({ code: 0 });
  const older = file('older.tfstate', stateOf(5, { serial: 3 }));
  const refused = await importing('fleet', older);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('serial 5');
  expect(await importing('fleet', file('newer.tfstate', stateOf(4, { serial: 6 })))).toMatchObject({ code: 0 });

  const shrunk = await importing('fleet', file('empty.tfstate', ''));
  expect(shrunk.code).toBe(1);
  expect(shrunk.stderr).toContain('The file is empty: there is no state, and nothing is declared.');
  expect((await importing('fleet', file('one.tfstate', stateOf(1, { serial: 7 })))).code).toBe(1);
  expect(answerOf(await run(['declaration', 'show', 'fleet', '--json']))).toMatchObject({
    declaration: { resources: 4 },
  });

  expect(await importing('fleet', file('one.tfstate', stateOf(1, { serial: 7 })), '--force')).toMatchObject({
    code: 0,
  });
  expect(await importing('fleet', older, '--force')).toMatchObject({ code: 0 });
});

test('another lineage is a declaration of its own, also where it is forced', async () => {
  expect(await importing('lineages', file('a.tfstate', stateOf(2, { lineage: 'l-a' })))).toMatchObject({ code: 0 });
  const other = file('b.tfstate', stateOf(2, { lineage: 'l-b', serial: 9 }));
  for (const more of [[], ['--force']]) {
    const refused = await importing('lineages', other, ...more);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('lineage');
  }
  expect(await importing('lineages-b', other)).toMatchObject({ code: 0 });
});

test('a plan comes from standard input, and does not hide how old a state is', async () => {
  expect(await importing('planned', file('p.tfstate', stateOf(2, { lineage: 'l-p' })))).toMatchObject({ code: 0 });
  const provider = 'registry.terraform.io/digitalocean/digitalocean';
  const droplet = (index: number) => ({
    address: `digitalocean_droplet.web[${index}]`,
    mode: 'managed',
    type: 'digitalocean_droplet',
    provider_name: provider,
    values: { id: String(index + 1), name: 'meant' },
  });
  const plan = JSON.stringify({
    format_version: '1.2',
    planned_values: { root_module: { resources: [droplet(0), droplet(1)] } },
  });
  const planned = await run(
    ['declaration', 'import', 'planned', '--from', '-', '--deployment', 'acme', '--json'],
    plan,
    arcadia,
  );
  expect(answerOf(planned)).toMatchObject({ changed: true, resources: { changed: 2, added: 0, removed: 0 } });
  expect(planned.stderr).toContain('A plan: what is declared is what it means there to be.');
  expect((await importing('planned', file('p3.tfstate', stateOf(2, { lineage: 'l-p', serial: 3 })))).code).toBe(1);
  // A file of its own name is no other lineage.
  expect(await importing('planned', file('plan.json', plan))).toMatchObject({ code: 0 });
  expect((await importing('planned', file('plan.json', plan), '--lineage', 'l-q')).code).toBe(1);
});

test('a wrong account is an error, and nothing is missing because of it', async () => {
  const { db } = database;
  const europe = await insertAccount(db, 'europe');
  await insertLiving(db, europe, 'droplet', '7001', {}, at('2026-05-01'));
  const provider = 'provider["registry.terraform.io/digitalocean/digitalocean"]';
  const droplet = (id: number, alias: string) => ({
    mode: 'managed',
    type: 'digitalocean_droplet',
    name: `d${id}`,
    provider: `${provider}${alias}`,
    instances: [{ attributes: { id: String(id), name: `d${id}` } }],
  });
  // Of the second one nothing is known: that is no wrong account.
  const state = file(
    'accounts.tfstate',
    stateOf(0, { lineage: 'l-x', resources: [droplet(7001, '.eu'), droplet(7002, '')] }),
  );
  const refused = await importing('accounts', state, '--provider-account', 'eu=team');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('digitalocean_droplet.d7001 is in account europe');
  expect(refused.stderr).not.toContain('d7002 is in');
  const done = await importing('accounts', state, '--provider-account', 'eu=europe');
  expect(done).toMatchObject({ code: 0 });
  const { resources } = answerOf(await run(['declaration', 'show', 'accounts', '--json'])) as { resources: object[] };
  expect(resources).toMatchObject([{ account: 'europe', boundTo: '7001' }, { account: null }]);
  // Without an account the id decides.
  expect(await importing('accounts', state)).toMatchObject({ code: 0 });
});

test('what is typed wrongly is refused with what would be right', async () => {
  const refusals = [
    [['declaration', 'import', 'x', '--deployment', 'acme'], '--from <file>'],
    [['declaration', 'import', 'x', '--from', fixture('1-clean')], 'needs a deployment or an account'],
    [
      ['declaration', 'import', 'x', '--from', fixture('1-clean'), '--deployment', 'acme', '--provider-account', 'eu'],
      'is not alias=account',
    ],
    [
      [
        'declaration',
        'import',
        'x',
        '--from',
        fixture('1-clean'),
        '--deployment',
        'acme',
        '--provider-account',
        'eu=main',
      ],
      'aliases there: none',
    ],
    [
      [
        'declaration',
        'import',
        'x',
        '--from',
        fixture('4-structure'),
        '--deployment',
        'acme',
        '--provider-account',
        'eu=nowhere',
      ],
      'nowhere',
    ],
    [
      ['declaration', 'import', 'x', '--from', fixture('6b-encrypted'), '--deployment', 'acme'],
      'encrypted by OpenTofu',
    ],
    [['declaration', 'import', 'x', '--from', fixture('6d-truncated'), '--deployment', 'acme'], 'cut off at byte 700'],
    [['declaration', 'import', 'x', '--from', join(folder.path, 'none'), '--deployment', 'acme'], 'cannot be read'],
  ] as const;
  for (const [args, said] of refusals) {
    const { code, stderr } = await run(args);
    expect(code).toBe(1);
    expect(stderr).toContain(said);
  }
});

test('a check of a plan says by its exit code whether all agrees, and declares nothing', async () => {
  const { db } = database;
  const team = await insertAccount(db, 'checked');
  await insertLiving(db, team, 'droplet', '8001', { name: 'web' }, at('2026-05-01'));
  const droplet = (name: string) => ({
    address: 'digitalocean_droplet.web',
    mode: 'managed',
    type: 'digitalocean_droplet',
    provider_name: 'registry.terraform.io/digitalocean/digitalocean',
    values: { id: '8001', name },
  });
  const plan = (name: string) =>
    JSON.stringify({ format_version: '1.2', planned_values: { root_module: { resources: [droplet(name)] } } });
  const check = (name: string, ...more: readonly string[]) =>
    run(['drift', 'check', '--from', '-', '--account', 'checked', '--exit-code', ...more], plan(name));
  const listed = (outcome: string, at: string) =>
    sql`
    INSERT INTO sync_runs (account_id, kind, started_at, finished_at, outcome) VALUES (${team}, 'droplet', ${at}, ${at}, ${outcome})`.execute(
      db,
    );
  await listed('complete', '2026-06-04T00:00:00Z');
  expect(await check('web')).toMatchObject({ code: 0, stderr: expect.stringContaining('1 of 1 compared.') });
  const differs = await check('meant', '--json');
  expect(differs).toMatchObject({ code: 3 });
  expect(JSON.parse(differs.stdout)).toMatchObject({ findings: 1, groups: [{ rule: 'changed', severity: 'low' }] });
  expect(await check('meant', '--severity', 'medium')).toMatchObject({ code: 0 });
  await listed('failed', '2026-06-04T01:00:00Z');
  const blind = await check('web');
  expect(blind).toMatchObject({ code: 1 });
  expect(blind.stderr).toContain('Not all could be seen: droplet of account checked');
  expect(await check('web', '--allow-blind')).toMatchObject({ code: 0 });
  expect((await run(['declaration', 'show', 'check'])).code).toBe(1);
  expect((await run(['drift', 'check', '--account', 'checked'])).code).toBe(1);
});
