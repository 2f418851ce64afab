import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SyncResult } from '../../src/inventory/sync.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { type Fault, openSimulatedAccount, type SimulatedAccount } from './simulated-account.ts';

// The law "no false deaths": only a complete listing of its kind ends a resource. Each awkward
// moment of the provider's is switched on while one droplet of 450 is really gone and another has
// changed; then everything is as it should be, at once and after the next clean listing.

let database: TestDatabase;
let cloud: SimulatedAccount;

const total = 450;
/** Of the 450: the first page's first, and the last page's last. */
let renamed: string;
let destroyed: string;

beforeEach(async () => {
  database = await openTestDatabase();
});
afterEach(async () => {
  await cloud.close();
  await database.close();
});

async function droplets(): Promise<{ externalId: string; name: string }[]> {
  const { rows } = await sql<{ externalId: string; name: string }>`
    SELECT r.external_id AS "externalId", s.name FROM inventory_states s JOIN resources r USING (resource_id)
    WHERE s.kind = 'droplet' AND s.valid_to = 'infinity' ORDER BY r.external_id`.execute(database.db);
  return rows;
}

/** Every life that has ended, and when. */
async function deaths(): Promise<{ kind: string; externalId: string; at: Temporal.Instant }[]> {
  const { rows } = await sql<{ kind: string; externalId: string; at: Temporal.Instant }>`
    SELECT r.kind, r.external_id AS "externalId", max(s.valid_to) AS at
    FROM inventory_states s JOIN resources r USING (resource_id)
    GROUP BY r.resource_id HAVING max(s.valid_to) <> 'infinity' ORDER BY r.external_id`.execute(database.db);
  return rows;
}

async function openFleet(): Promise<void> {
  cloud = await openSimulatedAccount(database.db, { resources: total });
  const results = await cloud.sync({ kinds: ['project', 'droplet'] });
  expect(results.map(({ outcome }) => outcome)).toEqual(['complete', 'complete']);
  const all = await droplets();
  expect(all).toHaveLength(total);
  const pages: string[] = [];
  for await (const event of cloud.provider.list('droplet')) {
    if (event.type === 'page') pages.push(...event.items.map(({ externalId }) => externalId));
  }
  renamed = pages[0]!;
  destroyed = pages.at(-1)!;
  await cloud.advance({ minutes: 15 });
  await cloud.happen(
    { type: 'rename_droplet', droplet: Number(renamed), name: 'renamed' },
    { type: 'destroy', kind: 'droplet', id: Number(destroyed) },
  );
  await cloud.advance({ minutes: 15 });
}

interface Moment {
  readonly name: string;
  readonly faults: readonly Fault[];
  readonly outcome: SyncResult['outcome'];
  readonly reason: RegExp | null;
  /** Whether the change on the first page was seen in spite of it. */
  readonly sees: boolean;
  /** Whether the one that is gone was missed then: a listing that was not whole, or is refuted, misses nobody. */
  readonly missed?: true;
  /** Whether a listing that is not whole says of everyone that it leaves out that it may be gone, and look-ups of whom. */
  readonly lookedUp?: true;
}

