import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { insertAccount, insertLiving, writeState } from '../../../test/fixtures/inventory.ts';
import { openSimulatedAccount, type SimulatedAccount } from '../../../test/scenarios/simulated-account.ts';
import { add as addHook, messages } from '../../../test/webhooks/webhooks-fixture.ts';
import { assign, bringAttributionsUpToDate, createCustomer, createDeployment } from '../../deployments/index.ts';
import { disconnectAccount } from '../../inventory/accounts.ts';
import { type DeclarationDocument, declarationSchema } from '../declaration.ts';
import { adoptDeployment, applyDeclaration, endDeclaration, previewDeclaration } from '../declarations.ts';
import { checkDrift, decide, type Finding, findingGroups, getFinding, openFindings } from '../findings.ts';
import { selectFindings } from '../findings.store.ts';
import { sweep, verifyFindings } from './sweep.ts';

let database: TestDatabase;
let cloud: SimulatedAccount;

beforeEach(async () => {
  database = await openTestDatabase();
  cloud = await openSimulatedAccount(database.db);
  const { db } = database;
  const start = cloud.simulator.now();
  await createCustomer(db, { externalId: 'acme', name: 'Acme', currency: 'USD' }, start);
  await createDeployment(db, { slug: 'acme', name: 'Acme', customer: 'acme', startsAt: start }, start);
});
afterEach(async () => {
  await cloud.close();
  await database.close();
});

const now = () => cloud.simulator.now();

/** A sync of all that is listed, who owns it, and a sweep, a quarter of an hour later. */
async function look(): Promise<Awaited<ReturnType<typeof sweep>>> {
  await cloud.advance({ minutes: 15 });
  await cloud.sync();
  await bringAttributionsUpToDate(database.db, now());
  return sweep(database.db, now());
}

/** A look, and two more: what differs has settled. */
async function settle(): Promise<void> {
  for (let looks = 0; looks < 3; looks += 1) await look();
}

const declared = ['missing', 'unmanaged', 'replaced', 'changed', 'ambiguous', 'misattributed'];

async function findings(): Promise<Finding[]> {
  const rows = await selectFindings(
    database.db,
    { now: now(), category: declared, parts: true },
    { limit: 1000, cursor: null, sort: 'name', order: 'asc' },
  );
  return rows;
}

/** `changed size s-1vcpu-1gb -> s-2vcpu-4gb 18.00 open` */
const told = async () =>
  (await findings())
    .map((one) =>
      [
        one.category,
        one.name,
        one.field,
        one.declared === null ? null : JSON.stringify(one.declared),
        one.actual === null ? null : JSON.stringify(one.actual),
        one.monthly === null ? 'unknown' : Number(one.monthly).toFixed(2),
        one.state,
      ]
        .filter((part) => part !== null)
        .join(' '),
    )
    .sort();

const apply = (document: DeclarationDocument) =>
  applyDeclaration(database.db, declarationSchema.parse(document), { by: 'test', now: now() });

const web = { address: 'droplet.web', kind: 'droplet', id: '7001' } as const;

