-- gateway: events that do something: to subscriptions, and to what is known of payments.

ALTER TABLE gateway_sources
  -- Which families of events may have their effect; none: its events are usage alone.
  ADD COLUMN effects text[] COLLATE "C" NOT NULL DEFAULT '{}' CHECK (effects <@ ARRAY['lifecycle', 'payment']),
  -- Whom its payments may name as their provider beside itself.
  ADD COLUMN payment_providers text[] COLLATE "C" NOT NULL DEFAULT '{}',
  -- Subscriptions change at the beginning of a UTC day: of the day of the event, or of the next.
  ADD COLUMN pauses_on  text COLLATE "C" NOT NULL DEFAULT 'next_day' CHECK (pauses_on IN ('same_day', 'next_day')),
  ADD COLUMN resumes_on text COLLATE "C" NOT NULL DEFAULT 'same_day' CHECK (resumes_on IN ('same_day', 'next_day')),
  ADD COLUMN ends_on    text COLLATE "C" NOT NULL DEFAULT 'next_day' CHECK (ends_on IN ('same_day', 'next_day')),
  -- A broker's queue through which it may send beside HTTP: whoever writes into it speaks for the source.
  ADD COLUMN queue text COLLATE "C" UNIQUE CHECK (queue ~ '^[A-Za-z0-9._-]{1,200}$'),
  -- From when on none but owners were shown the secrets that hold; NULL: others know one.
  ADD COLUMN owners_alone_from timestamptz,
  -- After so long without an event it is said to be silent; NULL: never.
  ADD COLUMN silent_after_hours int CHECK (silent_after_hours BETWEEN 1 AND 8784);

-- What came of an event that is to do something: done and written here in one transaction, and never done again. It is no
-- derivation: what was done stays done when events are interpreted again.
CREATE TABLE gateway_effects (
  account_id       int NOT NULL,
  gateway_event_id bigint NOT NULL,
  -- NULL: still to be done.
  outcome          text COLLATE "C" CHECK (outcome IN ('applied', 'superseded', 'dead')),
  -- Why it is dead, in a word and as it was said.
  reason           text COLLATE "C" NOT NULL,
  detail           text,
  -- Of what was done to a subscription: from which UTC day on.
  from_day         date,
  -- When it was tried last.
  tried_at         timestamptz,
  PRIMARY KEY (account_id, gateway_event_id),
  FOREIGN KEY (account_id, gateway_event_id) REFERENCES gateway_events,
  CHECK ((outcome IS NOT DISTINCT FROM 'dead') = (reason <> '')),
  CHECK (outcome IS NULL OR tried_at IS NOT NULL)
);
CREATE INDEX gateway_effects_open ON gateway_effects (account_id, gateway_event_id) WHERE outcome IS NULL;
CREATE INDEX gateway_effects_dead ON gateway_effects (account_id, tried_at) WHERE outcome = 'dead';

-- Where the lifecycle of a deployment stands by a source: only an event of a later place changes it.
CREATE TABLE gateway_lifecycles (
  account_id       int NOT NULL REFERENCES accounts,
  deployment       text COLLATE "C" NOT NULL,         -- as events name it
  -- Its sequence, or the microseconds of its time since 1970.
  place            numeric NOT NULL,
  by_sequence      boolean NOT NULL,
  -- The latest time of its events: by it an event is placed that has a sequence where they had none, or none where they had one.
  event_time       timestamptz NOT NULL,
  gateway_event_id bigint NOT NULL,
  from_day         date NOT NULL,
  PRIMARY KEY (account_id, deployment)
);

ALTER TABLE gateway_progress
  -- Events with a time before it are removed: none counts any more. NULL: nothing is removed yet.
  ADD COLUMN pruned_before       timestamptz,
  -- When webhooks were last sent that events count for nothing, and that none came.
  ADD COLUMN dead_announced_at   timestamptz,
  -- Whether more of them died since, which is still to be sent.
  ADD COLUMN dead_unannounced    boolean NOT NULL DEFAULT false,
  ADD COLUMN silent_announced_at timestamptz,
  -- When what its events count as was last to be metered, in real time, and whether more of it came since.
  ADD COLUMN metering_asked_at   timestamptz,
  ADD COLUMN metering_due        boolean NOT NULL DEFAULT false;

-- The greatest value that can be metered exactly: 10^18 and as many units, of a level 10^10 units (meters.ts).
ALTER TABLE gateway_meter_versions ADD COLUMN value_max numeric;
UPDATE gateway_meter_versions v SET value_max = least(10::numeric ^ 18, CASE WHEN m.aggregation IN ('max', 'gauge') THEN 10::numeric ^ 10
    ELSE 10::numeric ^ 18 END * coalesce((
    SELECT min(d.weight_divisor) FROM billing_kinds k JOIN billing_kind_definitions d USING (billing_kind_id) WHERE k.slug = m.slug), 1))
  FROM gateway_meters m WHERE m.meter_id = v.meter_id;
ALTER TABLE gateway_meter_versions ALTER COLUMN value_max SET NOT NULL;

ALTER TABLE gateway_retractions
  -- Whether what is retracted was there when it was interpreted: it may come later, or be removed by now.
  ADD COLUMN found boolean NOT NULL DEFAULT true;
ALTER TABLE gateway_retractions ALTER COLUMN found DROP DEFAULT;
CREATE INDEX gateway_retractions_open ON gateway_retractions (account_id) WHERE NOT found;

-- How the queues of sources stand.
CREATE TABLE gateway_queues (
  account_id      int PRIMARY KEY REFERENCES accounts,
  -- When a server last had it open, and when and why one last could not open it or lost it: in real time.
  open_at         timestamptz,
  problem_at      timestamptz,
  problem         text,
  -- Messages that held no events: how many, and of the last one when and why.
  rejected        bigint NOT NULL DEFAULT 0,
  rejected_at     timestamptz,
  rejected_reason text,
  CHECK ((problem_at IS NULL) = (problem IS NULL)),
  CHECK ((rejected = 0) = (rejected_at IS NULL) AND (rejected = 0) = (rejected_reason IS NULL))
);

CALL protect_from_customers('gateway_queues');
CALL protect_from_customers('gateway_effects');
CALL protect_from_customers('gateway_lifecycles');

CALL pin_search_paths();
CALL arm_triggers();
