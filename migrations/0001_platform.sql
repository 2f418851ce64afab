-- platform: domains, history, the clock, who may read and write, the audit log, what changed, events.
--
-- Conventions of every table here
--
-- Instants are timestamptz in UTC; intervals are half-open [valid_from, valid_to).
-- 'infinity' in valid_to means "still so", in superseded_at "still believed".
-- No column defaults to now(): the instant is always a parameter (a simulated clock is law).
--
-- Conventions of every file here
--
-- One file per module and release: its tables in their final form, the views that it publishes,
-- rights, seeds. A view's prefix is the module of its file. What has been released is never edited.
-- A file ends with CALL pin_search_paths() and CALL arm_triggers().

-- Both are trusted: the database's owner may create them, without being superuser.
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- Domains: one definition of each kind of value ------------------------------------------------

-- In the order of bytes, so that lists and their pages are the same on every server.
CREATE DOMAIN slug AS text COLLATE "C" CHECK (VALUE ~ '^[a-z0-9][a-z0-9-]{0,62}$');
CREATE DOMAIN billing_kind_slug AS text COLLATE "C" CHECK (VALUE ~ '^[a-z][a-z0-9_]{0,62}$');
CREATE DOMAIN currency_code AS text COLLATE "C" CHECK (VALUE ~ '^[A-Z]{3}$');
-- An amount of money, in units of a currency that stands beside it; never NaN, never infinite.
CREATE DOMAIN amount AS numeric CHECK (VALUE > '-Infinity' AND VALUE < 'Infinity');
-- A UTC calendar month, by its first day.
CREATE DOMAIN calendar_month AS date CHECK (extract(day FROM VALUE) = 1);

-- History ---------------------------------------------------------------------------------------

-- What a statement may not do to a history: its rows are superseded, never edited.
CREATE FUNCTION refuse_edit_of_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is history: rows are superseded, never edited', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

-- Makes a table a history, with two time axes: valid_from and valid_to say when it was so,
-- recorded_at and superseded_at when we knew. `key` are the columns that the rows of one history
-- share. A correction supersedes rows and inserts others: believed rows of one key never overlap and
-- are never empty, and only superseded_at is ever updated. The trigger costs nothing per row: it looks
-- at which columns a statement names.
CREATE PROCEDURE keep_history(target regclass, VARIADIC key text[]) LANGUAGE plpgsql AS $$
DECLARE
  frozen text;
BEGIN
  EXECUTE format('ALTER TABLE %s
    ADD valid_from timestamptz NOT NULL, ADD valid_to timestamptz NOT NULL,
    ADD recorded_at timestamptz NOT NULL, ADD superseded_at timestamptz NOT NULL,
    ADD CHECK (valid_from < valid_to), ADD CHECK (recorded_at <= superseded_at),
    ADD EXCLUDE USING gist (%s, tstzrange(valid_from, valid_to) WITH &&) WHERE (superseded_at = ''infinity'')',
    target, (SELECT string_agg(format('%I WITH =', name), ', ') FROM unnest(key) AS name));
  SELECT string_agg(quote_ident(attname), ', ') INTO frozen
  FROM pg_attribute WHERE attrelid = target AND attnum > 0 AND NOT attisdropped AND attname NOT LIKE 'superseded\_%';
  EXECUTE format('CREATE TRIGGER history_is_frozen BEFORE UPDATE OF %s ON %s
                  FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit_of_history()', frozen, target);
END
$$;

-- Functions look names up here and nowhere before: a temporary table of the same name must not stand
-- before ours. One with BEGIN ATOMIC has looked them up when it was made, and can still be inlined, which
-- a function with a setting of its own never is. Each file calls this at its end.
CREATE PROCEDURE pin_search_paths() LANGUAGE plpgsql AS $$
DECLARE
  unpinned regprocedure;
BEGIN
  FOR unpinned IN
    SELECT oid FROM pg_proc
    WHERE pronamespace = current_schema()::regnamespace AND prokind IN ('f', 'p') AND prosqlbody IS NULL
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = pg_proc.oid AND d.deptype = 'e')
      AND NOT coalesce(proconfig::text LIKE '%search_path%', false)
  LOOP
    EXECUTE format('ALTER ROUTINE %s SET search_path = %I, pg_temp', unpinned, current_schema());
  END LOOP;