test('fields that differ are found one by one, priced in order, and resolved by the facts', async () => {
  await cloud.happen({
    type: 'create_droplet',
    id: 7001,
    name: 'web',
    size: 's-2vcpu-4gb',
    tags: ['a'],
    backups: 'weekly',
  });
  await look();
  await apply({
    declaration: 'acme',
    deployment: 'acme',
    resources: [{ ...web, fields: { size: 's-2vcpu-4gb', backups: true, tags: ['A', 'a'], name: 'web' } }],
  });
  await look();
  expect(await told()).toEqual([]);
  await cloud.happen(
    { type: 'resize_droplet', droplet: 7001, size: 's-4vcpu-8gb' },
    { type: 'set_backups', droplet: 7001, plan: null },
    { type: 'tag', kind: 'droplet', id: 7001, tags: ['urgent'] },
  );
  await look();
  expect((await told()).every((line) => line.endsWith('settling'))).toBe(true);
  await look();
  await look();
  expect(await told()).toEqual([
    'changed web backups true false -9.60 open',
    'changed web size "s-2vcpu-4gb" "s-4vcpu-8gb" 28.80 open',
    'changed web tags ["a"] ["a","urgent"] 0.00 open',
  ]);
  const byField: Readonly<Record<string, Finding>> = Object.fromEntries(
    (await findings()).map((one) => [one.field, one]),
  );
  expect(byField['backups']).toMatchObject({ severity: 'high', declaration: 'acme', deployment: 'acme' });
  expect(byField['tags']).toMatchObject({ severity: 'low' });
  const { causes, causesUnknown, fields } = await getFinding(database.db, byField['size']!.finding, now());
  expect(fields).toEqual([
    { field: 'backups', declared: true, actual: false, agrees: false },
    { field: 'size', declared: 's-2vcpu-4gb', actual: 's-4vcpu-8gb', agrees: false },
    { field: 'tags', declared: ['a'], actual: ['a', 'urgent'], agrees: false },
    { field: 'name', declared: 'web', actual: 'web', agrees: true },
  ]);
  // Both happened between two looks: both are named.
  expect(causes.map(({ type }) => type).sort()).toEqual(['disable_backups', 'resize']);
  expect(causesUnknown).toBeNull();
  // Between the last look that agreed, and the first that differed; of tags no action tells.
  const minutes = ({ sinceAfter, sinceBefore }: Finding) =>
    [sinceAfter, sinceBefore].map((moment) => moment?.until(now()).total('minutes'));
  expect(minutes(byField['tags']!)).toEqual([45, 30]);
  expect((await getFinding(database.db, byField['tags']!.finding, now())).causesUnknown).toContain('tags');
  await cloud.happen(
    { type: 'resize_droplet', droplet: 7001, size: 's-2vcpu-4gb' },
    { type: 'set_backups', droplet: 7001, plan: 'weekly' },
    { type: 'untag', kind: 'droplet', id: 7001, tags: ['urgent'] },
  );
  await look();
  expect(await told()).toEqual([]);
});

test('adopt declares all that there is: right after nothing differs, and a second sweep writes nothing', async () => {
  const tags = ['deployment:acme'];
  await cloud.happen(
    { type: 'create_droplet', id: 7001, name: 'web', tags },
    { type: 'create_droplet', id: 7002, name: 'web', tags },
    { type: 'create_volume', name: 'data', sizeGb: 50, region: 'fra1', tags },
    { type: 'create_database', name: 'pg', tags },
  );
  await look();
  const applied = await adoptDeployment(database.db, 'acme', 'acme', { by: 'test', now: now() });
  expect(applied).toMatchObject({ changed: true, resources: { added: 4 } });
  expect(await told()).toEqual([]);
  const rows = async () =>
    (
      await sql<{ rows: number }>`
        SELECT (SELECT count(*) FROM drift_findings) + (SELECT count(*) FROM drift_notices) + (SELECT count(*) FROM drift_bindings) AS rows`.execute(
        database.db,
      )
    ).rows[0]!.rows;
  await sweep(database.db, now(), { full: true });
  const before = await rows();
  expect(await sweep(database.db, now(), { full: true })).toMatchObject({
    skipped: false,
    found: 0,
    changed: 0,
    resolved: 0,
  });
  expect(await sweep(database.db, now())).toMatchObject({ skipped: true });
  expect(await rows()).toBe(before);
  await cloud.happen({ type: 'create_droplet', id: 7003, name: 'tmp', tags });
  await settle();
  expect(await told()).toEqual(['unmanaged tmp "7003" 6.00 open']);
  await endDeclaration(database.db, 'acme', 'test', now());
  expect(await told()).toEqual([]);
});

test('what is gone is missing; what took its name replaced it; two that match are ambiguous', async () => {
  await cloud.happen(
    { type: 'create_droplet', id: 7001, name: 'web' },
    { type: 'create_droplet', id: 7002, name: 'db', size: 's-2vcpu-4gb' },
  );
  await look();
  await apply({
    declaration: 'acme',
    deployment: 'acme',
    resources: [
      { address: 'web', kind: 'droplet', match: { name: 'web' } },
      { address: 'db', kind: 'droplet', id: '7002' },
      { address: 'never', kind: 'droplet', id: '7999', fields: { size: 's-2vcpu-4gb', name: 'lost' } },
      { address: 'all', kind: 'droplet', match: { name: '*' }, count: { min: 1, max: 2 } },
    ],
  });
  // No whole listing has begun since.
  expect(await told()).toEqual([]);
  await look();
  expect(await told()).toEqual(['missing lost "7999" -24.00 open']);
  await cloud.happen(
    { type: 'destroy', kind: 'droplet', id: 7002 },
    { type: 'destroy', kind: 'droplet', id: 7001 },
    { type: 'create_droplet', id: 7003, name: 'web', size: 's-1vcpu-2gb' },
  );
  await settle();
  expect(await told()).toEqual([
    'missing db "7002" -24.00 open',
    'missing lost "7999" -24.00 open',
    'replaced web "7001" "7003" 6.00 open',
  ]);
  await cloud.happen(
    { type: 'create_droplet', id: 7004, name: 'twin-1' },
    { type: 'create_droplet', id: 7005, name: 'twin-2' },
  );
  await look();
  await apply({
    declaration: 'twins',
    deployment: 'acme',
    resources: [{ address: 't', kind: 'droplet', match: { name: 'twin-*' } }],
  });
  expect((await told()).filter((line) => line.startsWith('ambiguous'))).toEqual([
    'ambiguous twin-* {"name":"twin-*"} ["7004","7005"] unknown open',
  ]);
  expect((await told()).filter((line) => line.includes('count'))).toEqual([
    'changed * count {"max":2,"min":1} 3 unknown settling',
  ]);
});

