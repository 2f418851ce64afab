-- pricing: the rhythm of base fees, allowances that are carried over, pauses, what a decision
-- changed for whom, and alerts.

ALTER TABLE plan_versions
  ADD COLUMN base_every text COLLATE "C" NOT NULL DEFAULT 'month' CHECK (base_every IN ('month', 'year')),
  ADD COLUMN base_due   text COLLATE "C" NOT NULL DEFAULT 'arrears' CHECK (base_due IN ('arrears', 'advance'));

-- For how many months what is left of an allowance can be used, and how much of it at most.
ALTER TABLE plan_items
  ADD COLUMN carry_over_months smallint CHECK (carry_over_months BETWEEN 1 AND 12),
  ADD COLUMN carry_over_limit  numeric CHECK (carry_over_limit >= 0),
  ADD CHECK (carry_over_limit IS NULL OR carry_over_months IS NOT NULL);

ALTER TABLE subscriptions ADD COLUMN paused boolean NOT NULL DEFAULT false;

-- For whom a subscription or a plan became another, over [valid_from, valid_to): what was rated
-- there may cost something else now. Appended in the transaction that decides it.
CREATE TABLE rating_changes (
  rating_change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  deployment_id bigint      NOT NULL REFERENCES deployments,
  valid_from    timestamptz NOT NULL,
  valid_to      timestamptz NOT NULL,
  cause         text COLLATE "C" NOT NULL CHECK (cause IN ('subscription', 'plan')),
  recorded_at   timestamptz NOT NULL,
  recorded_by   text NOT NULL,
  CHECK (valid_from < valid_to)
);
CREATE INDEX rating_changes_by_deployment ON rating_changes (deployment_id, valid_from);

-- A threshold on what a deployment's month costs or on what it uses.
CREATE TABLE alerts (
  alert_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  deployment_id   bigint REFERENCES deployments,        -- NULL: each deployment
  billing_kind_id smallint REFERENCES billing_kinds,    -- NULL: the month's amount
  threshold       numeric NOT NULL CHECK (threshold > 0),
  -- absolute: units of the kind, or money; percent: of the kind's allowance, or of the plan's base fee.
  unit            text COLLATE "C" NOT NULL CHECK (unit IN ('absolute', 'percent')),
  currency        text CHECK (currency ~ '^[A-Z]{3}$'), -- of an absolute amount
  basis           text COLLATE "C" NOT NULL CHECK (basis IN ('to_date', 'forecast')),
  created_at      timestamptz NOT NULL,
  created_by      text NOT NULL,
  removed_at      timestamptz NOT NULL DEFAULT 'infinity',
  CHECK ((currency IS NOT NULL) = (unit = 'absolute' AND billing_kind_id IS NULL))
);
CREATE INDEX alerts_by_deployment ON alerts (deployment_id) WHERE removed_at = 'infinity';

-- An alert fires once for a deployment and a calendar month.
CREATE TABLE alert_firings (
  alert_id      bigint NOT NULL REFERENCES alerts,
  deployment_id bigint NOT NULL REFERENCES deployments,
  month         date NOT NULL CHECK (extract(day FROM month) = 1),
  value         numeric NOT NULL,   -- what the threshold was compared with, in `unit`
  threshold     numeric NOT NULL,
  unit          text NOT NULL,      -- a currency, a kind's unit
  fired_at      timestamptz NOT NULL,
  PRIMARY KEY (alert_id, deployment_id, month)
);
CREATE INDEX alert_firings_by_time ON alert_firings (fired_at);

-- Published to other rooms.
CREATE VIEW pricing_changes AS
  SELECT rating_change_id, deployment_id, valid_from, valid_to, cause, recorded_at FROM rating_changes;
-- Who is, was or will be on a plan with a fee by the year, or was once believed to be.
CREATE VIEW pricing_yearly AS
  SELECT DISTINCT s.deployment_id FROM subscriptions s JOIN plan_versions v USING (plan_id) WHERE v.base_every = 'year';
CREATE VIEW pricing_subscriptions AS
  SELECT s.deployment_id, p.slug AS plan, s.valid_from, s.valid_to, s.paused, s.recorded_at, s.recorded_by
  FROM subscriptions s JOIN plans p USING (plan_id) WHERE s.superseded_at = 'infinity';
CREATE VIEW pricing_alert_firings AS
  SELECT f.alert_id, f.deployment_id, f.month, f.value, f.threshold, f.unit, f.fired_at FROM alert_firings f;

CALL protect_from_customers('rating_changes');
CALL protect_from_customers('alerts');
CALL protect_from_customers('alert_firings');
CALL protect_from_customers('pricing_changes');
CALL protect_from_customers('pricing_yearly');
CALL publish_to_customers('pricing_subscriptions', '{recorded_by}');
CALL protect_from_customers('pricing_alert_firings');
CALL audit_changes('alerts');
