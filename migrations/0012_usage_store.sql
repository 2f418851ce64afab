-- metering: where usage records are, which of them can be seen there, and what is left of them
-- when their retention has passed.

-- Where usage records are: here, or in a ClickHouse that `arcadia usage move` has filled.
CREATE TABLE usage_store (
  singleton   boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  engine      text COLLATE "C" NOT NULL CHECK (engine IN ('postgresql', 'clickhouse')),
  -- host:port/database of the ClickHouse; never a user or a password.
  address     text NOT NULL,
  switched_at timestamptz,
  CHECK ((engine = 'postgresql') = (address = ''))
);
INSERT INTO usage_store (engine, address) VALUES ('postgresql', '');

-- In ClickHouse, rows of a revision count from the moment that it stands here, which is when what
-- was written has been read back and verified: by the transaction that says the day is metered.
-- `records` counts rows, tombstones included.
CREATE TABLE usage_visible_revisions (
  day      date NOT NULL,
  revision bigint NOT NULL,
  records  bigint NOT NULL,
  quantity numeric NOT NULL,
  PRIMARY KEY (day, revision)
);

-- Whose usage a revision in ClickHouse changed, as usage_changes says it of one here. The first metering
-- of a day, or of a kind, does not say, and stands for everybody.
CREATE TABLE usage_changed_deployments (
  day           date NOT NULL,
  revision      bigint NOT NULL,
  deployment_id bigint NOT NULL,
  PRIMARY KEY (revision, deployment_id)
);
CREATE INDEX usage_changed_deployments_by_day ON usage_changed_deployments (day);

-- Levels that ClickHouse has: a shipment of all of them (its own base), then of the resources that
-- have changed. Up to which fact change of which definitions they are.
CREATE TABLE usage_level_shipments (
  shipment_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  base_id        bigint NOT NULL,
  fact_change_id bigint NOT NULL,
  definitions    text NOT NULL,
  rows           bigint NOT NULL
);

-- How far a move to another store has come: days that were copied and verified, and the last
-- revision that had been written of each.
CREATE TABLE usage_moves (
  address  text NOT NULL,
  day      date NOT NULL,
  revision bigint NOT NULL,
  records  bigint NOT NULL,
  quantity numeric NOT NULL,
  PRIMARY KEY (address, day)
);

-- A kind's months whose records retention has removed, each after it was rolled up, oldest first:
-- nothing of the kind is metered before the end of the last. Facts after fact_change_id came too late.
CREATE TABLE usage_retired_months (
  billing_kind_id smallint NOT NULL REFERENCES billing_kinds,
  month           date NOT NULL CHECK (extract(day FROM month) = 1),
  fact_change_id  bigint NOT NULL,
  records         bigint NOT NULL,
  retired_at      timestamptz NOT NULL,
  -- Whether the records are gone as well.
  purged          boolean NOT NULL DEFAULT false,
  PRIMARY KEY (billing_kind_id, month)
);

-- What is left of them: exact sums by deployment, of the month and of each of its days, on any of which
-- a plan may change, be it decided years later. The digest is of the records, see src/metering/usage-months.store.ts.
CREATE TABLE usage_months (
  deployment_id   bigint NOT NULL,
  billing_kind_id smallint NOT NULL REFERENCES billing_kinds,
  month           date NOT NULL,
  quantity        numeric NOT NULL,
  days            numeric[] NOT NULL,   -- from the first to the last; NULL: without any record
  records         bigint NOT NULL,
  digest          text COLLATE "C" NOT NULL,
  PRIMARY KEY (deployment_id, month, billing_kind_id)
);
CREATE INDEX usage_months_by_month ON usage_months (month);

-- With the address: every reader's process finds the store by it.
CALL publish_to_customers('usage_store');
CALL publish_to_customers('usage_visible_revisions', '{records,quantity}');
CALL protect_from_customers('usage_changed_deployments');
CALL protect_from_customers('usage_level_shipments');
CALL protect_from_customers('usage_moves');
CALL publish_to_customers('usage_retired_months', '{records}');
CALL protect_by_deployment('usage_months');