test('a rename is changed, and stays bound', async () => {
  await cloud.happen({ type: 'create_droplet', id: 7001, name: 'web-1' });
  await look();
  await apply({
    declaration: 'acme',
    deployment: 'acme',
    resources: [{ address: 'web', kind: 'droplet', match: { name: 'web-1' } }],
  });
  await cloud.happen({ type: 'rename_droplet', droplet: 7001, name: 'gone' });
  await settle();
  expect(await told()).toEqual(['changed gone name "web-1" "gone" 0.00 open']);
});

test('an incomplete listing makes nothing missing, freezes what there is, and a check says that it is blind', async () => {
  const [firewall] = await cloud.happen(
    { type: 'create_firewall', name: 'fw' },
    { type: 'create_droplet', id: 7001, name: 'web' },
  );
  await look();
  await apply({
    declaration: 'acme',
    deployment: 'acme',
    resources: [{ address: 'fw', kind: 'firewall', id: String(firewall), fields: { name: 'other' } }, web],
  });
  await settle();
  const before = await told();
  expect(before).toEqual(['changed fw name "other" "fw" 0.00 open']);
  await cloud.upset({ fault: 'missing_scope', scopes: ['firewall:read'] });
  await cloud.happen({ type: 'destroy', kind: 'firewall', id: String(firewall) });
  await settle();
  expect(await told()).toEqual(before);
  expect((await findings())[0]).toMatchObject({ stale: true });
  const asked = { severity: 'low', allowBlind: false } as const;
  await expect(checkDrift(database.db, asked, now())).rejects.toMatchObject({ code: 'drift_blind' });
  await cloud.calm();
  await settle();
  expect(await told()).toEqual(['missing fw "' + String(firewall) + '" 0.00 open']);
});

test('acknowledged until another value appears, ignored until it ends, reopened by hand; each told once', async () => {
  await cloud.happen({ type: 'create_droplet', id: 7001, name: 'web' });
  await look();
  await apply({ declaration: 'acme', deployment: 'acme', resources: [{ ...web, fields: { size: 's-1vcpu-1gb' } }] });
  await look();
  await cloud.happen({ type: 'resize_droplet', droplet: 7001, size: 's-1vcpu-2gb' });
  await settle();
  const [{ finding } = { finding: '' }] = await findings();
  const state = async () => (await findings())[0]?.state;
  const notices = async () =>
    (
      await sql<{ what: string; baseline: boolean }>`
        SELECT what, baseline FROM drift_notices WHERE finding_key = ${finding} ORDER BY recorded_at, what`.execute(
        database.db,
      )
    ).rows.map(({ what, baseline }) => (baseline ? `${what} in the baseline` : what));
  expect(await notices()).toEqual(['found']);
  await decide(database.db, finding, { decision: 'ack', reason: 'asked for' }, 'test', now());
  expect(await state()).toBe('acknowledged');
  await look();
  expect(await state()).toBe('acknowledged');
  await cloud.happen({ type: 'resize_droplet', droplet: 7001, size: 's-2vcpu-4gb' });
  await settle();
  expect(await state()).toBe('open');
  expect(await notices()).toEqual(['found', 'found']);
  const until = now().add({ hours: 1 });
  await decide(database.db, finding, { decision: 'ignore', reason: 'this week', until }, 'test', now());
  expect(await state()).toBe('ignored');
  await settle();
  await settle();
  expect(await state()).toBe('open');
  await decide(database.db, finding, { decision: 'reopen', reason: '' }, 'test', now());
  await sql`DELETE FROM drift_findings`.execute(database.db);
  await sweep(database.db, now(), { full: true });
  expect(await findings()).toMatchObject([{ finding, state: 'open' }]);
  expect(await notices()).toEqual(['found', 'found']);
});

