-- metering: billing kinds, their configuration, and usage.

CREATE TABLE billing_kinds (
  billing_kind_id smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slug            billing_kind_slug NOT NULL UNIQUE,
  title           text NOT NULL
);

-- What a kind means, from a day on. Its level at an instant is
--   0 while statuses is given and does not hold the resource's status, else
--   the weight attribute (1 where none is named), rounded to 9 digits;
-- it meters resources of one kind whose attributes contain filter.
CREATE TABLE billing_kind_definitions (
  billing_kind_id  smallint NOT NULL REFERENCES billing_kinds,
  from_day         date NOT NULL,
  resource_kind    text COLLATE "C" NOT NULL,
  accrual          text COLLATE "C" NOT NULL CHECK (accrual IN ('hours', 'month')),
  unit             text NOT NULL,
  statuses         text[] COLLATE "C",
  filter           jsonb NOT NULL DEFAULT '{}',
  weight_attribute text COLLATE "C",
  -- It may be counted in larger units: memory_mb divided by 1024 is GiB.
  weight_divisor   numeric NOT NULL DEFAULT 1 CHECK (weight_divisor > 0),
  CHECK (weight_divisor = 1 OR weight_attribute IS NOT NULL),
  -- How the levels of a calendar month become its quantity: added up over time, or as a level that
  -- was held: the highest, or a percentile.
  aggregation      text COLLATE "C" NOT NULL DEFAULT 'sum' CHECK (aggregation IN ('sum', 'peak', 'percentile')),
  percentile       numeric CHECK (percentile > 0 AND percentile <= 100 AND scale(percentile) <= 3),
  CHECK ((aggregation = 'percentile') = (percentile IS NOT NULL)),
  CHECK (aggregation = 'sum' OR accrual = 'month'),
  PRIMARY KEY (billing_kind_id, from_day)
);

CREATE TABLE metering_config (
  billing_kind_id smallint NOT NULL REFERENCES billing_kinds,
  from_day        date NOT NULL,
  enabled         boolean NOT NULL,
  granularity     text COLLATE "C" NOT NULL CHECK (granularity IN ('day', 'hour')),
  retention_days  int NOT NULL CHECK (retention_days BETWEEN 31 AND 36600),
  PRIMARY KEY (billing_kind_id, from_day)
);

WITH kinds (slug, title, resource_kind, accrual, unit, statuses, weight_attribute, weight_divisor, enabled) AS (VALUES
  ('droplet_hours',             'Droplet hours, running',  'droplet',        'hours', 'hour',      '{active}'::text[], NULL,      1, true),
  ('droplet_provisioned_hours', 'Droplet hours, existing', 'droplet',        'hours', 'hour',      NULL,               NULL,      1, false),
  -- The API's number is the billable size: of droplets' snapshots and of uploaded images in GB, of volumes' snapshots
  -- in GiB, each as the provider bills it.
  ('droplet_snapshot_gb_month', 'Droplet snapshot storage','snapshot',       'month', 'GB-month',  NULL,               'size_gb', 1, true),
  ('volume_snapshot_gb_month',  'Volume snapshot storage', 'snapshot',       'month', 'GiB-month', NULL,               'size_gb', 1, true),
  ('droplet_backup_gb_month',   'Droplet backup storage',  'droplet_backup', 'month', 'GiB-month', NULL,               'size_gb', 1, true),
  ('custom_image_gb_month',     'Custom image storage',    'custom_image',   'month', 'GB-month',  NULL,               'size_gb', 1, false),
  ('spaces_gb_month',           'Spaces storage',          'spaces_bucket',  'month', 'GiB-month', NULL,               'size_gb', 1, true),
  ('dns_zones',                 'DNS zones',               'dns_zone',       'month', 'zone-month', NULL,              NULL,      1, true),
  ('volume_gb_month',           'Volume storage',          'volume',         'month', 'GiB-month', NULL,               'size_gb', 1, false),
  ('reserved_ip_hours',         'Reserved IP hours',       'reserved_ip',    'hours', 'hour',      NULL,               NULL,      1, false),
  ('load_balancer_hours',       'Load balancer node hours','load_balancer',  'hours', 'node-hour', NULL,               'nodes',   1, false),
  ('vcpu_hours',                'Droplet vCPU hours, existing',   'droplet', 'hours', 'vCPU-hour', NULL,        'vcpus',     1,    false),
  ('memory_gb_hours',           'Droplet memory hours, existing', 'droplet', 'hours', 'GiB-hour',  NULL,        'memory_mb', 1024, false)
), inserted AS (
  INSERT INTO billing_kinds (slug, title) SELECT slug, title FROM kinds RETURNING billing_kind_id, slug
), defined AS (
  INSERT INTO billing_kind_definitions
    (billing_kind_id, from_day, resource_kind, accrual, unit, statuses, filter, weight_attribute, weight_divisor)
  SELECT billing_kind_id, '2000-01-01', resource_kind, accrual, unit, statuses,
         CASE slug WHEN 'droplet_snapshot_gb_month' THEN '{"source": "droplet"}'
                   WHEN 'volume_snapshot_gb_month' THEN '{"source": "volume"}' ELSE '{}' END::jsonb,
         weight_attribute, weight_divisor
  FROM inserted JOIN kinds USING (slug)
)
INSERT INTO metering_config (billing_kind_id, from_day, enabled, granularity, retention_days)
SELECT billing_kind_id, '2000-01-01', enabled, 'day', 730 FROM inserted JOIN kinds USING (slug);

