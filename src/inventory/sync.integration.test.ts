import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { openSimulatedAccount, type SimulatedAccount } from '../../test/scenarios/simulated-account.ts';
import { replaceMembers } from '../cloud/replace-members.ts';
import { databaseClock } from '../platform/clock.ts';
import { getResource, listResources } from './resources.ts';
import { syncAccount } from './sync.ts';

let database: TestDatabase;
let cloud: SimulatedAccount;

beforeEach(async () => {
  database = await openTestDatabase();
});
afterEach(async () => {
  await cloud.close();
  await database.close();
});

const tables = [
  'resources',
  'resource_payloads',
  'resource_states',
  'resource_settings',
  'project_memberships',
  'changes',
  'end_candidates',
  'provider_actions',
];

/** What every table of history holds, to the byte. */
async function dump(): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const table of tables) {
    const { rows } = await sql<{ digest: string }>`
      SELECT count(*) || ' ' || md5(coalesce(string_agg(t::text, E'\n' ORDER BY t::text), '')) AS digest FROM ${sql.table(table)} t`.execute(
      database.db,
    );
    found[table] = rows[0]!.digest;
  }
  return found;
}

const history = async (ref: string) => {
  const { states, memberships } = await getResource(database.db, ref);
  return {
    states: states.map(
      ({ name, status, source, validFrom, validTo }) => `${validFrom}/${validTo ?? ''} ${name} ${status} ${source}`,
    ),
    memberships: memberships.map(
      ({ project, source, validFrom, validTo }) => `${validFrom}/${validTo ?? ''} ${project} ${source}`,
    ),
  };
};

describe('a first sync', () => {
  test('tells what is there, and since when, assuming what was before the account was connected', async () => {
    cloud = await openSimulatedAccount(database.db, { fleet: 'pilot' });
    const results = await cloud.sync();
    expect(results[0]).toEqual({
      account: cloud.account.slug,
      kind: 'project',
      outcome: 'complete',
      reason: null,
      seen: 2,
      new: 2,
      changed: 0,
      ended: 0,
      requests: expect.any(Number),
    });
    expect(results.map(({ kind, outcome, seen }) => `${kind} ${outcome} ${seen}`)).toEqual([
      'project complete 2',
      'droplet complete 2',
      'dns_zone complete 2',
      'volume complete 0',
      'reserved_ip complete 0',
      'firewall complete 0',
      'load_balancer complete 0',
      'snapshot complete 3',
      'custom_image complete 0',
      'droplet_backup complete 0',
      'database complete 0',
      'kubernetes_cluster complete 0',
      'app complete 0',
      'vpc complete 1',
      'certificate complete 0',
      'spaces_bucket complete 0',
      'action complete 0',
      'size complete 13',
    ]);
    const { items } = await listResources(database.db, { at: cloud.simulator.now(), kind: 'droplet' });
    expect(items.map(({ name, status, tags }) => [name, status, tags])).toEqual([
      ['acme-studio-web-01', 'active', ['deployment:acme-studio']],
      ['acme-studio-db-01', 'active', ['deployment:acme-studio']],
    ]);
    const droplet = await getResource(database.db, `droplet:${items[0]!.externalId}`);
    const connected = cloud.account.connectedAt;
    const born = droplet.createdAt!;
    expect(Temporal.Instant.compare(born, connected)).toBe(-1);
    expect(droplet.states.map(({ source, validFrom, validTo }) => [source, validFrom, validTo])).toEqual([
      ['assumed', born, connected],
      ['listing', connected, null],
    ]);
    expect(droplet.memberships.map(({ source, validFrom, validTo }) => [source, validFrom, validTo])).toEqual([
      ['assumed', born, connected],
      ['listing', connected, null],
    ]);
    expect(droplet.memberships[0]!.project).toBe(cloud.simulator.deployments[0]!.projectId);
    // Each interval can be followed to the run that saw it.
    const { rows } = await sql<{ kind: string }>`
      SELECT kind FROM sync_runs WHERE sync_run_id = ${droplet.states[0]!.syncRunId}`.execute(database.db);
    expect(rows).toEqual([{ kind: 'droplet' }]);
  });

  test('in which nothing changed writes nothing', async () => {
    cloud = await openSimulatedAccount(database.db, { fleet: 'agency' });
    await cloud.sync();
    const before = await dump();
    expect(before.resource_states).not.toMatch(/^0 /);
    expect(before.resource_settings).not.toMatch(/^0 /);
    await cloud.advance({ minutes: 1 });
    const results = await cloud.sync();
    expect(results.every(({ outcome }) => outcome === 'complete')).toBe(true);
    expect(results.map((result) => [result.new, result.changed, result.ended])).toEqual(results.map(() => [0, 0, 0]));
    expect(await dump()).toEqual(before);
  });
});