test('a preview is the same call, rolled back', async () => {
  await cloud.happen({ type: 'create_droplet', id: 7001, name: 'web' });
  await look();
  const document = declarationSchema.parse({
    declaration: 'acme',
    deployment: 'acme',
    resources: [{ ...web, fields: { size: 's-8vcpu-16gb' } }],
  });
  const preview = await previewDeclaration(database.db, document, { by: 'test', now: now() });
  expect(preview).toMatchObject({ changed: true, findings: 1, shown: [{ field: 'size', monthly: '-90.00' }] });
  expect(await openFindings(database.db, { now: now(), category: declared }, 10)).toEqual({ items: [], total: 0 });
  const applied = await applyDeclaration(database.db, document, { by: 'test', now: now() });
  expect(applied).toMatchObject({ changed: true, findings: 1 });
  expect(await applyDeclaration(database.db, document, { by: 'test', now: now() })).toMatchObject({
    changed: false,
    resources: { added: 0, changed: 0, removed: 0, unchanged: 1 },
  });
});

test('what is missing takes its declared parts with it, and their amounts count once', async () => {
  const [volume] = await cloud.happen(
    { type: 'create_volume', name: 'data', sizeGb: 50, region: 'fra1' },
    { type: 'create_droplet', id: 7001, name: 'web' },
  );
  await cloud.happen({ type: 'attach_volume', volume: String(volume), droplet: 7001 });
  await look();
  await apply({
    declaration: 'acme',
    deployment: 'acme',
    resources: [web, { address: 'volume.data', kind: 'volume', id: String(volume) }],
  });
  await look();
  await cloud.happen(
    { type: 'destroy', kind: 'volume', id: String(volume) },
    { type: 'destroy', kind: 'droplet', id: 7001 },
  );
  await settle();
  const rows = await findings();
  const [droplet, part] = [rows.find(({ kind }) => kind === 'droplet'), rows.find(({ kind }) => kind === 'volume')];
  expect(droplet).toMatchObject({ category: 'missing', partOf: null, parts: 1 });
  expect(part).toMatchObject({ category: 'missing', partOf: droplet?.finding });
  const groups = await findingGroups(database.db, { now: now(), category: ['missing'] });
  expect(groups).toMatchObject([{ findings: 1, monthly: [{ currency: 'USD', amount: '-11.00' }] }]);
});

test('what comes and goes three times in a day is flapping, published no more often, until it has been quiet', async () => {
  await addHook(database.db, now(), {
    webhook: 'watch',
    url: 'https://example.com/',
    types: ['drift.found', 'drift.resolved'],
  });
  await cloud.happen({ type: 'create_droplet', id: 7001, name: 'web' });
  await look();
  await apply({ declaration: 'acme', deployment: 'acme', resources: [{ ...web, fields: { tags: [] } }] });
  await look();
  for (let time = 0; time < 3; time += 1) {
    await cloud.happen({ type: 'tag', kind: 'droplet', id: 7001, tags: ['x'] });
    await settle();
    await cloud.happen({ type: 'untag', kind: 'droplet', id: 7001, tags: ['x'] });
    await look();
  }
  // It agrees at this moment, and is a finding all the same.
  expect(await told()).toEqual(['changed web tags [] [] 0.00 flapping']);
  const { rows } = await sql<{
    what: string;
  }>`SELECT what FROM drift_notices WHERE NOT baseline ORDER BY recorded_at`.execute(database.db);
  expect(rows.map(({ what }) => what)).toEqual(['found', 'resolved', 'found', 'resolved', 'found']);
  const [one] = await findings();
  const { finding, category, rule, severity } = one as Finding;
  const resolved = { findings: 1, finding, category, rule, severity, path: '/api/v1/drift' };
  const data = { ...resolved, path: `/api/v1/drift/${finding}` };
  expect((await messages(database.db)).map((message) => message.data)).toEqual([data, resolved, data, resolved, data]);
  await cloud.advance({ hours: 7 });
  await look();
  expect(await told()).toEqual([]);
});

