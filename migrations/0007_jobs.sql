-- jobs: what operators decided about queues, and when the schedule last ticked. The jobs
-- themselves are pg-boss's, in a schema of its own (pgboss) that it makes and migrates.

-- Pause and limit of a queue, on every worker ('*') or on one by its name, which overrules '*'.
-- NULL: not decided here.
CREATE TABLE queue_controls (
  queue      text COLLATE "C" NOT NULL,
  worker     text COLLATE "C" NOT NULL,
  paused     boolean,
  job_limit  int CHECK (job_limit BETWEEN 0 AND 1000),
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (queue, worker)
);

-- From when on occurrences of an entry of the schedule count: the clock's instant at which it was
-- first seen, then at which it was last found due. Its job brings things up to date from its own
-- watermark, so that how many occurrences were missed does not matter.
CREATE TABLE schedule_ticks (
  name        text COLLATE "C" PRIMARY KEY,
  ticked_at   timestamptz NOT NULL,
  last_run_at timestamptz,                   -- NULL: never found due yet
  cron        text COLLATE "C"               -- as the worker that started last has it; NULL: it leaves the entry out
);

-- Attempts of jobs, for whoever looks: who ran it, from when until when, and how it ended. The queue keeps only what
-- came last. Written by workers once a second; what one had not yet written is lost with it.
CREATE TABLE job_attempts (
  job_id      uuid NOT NULL,
  claim       int NOT NULL,                  -- the queue's count of claims: tells a stale worker's attempt from the next
  attempt     int NOT NULL,                  -- 1 for the first; claims that spent none have the number of the next
  queue       text COLLATE "C" NOT NULL,
  job         text COLLATE "C" NOT NULL,
  worker      text COLLATE "C",              -- NULL: it was silent before it said so
  started_at  timestamptz NOT NULL,          -- real time, as all of the queue's
  ended_at    timestamptz,                   -- NULL: it runs
  outcome     text COLLATE "C" CHECK (outcome IN ('completed', 'failed', 'dead', 'cancelled', 'snoozed', 'handed_back', 'lost')),
  reason      text,
  progress    text,                          -- what the handler last said of how far it is
  progress_at timestamptz,
  PRIMARY KEY (job_id, claim),
  CHECK ((ended_at IS NULL) = (outcome IS NULL))
);
CREATE INDEX job_attempts_by_end ON job_attempts (ended_at);

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

-- The queue's tables are made by the queue itself, when it first starts; staff enqueue into them.
CREATE SCHEMA IF NOT EXISTS pgboss;
CALL give_access('REVOKE ALL ON SCHEMA pgboss FROM PUBLIC, arcadia_customer');
CALL give_access('GRANT USAGE ON SCHEMA pgboss TO arcadia_worker, arcadia_api');
CALL give_access('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA pgboss TO arcadia_worker, arcadia_api');
CALL give_access('ALTER DEFAULT PRIVILEGES IN SCHEMA pgboss GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO arcadia_worker, arcadia_api');

CALL publish_changes('queue_controls', 'queue.changed', 'SELECT queue AS subject, NULL AS customer_id FROM changed');
CALL audit_changes('queue_controls');
CALL protect_from_customers('job_decisions');
CALL audit_changes('job_decisions');
CALL protect_from_customers('queue_controls');
CALL protect_from_customers('job_attempts');
CALL protect_from_customers('schedule_ticks');

CALL pin_search_paths();
CALL arm_triggers();
