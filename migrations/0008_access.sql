-- Who may read and write what, and the log of what people decided.
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
-- Every migration that makes a table or a view ends with one of these for each of them:
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
-- Roles belong to the whole server, and many databases of it may be migrated at once: one that
-- another migration is making just now is waited for and then there.
DO $$
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
    -- To serve requests, the owner must be able to take the roles on. Who may not grant them is told
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

-- Whose rows this transaction may see; NULL: nobody's.
CREATE FUNCTION current_customer() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT nullif(current_setting('arcadia.customer', true), '')::bigint
$$;

CREATE PROCEDURE protect_from_customers(target regclass) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, arcadia_customer', target);
  IF (SELECT relkind = 'v' FROM pg_class WHERE oid = target) THEN
    -- Else a view shows what its owner may see, which is everything.
    EXECUTE format('ALTER VIEW %s SET (security_invoker = true)', target);
    EXECUTE format('GRANT SELECT ON %s TO arcadia_worker, arcadia_api', target);
    RETURN;
  END IF;
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
  EXECUTE format('DROP POLICY IF EXISTS staff ON %s', target);
  EXECUTE format('DROP POLICY IF EXISTS customer ON %s', target);
  EXECUTE format('CREATE POLICY staff ON %s TO arcadia_worker, arcadia_api USING (true) WITH CHECK (true)', target);
  -- On a partitioned table this is enough: through it, its privileges and policies hold for every
  -- partition, those to come included; a partition by its own name is nobody's but the owner's.
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO arcadia_worker, arcadia_api', target);
END
$$;

-- What the other procedures have in common: staff as above, and customers read the rows for which
-- a condition holds. Of a view, what the conditions of its tables leave.
CREATE PROCEDURE let_customers_read(target regclass, condition text, hidden text[]) LANGUAGE plpgsql AS $$
DECLARE
  readable text;
BEGIN
  CALL protect_from_customers(target);
  IF (SELECT relkind <> 'v' FROM pg_class WHERE oid = target) THEN
    EXECUTE format('CREATE POLICY customer ON %s FOR SELECT TO arcadia_customer USING (%s)', target, condition);
  END IF;
  IF cardinality(hidden) = 0 THEN
    EXECUTE format('GRANT SELECT ON %s TO arcadia_customer', target);
    RETURN;
  END IF;
  SELECT string_agg(quote_ident(attname), ', ') INTO readable
  FROM pg_attribute WHERE attrelid = target AND attnum > 0 AND NOT attisdropped AND NOT attname = ANY (hidden);
  EXECUTE format('GRANT SELECT (%s) ON %s TO arcadia_customer', readable, target);
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

-- What is there so far -------------------------------------------------------------------------

CALL protect_by_customer('customers');
CALL protect_by_customer('deployments');
CALL protect_by_deployment('usage_records');
CALL protect_by_deployment('usage_changes');
CALL protect_by_deployment('subscriptions');

-- Ownership: of a set that several customers share, only one's own members; the signature names all.
CALL protect_by_deployment('owner_set_members');
CALL let_customers_read('owner_sets',
  'owner_set_id = ANY (ARRAY(SELECT m.owner_set_id FROM owner_set_members m))', '{signature}');
CALL let_customers_read('attributions',
  'owner_set_id = ANY (ARRAY(SELECT m.owner_set_id FROM owner_set_members m))', '{}');
-- Lists that customers read name the rule; which rules there are is not for them. No row.
CALL let_customers_read('ownership_rules', 'false', '{}');

-- Resources that are, or once were, a customer's; and what each was while it was theirs. The
-- provider's own words (resource_payloads) hold prices, and stay with us.
CALL let_customers_read('resources',
  'EXISTS (SELECT FROM attributions a WHERE a.resource_id = resources.resource_id AND a.superseded_at = ''infinity'')', '{}');
CALL let_customers_read('resource_states',
  'EXISTS (SELECT FROM attributions a WHERE a.resource_id = resource_states.resource_id AND a.superseded_at = ''infinity''
     AND a.valid_from < resource_states.valid_to AND a.valid_to > resource_states.valid_from)', '{}');
CALL let_customers_read('accounts',
  'account_id = ANY (ARRAY(SELECT DISTINCT r.account_id FROM attributions a JOIN resources r USING (resource_id)))',
  '{credentials,api_url,provider_account_id}');