END
$$;

-- Triggers fire whatever session_replication_role says, so that no setting of a session, a role or the
-- server switches recording and refusing off. Each file calls this at its end.
CREATE PROCEDURE arm_triggers() LANGUAGE plpgsql AS $$
DECLARE
  unarmed record;
BEGIN
  FOR unarmed IN
    SELECT tgname, tgrelid::regclass AS target FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND NOT tgisinternal AND tgenabled <> 'A'
  LOOP
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', unarmed.target, unarmed.tgname);
  END LOOP;
END
$$;

-- Who may read and write what -------------------------------------------------------------------
--
-- Four roles. The owner is whoever migrates: row-level security does not hold it, so it works as
-- before and as fast, and it need be neither superuser nor BYPASSRLS, which managed servers do not
-- give. The other three cannot log in; they are taken on, for one transaction (SET LOCAL ROLE), by
-- whoever is a member of them:
--   arcadia_worker    all rows; for a worker that is not the owner
--   arcadia_api       all rows: requests of the operator's own people
--   arcadia_customer  a customer's requests: the rows of the customer in the setting
--                     arcadia.customer (customers.customer_id). Without it: no row, anywhere
--
-- Every table and every view is given one of these, in the file that creates it:
--   CALL protect_from_customers('t')               staff only; tables and views
--   CALL protect_by_customer('t' [, hidden])       customers read rows with their customer_id
--   CALL protect_by_deployment('t' [, hidden])     ... with the deployment_id of one of theirs
--   CALL publish_to_customers('t' [, hidden])      a table: all rows, to any customer, for what is
--                                                  the same to all (kinds of billing). A view: what
--                                                  its tables let the reader see
-- `hidden` names columns that customers never read, such as costs: '{cost,margin}'.
-- Customers only ever read. And for a table in which people's decisions land:
--   CALL audit_changes('t' [, secrets])            each change of a row goes to audit_log
--
-- What is given is written down, for roles and rights are not part of a dump that is restored on
-- another server: restore_access() makes all of it again. A right beside these is given by
--   CALL give_access('GRANT ...')
--
-- Roles belong to the whole server, and many databases of it may be migrated at once: one that
-- another migration is making just now is waited for and then there.
CREATE PROCEDURE make_roles() LANGUAGE plpgsql AS $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['arcadia_worker', 'arcadia_api', 'arcadia_customer'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', name);
      EXCEPTION
        WHEN duplicate_object OR unique_violation THEN NULL;
        WHEN insufficient_privilege THEN
          RAISE EXCEPTION 'The database role % is missing, and % may not create roles. As a superuser, once per server: %',
            name, current_user,
            format('CREATE ROLE arcadia_worker NOLOGIN; CREATE ROLE arcadia_api NOLOGIN; CREATE ROLE arcadia_customer NOLOGIN; '
                   'GRANT arcadia_worker, arcadia_api, arcadia_customer TO %I;', current_user)
            USING ERRCODE = 'insufficient_privilege';
      END;
    END IF;
    -- To serve requests, the owner must be able to take the roles on. Who may not grant them learns
    -- so when the API starts; a worker does without.
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
      BEGIN
        EXECUTE format('GRANT %I TO CURRENT_USER', name);
      EXCEPTION WHEN insufficient_privilege OR unique_violation THEN NULL;
      END;
    END IF;
  END LOOP;
END
$$;

CALL make_roles();

-- Whose rows this transaction may see; NULL: nobody's.
CREATE FUNCTION current_customer() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT nullif(current_setting('arcadia.customer', true), '')::bigint;
END;

CREATE TABLE access_rules (
  relation  text PRIMARY KEY,
  condition text,                            -- which rows customers read; NULL: only staff reads
  hidden    text[] NOT NULL                  -- columns that customers do not read
);

CREATE TABLE access_statements (
  position  integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  statement text NOT NULL UNIQUE
);

-- Staff as above, and customers the rows for which the condition holds. Of a view, customers read
-- what the conditions of its tables leave.
CREATE PROCEDURE apply_access(target regclass, condition text, hidden text[]) LANGUAGE plpgsql AS $$
DECLARE
  is_view  boolean := (SELECT relkind = 'v' FROM pg_class WHERE oid = target);
  readable text;
BEGIN
  EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, arcadia_customer', target);
  IF is_view THEN
    -- Else a view shows what its owner may see, which is everything.
    EXECUTE format('ALTER VIEW %s SET (security_invoker = true)', target);
    EXECUTE format('GRANT SELECT ON %s TO arcadia_worker, arcadia_api', target);
  ELSE
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('DROP POLICY IF EXISTS staff ON %s', target);
    EXECUTE format('DROP POLICY IF EXISTS customer ON %s', target);
    EXECUTE format('CREATE POLICY staff ON %s TO arcadia_worker, arcadia_api USING (true) WITH CHECK (true)', target);
    -- On a partitioned table this is enough: through it, its privileges and policies hold for every
    -- partition, those to come included; a partition by its own name is nobody's but the owner's.
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO arcadia_worker, arcadia_api', target);
  END IF;
  IF condition IS NULL THEN
    RETURN;
  END IF;
  IF NOT is_view THEN
    EXECUTE format('CREATE POLICY customer ON %s FOR SELECT TO arcadia_customer USING (%s)', target, condition);
  END IF;
  SELECT string_agg(quote_ident(attname), ', ') INTO readable
  FROM pg_attribute WHERE attrelid = target AND attnum > 0 AND NOT attisdropped AND NOT attname = ANY (hidden);
  EXECUTE CASE WHEN cardinality(hidden) = 0 THEN format('GRANT SELECT ON %s TO arcadia_customer', target)
               ELSE format('GRANT SELECT (%s) ON %s TO arcadia_customer', readable, target) END;
END
$$;

CREATE PROCEDURE let_customers_read(target regclass, condition text, hidden text[]) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO access_rules (relation, condition, hidden) VALUES (target::text, condition, hidden)
  ON CONFLICT (relation) DO UPDATE SET condition = excluded.condition, hidden = excluded.hidden;
  CALL apply_access(target, condition, hidden);
END
$$;

CREATE PROCEDURE protect_from_customers(target regclass) LANGUAGE plpgsql AS $$
BEGIN
  CALL let_customers_read(target, NULL, '{}');
END
$$;

CREATE PROCEDURE give_access(statement text) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO access_statements (statement) VALUES (statement);
  EXECUTE statement;
END
$$;

-- What relations lack of the policies and rights that they were given; of a server without the roles, those.
CREATE FUNCTION access_gaps() RETURNS TABLE (gap_in text, lacks text) LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF (SELECT count(*) FROM pg_roles WHERE rolname IN ('arcadia_worker', 'arcadia_api', 'arcadia_customer')) < 3 THEN
    RETURN QUERY SELECT '*', 'roles';
    RETURN;
  END IF;
  RETURN QUERY
    SELECT r.relation, concat_ws(', ', CASE WHEN gaps.staff OR gaps.customer THEN 'rights' END,
                                 CASE WHEN gaps.rows THEN 'row security' END, CASE WHEN gaps.policies THEN 'policies' END)
    FROM access_rules r JOIN pg_class c ON c.oid = to_regclass(r.relation), LATERAL (SELECT
      NOT has_table_privilege('arcadia_api', c.oid, 'SELECT')
        AND NOT EXISTS (SELECT FROM access_statements s WHERE s.statement LIKE 'REVOKE ALL ON ' || r.relation || ' %') AS staff,
      r.condition IS NOT NULL AND NOT has_any_column_privilege('arcadia_customer', c.oid, 'SELECT') AS customer,
      c.relkind <> 'v' AND NOT c.relrowsecurity AS rows,
      c.relkind <> 'v' AND (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname IN ('staff', 'customer'))
        < CASE WHEN r.condition IS NULL THEN 1 ELSE 2 END AS policies) AS gaps
    WHERE gaps.staff OR gaps.customer OR gaps.rows OR gaps.policies;
END
$$;

CREATE PROCEDURE restore_access() LANGUAGE plpgsql AS $$
DECLARE
  -- Read whole first: a table that a loop still reads cannot be altered.
  rules      access_rules[] := ARRAY(SELECT r FROM access_rules r WHERE to_regclass(r.relation) IS NOT NULL ORDER BY r.relation);
  statements text[] := ARRAY(SELECT s.statement FROM access_statements s ORDER BY s.position);
  rule       access_rules;
  statement  text;
  gaps       jsonb;
BEGIN
  -- Processes that start at once take turns: the same right granted twice at a time is an error.
  PERFORM pg_advisory_xact_lock(hashtextextended('arcadia access', 0));
  SELECT jsonb_agg(jsonb_build_object('key', jsonb_build_object('relation', g.gap_in), 'before', jsonb_build_object('lacks', g.lacks),
                                      'after', '{"lacks": ""}'::jsonb) ORDER BY g.gap_in) INTO gaps
  FROM access_gaps() g;
  CALL make_roles();
  FOREACH rule IN ARRAY rules LOOP
    CALL apply_access(rule.relation::regclass, rule.condition, rule.hidden);
  END LOOP;
  FOREACH statement IN ARRAY statements LOOP
    EXECUTE statement;
  END LOOP;
  -- What was missing is in the audit log: made again, it would look as if it had always been there.
  IF gaps IS NOT NULL THEN
    INSERT INTO audit_pending (table_name, entries) VALUES ('access_rules', gaps);
  END IF;
END
$$;

CREATE PROCEDURE protect_by_customer(target regclass, hidden text[] DEFAULT '{}') LANGUAGE plpgsql AS $$
BEGIN
  CALL let_customers_read(target, 'customer_id = (SELECT current_customer())', hidden);
END
$$;

-- No table but deployments stores the customer's id: usage_records would be longer by a tenth and
-- metering as much slower, and a deployment never changes hands. The array is read once per
-- statement, and it is a condition that the primary keys, which begin with deployment_id, are
-- searched by; `deployment_id IN (SELECT ...)` is only a filter, under which a customer's list reads
-- every partition whole. bench/row-security.ts measures both.
CREATE PROCEDURE protect_by_deployment(target regclass, hidden text[] DEFAULT '{}') LANGUAGE plpgsql AS $$
BEGIN
  CALL let_customers_read(target, 'deployment_id = ANY (ARRAY(
    SELECT own.deployment_id FROM deployments own WHERE own.customer_id = (SELECT current_customer())))', hidden);