describe('changes', () => {
  beforeEach(async () => {
    cloud = await openSimulatedAccount(database.db);
    await cloud.sync();
    await cloud.advance({ minutes: 15 });
  });

  test('a resource begins at its creation, changes when seen, and ends when it is no longer listed', async () => {
    const [droplet] = await cloud.happen(
      { type: 'create_droplet', id: 7001, name: 'web' },
      { type: 'create_droplet', id: 7002, name: 'db' },
    );
    const born = cloud.simulator.now();
    await cloud.advance({ minutes: 10 });
    expect(await cloud.syncKind('droplet')).toMatchObject({ seen: 2, new: 2, changed: 0, ended: 0 });
    await cloud.happen({ type: 'rename_droplet', droplet: 7001, name: 'web-1' });
    await cloud.advance({ minutes: 15 });
    const renamed = cloud.simulator.now();
    expect(await cloud.syncKind('droplet')).toMatchObject({ seen: 2, new: 0, changed: 1, ended: 0 });
    await cloud.happen({ type: 'destroy', kind: 'droplet', id: 7001 });
    await cloud.advance({ minutes: 15 });
    const ended = cloud.simulator.now();
    expect(await cloud.syncKind('droplet')).toMatchObject({ seen: 1, new: 0, changed: 0, ended: 1 });
    expect((await history(`droplet:${droplet}`)).states).toEqual([
      `${born}/${renamed} web active listing`,
      `${renamed}/${ended} web-1 active listing`,
    ]);
    // Of each, exactly the interval that is no longer what it was.
    const { rows } = await sql<{ from: Temporal.Instant; to: Temporal.Instant | null; cause: string }>`
      SELECT valid_from AS "from", valid_to AS "to", cause FROM changes JOIN resources ON resource_id = subject
      WHERE external_id = '7001' AND topic = 'resource' ORDER BY change_id`.execute(database.db);
    expect(rows).toEqual([
      { from: born, to: null, cause: 'state' },
      { from: renamed, to: null, cause: 'state' },
      { from: ended, to: null, cause: 'state' },
    ]);
  });

  test('a resource moves when it is seen in another project, and leaves none by being in none', async () => {
    const [one, other] = await cloud.happen(
      { type: 'create_project', name: 'One' },
      { type: 'create_project', name: 'Other' },
    );
    await cloud.happen({ type: 'create_domain', name: 'moved.example', project: String(one) });
    const born = cloud.simulator.now();
    await cloud.sync();
    await cloud.advance({ minutes: 15 });
    await cloud.happen({ type: 'move', urn: 'do:domain:moved.example', project: String(other) });
    await cloud.advance({ minutes: 15 });
    const moved = cloud.simulator.now();
    expect(await cloud.syncKind('project')).toMatchObject({
      outcome: 'complete',
      seen: 3,
      new: 0,
      changed: 1,
      ended: 0,
    });
    expect((await history('dns_zone:moved.example')).memberships).toEqual([
      `${born}/${moved} ${one} listing`,
      `${moved}/ ${other} listing`,
    ]);
    await cloud.advance({ minutes: 15 });
    await cloud.upset({ fault: 'empty', path: `/v2/projects/${other}/resources`, what: 'items' });
    const before = await dump();
    expect(await cloud.syncKind('project')).toMatchObject({ changed: 0, ended: 0 });
    expect(await dump()).toEqual(before);
    await cloud.calm();
    await cloud.happen({ type: 'destroy', kind: 'domain', id: 'moved.example' });
    await cloud.advance({ minutes: 15 });
    const ended = cloud.simulator.now();
    await cloud.sync();
    expect((await history('dns_zone:moved.example')).memberships.at(-1)).toBe(`${moved}/${ended} ${other} listing`);
  });

  test('a project that is read before its new resource holds it from birth all the same', async () => {
    const [project] = await cloud.happen({ type: 'create_project', name: 'One' });
    await cloud.happen({ type: 'create_droplet', id: 7001, name: 'web', project: String(project) });
    const born = cloud.simulator.now();
    await cloud.advance({ minutes: 20 });
    await cloud.syncKind('project');
    expect((await getResource(database.db, 'droplet:7001')).states).toEqual([]);
    await cloud.advance({ hours: 3 });
    await cloud.syncKind('droplet');
    expect(await history('droplet:7001')).toEqual({
      states: [`${born}/ web active listing`],
      memberships: [
        `${born}/${born.add({ minutes: 20 })} ${project} listing`,
        `${born.add({ minutes: 20 })}/ ${project} listing`,
      ],
    });
  });

  test('so does one that is read after it, within a day', async () => {
    await cloud.happen({ type: 'create_domain', name: 'early.example' });
    const seen = cloud.simulator.now();
    await cloud.syncKind('dns_zone');
    await cloud.advance({ hours: 23 });
    await cloud.happen({ type: 'create_domain', name: 'late.example' });
    await cloud.syncKind('dns_zone');
    await cloud.advance({ hours: 1 });
    await cloud.syncKind('project');
    expect((await history('dns_zone:early.example')).memberships).toEqual([expect.stringContaining(`${seen}/ `)]);
    await cloud.happen({ type: 'create_domain', name: 'never.example' });
    await cloud.syncKind('dns_zone');
    await cloud.advance({ hours: 24, seconds: 1 });
    const found = cloud.simulator.now();
    await cloud.syncKind('project');
    expect((await history('dns_zone:never.example')).memberships).toEqual([expect.stringContaining(`${found}/ `)]);
  });

  test('a kind nobody has heard of is known from its project, and ends with its absence there', async () => {
    await cloud.happen(
      { type: 'create_other', urn: 'do:genai:one' },
      { type: 'create_other', urn: 'do:genai:two' },
      { type: 'create_other', urn: 'do:genai:three' },
    );
    const seen = cloud.simulator.now();
    expect(await cloud.syncKind('project')).toMatchObject({ outcome: 'complete', seen: 4, new: 3 });
    expect((await history('do:genai:one')).states).toEqual([`${seen}/ one active listing`]);
    await cloud.happen({ type: 'destroy_other', urn: 'do:genai:one' });
    await cloud.advance({ minutes: 15 });
    const ended = cloud.simulator.now();
    expect(await cloud.syncKind('project')).toMatchObject({ outcome: 'complete', seen: 3, ended: 1 });
    expect((await history('do:genai:one')).states).toEqual([`${seen}/${ended} one active listing`]);
    expect((await history('do:genai:one')).memberships).toEqual([expect.stringContaining(`${seen}/${ended} `)]);
    // Absent from a listing that is not whole: nothing ends.
    await cloud.happen({ type: 'destroy_other', urn: 'do:genai:two' });
    await cloud.upset({ fault: 'server_error', path: '/v2/projects/' });
    await cloud.advance({ minutes: 15 });
    expect(await cloud.syncKind('project')).toMatchObject({ outcome: 'partial', ended: 0 });
    expect((await history('do:genai:two')).states).toEqual([`${seen}/ two active listing`]);
  });

  test('a name that comes back is a new life', async () => {
    await cloud.happen(
      { type: 'create_domain', name: 'again.example' },
      { type: 'create_domain', name: 'other.example' },
    );
    const first = cloud.simulator.now();
    await cloud.sync();
    await cloud.happen({ type: 'destroy', kind: 'domain', id: 'again.example' });
    await cloud.advance({ minutes: 15 });
    const ended = cloud.simulator.now();
    await cloud.sync();
    await cloud.happen({ type: 'create_domain', name: 'again.example' });
    await cloud.advance({ minutes: 15 });
    const back = cloud.simulator.now();
    expect((await cloud.sync()).find(({ kind }) => kind === 'dns_zone')).toMatchObject({ new: 0, changed: 1 });
    await cloud.advance({ minutes: 15 });
    await cloud.sync();
    const { states, memberships } = await history('dns_zone:again.example');
    expect(states).toEqual([`${first}/${ended} again.example active listing`, `${back}/ again.example active listing`]);
    // The project is read before the zones: it finds the new life one sync later, and holds it from its beginning.
    expect(memberships).toEqual([expect.stringContaining(`${first}/${ended} `), expect.stringContaining(`${back}/ `)]);
  });

  test('a listing that does not tell of what something was made leaves what was known of it', async () => {
    const [droplet] = await cloud.happen({ type: 'create_droplet', name: 'web', backups: 'weekly' });
    const [backup] = await cloud.happen({ type: 'create_backup', droplet: Number(droplet), sizeGb: 2 });
    await cloud.sync();
    const { provider } = cloud;
    const untold = replaceMembers(provider, {
      async *list(kind, signal) {
        for await (const event of provider.list(kind, signal)) {
          if (event.type === 'end') yield event;
          else {
            const untold = { name: 'renamed', parents: [], untold: ['parents'] };
            yield { ...event, items: event.items.map((item) => ({ ...item, ...untold })) };
          }
        }
      },
    });
    await cloud.advance({ days: 1 });
    const [result] = await syncAccount(database.db, cloud.account, untold, {
      clock: databaseClock(database.db),
      kinds: ['droplet_backup'],
    });
    expect(result).toMatchObject({ outcome: 'complete', changed: 1 });
    const { states } = await getResource(database.db, `droplet_backup:${backup}`);
    expect(states.map(({ name, parents }) => [name === 'renamed', parents])).toEqual([
      [false, [`droplet:${droplet}`]],
      [true, [`droplet:${droplet}`]],
    ]);
  });

  test('a name that PostgreSQL cannot store is replaced, and stops nothing', async () => {
    await cloud.happen(
      { type: 'create_droplet', id: 7001, name: 'nul\u0000 half\ud800 whole\u{1f600} back\\u0000slash' },
      { type: 'create_droplet', id: 7002, name: 'web' },
    );
    expect(await cloud.syncKind('droplet')).toMatchObject({ outcome: 'complete', new: 2 });
    const { states } = await getResource(database.db, 'droplet:7001');
    expect(states[0]!.name).toBe('nul\ufffd half\ufffd whole\u{1f600} back\\u0000slash');
  });

  test('a clock that goes back breaks nothing: an observation never precedes an earlier one', async () => {
    await cloud.happen(
      { type: 'create_droplet', id: 7001, name: 'web' },
      { type: 'create_droplet', id: 7002, name: 'db' },
    );
    const born = cloud.simulator.now();
    await cloud.advance({ minutes: 15 });
    const seen = cloud.simulator.now();
    await cloud.sync();
    const clock = { now: async () => seen.subtract({ seconds: 100 }) };
    await cloud.happen(
      { type: 'rename_droplet', droplet: 7001, name: 'web-1' },
      { type: 'destroy', kind: 'droplet', id: 7002 },
    );
    const [result] = await cloud.sync({ kinds: ['droplet'], clock });
    expect(result).toMatchObject({ outcome: 'complete', changed: 1, ended: 1 });
    expect((await history('droplet:7001')).states).toEqual([
      `${born}/${seen} web active listing`,
      `${seen}/ web-1 active listing`,
    ]);
    expect((await history('droplet:7002')).states).toEqual([`${born}/${seen} db active listing`]);
  });
});

