import { type RawBuilder, sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import { createTemporaryTableAs, type TemporaryTable } from '../../platform/database/temporary-table.ts';

// What a sweep looks at again: what changed since the last one, what became due by time alone, and all whose findings rest
// on either. Whatever is not in here would be found as it was. Everything is looked up by an index: of a million resources
// only those are read that have to do with what changed.

/**
 * Resources and addresses of declarations, closed: what is bound to an address in it is in it, and so is each address that
 * a resource in it is bound to, and each resource that an address without one might be.
 */
export interface Scope {
  readonly resources: TemporaryTable;
  readonly declared: TemporaryTable;
  /** null: whatever it has to do with; else the declaration that was applied or ended. */
  readonly declarationId: number | null;
  /** What firewalls and load balancers are for, where that was read before; else it is read by the rules. */
  readonly guarded?: TemporaryTable;
}

/** A row of a history as it is believed, and holds. */
export const isCurrent = (table: string) =>
  sql.raw(`${table}.superseded_at = 'infinity' AND ${table}.valid_to = 'infinity'`);

/** Whoever decides writes it at the instant of the request, and may commit so much later. */
const decisionsLate = sql`interval '10 minutes'`;

interface Since {
  /** The last change that the sweep before saw, and the last that is to be seen. */
  readonly after: number;
  readonly upTo: number;
  readonly sweptAt: Temporal.Instant;
}

/** Whether something changed that concerns all: prices, what was taken back, and changes of no subject. */
export async function changesAll(db: Queryable, { after, upTo }: Pick<Since, 'after' | 'upTo'>): Promise<boolean> {
  const { rows } = await statement<{ all: boolean }>('drift.changesAll')`
    SELECT EXISTS (SELECT FROM changes WHERE change_id > ${after} AND change_id <= ${upTo} AND (topic = 'price' OR cause = 'revert'
      OR (subject IS NULL AND topic IN ('resource', 'settings', 'ownership')))) AS all`.execute(db);
  return rows[0]!.all;
}

/** What is to be looked at since the last sweep; null: nothing. */
export async function scopeSince(trx: UnitOfWork, since: Since, now: Temporal.Instant): Promise<Scope | null> {
  const changed = await stageChanged(trx, since, now);
  const turned = await stageTurned(trx, since, now);
  // What was never seen may be missing by a listing alone, which changed nothing else.
  const { rows } = await statement<{ any: boolean }>('drift.scopeSince.select_any')`
    SELECT EXISTS (SELECT FROM ${changed}) OR EXISTS (SELECT FROM ${turned})
      OR EXISTS (SELECT FROM drift_bindings b WHERE ${isCurrent('b')} AND b.absent AND b.how = 'none') AS any`.execute(
    trx,
  );
  if (!rows[0]!.any) return null;
  const near = await stageNear(trx, changed, turned);
  const addresses = await createTemporaryTableAs(
    trx,
    { statement: 'drift.scopeSince', table: 'drift_addresses', analyze: true },
    sql`
      SELECT b.declaration_id, b.address FROM drift_bindings b WHERE ${isCurrent('b')} AND b.absent
      UNION SELECT declaration_id, address FROM ${turned} WHERE address IS NOT NULL
      UNION SELECT b.declaration_id, b.address FROM ${near} n JOIN drift_bindings b ON b.resource_id = n.resource_id WHERE ${isCurrent('b')}
      UNION
      SELECT d.declaration_id, d.address FROM ${changed} c JOIN inventory_resources r ON r.resource_id = c.resource_id
      JOIN declared_resources d ON d.kind = r.kind AND d.external_id = r.external_id WHERE ${isCurrent('d')}
      UNION
      SELECT d.declaration_id, d.address FROM ${changed} c JOIN inventory_states s ON s.resource_id = c.resource_id AND s.valid_to = 'infinity'
      JOIN declared_resources d ON d.kind = s.kind AND d.match ->> 'name' = s.name WHERE ${isCurrent('d')} AND d.match IS NOT NULL
      UNION
      SELECT d.declaration_id, d.address FROM ${changed} c JOIN inventory_states s ON s.resource_id = c.resource_id AND s.valid_to = 'infinity'
      JOIN declared_resources d ON d.kind = s.kind AND drift_matches(s.name, d.match ->> 'name')
      WHERE ${isCurrent('d')} AND d.match IS NOT NULL AND d.match ->> 'name' ~ '[*?]'`,
  );
  return closeScope(trx, near, addresses, null);
}

/** What a declaration is about, says, or said until now, and all that it covers. */
export async function scopeOfDeclaration(trx: UnitOfWork, declarationId: number): Promise<Scope> {
  const own = await createTemporaryTableAs(
    trx,
    { statement: 'drift.scopeOfDeclaration', table: 'drift_own', analyze: true },
    sql`
      SELECT d.declaration_id, d.address FROM declared_resources d WHERE d.declaration_id = ${declarationId} AND ${isCurrent('d')}
      UNION SELECT b.declaration_id, b.address FROM drift_bindings b WHERE b.declaration_id = ${declarationId} AND ${isCurrent('b')}
      UNION SELECT e.declaration_id, e.address FROM drift_findings e
      WHERE e.declaration_id = ${declarationId} AND e.address IS NOT NULL AND ${isCurrent('e')}`,
  );
  const named = await createTemporaryTableAs(
    trx,
    { statement: 'drift.scopeOfDeclaration', table: 'drift_named', analyze: true },
    sql`
      SELECT r.resource_id, r.account_id, r.kind || ':' || r.external_id AS ref,
             EXISTS (SELECT FROM inventory_states s WHERE s.resource_id = r.resource_id AND s.valid_to = 'infinity') AS lives
      FROM declared_resources d JOIN inventory_resources r ON r.kind = d.kind AND r.external_id = d.external_id
      WHERE d.declaration_id = ${declarationId} AND ${isCurrent('d')}
      UNION
      SELECT r.resource_id, r.account_id, r.kind || ':' || r.external_id, false
      FROM drift_findings e JOIN inventory_resources r ON r.resource_id = e.resource_id
      WHERE e.declaration_id = ${declarationId} AND ${isCurrent('e')}`,
  );
  const near = await createTemporaryTableAs(
    trx,
    { statement: 'drift.scopeOfDeclaration', table: 'drift_near', analyze: true },
    sql`
      SELECT resource_id FROM ${named}
      UNION
      SELECT s.resource_id FROM ${named} n JOIN inventory_states s ON ${belongsTo(sql`n.account_id`, sql`n.ref`)} WHERE NOT n.lives
      UNION ${coveredBy(declarationId)}`,
  );
  const addresses = await createTemporaryTableAs(
    trx,
    { statement: 'drift.scopeOfDeclaration', table: 'drift_addresses', analyze: true },
    sql`
      SELECT declaration_id, address FROM ${own}
      UNION SELECT b.declaration_id, b.address FROM ${near} n JOIN drift_bindings b ON b.resource_id = n.resource_id WHERE ${isCurrent('b')}`,
  );
  return closeScope(trx, near, addresses, declarationId);
}

/** Resources whose undeclared ones a declaration covers. */
const coveredBy = (declarationId: number): RawBuilder<unknown> => sql`
  SELECT a.resource_id FROM declaration_versions v JOIN deployments_owners w ON w.deployment_id = v.deployment_id
  JOIN deployments_attributions a ON a.owner_set_id = w.owner_set_id AND a.valid_to = 'infinity'
  WHERE v.declaration_id = ${declarationId} AND ${isCurrent('v')} AND v.covers = 'deployment'
  UNION
  SELECT m.resource_id FROM declaration_versions v JOIN inventory_resources p ON p.kind = 'project' AND p.external_id = substr(v.covers, 9)
  JOIN inventory_memberships m ON m.project_id = p.resource_id AND m.valid_to = 'infinity'
  WHERE v.declaration_id = ${declarationId} AND ${isCurrent('v')} AND v.covers LIKE 'project:%'
  UNION
  SELECT k.resource_id FROM declaration_versions v JOIN inventory_settings k ON k.valid_to = 'infinity' AND k.settings ? 'project'
    AND k.settings ->> 'project' = substr(v.covers, 9)
  WHERE v.declaration_id = ${declarationId} AND ${isCurrent('v')} AND v.covers LIKE 'project:%'`;

/** Living `s` that belong by nature to what is named so, in its account. */
const belongsTo = (account: RawBuilder<unknown>, ref: RawBuilder<unknown>) =>
  sql`s.parents && ARRAY[${ref}] AND s.parents <> '{}' AND s.account_id = ${account} AND s.valid_to = 'infinity'`;

/**
 * Resources of which something changed, from when on it is otherwise than the last sweep saw; those for which a rule's
 * days are over by now, which began or ended so long ago; and those with an action in progress.
 */
function stageChanged(
  trx: UnitOfWork,
  { after, upTo, sweptAt }: Since,
  now: Temporal.Instant,
): Promise<TemporaryTable> {
  return createTemporaryTableAs(
    trx,
    { statement: 'drift.stageChanged', table: 'drift_changed', index: { on: 'resource_id' }, analyze: true },
    sql`
      WITH spans AS (
        SELECT DISTINCT make_interval(hours => 24 * value::int) AS span FROM (
          SELECT parameters ->> 'days' AS value FROM drift_rules r WHERE ${isCurrent('r')}
          UNION SELECT parameters ->> 'snapshot_days' FROM drift_rules r WHERE ${isCurrent('r')}
          UNION SELECT '1') AS days WHERE value::int > 0)
      SELECT resource_id, min(since) AS since FROM (
        SELECT subject AS resource_id, least(valid_from, ${sweptAt}::timestamptz) AS since FROM changes
        WHERE change_id > ${after} AND change_id <= ${upTo} AND topic IN ('resource', 'settings', 'ownership') AND subject IS NOT NULL
        UNION ALL
        SELECT s.resource_id, ${now}::timestamptz FROM spans JOIN inventory_states s
          ON s.valid_from > ${sweptAt}::timestamptz - span AND s.valid_from <= ${now}::timestamptz - span
        UNION ALL
        SELECT s.resource_id, ${now}::timestamptz FROM spans JOIN inventory_states s
          ON s.valid_to > ${sweptAt}::timestamptz - span AND s.valid_to <= ${now}::timestamptz - span
        UNION ALL
        SELECT r.resource_id, ${now}::timestamptz FROM inventory_actions i
        JOIN inventory_resources r ON r.account_id = i.account_id AND r.kind = i.resource_kind AND r.external_id = i.resource_external_id
        WHERE i.status = 'in-progress') AS moved
      GROUP BY resource_id`,
  );
}

/** Findings that turn by time, or of which somebody decided: what settles or flaps, and what was ignored until now. */
function stageTurned(trx: UnitOfWork, { sweptAt }: Since, now: Temporal.Instant): Promise<TemporaryTable> {
  const turned = sql`SELECT e.resource_id, e.declaration_id, e.address FROM drift_findings e`;
  return createTemporaryTableAs(
    trx,
    { statement: 'drift.stageTurned', table: 'drift_turned', analyze: true },
    sql`
      ${turned} WHERE ${isCurrent('e')} AND e.state <> 'open'
      UNION ${turned} WHERE ${isCurrent('e')} AND e.ignore_until IS NOT NULL AND e.ignore_until > ${sweptAt} AND e.ignore_until <= ${now}
      UNION ${turned} JOIN drift_decisions k USING (finding_key) WHERE ${isCurrent('e')}
        AND (k.recorded_at > ${sweptAt}::timestamptz - ${decisionsLate} OR (k.until > ${sweptAt} AND k.until <= ${now}))`,
  );
}

/**
 * What changed or turned, what belongs to it by nature, and what it belongs to or did; a firewall with the droplets of
 * its tags, a droplet with the firewalls and load balancers for its tags.
 */
function stageNear(trx: UnitOfWork, changed: TemporaryTable, turned: TemporaryTable): Promise<TemporaryTable> {
  return createTemporaryTableAs(
    trx,
    { statement: 'drift.stageNear', table: 'drift_near', analyze: true },
    sql`
      WITH facts AS MATERIALIZED (
        SELECT s.account_id, s.kind, s.parents, s.tags FROM ${changed} c
        JOIN inventory_states s ON s.resource_id = c.resource_id AND s.valid_to >= c.since
      )
      SELECT resource_id FROM ${changed}
      UNION SELECT resource_id FROM ${turned} WHERE resource_id IS NOT NULL
      UNION
      SELECT s.resource_id FROM ${changed} c JOIN inventory_resources r ON r.resource_id = c.resource_id
      JOIN inventory_states s ON ${belongsTo(sql`r.account_id`, sql`r.kind || ':' || r.external_id`)}
      UNION
      SELECT p.resource_id FROM (SELECT DISTINCT account_id, unnest(parents) AS ref FROM facts) f
      JOIN inventory_resources p ON p.account_id = f.account_id AND p.kind = split_part(f.ref, ':', 1)
       AND p.external_id = substr(f.ref, position(':' IN f.ref) + 1)
      UNION
      SELECT s.resource_id FROM (
        SELECT DISTINCT account_id, lower(substr(ref, 5)) AS tag FROM facts, unnest(parents) AS ref WHERE kind = 'firewall' AND ref LIKE 'tag:%') t
      JOIN inventory_states s ON without_case(s.tags) && ARRAY[t.tag] AND s.tags <> '{}' AND s.account_id = t.account_id
       AND s.kind = 'droplet' AND s.valid_to = 'infinity'
      UNION
      SELECT s.resource_id FROM (SELECT DISTINCT account_id FROM facts WHERE kind = 'droplet' AND tags <> '{}') f
      JOIN inventory_states s ON s.account_id = f.account_id AND s.kind IN ('firewall', 'load_balancer') AND s.valid_to = 'infinity'
      CROSS JOIN LATERAL unnest(s.parents) AS ref
      WHERE (s.account_id, lower(ref)) IN (SELECT account_id, 'tag:' || lower(tag) FROM facts, unnest(tags) AS tag WHERE kind = 'droplet')`,
  );
}

/**
 * Adds what addresses are bound to or might be, what folds under their findings, and whatever else that is bound to, until
 * nothing more comes of it: an address that counts brings all that it counts.
 */
export async function closeScope(
  trx: UnitOfWork,
  near: TemporaryTable,
  first: TemporaryTable,
  declarationId: number | null,
): Promise<Scope> {
  let addresses = first;
  for (let round = 1; ; round += 1) {
    const resources = await stageResources(trx, near, addresses, declarationId);
    const table = `drift_scope_declared_${round}`;
    const declared = await createTemporaryTableAs(
      trx,
      { statement: 'drift.closeScope', table, analyze: true },
      sql`
        SELECT declaration_id, address FROM ${addresses}
        UNION SELECT b.declaration_id, b.address FROM ${resources} r JOIN drift_bindings b ON b.resource_id = r.resource_id WHERE ${isCurrent('b')}`,
    );
    const { rows } = await statement<{ closed: boolean }>('drift.closeScope.select_closed')`
      SELECT (SELECT count(*) FROM ${declared}) = (SELECT count(*) FROM ${addresses}) AS closed`.execute(trx);
    if (rows[0]!.closed) return { resources, declared, declarationId };
    addresses = declared;
  }
}

async function stageResources(
  trx: UnitOfWork,
  near: TemporaryTable,
  addresses: TemporaryTable,
  declarationId: number | null,
): Promise<TemporaryTable> {
  const searched = await stageSearched(trx, addresses, declarationId);
  const index = { on: 'resource_id', unique: true };
  return createTemporaryTableAs(
    trx,
    { statement: 'drift.stageResources', table: 'drift_scope_resources', index, analyze: true },
    sql`
      SELECT resource_id FROM ${near}
      UNION SELECT b.resource_id FROM ${addresses} a JOIN drift_bindings b USING (declaration_id, address) WHERE ${isCurrent('b')} AND b.resource_id <> 0
      UNION SELECT e.resource_id FROM ${addresses} a JOIN drift_findings e USING (declaration_id, address)
      WHERE ${isCurrent('e')} AND e.resource_id IS NOT NULL
      UNION SELECT p.resource_id FROM ${addresses} a JOIN drift_findings e USING (declaration_id, address)
      JOIN drift_findings p ON p.parent_key = e.finding_key
      WHERE ${isCurrent('e')} AND ${isCurrent('p')} AND p.resource_id IS NOT NULL
      UNION SELECT s.resource_id FROM ${searched} n
      JOIN inventory_states s ON lower(s.name) COLLATE "C" = lower(n.name) COLLATE "C" AND s.name = n.name AND s.kind = n.kind AND s.valid_to = 'infinity'
      WHERE NOT n.is_pattern
      UNION SELECT s.resource_id FROM ${searched} n
      JOIN inventory_states s ON s.kind = n.kind AND drift_matches(s.name, n.name) AND s.valid_to = 'infinity'
      WHERE n.is_pattern`,
  );
}

/** By what names addresses look for a resource that are bound to nothing alive, count, or were declared anew. */
function stageSearched(
  trx: UnitOfWork,
  addresses: TemporaryTable,
  declarationId: number | null,
): Promise<TemporaryTable> {
  return createTemporaryTableAs(
    trx,
    { statement: 'drift.stageSearched', table: 'drift_searched', analyze: true },
    sql`
      SELECT DISTINCT d.kind, n.name, n.name ~ '[*?]' AND n.name = coalesce(d.match ->> 'name', '') AS is_pattern
      FROM ${addresses} a JOIN declared_resources d USING (declaration_id, address)
      LEFT JOIN drift_bindings b ON b.declaration_id = d.declaration_id AND b.address = d.address AND ${isCurrent('b')}
      LEFT JOIN inventory_states alive ON alive.resource_id = b.resource_id AND alive.valid_to = 'infinity'
      CROSS JOIN LATERAL (
        SELECT unnest(ARRAY[d.match ->> 'name', d.exact ->> 'name', d.external_id]) AS name
        UNION SELECT s.name FROM inventory_states s WHERE s.resource_id = b.resource_id) n
      WHERE ${isCurrent('d')} AND n.name IS NOT NULL
        AND (alive.resource_id IS NULL OR d.count IS NOT NULL OR d.declaration_id = ${declarationId}::int)`,
  );
}
