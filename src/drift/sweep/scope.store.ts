import { type RawBuilder, sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../../platform/database/database.ts';
import { preparedStatement, statement } from '../../platform/database/statement.ts';
import { createTemporaryTableAs, type TemporaryTable } from '../../platform/database/temporary-table.ts';
import { conditionsAt } from './actual.store.ts';
import { stage } from './stage.store.ts';

// What a sweep looks at again: what changed since the last one, what became due by time alone, and all whose findings rest
// on either. Whatever is not in here would be found as it was. Everything is looked up by an index: of a million resources
// only those are read that have to do with what changed.

/**
 * Resources and addresses of declarations, closed: what is bound to an address in it is in it, and so is each address that
 * a resource in it is bound to, and each resource that an address without one might be.
 */
export interface Scope {
  /** resource_id; to be read FROM. */
  readonly resources: RawBuilder<unknown>;
  /** declaration_id, address; to be read FROM. */
  readonly declared: RawBuilder<unknown>;
  /** null: whatever it has to do with; else the declaration that was applied or ended. */
  readonly declarationId: number | null;
}

/**
 * What a resource is bound to, as `b`, looked up one by one: how many resources there are the planner cannot know, and it
 * would rather read all bindings.
 */
export const boundTo = (row: string) => sql`
  CROSS JOIN LATERAL (
    SELECT b.declaration_id, b.address FROM drift_bindings b WHERE b.resource_id = ${sql.ref(`${row}.resource_id`)} AND ${isBound('b')} OFFSET 0) b`;

/** A row of a history as it is believed, and holds. */
export const isCurrent = (table: string) =>
  sql.raw(`${table}.superseded_at = 'infinity' AND ${table}.valid_to = 'infinity'`);

/** A binding that holds; by >= as the indexes of bindings have it. */
export const isBound = (table: string) =>
  sql.raw(`${table}.superseded_at >= 'infinity' AND ${table}.valid_to = 'infinity'`);

/** Whoever decides writes it at the instant of the request, and may commit so much later. */
const decisionsLate = sql`interval '10 minutes'`;

interface Since {
  /** The last change that the sweep before saw, and the last that is to be seen. */
  readonly after: number;
  readonly upTo: number;
  readonly sweptAt: Temporal.Instant;
}

/** Changes that concern all: prices, what was taken back, and changes of no subject. */
const concernsAll = sql`(topic = 'price' OR cause = 'revert' OR (subject IS NULL AND topic IN ('resource', 'level', 'settings', 'ownership')))`;

/** Whether something changed that concerns all. */
export async function changesAll(db: Queryable, { after, upTo }: Pick<Since, 'after' | 'upTo'>): Promise<boolean> {
  const { rows } = await statement<{ all: boolean }>('drift.changesAll')`
    SELECT EXISTS (SELECT FROM changes WHERE change_id > ${after} AND change_id <= ${upTo} AND ${concernsAll}) AS all`.execute(
    db,
  );
  return rows[0]!.all;
}

/**
 * Writes that a sweep was made, where nothing has changed or become due since the last one: by one statement, which looks
 * up the ends of a few indexes and the changes since. false: there may be something.
 * @param upTo how far the changes are known to be whole; read before
 */
export async function passOver(db: Queryable, now: Temporal.Instant, upTo: number): Promise<boolean> {
  const since = { after: sql`p.change_id`, sweptAt: sql`p.swept_at`, now };
  const { numAffectedRows } = await preparedStatement('drift.passOver')`
    UPDATE drift_progress p SET swept_at = ${now}, change_id = greatest(p.change_id, ${upTo})
    WHERE p.swept_at <= ${now} AND p.conditions = ${conditionsAt(now)}
      AND NOT EXISTS (SELECT FROM changes WHERE change_id > p.change_id AND (topic IN ('resource', 'level', 'settings', 'ownership') OR ${concernsAll}))
      AND NOT EXISTS (${dueResources(since)})
      AND NOT EXISTS (${turnedFindings(since)})
      AND NOT EXISTS (SELECT FROM drift_bindings b WHERE ${isBound('b')} AND b.absent AND b.how = 'none')`.execute(db);
  return numAffectedRows === 1n;
}

/** What is to be looked at since the last sweep. */
export async function scopeSince(trx: UnitOfWork, since: Since, now: Temporal.Instant): Promise<Scope> {
  const { after, upTo } = since;
  const times = { sweptAt: sql`${since.sweptAt}::timestamptz`, now };
  // From when on a resource is otherwise than the last sweep saw; what turned has none, as only its findings are otherwise.
  // `facts`: not its settings alone.
  const news = await stage(
    trx,
    { statement: 'drift.scopeSince', table: 'drift_news', analyze: ['resource_id', 'since'] },
    sql`
      SELECT resource_id, min(since) AS since, bool_or(facts) AS facts, NULL::int AS declaration_id, NULL::text AS address FROM (
        SELECT subject AS resource_id, least(valid_from, ${since.sweptAt}::timestamptz) AS since, topic <> 'settings' AS facts FROM changes
        WHERE change_id > ${after} AND change_id <= ${upTo} AND topic IN ('resource', 'level', 'settings', 'ownership') AND subject IS NOT NULL
        UNION ALL SELECT resource_id, ${now}::timestamptz, facts FROM (${dueResources(times)}) AS due) AS moved
      GROUP BY resource_id
      UNION ALL SELECT resource_id, NULL, false, declaration_id, address FROM (${turnedFindings(times)}) AS turned`,
  );
  return closeScope(trx, await stageReached(trx, news), null);
}

/** What a declaration is about, says, or said until now, and all that it covers. */
export async function scopeOfDeclaration(trx: UnitOfWork, declarationId: number): Promise<Scope> {
  const reached = await stage(
    trx,
    { statement: 'drift.scopeOfDeclaration', table: 'drift_reached', analyze: true },
    sql`
      WITH named AS (
        SELECT r.resource_id, r.account_id, r.kind || ':' || r.external_id AS ref,
               EXISTS (SELECT FROM inventory_states s WHERE s.resource_id = r.resource_id AND s.valid_to = 'infinity') AS lives
        FROM declared_resources d JOIN inventory_resources r ON r.kind = d.kind AND r.external_id = d.external_id
        WHERE d.declaration_id = ${declarationId} AND ${isCurrent('d')}
        UNION
        SELECT r.resource_id, r.account_id, r.kind || ':' || r.external_id, false
        FROM drift_findings e JOIN inventory_resources r ON r.resource_id = e.resource_id
        WHERE e.declaration_id = ${declarationId} AND ${isCurrent('e')}
      ), near AS (
        SELECT resource_id FROM named
        UNION
        SELECT s.resource_id FROM named n JOIN inventory_states s ON ${belongsTo(sql`n.account_id`, sql`ARRAY[n.ref]`)} WHERE NOT n.lives
        UNION ${coveredBy(declarationId)}
      )
      SELECT resource_id, NULL::int AS declaration_id, NULL::text AS address FROM near
      UNION SELECT NULL::bigint, d.declaration_id, d.address FROM declared_resources d WHERE d.declaration_id = ${declarationId} AND ${isCurrent('d')}
      UNION SELECT NULL::bigint, b.declaration_id, b.address FROM drift_bindings b WHERE b.declaration_id = ${declarationId} AND ${isBound('b')}
      UNION SELECT NULL::bigint, e.declaration_id, e.address FROM drift_findings e
      WHERE e.declaration_id = ${declarationId} AND e.address IS NOT NULL AND ${isCurrent('e')}
      UNION SELECT NULL::bigint, b.declaration_id, b.address FROM near n ${boundTo('n')}`,
  );
  return closeScope(trx, reached, declarationId);
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

/** Living `s` that belong by nature to one of what is named so, in its account. */
const belongsTo = (account: RawBuilder<unknown>, refs: RawBuilder<unknown>) =>
  sql`s.parents && ${refs} AND s.parents <> '{}' AND s.account_id = ${account} AND s.valid_to = 'infinity'`;

interface Times {
  readonly sweptAt: RawBuilder<unknown>;
  readonly now: Temporal.Instant;
}

/**
 * resource_id: of which something begins or ends by now that was recorded before; for which a rule's days are over by now,
 * which was created, began or ended so long ago; and those with an action in progress. `facts`: not for its settings alone.
 */
const dueResources = ({ sweptAt, now }: Times) => sql`
  SELECT due.resource_id, due.facts FROM (
    SELECT DISTINCT make_interval(hours => 24 * value::int) AS span FROM (
      SELECT parameters ->> 'days' AS value FROM drift_rules r WHERE ${isCurrent('r')}
      UNION SELECT parameters ->> 'snapshot_days' FROM drift_rules r WHERE ${isCurrent('r')}
      UNION VALUES ('0'), ('1')) AS days WHERE value IS NOT NULL) AS spans
  CROSS JOIN LATERAL (
    SELECT s.resource_id, true AS facts FROM inventory_states s WHERE s.valid_from > ${sweptAt} - span AND s.valid_from <= ${now}::timestamptz - span
    UNION ALL
    SELECT s.resource_id, true FROM inventory_states s WHERE s.valid_to > ${sweptAt} - span AND s.valid_to <= ${now}::timestamptz - span
    UNION ALL
    SELECT k.resource_id, false FROM inventory_settings k
    WHERE k.valid_to > ${sweptAt} - span AND k.valid_to <= ${now}::timestamptz - span AND k.valid_to < 'infinity'
    UNION ALL
    SELECT r.resource_id, true FROM inventory_resources r
    WHERE coalesce(r.provider_created_at, r.first_seen_at) > ${sweptAt} - span AND coalesce(r.provider_created_at, r.first_seen_at) <= ${now}::timestamptz - span
  ) AS due
  UNION ALL
  SELECT a.resource_id, true FROM deployments_attributions a WHERE a.valid_from > ${sweptAt} AND a.valid_from <= ${now} AND a.valid_from > a.recorded_at
  UNION ALL
  SELECT r.resource_id, true FROM inventory_actions i
  JOIN inventory_resources r ON r.account_id = i.account_id AND r.kind = i.resource_kind AND r.external_id = i.resource_external_id
  WHERE i.status = 'in-progress'`;

/**
 * resource_id, declaration_id, address: of findings that turn by time, or of which somebody decided: what settles or flaps,
 * and what was ignored until now.
 */
function turnedFindings({ sweptAt, now }: Times): RawBuilder<unknown> {
  const turned = sql`SELECT e.resource_id, e.declaration_id, e.address FROM drift_findings e`;
  return sql`
    ${turned} WHERE ${isCurrent('e')} AND e.state <> 'open'
    UNION ALL ${turned} WHERE ${isCurrent('e')} AND e.ignore_until IS NOT NULL AND e.ignore_until > ${sweptAt} AND e.ignore_until <= ${now}
    UNION ALL ${turned} JOIN drift_decisions k USING (finding_key) WHERE ${isCurrent('e')} AND k.recorded_at > ${sweptAt} - ${decisionsLate}
    UNION ALL ${turned} JOIN drift_decisions k USING (finding_key) WHERE ${isCurrent('e')} AND k.until > ${sweptAt} AND k.until <= ${now}`;
}

/** So many names are looked up at once. */
const namesAtOnce = 100;

/**
 * resource_id, or declaration_id and address: what changed or turned, what belongs to it by nature, and what it belongs to
 * or did; a firewall with the droplets of its tags, a droplet with the firewalls and load balancers for its tags; and the
 * addresses that any of these is bound to or might be. On settings alone rests nothing else, but for those of firewalls.
 */
function stageReached(trx: UnitOfWork, news: TemporaryTable): Promise<TemporaryTable> {
  return stage(
    trx,
    { statement: 'drift.stageReached', table: 'drift_reached', analyze: true },
    sql`
      WITH changed AS MATERIALIZED (
        SELECT n.since, r.resource_id, r.account_id, r.kind, r.external_id FROM ${news} n JOIN inventory_resources r USING (resource_id)
        WHERE n.since IS NOT NULL AND (n.facts OR r.kind = 'firewall')
      ), facts AS MATERIALIZED (
        SELECT s.account_id, s.kind, s.parents, s.tags FROM changed c
        JOIN inventory_states s ON s.resource_id = c.resource_id AND s.valid_to >= c.since
      ), tagged AS (
        SELECT account_id, array_agg(DISTINCT 'tag:' || lower(tag)) AS refs FROM facts, unnest(tags) AS tag WHERE kind = 'droplet' GROUP BY account_id
      ), named AS (
        SELECT account_id, array_agg(kind || ':' || external_id) AS refs
        FROM (SELECT *, row_number() OVER () / ${sql.lit(namesAtOnce)} AS part FROM changed) AS parted GROUP BY account_id, part
      ), near AS MATERIALIZED (
        SELECT resource_id FROM ${news} WHERE resource_id IS NOT NULL
        UNION
        -- Without OFFSET all states are joined by their account.
        SELECT s.resource_id FROM named n
        CROSS JOIN LATERAL (SELECT s.resource_id FROM inventory_states s WHERE ${belongsTo(sql`n.account_id`, sql`n.refs`)} OFFSET 0) s
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
        SELECT s.resource_id FROM tagged t JOIN inventory_states s ON ${isFor(sql`t.account_id`, sql`t.refs`)}
      )
      SELECT resource_id, NULL::int AS declaration_id, NULL::text AS address FROM near
      UNION ALL (
        SELECT NULL::bigint, b.declaration_id, b.address FROM drift_bindings b WHERE ${isBound('b')} AND b.absent
        UNION SELECT NULL, declaration_id, address FROM ${news} WHERE address IS NOT NULL
        UNION SELECT NULL, b.declaration_id, b.address FROM near n ${boundTo('n')}
        UNION
        SELECT NULL, d.declaration_id, d.address FROM changed c
        JOIN declared_resources d ON d.kind = c.kind AND d.external_id = c.external_id WHERE ${isCurrent('d')}
        UNION
        SELECT NULL, d.declaration_id, d.address FROM changed c JOIN inventory_states s ON s.resource_id = c.resource_id AND s.valid_to = 'infinity'
        JOIN declared_resources d ON d.kind = s.kind AND d.match ->> 'name' = s.name WHERE ${isCurrent('d')} AND d.match IS NOT NULL
        UNION
        SELECT NULL, d.declaration_id, d.address FROM changed c JOIN inventory_states s ON s.resource_id = c.resource_id AND s.valid_to = 'infinity'
        JOIN declared_resources d ON d.kind = s.kind AND drift_matches(s.name, d.match ->> 'name')
        WHERE ${isCurrent('d')} AND d.match IS NOT NULL AND d.match ->> 'name' ~ '[*?]')`,
  );
}

/** Living firewalls and load balancers `s` that are for one of those droplets or tags (`tag:` in lower case), in an account. */
export const isFor = (account: RawBuilder<unknown>, refs: RawBuilder<unknown>) => sql`
  without_case(s.parents) && ${refs} AND s.kind IN ('firewall', 'load_balancer') AND s.parents <> '{}' AND s.account_id = ${account} AND s.valid_to = 'infinity'`;

/**
 * Adds what addresses are bound to or might be, what folds under their findings, and whatever else that is bound to, until
 * nothing more comes of it: an address that counts brings all that it counts.
 * @param reached resource_id, or declaration_id and address
 */
export async function closeScope(
  trx: UnitOfWork,
  reached: TemporaryTable,
  declarationId: number | null,
): Promise<Scope> {
  let before = reached;
  for (let round = 1; ; round += 1) {
    const table = `drift_scope_${round}`;
    const scope = await createTemporaryTableAs(
      trx,
      { statement: 'drift.closeScope', table, analyze: true, ...(round === 1 && { drop: [] }) },
      sql`
        WITH addresses AS MATERIALIZED (SELECT declaration_id, address FROM ${before} WHERE address IS NOT NULL),
        held AS MATERIALIZED (
          SELECT a.declaration_id, a.address, b.resource_id, b.how, alive.resource_id IS NOT NULL AS lives
          FROM addresses a LEFT JOIN drift_bindings b ON b.declaration_id = a.declaration_id AND b.address = a.address AND ${isBound('b')}
          LEFT JOIN inventory_states alive ON alive.resource_id = b.resource_id AND alive.valid_to = 'infinity'),
        known AS MATERIALIZED (
          SELECT e.finding_key, e.resource_id, e.declaration_id, e.address, e.rule
          FROM addresses a JOIN drift_findings e USING (declaration_id, address) WHERE ${isCurrent('e')}),
        searched AS MATERIALIZED (${searchedNames(declarationId)}),
        members AS MATERIALIZED (
          SELECT resource_id FROM ${reached} WHERE resource_id IS NOT NULL
          UNION SELECT h.resource_id FROM held h WHERE h.resource_id <> 0
          UNION SELECT e.resource_id FROM known e WHERE e.resource_id IS NOT NULL
          UNION SELECT p.resource_id FROM known e JOIN drift_findings p ON p.parent_key = e.finding_key
          WHERE ${isCurrent('p')} AND p.resource_id IS NOT NULL
          -- What belongs to one that will be missing, as it is not now, folds under that.
          UNION SELECT s.resource_id FROM held h JOIN inventory_resources r ON r.resource_id = h.resource_id
          CROSS JOIN LATERAL (SELECT s.resource_id FROM inventory_states s
                              WHERE ${belongsTo(sql`r.account_id`, sql`ARRAY[r.kind || ':' || r.external_id]`)} OFFSET 0) s
          WHERE NOT h.lives AND NOT EXISTS (
            SELECT FROM known e WHERE e.declaration_id = h.declaration_id AND e.address = h.address AND e.rule = 'missing'
              AND e.resource_id = h.resource_id)
          UNION SELECT s.resource_id FROM searched n
          JOIN inventory_states s ON lower(s.name) COLLATE "C" = lower(n.name) COLLATE "C" AND s.name = n.name AND s.kind = n.kind AND s.valid_to = 'infinity'
          WHERE NOT n.is_pattern
          UNION SELECT s.resource_id FROM searched n
          JOIN inventory_states s ON s.kind = n.kind AND drift_matches(s.name, n.name) AND s.valid_to = 'infinity'
          WHERE n.is_pattern)
        SELECT resource_id, NULL::int AS declaration_id, NULL::text AS address FROM members
        UNION ALL (
          SELECT NULL::bigint, declaration_id, address FROM addresses
          -- Whose place another took is a finding of the other, which is not bound to the address.
          UNION SELECT NULL::bigint, e.declaration_id, e.address FROM members m JOIN drift_findings e USING (resource_id)
          WHERE ${isCurrent('e')} AND e.rule = 'replaced' AND e.address IS NOT NULL
          -- What was reached came with its addresses.
          UNION SELECT NULL::bigint, b.declaration_id, b.address
          FROM (SELECT resource_id FROM members EXCEPT SELECT resource_id FROM ${reached}) r ${boundTo('r')})`,
    );
    const { rows } = await statement<{ closed: boolean }>('drift.closeScope.select_closed')`
      SELECT (SELECT count(address) FROM ${scope}) = (SELECT count(address) FROM ${before}) AS closed`.execute(trx);
    if (rows[0]!.closed)
      return {
        resources: sql`(SELECT resource_id FROM ${scope} WHERE resource_id IS NOT NULL)`,
        declared: sql`(SELECT declaration_id, address FROM ${scope} WHERE address IS NOT NULL)`,
        declarationId,
      };
    before = scope;
  }
}

/** By what names addresses, as `held`, look for a resource that are bound to nothing alive, count, or were declared anew. */
const searchedNames = (declarationId: number | null) => sql`
  SELECT DISTINCT d.kind, n.name, n.name ~ '[*?]' AND n.name = coalesce(d.match ->> 'name', '') AS is_pattern
  -- What is bound by its id counts nothing.
  FROM (SELECT * FROM held WHERE NOT lives OR how <> 'id' OR declaration_id = ${declarationId}::int) h
  JOIN declared_resources d ON d.declaration_id = h.declaration_id AND d.address = h.address
  CROSS JOIN LATERAL (
    SELECT unnest(ARRAY[d.match ->> 'name', d.exact ->> 'name', d.external_id]) AS name
    UNION SELECT s.name FROM inventory_states s WHERE s.resource_id = h.resource_id) n
  WHERE ${isCurrent('d')} AND n.name IS NOT NULL
    AND (NOT h.lives OR d.count IS NOT NULL OR d.declaration_id = ${declarationId}::int)`;
