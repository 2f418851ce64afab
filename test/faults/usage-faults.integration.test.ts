import { sql } from 'kysely';
import { expect, inject, test } from 'vitest';
import { assign } from '../../src/deployments/assignments.ts';
import { insertLiving, writeState } from '../fixtures/inventory.ts';
import { meterOutstanding, meterRange } from '../../src/metering/meter.ts';
import { at, createDeployments, expectedUsage, insertAccount, storedBytes, storedUsage } from '../fixtures/metering.ts';
import { applyRetention } from '../../src/metering/retention/retention.ts';
import { moveUsage } from '../../src/metering/records/move/move.ts';
import { openUsageStore, useClickHouse } from '../../src/metering/records/open.ts';
import { connect, type Database } from '../../src/platform/database/database.ts';
import { dropDatabase, ensureDatabase } from '../../src/platform/database/databases.ts';
import { startClickHouse } from '../clickhouse/server.ts';
import { openTestDatabase } from '../database.ts';
import { soaking, timeoutOf } from '../soak.ts';
import { keepDatabase } from './kept-database.ts';
import { runToNumber } from './processes.ts';

// kill -9 at every step of a metering run and of a retention run: each step on the same database, put
// back to what it was, by a process of its own. After whoever comes next has run, every byte is what
// an undisturbed run leaves.

const meteredAt = '2026-03-04T00:00:00Z';
const retiredAt = '2026-04-05T00:00:00Z';
const seeds = [1, 2, 3] as const;
const lanes = 2;
/** How often a move is killed on its way, there and back. */
const killsOfMove = soaking ? 5 : 1;

/** Runs the process; how many statements it made, or null: it killed itself. */
function runProcess(args: readonly string[]): Promise<number | null> {
  return runToNumber('usage-process.ts', args);
}

/** A fleet that differs by seed, metered for some days, with late facts and one day that is not metered yet. */
async function seedFleet(db: Database, seed: number): Promise<void> {
  const account = await insertAccount(db);
  await sql`UPDATE accounts SET metered_from = '2026-02-27'`.execute(db);
  await createDeployments(db, ['ash', 'birch'], at('2026-01-01'));
  // Two kinds, so that the first to be retired leaves days that the second shares.
  await sql`
    UPDATE metering_config SET enabled = billing_kind_id IN
      (SELECT billing_kind_id FROM billing_kinds WHERE slug IN ('droplet_hours', 'droplet_snapshot_gb_month'))`.execute(
    db,
  );
  const droplets: number[] = [];
  const sizeOf = (n: number) => ({ attributes: { size_gb: (n + seed) / 8 } });
  for (let n = 0; n < 3 + seed; n += 1) {
    const size = sizeOf(n);
    droplets.push(
      await insertLiving(db, account, n % 2 === 0 ? 'droplet' : 'snapshot', `r${n}`, size, at('2026-01-10')),
    );
  }
  const own = (slug: string, from: string, resource: number) =>
    assign(db, { resourceIds: [resource], owners: [{ slug, weight: 1 }], from: at(from) }, 'test', at('2026-03-03'));
  for (const resource of droplets) await own('ash', '2026-01-10', resource);
  await meterRange(db, {
    from: Temporal.PlainDate.from('2026-02-27'),
    to: Temporal.PlainDate.from('2026-03-03'),
    now: at('2026-03-03'),
  });
  for (const [n, resource] of droplets.entries()) {
    const from = at(`2026-02-28T0${seed}:00:0${n}Z`);
    const to = from.add({ hours: 2 });
    const recorded = at('2026-03-03');
    const owners = [{ slug: 'birch', weight: 1 }];
    if ((n + seed) % 3 === 0) await assign(db, { resourceIds: [resource], owners, from, to }, 'test', recorded);
    if ((n + seed) % 3 === 1) await writeState(db, resource, { status: 'off', ...sizeOf(n) }, from, to, recorded);
  }
}

/** From the fleet on: all metered, and February past its retention. */
async function ageFleet(db: Database): Promise<void> {
  await meterOutstanding(db, { now: at(meteredAt) });
  await sql`UPDATE metering_config SET retention_days = CASE (SELECT slug FROM billing_kinds k
              WHERE k.billing_kind_id = metering_config.billing_kind_id) WHEN 'dns_zones' THEN 365 ELSE 31 END`.execute(
    db,
  );
  await sql`
    INSERT INTO sync_runs (account_id, kind, started_at, finished_at, outcome)
    SELECT account_id, kind, '2026-04-01', '2026-04-01', 'complete'
    FROM accounts, (SELECT DISTINCT resource_kind AS kind FROM billing_kind_definitions) AS k`.execute(db);
}