describe('a run', () => {
  beforeEach(async () => {
    cloud = await openSimulatedAccount(database.db, { resources: 450 });
  });

  test('that is cancelled keeps what it read, ends nothing, and begins no other kind', async () => {
    const abort = new AbortController();
    const results = await cloud.sync({
      kinds: ['droplet', 'volume'],
      signal: abort.signal,
      onProgress: () => abort.abort(),
    });
    expect(results).toEqual([
      expect.objectContaining({ kind: 'droplet', outcome: 'partial', seen: 200, new: 200, ended: 0 }),
    ]);
    expect(await cloud.syncKind('droplet')).toMatchObject({ outcome: 'complete', seen: 450, new: 250, ended: 0 });
  });

  test('whose connection dies leaves nothing half written, and is closed by the next as interrupted', async () => {
    const before = await dump();
    let kill: Promise<unknown> | undefined;
    const sync = cloud.sync({
      kinds: ['droplet'],
      onProgress: ({ seen }) => {
        if (seen < 400) return;
        kill ??= sql`SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database ON pg_database.oid = database
          WHERE locktype = 'advisory' AND datname = current_database()`.execute(database.db);
      },
    });
    // The server's own word arrives if a statement was under way; between two, the driver's.
    await expect(sync).rejects.toThrow(/terminat|connection error/i);
    await kill;
    expect(await dump()).toEqual(before);
    const runs = () =>
      sql<{
        outcome: string;
        reason: string | null;
      }>`SELECT outcome, reason FROM sync_runs ORDER BY sync_run_id`.execute(database.db);
    expect((await runs()).rows).toEqual([{ outcome: 'running', reason: null }]);
    expect(await cloud.syncKind('droplet')).toMatchObject({ outcome: 'complete', new: 450 });
    expect((await runs()).rows).toEqual([
      { outcome: 'failed', reason: 'interrupted' },
      { outcome: 'complete', reason: null },
    ]);
  });

  test('waits for another of the same kind, and then finds nothing new', async () => {
    const [first, second] = await Promise.all([cloud.syncKind('droplet'), cloud.syncKind('droplet')]);
    expect([first.new, second.new].sort((a, b) => a - b)).toEqual([0, 450]);
    expect([first.outcome, second.outcome]).toEqual(['complete', 'complete']);
  });

  test('is listed a page at a time, as of any instant', async () => {
    await cloud.sync();
    const at = cloud.simulator.now();
    const first = await listResources(database.db, { at, kind: 'droplet', limit: 300 });
    const rest = await listResources(database.db, { at, kind: 'droplet', limit: 300, cursor: first.nextCursor! });
    expect([first.items.length, rest.items.length, rest.nextCursor]).toEqual([300, 150, null]);
    expect(new Set([...first.items, ...rest.items].map(({ resourceId }) => resourceId)).size).toBe(450);
    expect((await listResources(database.db, { at, account: 'no-such-account' })).items).toEqual([]);
    const early = Temporal.Instant.from('2000-01-01T00:00:00Z');
    expect((await listResources(database.db, { at: early })).items).toEqual([]);
    await expect(listResources(database.db, { at, limit: 0 })).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(listResources(database.db, { at, cursor: 'x' })).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(getResource(database.db, 'droplet:1')).rejects.toMatchObject({ code: 'not_found' });
    await expect(cloud.sync({ kinds: ['lamp'] })).rejects.toMatchObject({ code: 'invalid_argument' });
  });
});