test('each new one takes the place of one, and what belongs to another deployment of none: the amounts sum', async () => {
  const { db } = database;
  await createCustomer(db, { externalId: 'globex', name: 'Globex', currency: 'USD' }, now());
  await createDeployment(db, { slug: 'globex', name: 'Globex', customer: 'globex', startsAt: now() }, now());
  await cloud.happen(...[7001, 7002, 7003].map((id) => ({ type: 'create_droplet', id, name: 'worker' }) as const), {
    type: 'create_droplet',
    id: 7004,
    name: 'db',
  });
  await look();
  const resources = [7001, 7002, 7003, 7004].map((id) => ({ address: `d${id}`, kind: 'droplet', id: String(id) }));
  await apply({ declaration: 'acme', deployment: 'acme', resources });
  await look();
  await cloud.happen(
    ...[7001, 7002, 7003, 7004].map((id) => ({ type: 'destroy', kind: 'droplet', id }) as const),
    { type: 'create_droplet', id: 7005, name: 'worker', size: 's-2vcpu-4gb' },
    { type: 'create_droplet', id: 7006, name: 'db', tags: ['deployment:globex'] },
  );
  await settle();
  expect((await told()).map((line) => line.replace(/"700[123]"/, 'id'))).toEqual([
    'missing db "7004" -6.00 open',
    'missing worker id -6.00 open',
    'missing worker id -6.00 open',
    'replaced worker id "7005" 18.00 open',
  ]);
});

test('what was never seen is neither missing nor replaced before a whole listing, nor without an account to list', async () => {
  await cloud.happen({ type: 'create_droplet', id: 7001, name: 'web' });
  await look();
  const lost = { address: 'lost', kind: 'droplet', id: '7999', fields: { name: 'web' } };
  await apply({ declaration: 'acme', deployment: 'acme', resources: [lost] });
  expect(await told()).toEqual([]);
  await disconnectAccount(database.db, cloud.account.slug, now());
  await cloud.advance({ minutes: 30 });
  await sweep(database.db, now(), { full: true });
  expect(await told()).toEqual([]);
});

test('what has a name for its id is not missing where it ended in one account and lives in another', async () => {
  const { db } = database;
  const began = now();
  const [here, there] = [await insertAccount(db, 'here'), await insertAccount(db, 'there')];
  const moved = await insertLiving(db, here, 'dns_zone', 'acme.example', { name: 'acme.example' }, began);
  await apply({
    declaration: 'acme',
    deployment: 'acme',
    resources: [{ address: 'zone', kind: 'dns_zone', id: 'acme.example' }],
  });
  await cloud.advance({ hours: 1 });
  await writeState(db, moved, null, now(), null, now());
  await insertLiving(db, there, 'dns_zone', 'acme.example', { name: 'acme.example' }, now());
  await cloud.advance({ hours: 1 });
  await sweep(db, now(), { full: true });
  expect(await told()).toEqual([]);
});

test('a key of a member that the listing leaves out is not told, and the member itself is', async () => {
  const [app] = await cloud.happen({ type: 'create_app', name: 'shop' });
  await look();
  const { rows } = await sql<{ settings: Record<string, unknown> }>`
    SELECT settings FROM inventory_settings JOIN inventory_resources USING (resource_id) WHERE kind = 'app'`.execute(
    database.db,
  );
  const component = Object.keys(rows[0]!.settings).find((key) => /^component\/[^/]+\/[^/]+$/.test(key))!;
  const fields = {
    [`${component}/untold`]: 2,
    'component/workers/gone': true,
    'component/workers/gone/instance_count': 1,
  };
  await apply({
    declaration: 'acme',
    deployment: 'acme',
    resources: [{ address: 'shop', kind: 'app', id: String(app), fields }],
  });
  expect((await findings()).map(({ category, field }) => `${category} ${field}`)).toEqual([
    'missing component/workers/gone',
  ]);
});