async function bytes(db: Database): Promise<string> {
  const { rows } = await sql<{ bytes: string }>`
    SELECT coalesce(string_agg(m::text, E'\n' ORDER BY deployment_id, billing_kind_id, month), '') AS bytes
    FROM usage_months m`.execute(db);
  const { rows: metered } = await sql<{ bytes: string }>`
    SELECT coalesce(string_agg(concat_ws(' ', day, billing_kind_id, granularity), E'\n' ORDER BY day, billing_kind_id), '') AS bytes
    FROM metered_days`.execute(db);
  return [await storedBytes(db), rows[0]?.bytes, metered[0]?.bytes].join('\n\n');
}

let clones = 0;

/** A copy of a database that nobody is connected to. */
async function openClone(
  template: string,
): Promise<{ db: Database; url: string; superuser: Database; close(): Promise<void> }> {
  const { admin, address: ofServer, owner } = inject('testDatabase');
  const name = `test_${process.pid}_${process.env.VITEST_WORKER_ID ?? 0}_kill${clones++}`;
  await ensureDatabase(admin, name, { owner, template });
  const addressOf = (server: string) => Object.assign(new URL(server), { pathname: `/${name}` });
  const address = addressOf(ofServer);
  const db = connect({ connectionString: address.href, max: 2, applicationName: 'test' });
  const superuser = connect({ connectionString: addressOf(admin).href, max: 1, applicationName: 'test' });
  return {
    db,
    url: address.href,
    superuser,
    async close() {
      await superuser.destroy();
      await db.destroy();
      await dropDatabase(admin, name);
    },
  };
}

test.each([
  { work: 'meter', now: meteredAt },
  { work: 'retain', now: retiredAt },
] as const)(
  'kill -9 at steps of: $work; then every byte is that of an undisturbed run',
  async ({ work, now }) => {
    for (const [turn, seed] of [...seeds.entries()].slice(0, soaking ? seeds.length : 1)) {
      const original = await openTestDatabase();
      try {
        await seedFleet(original.db, seed);
        if (work === 'retain') await ageFleet(original.db);
        const putBack = await keepDatabase(original.db);
        // A template must have no connection.
        await original.db.destroy();
        const template = new URL(original.connectionString).pathname.slice(1);
        const finish = (db: Database) =>
          work === 'meter' ? meterOutstanding(db, { now: at(now) }) : applyRetention(db, { now: at(now) });

        // The first lane's database says what an undisturbed run takes and leaves.
        const first = await openClone(template);
        const untouched = await bytes(first.db);
        const statements = (await runProcess([first.url, work, now])) ?? 0;
        const undisturbed = await bytes(first.db);
        expect(undisturbed).not.toBe(untouched);
        expect(statements).toBeGreaterThan(20);
        await putBack(first.superuser);
        expect(await bytes(first.db)).toBe(untouched);

        // Every step is some seed's; `npm test` takes every third of the first seed's. On which side of it the process dies
        // changes from one to the next.
        const stride = soaking ? seeds.length : 3 * seeds.length;
        const steps = Array.from({ length: statements }, (_, index) => index + 1).filter(
          (step) => step % stride === turn,
        );
        await Promise.all(
          Array.from({ length: lanes }, async (_, lane) => {
            const { db, url, superuser, close } = lane === 0 ? first : await openClone(template);
            try {
              for (let step = steps.shift(); step !== undefined; step = steps.shift()) {
                const side = Math.floor(step / stride) % 2 === 0 ? 'before' : 'after';
                await putBack(superuser);
                expect(
                  await runProcess([url, work, now, String(step), side]),
                  `seed ${seed}, ${side} step ${step}`,
                ).toBeNull();
                await finish(db);
                expect(await bytes(db), `seed ${seed}, killed ${side} step ${step}`).toBe(undisturbed);
              }
            } finally {
              await close();
            }
          }),
        );
      } finally {
        const { admin } = inject('testDatabase');
        await dropDatabase(admin, new URL(original.connectionString).pathname.slice(1));
      }
    }
  },
  timeoutOf(1_800_000),
);