CALL protect_from_customers('resource_payloads');
CALL protect_from_customers('project_memberships');
CALL protect_from_customers('provider_actions');
CALL protect_from_customers('end_candidates');
CALL protect_from_customers('sync_runs');
CALL protect_from_customers('manual_assignments');

-- Price lists are agreed with customers one by one: only those that they are, or were, on.
CALL let_customers_read('plans', 'plan_id = ANY (ARRAY(SELECT s.plan_id FROM subscriptions s))', '{}');
CALL let_customers_read('plan_versions', 'plan_id = ANY (ARRAY(SELECT s.plan_id FROM subscriptions s))', '{}');
CALL let_customers_read('plan_items',
  'plan_version_id = ANY (ARRAY(SELECT v.plan_version_id FROM plan_versions v))', '{}');

-- What is the same to all, and usage cannot be told without.
CALL publish_to_customers('billing_kinds');
CALL publish_to_customers('billing_kind_definitions');
CALL publish_to_customers('metering_config');
CALL publish_to_customers('metered_days');
CALL publish_to_customers('simulated_clock');

CALL protect_from_customers('fact_changes');
CALL protect_from_customers('attribution_progress');
CALL protect_from_customers('metered_levels');
CALL protect_from_customers('metered_levels_progress');
CALL protect_from_customers('metering_runs');
CALL protect_from_customers('queue_controls');
CALL protect_from_customers('schedule_ticks');
CALL protect_from_customers('migration_checksums');
REVOKE INSERT, UPDATE, DELETE ON migration_checksums FROM arcadia_worker, arcadia_api;

CALL publish_to_customers('inventory_accounts');
CALL publish_to_customers('inventory_resources');
CALL publish_to_customers('inventory_states');
CALL protect_from_customers('inventory_memberships');
CALL protect_from_customers('inventory_sync_runs');
CALL protect_from_customers('inventory_complete_syncs');
CALL publish_to_customers('deployments_attributions');
CALL publish_to_customers('deployments_owners');
CALL publish_to_customers('deployments_owners_ever');
CALL publish_to_customers('deployments_list');
CALL protect_from_customers('deployments_progress');
CALL publish_to_customers('metering_kinds');

GRANT USAGE ON SEQUENCE ownership_rule_ids TO arcadia_worker, arcadia_api;

-- The queue's tables are made by the queue itself, when it first starts; staff enqueue into them.
CREATE SCHEMA IF NOT EXISTS pgboss;
REVOKE ALL ON SCHEMA pgboss FROM PUBLIC, arcadia_customer;
GRANT USAGE ON SCHEMA pgboss TO arcadia_worker, arcadia_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA pgboss TO arcadia_worker, arcadia_api;
ALTER DEFAULT PRIVILEGES IN SCHEMA pgboss GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO arcadia_worker, arcadia_api;

-- The audit log --------------------------------------------------------------------------------

-- Each decision of a person: who changed which row, from where, from what to what. Rows are only
-- ever appended, and each holds the hash of the one before it, so that what is changed, left out or
-- slipped in later shows (src/platform/audit.ts). recorded_at is the server's own time, whatever
-- the clock of the domain says: the log is about the people at the machine.
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

-- SHA-256 of the previous hash and the row's content, as a JSON array in jsonb's own, canonical
-- form; the instant in microseconds since 1970, so that no time zone matters.
CREATE FUNCTION audit_log_hash(entry audit_log) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT sha256(entry.previous_hash || convert_to(jsonb_build_array(
    entry.position, (extract(epoch FROM entry.recorded_at) * 1000000)::bigint, entry.actor, entry.origin, entry.address,
    entry.request_id, entry.table_name, entry.operation, entry.key, entry.before, entry.after)::text, 'UTF8'))
$$;

-- Appends one change. As a deferred trigger it runs at the commit: the chain is locked last, and
-- for a moment only, so that transactions neither wait for each other's work nor deadlock on it.
-- Arguments: the columns of the primary key, then the columns that hold secrets, as arrays.
CREATE FUNCTION append_to_audit_log() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  entry audit_log;
  secret text;
