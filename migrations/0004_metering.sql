-- metering: billing kinds, their configuration, and usage.

CREATE TABLE billing_kinds (
  billing_kind_id smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slug            text COLLATE "C" NOT NULL UNIQUE CHECK (slug ~ '^[a-z][a-z0-9_]{0,62}$'),
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

WITH kinds (slug, title, resource_kind, accrual, unit, statuses, weight_attribute, enabled) AS (VALUES
  ('droplet_hours',             'Droplet hours, running',  'droplet',        'hours', 'hour',      '{active}'::text[], NULL,      true),
  ('droplet_provisioned_hours', 'Droplet hours, existing', 'droplet',        'hours', 'hour',      NULL,               NULL,      false),
  ('snapshot_gb_month',         'Snapshot storage',        'snapshot',       'month', 'GiB-month', NULL,               'size_gb', true),
  ('droplet_backup_gb_month',   'Droplet backup storage',  'droplet_backup', 'month', 'GiB-month', NULL,               'size_gb', true),
  ('spaces_gb_month',           'Spaces storage',          'spaces_bucket',  'month', 'GiB-month', NULL,               'size_gb', true),
  ('dns_zones',                 'DNS zones',               'dns_zone',       'month', 'zone-month', NULL,              NULL,      true),
  ('volume_gb_month',           'Volume storage',          'volume',         'month', 'GiB-month', NULL,               'size_gb', false),
  ('reserved_ip_hours',         'Reserved IP hours',       'reserved_ip',    'hours', 'hour',      NULL,               NULL,      false),
  ('load_balancer_hours',       'Load balancer node hours','load_balancer',  'hours', 'node-hour', NULL,               'nodes',   false)
), inserted AS (
  INSERT INTO billing_kinds (slug, title) SELECT slug, title FROM kinds RETURNING billing_kind_id, slug
), defined AS (
  INSERT INTO billing_kind_definitions (billing_kind_id, from_day, resource_kind, accrual, unit, statuses, weight_attribute)
  SELECT billing_kind_id, '2000-01-01', resource_kind, accrual, unit, statuses, weight_attribute
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

-- Up to which fact change, and from which definitions, a kind's levels have been derived.
CREATE TABLE metered_levels_progress (
  billing_kind_id smallint PRIMARY KEY REFERENCES billing_kinds,
  fact_change_id  bigint NOT NULL,
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
  fact_change_id  bigint NOT NULL,
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
CREATE INDEX usage_changes_by_deployment ON usage_changes (deployment_id, period_start);

-- The accrual, in billionths of the unit, of a level held for elapsed_us since the month began:
-- level x weight / weight_total x elapsed_us / unit_us, rounded once, half away from zero. Every
-- factor is a whole number, so div() is exact; src/metering/accrual.ts is the same formula.
CREATE FUNCTION accrued_billionths(level numeric, weight int, weight_total int, unit_us numeric, elapsed_us numeric)
RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT div(2 * (level * 1000000000) * weight * elapsed_us + weight_total * unit_us, 2 * weight_total * unit_us)
$$;

-- What the share [weight_before, weight_before + weight) of a level accrues over [from_us, to_us):
-- a difference of rounded running totals in both directions, so that shares and periods add up.
CREATE FUNCTION accrued(level numeric, weight_before int, weight int, weight_total int,
                        unit_us numeric, from_us numeric, to_us numeric)
RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT 0.000000001 * (
      accrued_billionths(level, weight_before + weight, weight_total, unit_us, to_us)
    - accrued_billionths(level, weight_before,          weight_total, unit_us, to_us)
    - accrued_billionths(level, weight_before + weight, weight_total, unit_us, from_us)
    + accrued_billionths(level, weight_before,          weight_total, unit_us, from_us))
$$;

-- Published to other rooms.
CREATE VIEW metering_kinds AS
  SELECT k.billing_kind_id, k.slug, k.title, d.from_day, d.resource_kind, d.accrual, d.unit
  FROM billing_kinds k JOIN billing_kind_definitions d USING (billing_kind_id);