test('kill -9 of a metering run whose usage is in ClickHouse, then of one that comes after', async () => {
  const server = await startClickHouse();
  const database = await openTestDatabase();
  const { db, connectionString } = database;
  const url = await server.createDatabase();
  const { clickHouse, close } = await useClickHouse(url);
  try {
    await seedFleet(db, 1);
    await moveUsage(db, clickHouse, { now: at(meteredAt) });
    expect((await openUsageStore(db)).engine).toBe('clickhouse');
    const { rows } = await sql<{ id: number }>`SELECT min(resource_id) AS id FROM resources`.execute(db);
    const droplet = rows[0]?.id ?? 0;
    // Each time the facts change, and a run is killed at another step; some are killed twice.
    for (const [turn, step] of (soaking ? [20, 26, 31, 35, 38, 41, 44, 47] : [20, 41]).entries()) {
      const owners = [{ slug: turn % 2 === 0 ? 'birch' : 'ash', weight: 1 }];
      const from = at(`2026-03-0${1 + (turn % 3)}T0${turn}:00:00Z`);
      await assign(db, { resourceIds: [droplet], owners, from }, 'test', at(meteredAt).add({ minutes: turn }));
      const side = turn % 2 === 0 ? 'before' : 'after';
      const died = await runProcess([connectionString, 'meter', meteredAt, String(step), side, url]);
      if (died === null && turn % 3 === 0) await runProcess([connectionString, 'meter', meteredAt, '30', side, url]);
      await meterOutstanding(db, { now: at(meteredAt) });
      const stored = await storedUsage(db, '2026-02-27', '2026-03-04');
      expect(stored, `killed ${side} step ${step}`).toEqual(await expectedUsage(db, '2026-02-27', '2026-03-04'));
    }
  } finally {
    await close();
    await database.close();
    await server.close();
  }
});

test(
  'kill -9 of a move, there and back; then of nothing a byte is lost or doubled',
  async () => {
    const server = await startClickHouse();
    const database = await openTestDatabase();
    const { db, connectionString } = database;
    const url = await server.createDatabase();
    const { clickHouse, close } = await useClickHouse(url);
    try {
      await seedFleet(db, 2);
      await meterOutstanding(db, { now: at(meteredAt) });
      const { rows } = await sql<{ last: number }>`SELECT max(revision) AS last FROM metering_runs`.execute(db);
      const query = {
        scope: 'all',
        range: { from: Temporal.PlainDate.from('2026-02-27'), to: Temporal.PlainDate.from('2026-03-04') },
      } as const;
      const versions = async () => {
        const store = await openUsageStore(db);
        const revisions = Array.from({ length: rows[0]?.last ?? 0 }, (_, index) => index + 1);
        return Promise.all(
          revisions.map((asOfRevision) => store.listRecords(db, { ...query, asOfRevision }, {}, { limit: 1_000 })),
        );
      };
      const untouched = await versions();
      const ways = [
        { work: 'move', engine: 'clickhouse', finish: () => moveUsage(db, clickHouse, { now: at(meteredAt) }) },
        { work: 'move-back', engine: 'postgresql', finish: () => moveUsage(db, 'postgresql', { now: at(meteredAt) }) },
      ] as const;
      const statements: number[] = [];
      for (const { work, engine } of ways) {
        statements.push((await runProcess([connectionString, work, meteredAt, '0', 'before', url])) ?? 0);
        expect((await openUsageStore(db)).engine).toBe(engine);
        expect(await versions()).toEqual(untouched);
      }
      for (let turn = 1; turn <= killsOfMove; turn += 1) {
        for (const [way, { work, engine, finish }] of ways.entries()) {
          // Not the last of them: how many there are is not quite the same each time.
          const step = Math.ceil(((statements[way] ?? 0) * turn) / (killsOfMove + 1));
          const side = turn % 2 === 0 ? 'before' : 'after';
          const killed = `${work} killed ${side} step ${step} of ${statements[way]}`;
          const run = await runProcess([connectionString, work, meteredAt, String(step), side, url]);
          expect(run, `${killed}:`).toBeNull();
          expect(await versions(), `${killed}:`).toEqual(untouched);
          await finish();
          expect((await openUsageStore(db)).engine, `${killed}:`).toBe(engine);
          expect(await versions(), `${killed}:`).toEqual(untouched);
        }
      }
    } finally {
      await close();
      await database.close();
      await server.close();
    }
  },
  timeoutOf(180_000),
);