test('a check of a deployment that is not there is refused, and one of what was never listed is blind', async () => {
  await look();
  const asked = { severity: 'low', allowBlind: false } as const;
  await expect(checkDrift(database.db, { ...asked, deployment: 'acne' }, now())).rejects.toMatchObject({
    code: 'not_found',
  });
  expect(await checkDrift(database.db, { ...asked, allowBlind: true, deployment: 'acme' }, now())).toMatchObject({
    findings: 0,
  });
  const kind = 'container_registry';
  await apply({ declaration: 'acme', deployment: 'acme', resources: [{ address: 'r', kind, id: 'r' }] });
  const { blind } = await checkDrift(database.db, { ...asked, allowBlind: true }, now());
  expect(blind).toContainEqual(expect.objectContaining({ kind, field: null, reason: 'never listed', declared: 1 }));
  await expect(checkDrift(database.db, asked, now())).rejects.toMatchObject({ code: 'drift_blind' });
  // What is found in one account needs not be looked for in another that lists nothing of its kind.
  await insertAccount(database.db, 'bare');
  const zone = { address: 'zone', kind: 'dns_zone', id: 'acme.example' };
  await cloud.happen({ type: 'create_domain', name: zone.id });
  await look();
  await apply({ declaration: 'acme', deployment: 'acme', resources: [zone] });
  expect(await checkDrift(database.db, asked, now())).toMatchObject({ findings: 0, blind: [] });
  await apply({ declaration: 'acme', deployment: 'acme', resources: [{ ...zone, id: 'other.example' }] });
  await expect(checkDrift(database.db, asked, now())).rejects.toMatchObject({ code: 'drift_blind' });
});

test('other values than those acknowledged are published, also where it is the declaration that became other', async () => {
  await cloud.happen({ type: 'create_droplet', id: 7001, name: 'web' });
  await look();
  await apply({ declaration: 'acme', deployment: 'acme', resources: [{ ...web, fields: { size: 's-1vcpu-1gb' } }] });
  await look();
  await cloud.happen({ type: 'resize_droplet', droplet: 7001, size: 's-1vcpu-2gb' });
  await settle();
  const [{ finding } = { finding: '' }] = await findings();
  await decide(database.db, finding, { decision: 'ack', reason: 'asked for' }, 'test', now());
  await look();
  await apply({ declaration: 'acme', deployment: 'acme', resources: [{ ...web, fields: { size: 's-2vcpu-4gb' } }] });
  await settle();
  expect(await findings()).toMatchObject([{ finding, state: 'open' }]);
  const { rows } = await sql<{ what: string }>`
    SELECT what FROM drift_notices WHERE finding_key = ${finding} AND NOT baseline`.execute(database.db);
  expect(rows.map(({ what }) => what)).toEqual(['found', 'found']);
});

test('all parts of a finding are shown with it, however many others there are', async () => {
  const { db } = database;
  await sql`
    INSERT INTO drift_findings (finding_key, category, rule, severity, state, kind, name, values_digest, parent_key, since_before,
                                valid_from, valid_to, recorded_at, superseded_at)
    SELECT lpad(to_hex(n), 20, '0'), 'missing', 'missing', 'high', 'open', 'volume', CASE n WHEN 1 THEN 'z-part' ELSE 'a' || n END, '',
           CASE n WHEN 1 THEN lpad(to_hex(2), 20, '0') END, ${now()}, ${now()}, 'infinity', ${now()}, 'infinity'
    FROM generate_series(1, 1100) AS n`.execute(db);
  const whole = `${'0'.repeat(19)}2`;
  expect((await getFinding(db, whole, now())).parts).toMatchObject([{ name: 'z-part', partOf: whole }]);
});

test('a count that is passed for one look settles, and is dated by what was created or ended', async () => {
  await cloud.happen({ type: 'create_droplet', id: 7001, name: 'web-1' });
  await look();
  await apply({
    declaration: 'acme',
    deployment: 'acme',
    resources: [{ address: 'web', kind: 'droplet', match: { name: 'web-*' }, count: 1 }],
  });
  await look();
  await cloud.happen({ type: 'create_droplet', id: 7002, name: 'web-2' });
  await look();
  expect(await told()).toEqual(['changed web-* count {"max":1,"min":1} 2 unknown settling']);
  await cloud.happen({ type: 'destroy', kind: 'droplet', id: 7001 });
  await settle();
  expect(await told()).toEqual([]);
  await cloud.happen({ type: 'destroy', kind: 'droplet', id: 7002 });
  await settle();
  expect(await told()).toEqual(['changed web-* count {"max":1,"min":1} 0 unknown open']);
  const [{ sinceBefore } = { sinceBefore: now() }] = await findings();
  expect(sinceBefore.until(now()).total('minutes')).toBe(45);
});

/** What a sweep of all finds otherwise than the sweeps of what changed: nothing. */
const verified = () => verifyFindings(database.db, now(), { everything: true });