-- Derived, and disposable: every level that is metered, cut so that nothing about it changes
-- within a row: state, owner, the account's metered_from and the deployment's starts_at (before
-- it, the share is nobody's), the definition of its kind. What metering a day reads, without a
-- join. Still-open rows, which are nearly all that a recent day needs, lie together.
CREATE TABLE metered_levels (
  resource_id     bigint NOT NULL,
  deployment_id   bigint NOT NULL,
  valid_from      timestamptz NOT NULL,
  valid_to        timestamptz NOT NULL,
  weight_before   int NOT NULL,
  weight          int NOT NULL,
  weight_total    int NOT NULL,
  billing_kind_id smallint NOT NULL,
  level           numeric NOT NULL,
  CHECK (valid_from < valid_to)
) PARTITION BY RANGE (valid_to);
CREATE TABLE metered_levels_ended PARTITION OF metered_levels FOR VALUES FROM (MINVALUE) TO ('infinity');
CREATE TABLE metered_levels_open  PARTITION OF metered_levels FOR VALUES FROM ('infinity') TO (MAXVALUE);
CREATE INDEX metered_levels_by_resource ON metered_levels (resource_id, valid_to);
CREATE INDEX metered_levels_ended_by_end ON metered_levels_ended (valid_to);

-- The levels of resources over a time, whoever owned them, as far as the reader may see them: a month's
-- peak is the resource's, and a raise is its owner's.
CREATE FUNCTION levels_of_resources(kinds smallint[], resources bigint[], since timestamptz, until timestamptz)
RETURNS TABLE (billing_kind_id smallint, resource_id bigint, valid_from timestamptz, valid_to timestamptz, level numeric)
LANGUAGE sql STABLE BEGIN ATOMIC
  SELECT l.billing_kind_id, l.resource_id, l.valid_from, l.valid_to, l.level
  FROM metered_levels l
  WHERE l.billing_kind_id = ANY (kinds) AND l.resource_id = ANY (resources) AND l.weight_before = 0
    AND l.valid_from < until AND l.valid_to > since;
END;

-- Up to which change, and from which definitions, a kind's levels have been derived.
CREATE TABLE metered_levels_progress (
  billing_kind_id smallint PRIMARY KEY REFERENCES billing_kinds,
  change_id       bigint NOT NULL,
  definitions     text NOT NULL
);

-- One metering of one day by one worker. Its revision marks every row that it wrote.
CREATE TABLE metering_runs (
  revision    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  day         date NOT NULL,
  cause       text COLLATE "C" NOT NULL CHECK (cause IN ('first', 'changes', 'config', 'verify')),
  started_at  timestamptz NOT NULL,
  inserted    bigint NOT NULL,
  changed     bigint NOT NULL,
  deleted     bigint NOT NULL
);

-- Which (day, kind) has been metered, at which granularity, with the facts up to which change.
CREATE TABLE metered_days (
  day             date NOT NULL,
  billing_kind_id smallint NOT NULL REFERENCES billing_kinds,
  granularity     text COLLATE "C" NOT NULL,
  definition      text COLLATE "C" NOT NULL,  -- digest of the definition used
  change_id       bigint NOT NULL,
  revision        bigint NOT NULL,
  metered_at      timestamptz NOT NULL,
  PRIMARY KEY (day, billing_kind_id)
);

-- Partitioned by granularity, then by UTC day of period_start: usage_records_day_20260501.
-- Partitions are made when their day is first metered and dropped by retention.
CREATE TABLE usage_records (
  -- In this order a row carries no padding.
  deployment_id   bigint NOT NULL,
  resource_id     bigint NOT NULL,
  period_start    timestamptz NOT NULL,
  revision        bigint NOT NULL,
  billing_kind_id smallint NOT NULL,
  granularity     text COLLATE "C" NOT NULL,
  quantity        numeric NOT NULL,
  sub_attribution jsonb,
  PRIMARY KEY (deployment_id, billing_kind_id, resource_id, period_start, granularity)
) PARTITION BY LIST (granularity);
CREATE TABLE usage_records_day  PARTITION OF usage_records FOR VALUES IN ('day')  PARTITION BY RANGE (period_start);
CREATE TABLE usage_records_hour PARTITION OF usage_records FOR VALUES IN ('hour') PARTITION BY RANGE (period_start);

-- What a later metering of a day replaced: the record as it was (NULL: there was none) and as it
-- became (NULL: it is gone), so that usage as of any earlier revision can be had again.
CREATE TABLE usage_changes (
  usage_change_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  revision         bigint NOT NULL,
  deployment_id    bigint NOT NULL,
  billing_kind_id  smallint NOT NULL,
  resource_id      bigint NOT NULL,
  period_start     timestamptz NOT NULL,
  granularity      text COLLATE "C" NOT NULL,
  old_quantity     numeric,
  old_revision     bigint,
  new_quantity     numeric,
  cause            text COLLATE "C" NOT NULL,
  CHECK ((old_quantity IS NULL) = (old_revision IS NULL))
);
CREATE INDEX usage_changes_by_revision ON usage_changes (revision);
CREATE INDEX usage_changes_by_deployment ON usage_changes (deployment_id, period_start);

-- The accrual, in billionths of the unit, of a level held for elapsed_us since the month began:
-- level x weight / weight_total x elapsed_us / unit_us, rounded once, half away from zero. Every
-- factor is a whole number, so div() is exact; src/metering/accrual.ts is the same formula.
CREATE FUNCTION accrued_billionths(level numeric, weight int, weight_total int, unit_us numeric, elapsed_us numeric)
RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE BEGIN ATOMIC
  SELECT div(2 * (level * 1000000000) * weight * elapsed_us + weight_total * unit_us, 2 * weight_total * unit_us);
END;

-- What the share [weight_before, weight_before + weight) of a level accrues over [from_us, to_us):
-- a difference of rounded running totals in both directions, so that shares and periods add up.
CREATE FUNCTION accrued(level numeric, weight_before int, weight int, weight_total int,
                        unit_us numeric, from_us numeric, to_us numeric)
RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE BEGIN ATOMIC
  SELECT 0.000000001 * (
      accrued_billionths(level, weight_before + weight, weight_total, unit_us, to_us)
    - accrued_billionths(level, weight_before,          weight_total, unit_us, to_us)
    - accrued_billionths(level, weight_before + weight, weight_total, unit_us, from_us)
    + accrued_billionths(level, weight_before,          weight_total, unit_us, from_us));
END;

-- The level of a weight: attribute / divisor, rounded once to 9 digits, half away from zero; never
-- negative. div() is exact, where the quotient itself might already have been rounded.
CREATE FUNCTION weighed_level(attribute numeric, divisor numeric)
RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE BEGIN ATOMIC
  SELECT 0.000000001 * div(2000000000 * greatest(attribute, 0) + divisor, 2 * divisor);
END;

-- Of a peak or a percentile: how much of a month's time, the highest levels first, does not count, in
-- microseconds; NULL of a sum. div() is exact.
CREATE FUNCTION discarded_us(aggregation text, percentile numeric, month date)
RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE WHEN aggregation <> 'sum'
              THEN div(1000 * (100 - coalesce(percentile, 100)) * ((month + interval '1 month')::date - month) * 86400000000, 100000) END;
END;

-- What raises a month's figure from lower to height adds to a share of it: a difference of rounded
-- totals in both directions, so that raises and shares add up.
CREATE FUNCTION raised(lower numeric, height numeric, weight_before int, weight int, weight_total int)
RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE BEGIN ATOMIC
  SELECT accrued(height, weight_before, weight, weight_total, 1, 0, 1) - accrued(lower, weight_before, weight, weight_total, 1, 0, 1);
END;

-- The stretches of the days [first, beyond) on which a kind is enabled.
CREATE FUNCTION enabled_stretches(kind smallint, first date, beyond date)
RETURNS TABLE (stretch_from date, stretch_to date) LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT lower(stretch), upper(stretch)
  FROM (SELECT range_agg(daterange(greatest(c.from_day, first), least(c.to_day, beyond))) AS stretches
        FROM (SELECT from_day, enabled, coalesce(lead(from_day) OVER (ORDER BY from_day), 'infinity') AS to_day
              FROM metering_config WHERE billing_kind_id = kind) AS c
        WHERE c.enabled AND c.from_day < beyond AND c.to_day > first) AS s, unnest(stretches) AS stretch;
END;

-- A day's peak or percentile rests on its month up to the day: a digest of the definitions that hold in
-- it and of the days on which the kind is enabled. It changes only where either does, or a month begins.
CREATE FUNCTION month_digest(kind smallint, day date)
RETURNS text LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT md5(
    (SELECT string_agg(d::text, E'\n' ORDER BY from_day) FROM billing_kind_definitions d
     WHERE billing_kind_id = kind AND from_day <= day
       AND NOT EXISTS (SELECT FROM billing_kind_definitions later WHERE later.billing_kind_id = kind
                       AND later.from_day > d.from_day AND later.from_day <= month))
    || coalesce((SELECT string_agg(concat_ws(' ', E'\n', stretch_from - month, CASE WHEN stretch_to <= day THEN stretch_to - month END),
                                   '' ORDER BY stretch_from)
                 FROM enabled_stretches(kind, month, day + 1)), ''))
  FROM (SELECT date_trunc('month', day::timestamp)::date AS month) AS m;
END;

-- How long metering goes on without a complete listing, per resource kind ('*': every kind without
-- a row of its own), from a day on. After gap_after_hours without one there is a gap; what is
-- carried forward for longer than carry_forward_hours is not final by itself.
CREATE TABLE observation_limits (
  resource_kind       text COLLATE "C" NOT NULL,
  from_day            date NOT NULL,
  gap_after_hours     int NOT NULL CHECK (gap_after_hours BETWEEN 1 AND 8784),
  carry_forward_hours int NOT NULL CHECK (carry_forward_hours BETWEEN 1 AND 8784),
  PRIMARY KEY (resource_kind, from_day)
);
-- Listings come every quarter of an hour, of snapshots and backups every hour, of buckets every
-- day. 72 hours are a weekend: a token that expires on Friday evening is replaced on Monday.
INSERT INTO observation_limits VALUES
  ('*',            '2000-01-01',  6, 72),
  ('spaces_bucket','2000-01-01', 48, 72);

-- The limits that hold for a kind at an instant.
CREATE FUNCTION observation_limits_at(kind text, instant timestamptz)
RETURNS TABLE (gap_after interval, carry_forward interval) LANGUAGE sql STABLE BEGIN ATOMIC
  SELECT make_interval(hours => gap_after_hours), make_interval(hours => carry_forward_hours)
  FROM observation_limits
  WHERE resource_kind IN (kind, '*') AND from_day <= (instant AT TIME ZONE 'UTC')::date
  ORDER BY resource_kind = '*', from_day DESC LIMIT 1;
END;

-- An operator's attestation that what is recorded of an account and kind is right, up to an instant:
-- it counts as a complete listing then. Withdrawn, it is superseded.
CREATE TABLE usage_attestations (
  usage_confirmation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id    int NOT NULL REFERENCES accounts,
  resource_kind text COLLATE "C" NOT NULL,
  through       timestamptz NOT NULL,
  reason        text NOT NULL CHECK (reason ~ '\S'),
  recorded_at   timestamptz NOT NULL,
  recorded_by   text NOT NULL,
  superseded_at timestamptz NOT NULL,
  superseded_by text,
  CHECK (recorded_at <= superseded_at),
  CHECK ((superseded_at = 'infinity') = (superseded_by IS NULL))
);
CREATE INDEX usage_attestations_standing ON usage_attestations (account_id, resource_kind, through)
  WHERE superseded_at = 'infinity';

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

-- Levels that ClickHouse has: a shipment of all of them (its own base), then of the resources that
-- have changed. Up to which change, of which definitions, they are.
CREATE TABLE usage_level_shipments (
  shipment_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  base_id        bigint NOT NULL,
  change_id      bigint NOT NULL,
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
-- nothing of the kind is metered before the end of the last. Changes after change_id came too late.
CREATE TABLE usage_retired_months (
  billing_kind_id smallint NOT NULL REFERENCES billing_kinds,
  month           calendar_month NOT NULL,
  change_id       bigint NOT NULL,
  records         bigint NOT NULL,
  retired_at      timestamptz NOT NULL,
  -- Whether the records are gone as well.
  purged          boolean NOT NULL DEFAULT false,
  PRIMARY KEY (billing_kind_id, month)
);

-- What is left of them: exact sums by deployment, of the month and of each of its days, on any of which
-- a plan may change, be it decided years later. The digest is of the records, see src/metering/retention/usage-months.store.ts.
CREATE TABLE usage_months (
  deployment_id   bigint NOT NULL,
  billing_kind_id smallint NOT NULL REFERENCES billing_kinds,
  month           calendar_month NOT NULL,
  quantity        numeric NOT NULL,
  days            numeric[] NOT NULL,   -- from the first to the last; NULL: without any record
  records         bigint NOT NULL,
  digest          text COLLATE "C" NOT NULL,
  PRIMARY KEY (deployment_id, month, billing_kind_id)
);
CREATE INDEX usage_months_by_month ON usage_months (month);

-- Sums of records by deployment and UTC day, and of these by day, for whoever looks at all deployments; up to which change
-- they are (src/metering/day-sums.ts).
CREATE TABLE usage_day_sums (
  billing_kind_id smallint NOT NULL REFERENCES billing_kinds,
  day             date NOT NULL,
  deployment_id   bigint NOT NULL,
  quantity        numeric NOT NULL,
  PRIMARY KEY (billing_kind_id, day, deployment_id)
);
CREATE TABLE usage_kind_days (
  billing_kind_id smallint NOT NULL REFERENCES billing_kinds,
  day             date NOT NULL,
  quantity        numeric NOT NULL,
  PRIMARY KEY (billing_kind_id, day)
);
CREATE TABLE usage_summed (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  change_id bigint NOT NULL
);

-- Published to other modules.
CREATE VIEW metering_kinds AS
  SELECT k.billing_kind_id, k.slug, k.title, d.from_day, d.resource_kind, d.accrual, d.unit,
         d.aggregation, trim_scale(d.percentile)::text AS percentile
  FROM billing_kinds k JOIN billing_kind_definitions d USING (billing_kind_id);
-- Which days have been metered.
CREATE VIEW metering_days AS SELECT day, billing_kind_id, metered_at FROM metered_days;
-- Each day's newest revision.
CREATE VIEW metering_day_revisions AS
  SELECT day, max(revision) AS revision FROM metered_days GROUP BY day;
-- Up to when usage of each account and resource kind is confirmed: the start of the latest complete
-- listing, or a later attestation of an operator; NULL: by neither, ever. A kind that the account's token
-- does not list comes and goes with its projects. What was never listed and is not there has no row.
CREATE VIEW metering_observed AS
  SELECT a.account_id, a.slug AS account, a.metered_from, k.resource_kind, l.listed_as, s.synced_at, w.through AS attested_through,
         greatest(s.synced_at, w.through) AS confirmed_through
  FROM inventory_accounts a
  CROSS JOIN (SELECT DISTINCT resource_kind FROM billing_kind_definitions) k
  CROSS JOIN LATERAL (
    -- In this order an index answers, also where there is none; OFFSET 0: asked once.
    SELECT coalesce((SELECT r.kind FROM inventory_sync_runs r WHERE r.account_id = a.account_id AND r.kind = k.resource_kind
                     ORDER BY r.started_at DESC LIMIT 1), 'project') AS listed_as OFFSET 0) l
  CROSS JOIN LATERAL (
    SELECT max(r.started_at) AS synced_at FROM inventory_sync_runs r
    WHERE r.account_id = a.account_id AND r.kind = l.listed_as AND r.outcome = 'complete') s
  CROSS JOIN LATERAL (
    SELECT max(c.through) AS through FROM usage_attestations c
    WHERE c.account_id = a.account_id AND c.resource_kind = k.resource_kind AND c.superseded_at = 'infinity') w
  WHERE (l.listed_as = k.resource_kind AND s.synced_at IS NOT NULL)
     OR (SELECT r.external_id FROM inventory_resources r WHERE r.account_id = a.account_id AND r.kind = k.resource_kind
         AND NOT r.unseen ORDER BY r.external_id LIMIT 1) IS NOT NULL;

-- Lives that ended unseen in a gap: a listing at carried_to was the first to leave the resource out,
-- the complete one before it was at carried_from, longer ago than a gap needs, and no action dates
-- the true end. What lies between is carried forward; from beyond_from on it waits for an
-- operator's attestation, which ends the row.
CREATE VIEW metering_uncertain_ends AS
  -- Once, not for each of the many lives that ended.
  WITH observed AS MATERIALIZED (SELECT account_id, resource_kind, listed_as, metered_from, attested_through FROM metering_observed)
  SELECT s.resource_id, s.account_id, s.kind AS resource_kind, p.carried_from, s.valid_to AS carried_to,
         p.carried_from + g.carry_forward AS beyond_from
  FROM inventory_states s
  JOIN observed o ON o.account_id = s.account_id AND o.resource_kind = s.kind
  CROSS JOIN LATERAL (
    SELECT coalesce(max(r.started_at), o.metered_from) AS carried_from FROM inventory_sync_runs r
    WHERE r.account_id = s.account_id AND r.kind = o.listed_as AND r.outcome = 'complete' AND r.started_at < s.valid_to) p
  CROSS JOIN LATERAL observation_limits_at(s.kind, p.carried_from) g
  WHERE s.valid_to < 'infinity'
    -- No gap is shorter; nearly all lives fall out here, before their limits are looked up.
    AND s.valid_to - p.carried_from > interval '1 hour'
    AND s.valid_to - p.carried_from > g.gap_after
    AND s.valid_to > coalesce(o.attested_through, '-infinity')
    -- OFFSET 0: asked of the few that are left, and never a join to begin with.
    AND NOT EXISTS (SELECT FROM inventory_states n WHERE n.resource_id = s.resource_id AND n.valid_from = s.valid_to OFFSET 0)
    AND EXISTS (SELECT FROM inventory_sync_runs r
                WHERE r.account_id = s.account_id AND r.kind = o.listed_as AND r.started_at = s.valid_to OFFSET 0);

-- What projects showed and no listing did, from where it is in doubt on: until it is listed, or an operator attests that
-- what is recorded is right. What was gone again within what a gap takes is not counted: it lived between two listings.
CREATE VIEW metering_unlisted AS
  SELECT u.account_id, a.slug AS account, u.kind AS resource_kind, u.resource_id, u.urn, d.since, u.valid_to AS until
  FROM inventory_unlisted u
  JOIN inventory_accounts a USING (account_id)
  CROSS JOIN LATERAL observation_limits_at(u.kind, u.valid_from) g
  CROSS JOIN LATERAL (
    SELECT greatest(u.valid_from, a.metered_from, max(c.through)) AS since FROM usage_attestations c
    WHERE c.account_id = u.account_id AND c.resource_kind = u.kind AND c.superseded_at = 'infinity') d
  WHERE (u.valid_to = 'infinity' OR u.valid_to - u.valid_from > g.gap_after) AND d.since < u.valid_to;

-- A day's usage was metered, or changed. A day is nobody's secret.
CREATE FUNCTION publish_metering() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  PERFORM publish_event('day.metered', NEW.day::text, for_everyone => true);
  RETURN NULL;
END
$$;
CREATE TRIGGER publish_end AFTER UPDATE ON metering_runs FOR EACH ROW EXECUTE FUNCTION publish_metering();
REVOKE EXECUTE ON FUNCTION publish_metering FROM PUBLIC;
CALL publish_changes('billing_kind_definitions', 'kind.changed',
  'SELECT slug AS subject, NULL AS customer_id FROM changed JOIN billing_kinds USING (billing_kind_id)');
CALL publish_changes('metering_config', 'kind.changed',
  'SELECT slug AS subject, NULL AS customer_id FROM changed JOIN billing_kinds USING (billing_kind_id)');
CALL publish_changes('observation_limits', 'kind.changed', $$SELECT '' AS subject, NULL AS customer_id FROM changed$$);
CALL publish_changes('usage_attestations', 'confirmation.changed',
  $$SELECT slug || '/' || resource_kind AS subject, NULL AS customer_id FROM changed JOIN inventory_accounts USING (account_id)$$);
CALL audit_changes('billing_kinds');
CALL audit_changes('billing_kind_definitions');
CALL audit_changes('metering_config');
CALL audit_changes('observation_limits');
CALL audit_changes('usage_attestations');

CALL protect_by_deployment('usage_records');
CALL protect_by_deployment('usage_changes');
-- Customers may have their own usage explained.
CALL protect_by_deployment('metered_levels');
-- What is the same to all, and usage cannot be read without.
CALL publish_to_customers('billing_kinds');
CALL publish_to_customers('billing_kind_definitions');
CALL publish_to_customers('metering_config');
CALL publish_to_customers('metered_days');
CALL publish_to_customers('metering_kinds');
CALL publish_to_customers('metering_days');
CALL protect_from_customers('metered_levels_progress');
CALL protect_from_customers('metering_runs');
CALL protect_from_customers('observation_limits');
CALL protect_from_customers('usage_attestations');
CALL protect_from_customers('metering_observed');
CALL protect_from_customers('metering_uncertain_ends');
CALL protect_from_customers('metering_unlisted');
-- With the address: every reader's process finds the store by it.
CALL publish_to_customers('usage_store');
CALL publish_to_customers('usage_visible_revisions', '{records,quantity}');
CALL protect_from_customers('usage_level_shipments');
CALL protect_from_customers('usage_moves');
CALL publish_to_customers('usage_retired_months', '{records}');
CALL protect_by_deployment('usage_months');
CALL protect_from_customers('usage_day_sums');
CALL protect_from_customers('usage_kind_days');
CALL protect_from_customers('usage_summed');
CALL protect_from_customers('metering_day_revisions');

CALL pin_search_paths();
CALL arm_triggers();
