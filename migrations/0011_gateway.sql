-- gateway: who sends events, the events as they came, and the usage that they mean.

-- A sender: an account of the provider `gateway`, which has its sealed secrets.
CREATE TABLE gateway_sources (
  account_id            int PRIMARY KEY REFERENCES accounts,
  -- How it shows who it is: by a signature (Standard Webhooks), by its secret as a bearer token, or either.
  dialect               text COLLATE "C" NOT NULL CHECK (dialect IN ('standard', 'bearer', 'both')),
  -- External ids of the customers whose deployments its events may name; NULL: all.
  customers             text[] COLLATE "C",
  -- How old an event may be when it comes, and how far ahead its time may be.
  past_limit_hours      int NOT NULL CHECK (past_limit_hours BETWEEN 1 AND 8784),
  future_limit_seconds  int NOT NULL CHECK (future_limit_seconds BETWEEN 0 AND 86400),
  -- Without watermarks, usage is confirmed so much later; NULL: by an attestation only.
  grace_hours           int CHECK (grace_hours BETWEEN 1 AND 744),
  max_events_per_second int NOT NULL CHECK (max_events_per_second BETWEEN 1 AND 1000000),
  -- Subjects that are new on one day.
  max_new_subjects      int NOT NULL CHECK (max_new_subjects BETWEEN 1 AND 1000000),
  paused                boolean NOT NULL
);

-- A CloudEvent as it was sent. It is kept once for ever: the same id again, whatever it says, is no other event.
CREATE SEQUENCE gateway_event_ids;
CREATE TABLE gateway_events (
  account_id       int NOT NULL,
  gateway_event_id bigint NOT NULL DEFAULT nextval('gateway_event_ids'),
  received_at      timestamptz NOT NULL,
  event_time       timestamptz,                     -- NULL: it has none, or none that can be read
  origin           text COLLATE "C" NOT NULL,       -- its attribute source
  event_id         text COLLATE "C" NOT NULL,
  type             text COLLATE "C" NOT NULL,
  subject          text COLLATE "C",
  attributes       jsonb,                           -- the others; NULL: none
  data             jsonb,
  -- Of all of it in canonical form.
  digest           bytea NOT NULL,
  -- Why it counts for nothing as it is; NULL: nothing is wrong with its envelope and its time.
  fault            text COLLATE "C",
  -- What is no sound CloudEvent, as it was sent.
  raw              text,
  PRIMARY KEY (account_id, gateway_event_id)
);
ALTER SEQUENCE gateway_event_ids OWNED BY gateway_events.gateway_event_id;
CREATE UNIQUE INDEX gateway_events_once ON gateway_events (account_id, origin, event_id);
CREATE INDEX gateway_events_by_time ON gateway_events (account_id, event_time);

-- The same id with another content: kept, and never counted.
CREATE TABLE gateway_conflicts (
  account_id  int NOT NULL,
  origin      text COLLATE "C" NOT NULL,
  event_id    text COLLATE "C" NOT NULL,
  digest      bytea NOT NULL,
  payload     text NOT NULL,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, origin, event_id, digest)
);

-- How far the events of a source have been interpreted.
CREATE TABLE gateway_progress (
  account_id int PRIMARY KEY REFERENCES accounts,
  through_id bigint NOT NULL
);

-- What is to be interpreted again: events of a source in (after_id, through_id] of a type and a time.
CREATE TABLE gateway_repeats (
  repeat_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id int NOT NULL REFERENCES accounts,
  after_id   bigint NOT NULL,
  through_id bigint NOT NULL,
  type       text COLLATE "C" NOT NULL,             -- a pattern with *
  since      timestamptz NOT NULL,
  until      timestamptz NOT NULL
);

-- Which events count, and how. Each feeds the billing kind of its name; what it counts is dated, how it adds up is for ever.
CREATE TABLE gateway_meters (
  meter_id    int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slug        billing_kind_slug NOT NULL UNIQUE,
  aggregation text COLLATE "C" NOT NULL CHECK (aggregation IN ('sum', 'count', 'max', 'unique', 'gauge'))
);
CREATE TABLE gateway_meter_versions (
  meter_id       int NOT NULL REFERENCES gateway_meters,
  from_day       date NOT NULL,
  type           text COLLATE "C" NOT NULL,         -- a pattern with *
  filter         jsonb NOT NULL,                    -- what the data must contain
  -- Where in the data; of a count NULL, of what is not unique NULL, and NULL: the event's own subject.
  value_path     text[] COLLATE "C",
  key_path       text[] COLLATE "C",
  subject_path   text[] COLLATE "C",
  subject_prefix text COLLATE "C" NOT NULL,
  PRIMARY KEY (meter_id, from_day)
);

-- What an operator decided about an event that does not count as it is.
CREATE TABLE gateway_decisions (
  account_id       int NOT NULL,
  gateway_event_id bigint NOT NULL,
  decision         text COLLATE "C" NOT NULL CHECK (decision IN ('replay', 'drop')),
  -- By how much the clock of its sender was wrong.
  shift            interval NOT NULL,
  reason           text NOT NULL CHECK (reason ~ '\S'),
  recorded_at      timestamptz NOT NULL,
  recorded_by      text NOT NULL,
  PRIMARY KEY (account_id, gateway_event_id),
  FOREIGN KEY (account_id, gateway_event_id) REFERENCES gateway_events
);

-- Events that a later one retracts or corrects, whichever of the two came first.
CREATE TABLE gateway_retractions (
  account_id   int NOT NULL,
  origin       text COLLATE "C" NOT NULL,
  event_id     text COLLATE "C" NOT NULL,
  retracted_by bigint NOT NULL,                     -- a gateway_event_id
  PRIMARY KEY (account_id, origin, event_id, retracted_by)
);
CREATE INDEX gateway_retractions_by ON gateway_retractions (account_id, retracted_by);

