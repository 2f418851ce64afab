-- events: what changed, told to whoever watches (GET /api/v1/events). Hints, not facts: each says
-- what to look at again, never what it became.
--
-- A change is told in its own transaction, as a row of event_outbox, and a notification when that
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
  told_at      timestamptz NOT NULL,
  CHECK (customer_id IS NULL OR NOT for_everyone)
);

-- Published: the newest ten thousand or so.
CREATE TABLE events (
  event_id     bigint PRIMARY KEY,
  type         text COLLATE "C" NOT NULL,
  subject      text NOT NULL,
  customer_id  bigint,
  for_everyone boolean NOT NULL,
  told_at      timestamptz NOT NULL
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

-- What the clock of this database shows now: the simulated one, where its accounts are simulated.
CREATE FUNCTION clock_shows() RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT instant FROM simulated_clock), clock_timestamp())
$$;

-- Tells one event, for those who know it themselves.
CREATE FUNCTION tell_event(type text, subject text, customer_id bigint DEFAULT NULL, for_everyone boolean DEFAULT false)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  INSERT INTO event_outbox (type, subject, customer_id, for_everyone, told_at)
    VALUES (type, subject, customer_id, for_everyone, clock_shows());
  PERFORM pg_notify('arcadia_events', '');
END
$$;

-- One event for each (subject, customer_id) that a statement touched, however many rows it wrote.
-- Arguments: the type; a query over `changed`, the rows as they became (or were, when deleted),
-- with the columns subject and customer_id. Where more than a hundred would be told, one is,
-- without a subject: to everyone, if it concerned any customer.
CREATE FUNCTION tell_of_changes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  told bigint;
BEGIN
  EXECUTE format($query$
    WITH touched AS (SELECT DISTINCT subject::text AS subject, customer_id::bigint AS customer_id FROM (%s) AS c),
    counted AS (SELECT count(*) AS n, bool_or(customer_id IS NOT NULL) AS for_everyone FROM touched)
    INSERT INTO event_outbox (type, subject, customer_id, for_everyone, told_at)
    SELECT %L, subject, customer_id, false, clock_shows() FROM touched, counted WHERE n <= 100
    UNION ALL
    SELECT %L, '', NULL, for_everyone, clock_shows() FROM counted WHERE n > 100
  $query$, TG_ARGV[1], TG_ARGV[0], TG_ARGV[0]);
  GET DIAGNOSTICS told = ROW_COUNT;
  IF told > 0 THEN PERFORM pg_notify('arcadia_events', ''); END IF;
  RETURN NULL;
END
$$;

-- Every insert, update and delete of a table is told so.
CREATE PROCEDURE tell_changes(target regclass, type text, query text) LANGUAGE plpgsql AS $$
DECLARE
  operation text;
BEGIN
  FOREACH operation IN ARRAY ARRAY['insert', 'update', 'delete'] LOOP
    EXECUTE format('CREATE TRIGGER %I AFTER %s ON %s REFERENCING %s TABLE AS changed FOR EACH STATEMENT
                    EXECUTE FUNCTION tell_of_changes(%L, %L)',
                   'tell_' || operation, operation, target, CASE operation WHEN 'delete' THEN 'OLD' ELSE 'NEW' END, type, query);
  END LOOP;
END
$$;

-- Both run with the owner's rights, for whoever writes: nobody's own tables before ours.
DO $$
BEGIN
  EXECUTE format('ALTER FUNCTION tell_event SET search_path = %I, pg_temp', current_schema());
  EXECUTE format('ALTER FUNCTION tell_of_changes SET search_path = %I, pg_temp', current_schema());
END
$$;
REVOKE EXECUTE ON FUNCTION tell_event FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tell_event TO arcadia_worker, arcadia_api;

-- The end of a sync of one kind of one account.
CREATE FUNCTION tell_of_sync() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  PERFORM tell_event('sync.ended', slug || '/' || NEW.kind) FROM accounts WHERE account_id = NEW.account_id;
  RETURN NULL;
END
$$;
CREATE TRIGGER tell_end AFTER UPDATE ON sync_runs FOR EACH ROW
  WHEN (OLD.outcome = 'running' AND NEW.outcome <> 'running') EXECUTE FUNCTION tell_of_sync();

-- A day's usage was metered, or changed. A day is nobody's secret.
CREATE FUNCTION tell_of_metering() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  PERFORM tell_event('day.metered', NEW.day::text, for_everyone => true);
  RETURN NULL;
END
$$;
CREATE TRIGGER tell_end AFTER UPDATE ON metering_runs FOR EACH ROW EXECUTE FUNCTION tell_of_metering();

DO $$
BEGIN
  EXECUTE format('ALTER FUNCTION tell_of_sync SET search_path = %I, pg_temp', current_schema());
  EXECUTE format('ALTER FUNCTION tell_of_metering SET search_path = %I, pg_temp', current_schema());
END
$$;
-- They run with the owner's rights, and tell_of_changes() what its arguments say: nobody else may
-- hang them on a table of their own. Triggers that stand need no right.
REVOKE EXECUTE ON FUNCTION tell_of_changes(), tell_of_sync(), tell_of_metering() FROM PUBLIC;

CALL tell_changes('accounts', 'account.changed', 'SELECT slug AS subject, NULL AS customer_id FROM changed');
CALL tell_changes('customers', 'customer.changed', 'SELECT external_id AS subject, customer_id FROM changed');
CALL tell_changes('deployments', 'deployment.changed', 'SELECT slug AS subject, customer_id FROM changed');
CALL tell_changes('ownership_rules', 'rule.changed', 'SELECT rule_id AS subject, NULL AS customer_id FROM changed');
CALL tell_changes('manual_assignments', 'assignment.changed', 'SELECT resource_id AS subject, NULL AS customer_id FROM changed');
CALL tell_changes('queue_controls', 'queue.changed', 'SELECT queue AS subject, NULL AS customer_id FROM changed');
CALL tell_changes('plan_versions', 'plan.changed', 'SELECT slug AS subject, NULL AS customer_id FROM changed JOIN plans USING (plan_id)');
CALL tell_changes('subscriptions', 'subscription.changed',
  'SELECT slug AS subject, customer_id FROM changed JOIN deployments USING (deployment_id)');
CALL tell_changes('attributions', 'attribution.changed', $$
  SELECT slug AS subject, customer_id FROM (SELECT DISTINCT owner_set_id FROM changed) AS touched_sets
  JOIN owner_set_members USING (owner_set_id) JOIN deployments USING (deployment_id)$$);

-- What people decided about jobs. The jobs themselves are the queue's, and most of what happens to
-- them nobody decided.
CREATE TABLE job_decisions (
  job_decision_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  decision   text COLLATE "C" NOT NULL CHECK (decision IN ('run', 'retry', 'cancel')),
  filter     jsonb NOT NULL,                 -- which jobs it was meant for
  jobs       bigint NOT NULL,                -- how many it concerned
  reason     text,
  decided_at timestamptz NOT NULL
);
CALL protect_from_customers('job_decisions');
CALL audit_changes('job_decisions');

-- Published to other rooms: which days have been metered.
CREATE VIEW metering_days AS SELECT day, billing_kind_id, metered_at FROM metered_days;
CALL publish_to_customers('metering_days');