BEGIN
  IF TG_OP <> 'INSERT' THEN entry.before := to_jsonb(OLD); END IF;
  IF TG_OP <> 'DELETE' THEN entry.after := to_jsonb(NEW); END IF;
  FOREACH secret IN ARRAY TG_ARGV[1]::text[] LOOP
    entry.after := entry.after || jsonb_build_object(secret,
      CASE WHEN entry.before -> secret IS DISTINCT FROM entry.after -> secret THEN '[new secret]' ELSE '[secret]' END);
    entry.before := entry.before || jsonb_build_object(secret, '[secret]');
  END LOOP;
  SELECT jsonb_object_agg(name, coalesce(entry.after, entry.before) -> name) INTO entry.key
  FROM unnest(TG_ARGV[0]::text[]) AS name;
  entry.table_name := TG_TABLE_NAME;
  entry.operation := lower(TG_OP);
  -- Nobody of ours said who: a database's own user, at work with SQL.
  entry.actor := coalesce(nullif(current_setting('arcadia.actor', true), ''), session_user);
  entry.origin := coalesce(nullif(current_setting('arcadia.origin', true), ''), 'sql');
  entry.address := coalesce(nullif(current_setting('arcadia.address', true), ''), host(inet_client_addr()));
  entry.request_id := nullif(current_setting('arcadia.request_id', true), '');

  PERFORM pg_advisory_xact_lock(hashtextextended('arcadia audit log', 0));
  SELECT position, hash INTO entry.position, entry.previous_hash FROM audit_log ORDER BY position DESC LIMIT 1;
  entry.position := coalesce(entry.position, 0) + 1;
  entry.previous_hash := coalesce(entry.previous_hash, sha256(''));
  entry.recorded_at := clock_timestamp();
  entry.hash := audit_log_hash(entry);
  INSERT INTO audit_log SELECT entry.*;
  RETURN NULL;
EXCEPTION WHEN unique_violation THEN
  -- A repeatable read transaction does not see who came before it.
  RAISE EXCEPTION 'could not serialize access to the audit log' USING ERRCODE = 'serialization_failure';
END
$$;

CREATE FUNCTION refuse_audit_log_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'The audit log is only ever appended to.' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_log
  FOR EACH ROW EXECUTE FUNCTION refuse_audit_log_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_log_change();

-- It runs with the owner's rights: a temporary table of the same name must not stand before ours.
DO $$
BEGIN
  EXECUTE format('ALTER FUNCTION append_to_audit_log() SET search_path = %I, pg_temp', current_schema());
END
$$;

CALL protect_from_customers('audit_log');
REVOKE INSERT, UPDATE, DELETE ON audit_log FROM arcadia_worker, arcadia_api;

-- Secrets are told of (that there is one, that it is new), never told. What a statement leaves as
-- it was is no change. For people's decisions only: what jobs derive in bulk has histories of its own.
CREATE PROCEDURE audit_changes(target regclass, secrets text[] DEFAULT '{}') LANGUAGE plpgsql AS $$
DECLARE
  key text[];
BEGIN
  SELECT array_agg(a.attname::text ORDER BY array_position(i.indkey::int2[], a.attnum)) INTO key
  FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
  WHERE i.indrelid = target AND i.indisprimary;
  EXECUTE format('DROP TRIGGER IF EXISTS audit_rows ON %s', target);
  EXECUTE format('DROP TRIGGER IF EXISTS audit_updates ON %s', target);
  EXECUTE format('CREATE CONSTRAINT TRIGGER audit_rows AFTER INSERT OR DELETE ON %s DEFERRABLE INITIALLY DEFERRED
                  FOR EACH ROW EXECUTE FUNCTION append_to_audit_log(%L, %L)', target, key, secrets);
  EXECUTE format('CREATE CONSTRAINT TRIGGER audit_updates AFTER UPDATE ON %s DEFERRABLE INITIALLY DEFERRED
                  FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION append_to_audit_log(%L, %L)',
                 target, key, secrets);
END
$$;

CALL audit_changes('accounts', '{credentials}');
CALL audit_changes('customers');
CALL audit_changes('deployments');
CALL audit_changes('ownership_rules');
CALL audit_changes('manual_assignments');
CALL audit_changes('billing_kinds');
CALL audit_changes('billing_kind_definitions');
CALL audit_changes('metering_config');
CALL audit_changes('plans');
CALL audit_changes('plan_versions');
CALL audit_changes('plan_items');
CALL audit_changes('subscriptions');
CALL audit_changes('queue_controls');
