-- Conventions of every table here
--
-- Instants are timestamptz in UTC; intervals are half-open [valid_from, valid_to).
-- 'infinity' in valid_to means "still so", in superseded_at "still believed".
-- History has two time axes: valid_* says when it was so, recorded_at and superseded_at
-- when we knew. A correction supersedes rows and inserts others; nothing else is updated.
-- No column defaults to now(): the instant is always a parameter (a simulated clock is law).

CREATE EXTENSION IF NOT EXISTS btree_gist;

-- The virtual clock of a database whose accounts are simulated. No row: real time.
CREATE TABLE simulated_clock (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  instant   timestamptz NOT NULL
);

-- What changed, for those who derive from it: over [valid_from, valid_to) something that
-- figures of this resource rest on is no longer what it was. Appended in the transaction
-- that writes the fact. Consumers keep the last id they have seen; see
-- src/platform/fact-changes.ts for how that watermark is read without missing a writer.
CREATE TABLE fact_changes (
  fact_change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  resource_id    bigint      NOT NULL,
  valid_from     timestamptz NOT NULL,
  valid_to       timestamptz NOT NULL,
  cause          text COLLATE "C" NOT NULL,
  recorded_at    timestamptz NOT NULL,
  CHECK (valid_from < valid_to)
);
