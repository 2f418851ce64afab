import { sql } from 'kysely';
import type { Queryable } from '../database/database.ts';
import { statement } from '../database/statement.ts';

// What the database's catalogue says of everything that records, refuses or hides.

export interface GuardRow {
  /** trigger, function, policy, relation, rule, role, grant (what a role may do with a relation), or reference (of a foreign key, where its checks do not run) */
  readonly kind: string;
  /** The table or view that it stands on; '' for what stands on none. */
  readonly relation: string;
  readonly name: string;
  /** What it does, in the same words on every version of PostgreSQL. */
  readonly definition: string;
  /** Of a trigger: when it fires, as pg_trigger.tgenabled has it; '' of all else. */
  readonly state: string;
  /** The transaction that wrote it last; null: not known. */
  readonly writtenBy: string | null;
  /** The transaction of which the log says that it wrote it last; null: the log says nothing of it. */
  readonly recordedBy: string | null;
}

// Our relations; these and their partitions; and which transaction the log says wrote what.
const relationsAndRecordings = sql`ours AS (
    SELECT c.*, c.xmin AS written_by FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND NOT c.relispartition
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname NOT LIKE 'kysely\\_%'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  ), standing AS (
    -- Partitions too, by the name of their table.
    SELECT c.oid, coalesce(root.relname, c.relname)::text AS relation, CASE WHEN c.relispartition THEN ' on ' || c.relname ELSE '' END AS part
    FROM pg_class c LEFT JOIN pg_class root ON c.relispartition AND root.oid = pg_partition_root(c.oid)
    WHERE c.relnamespace = current_schema()::regnamespace AND (c.relispartition AND c.relkind IN ('r', 'p', 'f') OR c.oid IN (SELECT oid FROM ours))
  ), recorded AS (
    SELECT DISTINCT ON (w.guard) w.guard, w.recorded_by FROM audit_log a
    CROSS JOIN LATERAL jsonb_each_text(CASE jsonb_typeof(a.after -> 'writings') WHEN 'object' THEN a.after -> 'writings' END) AS w (guard, recorded_by)
    WHERE a.table_name = 'guard_writings' ORDER BY w.guard, a.position DESC
  )`;

/** Everything in our schema that records, refuses or hides, as it stands now, in a stable order. */
export async function selectGuards(db: Queryable): Promise<GuardRow[]> {
  const { rows } = await statement<GuardRow>('platform.selectGuards')`
    WITH ${relationsAndRecordings}, granted AS (
      -- A partition by its own name is the owner's alone: a right on it goes past the policies of its table.
      SELECT s.relation, a.grantee, a.privilege, a.written_by, s.part
      FROM standing s JOIN pg_class c ON c.oid = s.oid
      CROSS JOIN LATERAL (
        SELECT t.grantee, t.privilege_type || CASE WHEN t.is_grantable THEN ' with grant option' ELSE '' END AS privilege, c.xmin AS written_by
        FROM aclexplode(c.relacl) t
        UNION ALL
        SELECT t.grantee, format('%s (%s)', t.privilege_type, string_agg(at.attname, ', ' ORDER BY at.attname)),
               (array_agg(at.xmin ORDER BY age(at.xmin)))[1]
        FROM pg_attribute at CROSS JOIN LATERAL aclexplode(at.attacl) t
        WHERE at.attrelid = c.oid AND NOT at.attisdropped GROUP BY t.grantee, t.privilege_type
      ) a
    )
    SELECT kind, relation, name, definition, state, written_by::text AS "writtenBy", recorded_by AS "recordedBy" FROM (
      -- What a partition has from its table is said of the table, unless its state on the partition is another.
      SELECT 'trigger' AS kind, c.relation, t.tgname::text || c.part AS name,
             pg_get_triggerdef(t.oid, true) AS definition, t.tgenabled::text AS state, t.xmin AS written_by
      FROM pg_trigger t JOIN standing c ON c.oid = t.tgrelid LEFT JOIN pg_trigger p ON p.oid = t.tgparentid
      WHERE NOT t.tgisinternal AND t.tgenabled IS DISTINCT FROM p.tgenabled
      UNION ALL
      SELECT 'function', '', format('%s(%s)', p.proname, pg_get_function_identity_arguments(p.oid)),
             concat_ws(' ', l.lanname, p.prokind, CASE WHEN p.prosecdef THEN 'security definer' END, p.provolatile,
                       CASE WHEN p.proisstrict THEN 'strict' END,
                       replace(p.proconfig::text, '=' || quote_ident(current_schema()) || ',', '=ours,'),
                       (SELECT a.aggtransfn::text FROM pg_aggregate a WHERE a.aggfnoid = p.oid),
                       encode(sha256(convert_to(coalesce(pg_get_function_sqlbody(p.oid), p.prosrc), 'UTF8')), 'hex')), '', p.xmin
      FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
      WHERE p.pronamespace = current_schema()::regnamespace
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
      UNION ALL
      SELECT 'policy', c.relation, p.polname || c.part,
             concat_ws(' ', CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END, p.polcmd,
                       (SELECT string_agg(coalesce(r.rolname, 'public'), ',' ORDER BY r.rolname)
                        FROM unnest(p.polroles) AS granted (oid) LEFT JOIN pg_roles r USING (oid)),
                       'using ' || pg_get_expr(p.polqual, p.polrelid), 'check ' || pg_get_expr(p.polwithcheck, p.polrelid)), '', p.xmin
      FROM pg_policy p JOIN standing c ON c.oid = p.polrelid
      UNION ALL
      SELECT 'relation', c.relname, '',
             CASE WHEN c.relkind IN ('r', 'p') THEN CASE WHEN c.relrowsecurity THEN 'row security' ELSE 'no row security' END
                  WHEN c.relkind = 'v' AND 'security_invoker=true' = ANY (c.reloptions) THEN 'view as its reader'
                  ELSE 'relation of kind ' || c.relkind::text END, '', c.written_by
      FROM ours c
      UNION ALL
      SELECT 'rule', c.relation, r.rulename || c.part, pg_get_ruledef(r.oid), '', r.xmin
      FROM pg_rewrite r JOIN standing c ON c.oid = r.ev_class WHERE r.rulename <> '_RETURN'
      UNION ALL
      SELECT 'role', '', rolname, concat_ws(' ', CASE WHEN rolcanlogin THEN 'login' ELSE 'no login' END,
             CASE WHEN rolsuper THEN 'superuser' END, CASE WHEN rolbypassrls THEN 'bypasses row security' END), '', NULL
      FROM pg_roles WHERE rolname IN ('arcadia_worker', 'arcadia_api', 'arcadia_customer')
      UNION ALL
      SELECT 'grant', g.relation, coalesce(r.rolname, 'public') || g.part,
             string_agg(g.privilege, ', ' ORDER BY g.privilege), '', (array_agg(g.written_by ORDER BY age(g.written_by)))[1]
      FROM granted g LEFT JOIN pg_roles r ON r.oid = g.grantee WHERE g.grantee = 0 OR r.rolname IN ('arcadia_api', 'arcadia_customer')
      GROUP BY g.relation, r.rolname, g.part
      UNION ALL
      SELECT DISTINCT 'reference', c.relation, f.conname || c.part, '', t.tgenabled::text, t.xmin
      FROM pg_trigger t JOIN pg_constraint f ON f.oid = t.tgconstraint JOIN standing c ON c.oid = t.tgrelid
      WHERE t.tgisinternal AND t.tgenabled <> 'O'
    ) AS guards
    LEFT JOIN recorded ON recorded.guard = concat_ws(' ', kind, relation, name)
    ORDER BY kind, relation COLLATE "C", name COLLATE "C"`.execute(db);
  return rows;
}