END
$$;

CREATE PROCEDURE publish_to_customers(target regclass, hidden text[] DEFAULT '{}') LANGUAGE plpgsql AS $$
BEGIN
  CALL let_customers_read(target, '(SELECT current_customer()) IS NOT NULL', hidden);
END
$$;

CALL protect_from_customers('access_rules');
CALL protect_from_customers('access_statements');
CALL give_access('REVOKE INSERT, UPDATE, DELETE ON access_rules, access_statements FROM arcadia_worker, arcadia_api');
CALL protect_from_customers('migration_checksums');
CALL give_access('REVOKE INSERT, UPDATE, DELETE ON migration_checksums FROM arcadia_worker, arcadia_api');

-- Which secret key this database goes with: what its processes seal, one of them unseals. It tells nothing of the key.
CREATE TABLE secret_key_fingerprint (
  singleton   boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  fingerprint text COLLATE "C" NOT NULL CHECK (fingerprint ~ '^[0-9a-f]{32}$'),
  recorded_at timestamptz NOT NULL
);
CALL protect_from_customers('secret_key_fingerprint');

-- The virtual clock of a database whose accounts are simulated. No row: real time.
CREATE TABLE simulated_clock (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  instant   timestamptz NOT NULL,
  -- Until when the history of a demonstration is being created; NULL: it is there.
  runs_to   timestamptz,
  -- Simulated seconds in a second, while somebody watches; 0: it stands still.
  pace      int NOT NULL DEFAULT 0 CHECK (pace BETWEEN 0 AND 1800)
);
CALL publish_to_customers('simulated_clock');

