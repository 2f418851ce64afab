-- metering: what is known and what is assumed; more billing kinds.

-- A weight attribute may be counted in larger units: memory_mb divided by 1024 is GiB.
ALTER TABLE billing_kind_definitions
  ADD weight_divisor numeric NOT NULL DEFAULT 1 CHECK (weight_divisor > 0),
  ADD CHECK (weight_divisor = 1 OR weight_attribute IS NOT NULL);

-- The level of a weight: attribute / divisor, rounded once to 9 digits, half away from zero; never
-- negative. div() is exact, where the quotient itself might already have been rounded.
CREATE FUNCTION weighed_level(attribute numeric, divisor numeric)
RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT 0.000000001 * div(2000000000 * greatest(attribute, 0) + divisor, 2 * divisor)
$$;

WITH kinds (slug, title, unit, weight_attribute, weight_divisor) AS (VALUES
  ('vcpu_hours',      'Droplet vCPU hours, existing',   'vCPU-hour', 'vcpus',     1),
  ('memory_gb_hours', 'Droplet memory hours, existing', 'GiB-hour',  'memory_mb', 1024)
), inserted AS (
  INSERT INTO billing_kinds (slug, title) SELECT slug, title FROM kinds RETURNING billing_kind_id, slug
), defined AS (
  INSERT INTO billing_kind_definitions (billing_kind_id, from_day, resource_kind, accrual, unit, weight_attribute, weight_divisor)
  SELECT billing_kind_id, '2000-01-01', 'droplet', 'hours', unit, weight_attribute, weight_divisor
  FROM inserted JOIN kinds USING (slug)
)
INSERT INTO metering_config (billing_kind_id, from_day, enabled, granularity, retention_days)
SELECT billing_kind_id, '2000-01-01', false, 'day', 730 FROM inserted;

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
RETURNS TABLE (gap_after interval, carry_forward interval) LANGUAGE sql STABLE AS $$
  SELECT make_interval(hours => gap_after_hours), make_interval(hours => carry_forward_hours)
  FROM observation_limits
  WHERE resource_kind IN (kind, '*') AND from_day <= (instant AT TIME ZONE 'UTC')::date
  ORDER BY resource_kind = '*', from_day DESC LIMIT 1
$$;

-- An operator's word that what is recorded of an account and kind is right, up to an instant: it
-- counts as a complete listing then. Taken back, it is superseded.
CREATE TABLE usage_confirmations (
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
CREATE INDEX usage_confirmations_standing ON usage_confirmations (account_id, resource_kind, through)
  WHERE superseded_at = 'infinity';

-- Up to when usage of each account and resource kind is confirmed: the start of the latest complete
-- listing, or a later word of an operator; NULL: by neither, ever. A kind that the account's token
-- does not list comes and goes with its projects. What was never listed and is not there has no row.
CREATE VIEW metering_observed AS
  SELECT a.account_id, a.slug AS account, a.metered_from, k.resource_kind, l.listed_as, s.synced_at, w.through AS word_through,
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
    SELECT max(c.through) AS through FROM usage_confirmations c
    WHERE c.account_id = a.account_id AND c.resource_kind = k.resource_kind AND c.superseded_at = 'infinity') w
  WHERE (l.listed_as = k.resource_kind AND s.synced_at IS NOT NULL)
     OR (SELECT r.external_id FROM inventory_resources r WHERE r.account_id = a.account_id AND r.kind = k.resource_kind
         ORDER BY r.external_id LIMIT 1) IS NOT NULL;

-- Lives that ended unseen in a gap: a listing at carried_to was the first to leave the resource out,
-- the complete one before it was at carried_from, longer ago than a gap needs, and no action tells
-- the true end. What lies between is carried forward; from beyond_from on it waits for an
-- operator's word, which ends the row.
CREATE VIEW metering_uncertain_ends AS
  -- Once, not for each of the many lives that ended.
  WITH observed AS MATERIALIZED (SELECT account_id, resource_kind, listed_as, metered_from, word_through FROM metering_observed)
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
    AND s.valid_to > coalesce(o.word_through, '-infinity')
    -- OFFSET 0: asked of the few that are left, and never a join to begin with.
    AND NOT EXISTS (SELECT FROM inventory_states n WHERE n.resource_id = s.resource_id AND n.valid_from = s.valid_to OFFSET 0)
    AND EXISTS (SELECT FROM inventory_sync_runs r
                WHERE r.account_id = s.account_id AND r.kind = o.listed_as AND r.started_at = s.valid_to OFFSET 0);

-- What explains a figure. The other rooms' facts, as they are believed.
CREATE VIEW inventory_actions AS
  SELECT account_id, external_id, type, status, resource_kind, resource_external_id, started_at, completed_at, seen_at
  FROM provider_actions;
CREATE VIEW deployments_rules AS
  SELECT rule_id, kind, position, project_id, pattern, origin, valid_from, valid_to, recorded_at, recorded_by
  FROM ownership_rules WHERE superseded_at = 'infinity';
CREATE VIEW deployments_assignments AS
  SELECT resource_id, owner_set_id, valid_from, valid_to, recorded_at, recorded_by
  FROM manual_assignments WHERE superseded_at = 'infinity';

CALL protect_from_customers('observation_limits');
CALL protect_from_customers('usage_confirmations');
CALL protect_from_customers('metering_observed');
CALL protect_from_customers('metering_uncertain_ends');
CALL protect_from_customers('inventory_actions');
CALL protect_from_customers('deployments_rules');
CALL protect_from_customers('deployments_assignments');
-- Customers may have their own usage explained.
CALL protect_by_deployment('metered_levels');
CALL audit_changes('observation_limits');
CALL audit_changes('usage_confirmations');
