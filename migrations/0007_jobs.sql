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
  last_run_at timestamptz                    -- NULL: never found due yet
);