async function addDeployment(slug: string): Promise<void> {
  await createDeployment(database.db, { slug, name: slug, customer: 'acme', startsAt: now() }, now());
}

async function own(resource: string, slug: string, from: Temporal.Instant): Promise<void> {
  const { rows } = await sql<{ id: number }>`
    SELECT resource_id AS id FROM resources WHERE external_id = ${resource}`.execute(database.db);
  const resourceIds = rows.map(({ id }) => id);
  await assign(database.db, { resourceIds, owners: [{ slug, weight: 1 }], from }, 'test', now());
}

test('what another owns is dated by the share that holds, and not by one that begins later', async () => {
  await cloud.happen({ type: 'create_droplet', id: 7001, name: 'web' });
  await look();
  await addDeployment('other');
  await apply({ declaration: 'acme', deployment: 'acme', resources: [{ ...web, fields: {} }] });
  await own('7001', 'other', now());
  await own('7001', 'acme', now().add({ hours: 10 }));
  await look();
  const [one] = await findings();
  expect(one).toMatchObject({ category: 'misattributed', name: 'web' });
  expect(Temporal.Instant.compare(one!.sinceBefore, now())).toBeLessThanOrEqual(0);
  expect(await verified()).toBeNull();
});

test('a count is not dated by what its address was bound to under an earlier version', async () => {
  await cloud.happen(
    { type: 'create_droplet', id: 7001, name: 'old' },
    { type: 'create_droplet', id: 7002, name: 'web-1' },
    { type: 'create_droplet', id: 7003, name: 'web-2' },
  );
  await look();
  await apply({
    declaration: 'acme',
    deployment: 'acme',
    resources: [{ address: 'web', kind: 'droplet', id: '7001', fields: {} }],
  });
  await look();
  await apply({
    declaration: 'acme',
    deployment: 'acme',
    resources: [{ address: 'web', kind: 'droplet', match: { name: 'web-*' }, count: 1 }],
  });
  await settle();
  const before = await findings();
  expect(before).toMatchObject([{ field: 'count', state: 'open' }]);
  await cloud.happen({ type: 'destroy', kind: 'droplet', id: 7001 });
  await look();
  expect(await verified()).toBeNull();
  expect((await findings()).map(({ sinceBefore }) => sinceBefore)).toEqual([before[0]!.sinceBefore]);
});

test('whose place another took is missing, and not resolved, when that other is declared itself', async () => {
  await cloud.happen({ type: 'create_droplet', id: 7001, name: 'web' });
  await look();
  await apply({ declaration: 'acme', deployment: 'acme', resources: [{ ...web, fields: { name: 'web' } }] });
  await look();
  await cloud.happen({ type: 'destroy', kind: 'droplet', id: 7001 }, { type: 'create_droplet', id: 7002, name: 'web' });
  await settle();
  const [replaced] = await findings();
  expect(replaced).toMatchObject({ category: 'replaced', name: 'web', state: 'open' });
  await addDeployment('other');
  await apply({
    declaration: 'other',
    deployment: 'other',
    resources: [{ address: 'droplet.web', kind: 'droplet', id: '7002', fields: {} }],
  });
  expect(await findings()).toMatchObject([{ finding: replaced!.finding, category: 'missing' }]);
  expect(await verified()).toBeNull();
});

test('what is too large for one declaration is refused in a sentence', async () => {
  const { db } = database;
  const account = await insertAccount(db, 'other');
  const zone = await insertLiving(db, account, 'dns_zone', 'acme.example', { name: 'acme.example' }, now());
  await sql`
    INSERT INTO resource_settings (resource_id, settings, hidden, source, valid_from, valid_to, recorded_at, superseded_at)
    SELECT ${zone}, jsonb_object_agg('record/' || n || '/type', 'A'), '{}', 'listing', ${now()}, 'infinity', ${now()}, 'infinity'
    FROM generate_series(1, 20001) AS n`.execute(db);
  const owners = [{ slug: 'acme', weight: 1 }];
  await assign(db, { resourceIds: [zone], owners, from: now() }, 'test', now());
  await bringAttributionsUpToDate(db, now());
  await expect(adoptDeployment(db, 'acme', 'acme', { by: 'test', now: now() })).rejects.toMatchObject({
    code: 'conflict',
    message: 'Deployment acme has more than one declaration can hold: dns_zone.acme.example fields record/.',
  });
});