const path = '/v2/droplets';
const moments: Moment[] = [
  {
    name: 'a burst 429 with retry-after, once',
    faults: [{ fault: 'burst_limit', path, count: 1 }],
    outcome: 'complete',
    reason: null,
    sees: true,
  },
  {
    name: 'a burst 429 without end',
    faults: [{ fault: 'burst_limit', path }],
    outcome: 'failed',
    reason: /429/,
    sees: false,
  },
  {
    name: 'an hourly 429 without retry-after',
    faults: [{ fault: 'hour_limit', path }],
    outcome: 'failed',
    reason: /429|budget|limit/i,
    sees: false,
  },
  {
    name: 'a ratelimit-reset in the past',
    faults: [{ fault: 'reset_in_past', path }],
    outcome: 'complete',
    reason: null,
    sees: true,
  },
  {
    name: '500 in the middle of paging, once',
    faults: [{ fault: 'server_error', path, afterPage: 1, count: 1 }],
    outcome: 'complete',
    reason: null,
    sees: true,
  },
  {
    name: '500 in the middle of paging',
    faults: [{ fault: 'server_error', path, afterPage: 1 }],
    outcome: 'partial',
    reason: /500/,
    sees: true,
  },
  {
    name: '503 in the middle of paging',
    faults: [{ fault: 'server_error', status: 503, path, afterPage: 2 }],
    outcome: 'partial',
    reason: /503/,
    sees: true,
  },
  {
    name: '503 from the first page on',
    faults: [{ fault: 'server_error', status: 503, path }],
    outcome: 'failed',
    reason: /503/,
    sees: false,
  },
  {
    name: 'a connection that drops within a page',
    faults: [{ fault: 'drop', path, afterPage: 1 }],
    outcome: 'partial',
    reason: /./,
    sees: true,
  },
  {
    name: 'a connection that drops before an answer',
    faults: [{ fault: 'drop', path, afterPage: 2, when: 'before' }],
    outcome: 'partial',
    reason: /./,
    sees: true,
  },
  {
    name: 'a connection that drops once',
    faults: [{ fault: 'drop', path, afterPage: 1, count: 1 }],
    outcome: 'complete',
    reason: null,
    sees: true,
  },
  {
    name: 'truncated JSON',
    faults: [{ fault: 'truncate', path, afterPage: 1 }],
    outcome: 'partial',
    reason: /./,
    sees: true,
  },
  {
    name: 'an empty 200 without a body',
    faults: [{ fault: 'empty', path, what: 'body' }],
    outcome: 'failed',
    reason: /./,
    sees: false,
  },
  {
    name: 'an empty 200 in the middle of paging',
    faults: [{ fault: 'empty', path, what: 'items', afterPage: 1 }],
    outcome: 'partial',
    reason: /200/,
    sees: true,
  },
  {
    name: 'an item that is passed over as it moves between pages, once',
    faults: [{ fault: 'shift', path, count: 1 }],
    outcome: 'complete',
    reason: null,
    sees: true,
  },
  {
    name: 'an item that is passed over every time',
    faults: [{ fault: 'shift', path }],
    outcome: 'partial',
    reason: /448.*449/,
    sees: true,
    lookedUp: true,
  },
  {
    name: 'items that come twice as they move between pages, once',
    faults: [{ fault: 'shift', path, by: -1, count: 1 }],
    outcome: 'complete',
    reason: null,
    sees: true,
  },
  {
    name: 'a missing scope',
    faults: [{ fault: 'missing_scope', path, scopes: ['droplet:read'] }],
    outcome: 'failed',
    reason: /droplet:read/,
    sees: false,
  },
  {
    name: 'a missing scope that only hides',
    faults: [{ fault: 'missing_scope', path, scopes: ['droplet:read'], hidden: true }],
    outcome: 'partial',
    reason: /suspicious.*0 of 450/,
    sees: false,
    missed: true,
  },
  {
    name: 'an empty 200 that says so',
    faults: [{ fault: 'empty', path, what: 'items' }],
    outcome: 'partial',
    reason: /suspicious.*0 of 450/,
    sees: false,
  },
  {
    name: 'a status that nobody knows',
    faults: [{ fault: 'unknown_status', path }],
    outcome: 'complete',
    reason: null,
    sees: true,
  },
  {
    name: 'a token that is refused',
    faults: [{ fault: 'bad_token', path, count: 1 }],
    outcome: 'failed',
    reason: /./,
    sees: false,
  },
];

describe.each(moments)('$name', ({ faults, outcome, reason, sees, missed = false, lookedUp = false }) => {
  test('ends nothing that is there, and the next clean listing puts everything right', async () => {
    await openFleet();
    const upsetAt = cloud.simulator.now();
    await cloud.upset(...faults);
    const result = await cloud.syncKind('droplet');
    expect(result).toMatchObject({ outcome, reason: reason === null ? null : expect.stringMatching(reason) });
    const complete = outcome === 'complete';
    const ends = complete || lookedUp;
    expect(await deaths()).toEqual(ends ? [{ kind: 'droplet', externalId: destroyed, at: upsetAt }] : []);
    expect(result.ended).toBe(ends ? 1 : 0);
    const alive = await droplets();
    expect(alive).toHaveLength(ends ? total - 1 : total);
    expect(alive.some(({ name }) => name === 'renamed')).toBe(sees);

    await cloud.calm();
    await cloud.advance({ minutes: 15 });
    const cleanAt = cloud.simulator.now();
    expect(await cloud.syncKind('droplet')).toMatchObject({
      outcome: 'complete',
      reason: null,
      seen: total - 1,
      new: 0,
    });
    const after = await droplets();
    expect(after).toHaveLength(total - 1);
    expect(after.find(({ externalId }) => externalId === renamed)?.name).toBe('renamed');
    const [death, ...others] = await deaths();
    expect(others).toEqual([]);
    expect(death?.externalId).toBe(destroyed);
    expect(death?.at).toEqual(missed || ends ? upsetAt : cleanAt);
    expect((await sql`SELECT FROM end_candidates`.execute(database.db)).rows).toEqual([]);
    // Again, and nothing is left to say.
    await cloud.advance({ minutes: 15 });
    expect(await cloud.syncKind('droplet')).toMatchObject({ outcome: 'complete', new: 0, changed: 0, ended: 0 });
  });
});