-- A source's word that it has sent everything before an instant, with how many events in which hours.
CREATE TABLE gateway_watermarks (
  account_id       int NOT NULL REFERENCES accounts,
  gateway_event_id bigint NOT NULL,
  through          timestamptz NOT NULL,
  counts           jsonb NOT NULL,                  -- {"2026-05-03T10:00:00Z": 120000}
  -- When usage was confirmed by it; NULL: not yet.
  applied_at       timestamptz,
  PRIMARY KEY (account_id, gateway_event_id)
);

-- Derived, and disposable: what each event counts as, by meter.
CREATE TABLE gateway_usage (
  account_id       int NOT NULL,
  gateway_event_id bigint NOT NULL,
  resource_id      bigint NOT NULL,
  at               timestamptz NOT NULL,
  meter_id         int NOT NULL,
  value            numeric NOT NULL,
  unique_key       text COLLATE "C",
  PRIMARY KEY (account_id, gateway_event_id, meter_id)
);
CREATE INDEX gateway_usage_by_resource ON gateway_usage (resource_id, meter_id, at);

-- Derived as well: what became of an event that does not count, or of a meter that cannot read it (0: of the event).
CREATE TABLE gateway_outcomes (
  account_id       int NOT NULL,
  gateway_event_id bigint NOT NULL,
  meter_id         int NOT NULL,
  outcome          text COLLATE "C" NOT NULL CHECK (outcome IN ('no_meter', 'applied', 'superseded', 'dead', 'dropped')),
  reason           text COLLATE "C" NOT NULL,
  PRIMARY KEY (account_id, gateway_event_id, meter_id),
  CHECK ((outcome = 'dead') = (reason <> ''))
);
CREATE INDEX gateway_outcomes_dead ON gateway_outcomes (account_id, reason, gateway_event_id) WHERE outcome = 'dead';

-- A number or a decimal in quotes, exactly; NULL: it is neither.
CREATE FUNCTION exact_number(said jsonb) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE jsonb_typeof(said)
         WHEN 'number' THEN (said #>> '{}')::numeric
         WHEN 'string' THEN CASE WHEN (said #>> '{}') ~ '^-?[0-9]{1,40}([.][0-9]{1,40})?$' THEN (said #>> '{}')::numeric END END;
END;

-- A text, a number or a truth value as text; NULL: it is none of these.
CREATE FUNCTION scalar_text(said jsonb) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE WHEN jsonb_typeof(said) IN ('string', 'number', 'boolean') THEN said #>> '{}' END;
END;

-- Published: what resources' events count as, each by the billing kind that it counts for.
CREATE VIEW gateway_measurements AS
  SELECT u.resource_id, m.meter_id, m.slug AS kind, m.aggregation, u.at, u.value, u.unique_key
  FROM gateway_usage u JOIN gateway_meters m USING (meter_id);
CREATE VIEW gateway_kinds AS SELECT slug AS kind, meter_id, aggregation FROM gateway_meters;

-- metering: what events accrue ------------------------------------------------------------------
--
-- An event is an impulse: level that is there at an instant, and accrues itself whatever the time. Of the
-- aggregation `unique` only the first of its key counts, per owner and month.
ALTER TABLE billing_kind_definitions
  DROP CONSTRAINT billing_kind_definitions_accrual_check,
  DROP CONSTRAINT billing_kind_definitions_aggregation_check,
  DROP CONSTRAINT billing_kind_definitions_check2,
  ADD CHECK (accrual IN ('hours', 'month', 'events')),
  ADD CHECK (aggregation IN ('sum', 'peak', 'percentile', 'unique')),
  ADD CHECK (CASE aggregation WHEN 'sum' THEN true WHEN 'unique' THEN accrual = 'events' ELSE accrual = 'month' END),
  ADD CHECK (accrual <> 'events' OR resource_kind = 'gateway');

CREATE OR REPLACE FUNCTION discarded_us(aggregation text, percentile numeric, month date)
RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE WHEN aggregation IN ('peak', 'percentile')
              THEN div(1000 * (100 - coalesce(percentile, 100)) * ((month + interval '1 month')::date - month) * 86400000000, 100000) END;
END;

CALL publish_changes('gateway_sources', 'gateway_source.changed',
  'SELECT slug AS subject, NULL AS customer_id FROM changed JOIN inventory_accounts USING (account_id)');
CALL publish_changes('gateway_meter_versions', 'gateway_meter.changed',
  'SELECT slug AS subject, NULL AS customer_id FROM changed JOIN gateway_meters USING (meter_id)');
CALL audit_changes('gateway_sources');
CALL audit_changes('gateway_meters');
CALL audit_changes('gateway_meter_versions');
CALL audit_changes('gateway_decisions');

CALL protect_from_customers('gateway_sources');
CALL protect_from_customers('gateway_events');
CALL give_access('GRANT USAGE, SELECT ON SEQUENCE gateway_event_ids TO arcadia_worker, arcadia_api');
CALL protect_from_customers('gateway_conflicts');
CALL protect_from_customers('gateway_progress');
CALL protect_from_customers('gateway_repeats');
CALL protect_from_customers('gateway_meters');
CALL protect_from_customers('gateway_meter_versions');
CALL protect_from_customers('gateway_decisions');
CALL protect_from_customers('gateway_retractions');
CALL protect_from_customers('gateway_watermarks');
CALL protect_from_customers('gateway_usage');
CALL protect_from_customers('gateway_outcomes');
CALL protect_from_customers('gateway_measurements');
CALL protect_from_customers('gateway_kinds');

CALL pin_search_paths();
CALL arm_triggers();
