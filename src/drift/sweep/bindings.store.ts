import { type RawBuilder, sql } from 'kysely';
import type { UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import { type HistoryTable, rewriteHistory } from '../../platform/history.ts';
import type { SweepTables } from './actual.store.ts';
import { isBound } from './scope.store.ts';
import { stage } from './stage.store.ts';

// Which resource a declared one is. By id, whether it lives or not: what has a name for its id, as a zone has, may have ended
// in one account and live in another. Else the one that it was bound to before, while it
// lives or until it is declared anew; else the one that matches. A declared count binds all that match.

const bindings: HistoryTable = {
  table: 'drift_bindings',
  id: 'drift_binding_id',
  key: ['declaration_id', 'address', 'resource_id'],
  values: ['how', 'absent'],
};

export interface BoundTables extends SweepTables {
  /** declared_resource_id, declaration_id, address, resource_id, how, is_counted, absent: what is bound now; to be read FROM. */
  readonly bound: RawBuilder<unknown>;
  /** declared_resource_id, declaration_id, address, candidates, external_ids: what matches where nothing is bound; to be read FROM. */
  readonly unbound: RawBuilder<unknown>;
}

/** Stages who is bound to what, and writes what is bound otherwise than before. */
export async function bindResources(trx: UnitOfWork, tables: SweepTables, now: Temporal.Instant): Promise<BoundTables> {
  const { actual, declared, scope } = tables;
  const staged = await stage(
    trx,
    {
      statement: 'drift.bindResources',
      table: 'drift_bound',
      // Of few it costs more than it saves.
      ...(scope === null && { index: { on: 'resource_id' } }),
      analyze: ['declared_resource_id', 'resource_id', 'is_counted', 'absent'],
    },
    sql`
      WITH kept AS MATERIALIZED (${keptOf(tables)}),
      candidates AS MATERIALIZED (${candidatesOf(tables)}),
      bound AS MATERIALIZED (
        SELECT declared_resource_id, declaration_id, address, resource_id, how, false AS is_counted FROM kept
        UNION ALL
        SELECT declared_resource_id, declaration_id, address, resource_id, 'match', is_counted FROM candidates WHERE is_counted OR candidates = 1)
      SELECT b.*, a.resource_id IS NULL AS absent, NULL::bigint AS candidates, NULL::text[] AS external_ids
      FROM bound b LEFT JOIN ${actual} a ON a.resource_id = b.resource_id
      UNION ALL
      SELECT d.declared_resource_id, d.declaration_id, d.address, NULL, 'none', false, true, count(c.resource_id),
             array_agg(c.external_id ORDER BY c.external_id) FILTER (WHERE c.resource_id IS NOT NULL)
      FROM ${declared} d
      LEFT JOIN candidates c USING (declared_resource_id)
      WHERE d.count IS NULL AND NOT EXISTS (SELECT FROM bound b WHERE b.declared_resource_id = d.declared_resource_id)
      GROUP BY d.declared_resource_id, d.declaration_id, d.address`,
  );
  const bound = sql`(SELECT * FROM ${staged} WHERE resource_id IS NOT NULL)`;
  const unbound = sql`(SELECT * FROM ${staged} WHERE resource_id IS NULL)`;
  const result = { ...tables, bound, unbound };
  await writeBindings(trx, result, now);
  return result;
}

/** What is bound by its id, and by a match to what it was bound to. */
function keptOf({ declared, actual, scope }: SweepTables): RawBuilder<unknown> {
  const isNamed = sql`r.account_id = d.account_id AND r.kind = d.kind AND r.external_id = d.external_id`;
  const byId =
    scope === null
      ? { resource: sql`r.resource_id`, joined: sql`JOIN inventory_resources r ON ${isNamed} AND NOT r.unseen` }
      : {
          // What lives is in the scope, and is not looked up.
          resource: sql`coalesce(r.resource_id, gone.resource_id)`,
          joined: sql`
            LEFT JOIN ${actual} r ON ${isNamed}
            LEFT JOIN LATERAL (
              SELECT o.resource_id FROM inventory_resources o
              WHERE r.resource_id IS NULL AND o.account_id = d.account_id AND o.kind = d.kind AND o.external_id = d.external_id
                AND NOT o.unseen OFFSET 0) gone ON true
            WHERE coalesce(r.resource_id, gone.resource_id) IS NOT NULL`,
        };
  return sql`
      SELECT d.declared_resource_id, d.declaration_id, d.address, ${byId.resource} AS resource_id, 'id' AS how
      FROM ${declared} d ${byId.joined}
      UNION ALL
      -- In whichever account, rather where it lives.
      SELECT * FROM (
        SELECT DISTINCT ON (d.declared_resource_id) d.declared_resource_id, d.declaration_id, d.address, r.resource_id, 'id'
        FROM ${declared} d
        JOIN inventory_resources r ON r.kind = d.kind AND r.external_id = d.external_id
        LEFT JOIN ${actual} a ON a.resource_id = r.resource_id
        WHERE d.account_id IS NULL AND NOT r.unseen ORDER BY d.declared_resource_id, a.resource_id IS NULL, r.resource_id DESC) AS anywhere
      UNION ALL
      SELECT d.declared_resource_id, d.declaration_id, d.address, b.resource_id, 'match'
      FROM ${declared} d
      JOIN drift_bindings b ON b.declaration_id = d.declaration_id AND b.address = d.address
      LEFT JOIN ${actual} a ON a.resource_id = b.resource_id
      WHERE d.match IS NOT NULL AND d.count IS NULL AND b.how = 'match' AND ${isBound('b')}
        AND (b.valid_from >= d.declared_from OR (a.kind = d.kind AND (drift_matches(a.name, d.match ->> 'name') OR EXISTS (
          SELECT FROM declared_resources o
          WHERE o.declaration_id = d.declaration_id AND o.address = d.address AND o.match = d.match AND o.recorded_at <= b.recorded_at))))`;
}

/** What matches and, but for counts, is not bound by another address of the same declaration. Of a deployment its own come first. */
function candidatesOf({ actual, declared }: SweepTables): RawBuilder<unknown> {
  return sql`
      SELECT declared_resource_id, declaration_id, address, is_counted, resource_id, external_id,
             count(*) OVER (PARTITION BY declared_resource_id) AS candidates
      FROM (
        SELECT d.declared_resource_id, d.declaration_id, d.address, d.count IS NOT NULL AS is_counted, a.resource_id, a.external_id,
               d.deployment_id = ANY (a.owners) AS is_own,
               bool_or(d.deployment_id = ANY (a.owners)) OVER (PARTITION BY d.declared_resource_id) AS has_own
        FROM (
          -- A whole name is looked up; only a pattern is tried on all of the kind.
          SELECT d.declared_resource_id, a.resource_id FROM ${declared} d
          JOIN ${actual} a ON a.kind = d.kind AND a.name = d.match ->> 'name'
          WHERE d.match IS NOT NULL AND d.match ->> 'name' !~ '[*?]'
          UNION ALL
          SELECT d.declared_resource_id, a.resource_id FROM ${declared} d
          JOIN ${actual} a ON a.kind = d.kind AND drift_matches(a.name, d.match ->> 'name')
          WHERE d.match IS NOT NULL AND d.match ->> 'name' ~ '[*?]'
        ) AS called
        JOIN ${declared} d USING (declared_resource_id)
        JOIN ${actual} a USING (resource_id)
        WHERE a.account_id = coalesce(d.account_id, a.account_id)
         AND (NOT d.match ? 'region' OR a.region = lower(d.match ->> 'region'))
          AND NOT EXISTS (SELECT FROM kept k WHERE k.declared_resource_id = d.declared_resource_id)
          AND (d.count IS NOT NULL OR NOT EXISTS (
            SELECT FROM kept k WHERE k.declaration_id = d.declaration_id AND k.resource_id = a.resource_id))
      ) AS matching WHERE is_own IS TRUE OR has_own IS NOT TRUE`;
}

async function writeBindings(trx: UnitOfWork, tables: BoundTables, now: Temporal.Instant): Promise<void> {
  const { bound, unbound, scope } = tables;
  const otherwise = sql`
      SELECT coalesce(b.declaration_id, h.declaration_id) AS declaration_id, coalesce(b.address, h.address) AS address,
             coalesce(b.resource_id, h.resource_id) AS resource_id, coalesce(b.how, h.how) AS how, coalesce(b.absent, h.absent) AS absent,
             greatest(${now}::timestamptz, h.valid_from) AS valid_from, 'infinity'::timestamptz AS valid_to,
             b.resource_id IS NOT NULL AS asserted
      FROM (SELECT declaration_id, address, resource_id, how, absent FROM ${bound} b
            UNION ALL SELECT declaration_id, address, 0, 'none', true FROM ${unbound} u
            UNION ALL
            SELECT d.declaration_id, d.address, 0, 'none', true FROM ${tables.declared} d
            LEFT JOIN (SELECT declared_resource_id, count(*) AS bound FROM ${bound} b WHERE is_counted GROUP BY declared_resource_id) n
              USING (declared_resource_id)
            WHERE d.count IS NOT NULL AND (d.count ->> 'min')::numeric > coalesce(n.bound, 0)) b
      FULL JOIN (
        SELECT h.* FROM drift_bindings h ${scope === null ? sql`` : sql`JOIN ${scope.declared} c USING (declaration_id, address)`}
        WHERE ${isBound('h')}) h
        ON h.declaration_id = b.declaration_id AND h.address = b.address AND h.resource_id = b.resource_id
      WHERE (b.how, b.absent) IS DISTINCT FROM (h.how, h.absent)`;
  // Of a scope most are bound as before, which is soon seen; of all it is worked out only once.
  if (scope !== null) {
    const { rows } = await statement<{ any: boolean }>(
      'drift.writeBindings.select_any',
    )`SELECT EXISTS (${otherwise}) AS any`.execute(trx);
    if (rows[0]?.any !== true) return;
  }
  const staged = await stage(trx, { statement: 'drift.writeBindings', table: 'drift_bindings_staged' }, otherwise);
  await rewriteHistory(trx, bindings, staged, now);
}