-- How far this machine's clock was ahead of the providers' when one of them answered last. No row: none has.
CREATE TABLE provider_clock (
  singleton     boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  ahead_seconds bigint NOT NULL
);
CALL protect_from_customers('provider_clock');

-- Whether a text fits a pattern with * and ?, whatever the case.
CREATE FUNCTION fits_pattern(said text, pattern text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT pattern IS NULL OR lower(coalesce(said, '')) LIKE
    replace(replace(replace(replace(replace(lower(pattern), '\', '\\'), '%', '\%'), '_', '\_'), '*', '%'), '?', '_');
END;

-- What the clock of this database shows now: the simulated one, where its accounts are simulated.
CREATE FUNCTION clock_shows() RETURNS timestamptz LANGUAGE sql STABLE BEGIN ATOMIC
  SELECT coalesce((SELECT instant FROM simulated_clock), clock_timestamp());
END;

-- What changed --------------------------------------------------------------------------------

-- What changed, for those who derive from it: over [valid_from, valid_to) something that figures of
-- the subject rest on is no longer what it was. Appended in the transaction that changes it. The topic
-- says what the subject is (src/platform/changes.ts). Consumers keep the last change that they have
-- seen, below a watermark under which nothing can still appear; columns change_id elsewhere are these.
CREATE TABLE changes (
  change_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subject     bigint,                        -- NULL: all subjects of the topic
  valid_from  timestamptz NOT NULL,
  valid_to    timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  topic       text COLLATE "C" NOT NULL CHECK (topic ~ '^[a-z_]+$'),
  cause       text COLLATE "C" NOT NULL,
  CHECK (valid_from < valid_to)
);
CALL protect_from_customers('changes');

-- The audit log --------------------------------------------------------------------------------

-- Each decision of a person: who changed which row, from where, from what to what. Rows are only
-- ever appended, and each holds the hash of the one before it, so that what is changed, left out or
-- slipped in later shows (src/platform/audit.ts). recorded_at is the server's own time, whatever
-- the clock of the domain says: the log is about the people at the machine. Entries of guard_writings,
-- which is no table, say which transactions wrote triggers, functions and policies (src/platform/guards/writings.ts).
CREATE TABLE audit_log (
  position      bigint PRIMARY KEY CHECK (position > 0),
  recorded_at   timestamptz NOT NULL,
  actor         text NOT NULL,               -- a token's subject, a user of the machine, a job
  origin        text COLLATE "C" NOT NULL,   -- api, cli, job, migration; sql: none of ours
  address       text,                        -- where a request came from
  request_id    text,
  table_name    text COLLATE "C" NOT NULL,
  operation     text COLLATE "C" NOT NULL CHECK (operation IN ('insert', 'update', 'delete')),
  key           jsonb NOT NULL,              -- the row's primary key
  before        jsonb,
  after         jsonb,
  previous_hash bytea NOT NULL,
  hash          bytea NOT NULL,
  CHECK ((before IS NULL) = (operation = 'insert') AND (after IS NULL) = (operation = 'delete'))
);
CREATE INDEX audit_log_by_table ON audit_log (table_name, position);
CREATE INDEX audit_log_by_actor ON audit_log (actor, position);
CREATE INDEX audit_log_by_request ON audit_log (request_id) WHERE request_id IS NOT NULL;
CREATE INDEX audit_log_by_time ON audit_log USING brin (recorded_at);

-- What is hashed of an entry: a JSON array in jsonb's own, canonical form; the instant in
-- microseconds since 1970, so that no time zone matters.
CREATE FUNCTION audit_log_content(
  "position" bigint, recorded_at timestamptz, actor text, origin text, address text, request_id text,
  table_name text, operation text, key jsonb, before jsonb, after jsonb
) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT convert_to(jsonb_build_array("position", (extract(epoch FROM recorded_at) * 1000000)::bigint, actor, origin,
                                      address, request_id, table_name, operation, key, before, after)::text, 'UTF8');
END;

CREATE FUNCTION audit_log_hash(entry audit_log) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT sha256(entry.previous_hash || audit_log_content(
    entry.position, entry.recorded_at, entry.actor, entry.origin, entry.address, entry.request_id, entry.table_name,
    entry.operation, entry.key, entry.before, entry.after));
END;

-- The hashes of entries that follow each other: over their order, from the head before the first on.
CREATE FUNCTION audit_chain_step(hash bytea, head bytea, content bytea) RETURNS bytea LANGUAGE sql IMMUTABLE BEGIN ATOMIC
  SELECT sha256(coalesce(hash, head) || content);
END;
CREATE AGGREGATE audit_chain(head bytea, content bytea) (SFUNC = audit_chain_step, STYPE = bytea);

-- What one statement changed, until its transaction commits: then its entries are chained, and it is
-- gone. So this table is empty to everybody else, and need not survive anything.
CREATE UNLOGGED TABLE audit_pending (
  audit_pending_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  table_name text COLLATE "C" NOT NULL,
  entries    jsonb NOT NULL                  -- [{key, before, after}, ...]
);
CALL protect_from_customers('audit_pending');
CALL give_access('REVOKE ALL ON audit_pending FROM arcadia_worker, arcadia_api');

-- Keeps what a statement changed, all of it at a time: recording row by row took more than twice as
-- long, 10,000 rows 4.3 s against 1.9 s.
-- Arguments: the columns of the primary key, then the columns that hold secrets, as arrays.
CREATE FUNCTION note_audited_changes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  keys    text[] := TG_ARGV[0];
  secrets text[] := TG_ARGV[1];
  was     jsonb[];
  became  jsonb[];
BEGIN
  IF TG_OP <> 'INSERT' THEN SELECT array_agg(to_jsonb(o)) INTO was FROM old_rows o; END IF;
  IF TG_OP <> 'DELETE' THEN SELECT array_agg(to_jsonb(n)) INTO became FROM new_rows n; END IF;
  INSERT INTO audit_pending (table_name, entries)
  SELECT TG_TABLE_NAME, jsonb_agg(jsonb_build_object('key', key, 'before', o.row || hidden.before, 'after', n.row || hidden.after))
  FROM (SELECT row, (SELECT jsonb_object_agg(name, row -> name) FROM unnest(keys) AS name) AS key FROM unnest(was) AS row) AS o
  FULL JOIN (SELECT row, (SELECT jsonb_object_agg(name, row -> name) FROM unnest(keys) AS name) AS key FROM unnest(became) AS row) AS n
    USING (key),
  LATERAL (SELECT coalesce(jsonb_object_agg(name, '[secret]'), '{}') AS before,
                  coalesce(jsonb_object_agg(name, CASE WHEN o.row -> name IS DISTINCT FROM n.row -> name
                                                       THEN '[new secret]' ELSE '[secret]' END), '{}') AS after
           FROM unnest(secrets) AS name) AS hidden
  WHERE o.row IS DISTINCT FROM n.row
  HAVING count(*) > 0;
  RETURN NULL;
END
$$;

-- Chains what a statement changed. As a deferred trigger it runs at the commit: the chain is locked
-- last, and for a moment only, so that transactions neither wait for each other's work nor deadlock.
CREATE FUNCTION append_to_audit_log() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  -- Where nobody of ours said who: a database's own user, at work with SQL.
  who       text := coalesce(nullif(current_setting('arcadia.actor', true), ''), session_user);
  by_way_of text := coalesce(nullif(current_setting('arcadia.origin', true), ''), 'sql');
  from_host text := coalesce(nullif(current_setting('arcadia.address', true), ''), host(inet_client_addr()));
  request   text := nullif(current_setting('arcadia.request_id', true), '');
  head      audit_log;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('arcadia audit log', 0));
  SELECT * INTO head FROM audit_log a ORDER BY a.position DESC LIMIT 1;
  IF NOT FOUND THEN
    head.position := 0;
    head.hash := sha256('');
  END IF;
  INSERT INTO audit_log
  SELECT place, at, who, by_way_of, from_host, request, NEW.table_name, operation, key, before, after,
         coalesce(lag(hash) OVER (ORDER BY place), head.hash), hash
  FROM (
    SELECT *, audit_chain(head.hash, audit_log_content(place, at, who, by_way_of, from_host, request, NEW.table_name,
                                                       operation, key, before, after)) OVER (ORDER BY place) AS hash
    FROM (
      SELECT head.position + ordinality AS place, clock.at, entry -> 'key' AS key,
             nullif(entry -> 'before', 'null') AS before, nullif(entry -> 'after', 'null') AS after,
             CASE WHEN entry -> 'before' = 'null' THEN 'insert' WHEN entry -> 'after' = 'null' THEN 'delete'
                  ELSE 'update' END AS operation
      FROM (SELECT clock_timestamp() AS at) AS clock, jsonb_array_elements(NEW.entries) WITH ORDINALITY AS e (entry, ordinality)
    ) AS entries
  ) AS chained
  ORDER BY place;
  DELETE FROM audit_pending p WHERE p.audit_pending_id = NEW.audit_pending_id;
  RETURN NULL;
EXCEPTION WHEN unique_violation THEN
  -- A repeatable read transaction does not see who came before it.
  RAISE EXCEPTION 'could not serialize access to the audit log' USING ERRCODE = 'serialization_failure';
END
$$;
CREATE CONSTRAINT TRIGGER chain AFTER INSERT ON audit_pending DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION append_to_audit_log();

CREATE FUNCTION refuse_audit_log_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'The audit log is only ever appended to.' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_log
  FOR EACH ROW EXECUTE FUNCTION refuse_audit_log_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_log_change();


-- Both run with the owner's rights: nobody may have them write down what never was, from a trigger on
-- a table of their own. Triggers that stand need no right.
REVOKE EXECUTE ON FUNCTION note_audited_changes(), append_to_audit_log() FROM PUBLIC;

CALL protect_from_customers('audit_log');
CALL give_access('REVOKE INSERT, UPDATE, DELETE ON audit_log FROM arcadia_worker, arcadia_api');

-- How far the log was found to hold by whoever verified it last, so that the next one need not begin at its first entry.
-- It proves nothing: all of it is verified each day (the job anchor_audit), and whenever somebody asks for that.
CREATE TABLE audit_verified (
  singleton   boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  position    bigint NOT NULL,
  hash        bytea NOT NULL,
  verified_at timestamptz NOT NULL               -- the server's own time; of all of it
);
CALL protect_from_customers('audit_verified');

-- A secret is recorded as being there, and as new; its value never is. What a statement leaves
-- unchanged is no change. For people's decisions only: what jobs derive in bulk has histories of its own.
CREATE PROCEDURE audit_changes(target regclass, secrets text[] DEFAULT '{}') LANGUAGE plpgsql AS $$
DECLARE
  key text[];
BEGIN
  SELECT array_agg(a.attname::text ORDER BY array_position(i.indkey::int2[], a.attnum)) INTO key
  FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
  WHERE i.indrelid = target AND i.indisprimary;
  EXECUTE format('CREATE OR REPLACE TRIGGER audit_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows
                  FOR EACH STATEMENT EXECUTE FUNCTION note_audited_changes(%L, %L)', target, key, secrets);
  EXECUTE format('CREATE OR REPLACE TRIGGER audit_update AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                  FOR EACH STATEMENT EXECUTE FUNCTION note_audited_changes(%L, %L)', target, key, secrets);
  EXECUTE format('CREATE OR REPLACE TRIGGER audit_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows
                  FOR EACH STATEMENT EXECUTE FUNCTION note_audited_changes(%L, %L)', target, key, secrets);
END
$$;


-- Events ----------------------------------------------------------------------------------------
--
-- What changed, published to whoever watches (GET /api/v1/events). Hints, not facts: each says what to
-- look at again, never what it became.
--
-- A change is recorded in its own transaction, as a row of event_outbox, and a notification when that
-- commits. Then one publisher at a time takes what is there and numbers it (src/platform/events.ts).
-- So ids are drawn in the order in which events become visible, without gaps: a reader that goes on
-- after the last id it has seen misses nothing, however long a transaction took that began earlier.
-- Nobody who writes waits for anybody.

CREATE TABLE event_outbox (
  outbox_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  type         text COLLATE "C" NOT NULL CHECK (type ~ '^[a-z_]+[.][a-z_]+$'),
  -- What of that type: a slug, a day, a queue; '' for more than could be named one by one.
  subject      text NOT NULL,
  -- Whose it is besides ours; with for_everyone any customer's. Neither: staff only.
  customer_id  bigint,
  for_everyone boolean NOT NULL,
  recorded_at      timestamptz NOT NULL,
  CHECK (customer_id IS NULL OR NOT for_everyone)
);

-- Published: the newest ten thousand or so.
CREATE TABLE events (
  event_id     bigint PRIMARY KEY,
  type         text COLLATE "C" NOT NULL,
  subject      text NOT NULL,
  customer_id  bigint,
  for_everyone boolean NOT NULL,
  recorded_at      timestamptz NOT NULL
);

-- The last id drawn, and the last one that is gone. Whoever holds this row publishes.
CREATE TABLE event_progress (
  singleton      boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  last_event_id  bigint NOT NULL,
  pruned_through bigint NOT NULL
);
INSERT INTO event_progress (last_event_id, pruned_through) VALUES (0, 0);

CALL protect_from_customers('event_outbox');
CALL protect_from_customers('event_progress');
CALL let_customers_read('events', 'customer_id = (SELECT current_customer())
  OR for_everyone AND (SELECT current_customer()) IS NOT NULL', '{customer_id}');

-- Publishes one event.
CREATE FUNCTION publish_event(type text, subject text, customer_id bigint DEFAULT NULL, for_everyone boolean DEFAULT false)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  INSERT INTO event_outbox (type, subject, customer_id, for_everyone, recorded_at)
    VALUES (type, subject, customer_id, for_everyone, clock_shows());
  PERFORM pg_notify('arcadia_events', '');
END
$$;

-- One event for each (subject, customer_id) that a statement touched, however many rows it wrote.
-- Arguments: the type; a query over `changed`, the rows as they became (or were, when deleted),
-- with the columns subject and customer_id. In place of more than a hundred events there is one,
-- without a subject: to everyone, if it concerned any customer.
CREATE FUNCTION publish_changed_rows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  published bigint;
BEGIN
  EXECUTE format($query$
    WITH touched AS (SELECT DISTINCT subject::text AS subject, customer_id::bigint AS customer_id FROM (%s) AS c),
    counted AS (SELECT count(*) AS n, bool_or(customer_id IS NOT NULL) AS for_everyone FROM touched)
    INSERT INTO event_outbox (type, subject, customer_id, for_everyone, recorded_at)
    SELECT %L, subject, customer_id, false, clock_shows() FROM touched, counted WHERE n <= 100
    UNION ALL
    SELECT %L, '', NULL, for_everyone, clock_shows() FROM counted WHERE n > 100
  $query$, TG_ARGV[1], TG_ARGV[0], TG_ARGV[0]);
  GET DIAGNOSTICS published = ROW_COUNT;
  IF published > 0 THEN PERFORM pg_notify('arcadia_events', ''); END IF;
  RETURN NULL;
END
$$;

-- Has every insert, update and delete of a table published.
CREATE PROCEDURE publish_changes(target regclass, type text, query text) LANGUAGE plpgsql AS $$
DECLARE
  operation text;
BEGIN
  FOREACH operation IN ARRAY ARRAY['insert', 'update', 'delete'] LOOP
    EXECUTE format('CREATE TRIGGER %I AFTER %s ON %s REFERENCING %s TABLE AS changed FOR EACH STATEMENT
                    EXECUTE FUNCTION publish_changed_rows(%L, %L)',
                   'publish_' || operation, operation, target, CASE operation WHEN 'delete' THEN 'OLD' ELSE 'NEW' END, type, query);
  END LOOP;
END
$$;

REVOKE EXECUTE ON FUNCTION publish_event, publish_changed_rows FROM PUBLIC;
CALL give_access('GRANT EXECUTE ON FUNCTION publish_event TO arcadia_worker, arcadia_api');

CALL pin_search_paths();
CALL arm_triggers();