export interface ReplicationSetting {
  /** Where it is set: role maria, database arcadia, server. */
  readonly place: string;
  readonly value: string;
  readonly writtenBy: string | null;
  /** Of the server: when it read its configuration last. */
  readonly readAt: Temporal.Instant | null;
}

/** Where session_replication_role is set so that references are not checked, and other triggers than ours do not fire. */
export async function selectReplicationSettings(db: Queryable): Promise<ReplicationSetting[]> {
  const { rows } = await statement<ReplicationSetting>('platform.selectReplicationSettings')`
    SELECT concat_ws(' of ', CASE WHEN s.setrole <> 0 THEN 'role ' || coalesce(r.rolname, s.setrole::text) END,
                     CASE WHEN s.setdatabase <> 0 THEN 'database ' || d.datname END) AS place,
           split_part(setting, '=', 2) AS value, s.xmin::text AS "writtenBy", NULL::timestamptz AS "readAt"
    FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) AS setting
    LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
    WHERE setting LIKE 'session_replication_role=%' AND setting <> 'session_replication_role=origin'
      AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
    UNION ALL
    SELECT 'server', reset_val, NULL, pg_conf_load_time() FROM pg_settings
    WHERE name = 'session_replication_role' AND reset_val <> 'origin' AND source NOT IN ('user', 'database', 'database user', 'client')
    ORDER BY 1`.execute(db);
  return rows;
}

export interface WrittenRow {
  readonly writtenBy: string;
  /** When that transaction was committed; null where the server does not keep it, or no longer. */
  readonly committedAt: Temporal.Instant | null;
  /** The last entry of the log among those whose transactions wrote before it; null: there is none. */
  readonly position: number | null;
  readonly recordedAt: Temporal.Instant | null;
}

/**
 * When transactions were, as far as the server and the log know. Transactions are numbered in the order in which they
 * first wrote, so that an entry of an earlier one was before it, but for the time that a transaction takes.
 */
export async function selectWhenWritten(db: Queryable, transactions: readonly string[]): Promise<WrittenRow[]> {
  const { rows } = await statement<WrittenRow>('platform.selectWhenWritten')`
    SELECT places.id AS "writtenBy", a.position, a.recorded_at AS "recordedAt",
           CASE WHEN current_setting('track_commit_timestamp')::boolean THEN pg_xact_commit_timestamp(places.id::xid) END AS "committedAt"
    FROM (SELECT id, max(position) OVER (ORDER BY age DESC, id NULLS LAST ROWS UNBOUNDED PRECEDING) AS position
          FROM (SELECT NULL AS id, position, age(xmin) AS age FROM audit_log
                UNION ALL SELECT id, NULL, age(id::xid) FROM unnest(${transactions}::text[]) AS id) AS in_order) AS places
    LEFT JOIN audit_log a USING (position)
    WHERE places.id IS NOT NULL`.execute(db);
  return rows;
}

export interface LastRecordedRow {
  readonly table: string;
  readonly operation: string;
  readonly position: number;
  readonly recordedAt: Temporal.Instant;
}

/** The last entry of each table and operation. */
export async function selectLastRecorded(db: Queryable, tables: readonly string[]): Promise<LastRecordedRow[]> {
  const { rows } = await statement<LastRecordedRow>('platform.selectLastRecorded')`
    SELECT DISTINCT ON (table_name, operation) table_name AS table, operation, position, recorded_at AS "recordedAt"
    FROM audit_log WHERE table_name = ANY (${tables}) ORDER BY table_name, operation, position DESC`.execute(db);
  return rows;
}
