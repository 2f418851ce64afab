-- pricing: plans by effective date, which deployment is on which plan, and alerts.

CREATE TABLE plans (
  plan_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slug    slug NOT NULL UNIQUE,
  -- Since when it takes no deployment that is not on it. NULL: it takes any.
  retired_at timestamptz
);

-- A price list from a day on, until the plan's next version; never edited once used.
CREATE TABLE plan_versions (
  plan_version_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  plan_id     bigint NOT NULL REFERENCES plans,
  from_day    date NOT NULL,
  name        text NOT NULL,
  currency    currency_code NOT NULL,
  base_fee    amount NOT NULL CHECK (base_fee >= 0),
  base_every  text COLLATE "C" NOT NULL DEFAULT 'month' CHECK (base_every ~ '^(month|quarter|year|([24-9]|1[01]) months)$'),
  base_due    text COLLATE "C" NOT NULL DEFAULT 'arrears' CHECK (base_due IN ('arrears', 'advance')),
  -- What a month costs at least and at most, before a discount.
  minimum     amount CHECK (minimum >= 0),
  cap         amount CHECK (cap >= minimum),
  -- One of percent and amount, for months that begin before the day; NULL: for ever.
  discount_percent numeric CHECK (discount_percent BETWEEN 0 AND 100),
  discount_amount  amount CHECK (discount_amount >= 0),
  discount_until   calendar_month,
  recorded_at timestamptz NOT NULL,
  recorded_by text NOT NULL,
  UNIQUE (plan_id, from_day),
  CHECK (num_nonnulls(discount_percent, discount_amount) <= 1),
  CHECK (discount_until IS NULL OR num_nonnulls(discount_percent, discount_amount) = 1)
);

CREATE TABLE plan_items (
  plan_version_id bigint NOT NULL REFERENCES plan_versions,
  billing_kind_id smallint NOT NULL REFERENCES billing_kinds,
  position        smallint NOT NULL,         -- the order of lines
  allowance       numeric NOT NULL CHECK (allowance >= 0),
  -- How units beyond the allowance are charged; src/pricing/rating has each model and what its
  -- properties are. Decimals in properties are strings.
  model           text COLLATE "C" NOT NULL CHECK (model IN
    ('standard', 'graduated', 'volume', 'package', 'percentage', 'stairstep', 'cost-plus')),
  properties      jsonb NOT NULL CHECK (jsonb_typeof(properties) = 'object'),
  minimum         amount CHECK (minimum >= 0),
  cap             amount CHECK (cap >= minimum),
  -- For how many months what is left of an allowance can be used, and how much of it at most.
  carry_over_months smallint CHECK (carry_over_months BETWEEN 1 AND 12),
  carry_over_limit  numeric CHECK (carry_over_limit >= 0),
  CHECK (carry_over_limit IS NULL OR carry_over_months IS NOT NULL),
  PRIMARY KEY (plan_version_id, billing_kind_id),
  UNIQUE (plan_version_id, position)
);

-- Cost that is passed on with a markup, in the order of position: the first that fits. By the product that a bill names, with
-- * and ?, or by the kind of resource.
CREATE TABLE plan_pass_through (
  plan_version_id bigint NOT NULL REFERENCES plan_versions,
  position        smallint NOT NULL,
  product         text,
  resource_kind   text COLLATE "C",
  PRIMARY KEY (plan_version_id, position),
  CHECK (num_nonnulls(product, resource_kind) = 1)
);
-- With which markup, which customers do not see.
CREATE TABLE plan_markups (
  plan_version_id bigint NOT NULL,
  position        smallint NOT NULL,
  markup_percent  numeric NOT NULL CHECK (markup_percent >= 0),
  PRIMARY KEY (plan_version_id, position),
  FOREIGN KEY (plan_version_id, position) REFERENCES plan_pass_through
);

-- What the provider charged for deployments whose plans pass cost on, as its bills of a month say now. Whoever reads bills
-- replaces them (replaceDeploymentCosts).
CREATE TABLE cost_months (
  month       calendar_month PRIMARY KEY,
  is_final    boolean NOT NULL,                -- false: of a preview
  last_day    date NOT NULL,                   -- the last that it is about: that day's exchange rate holds
  recorded_at timestamptz NOT NULL
);
-- Of which deployments it says what they cost: those whose plans passed cost on then. What one that came onto such a plan
-- later costs is not known until the bills are asked again.
CREATE TABLE cost_deployments (
  month         calendar_month NOT NULL REFERENCES cost_months,
  deployment_id bigint NOT NULL REFERENCES deployments,
  PRIMARY KEY (month, deployment_id)
);
CREATE TABLE deployment_costs (
  month         calendar_month NOT NULL REFERENCES cost_months,
  deployment_id bigint NOT NULL REFERENCES deployments,
  product       text COLLATE "C" NOT NULL,
  resource_kind text COLLATE "C",
  billing_kinds text[] COLLATE "C" NOT NULL,   -- by which customers pay for it where their plan has a price for one
  currency      currency_code NOT NULL,
  valid_from    timestamptz NOT NULL,
  valid_to      timestamptz NOT NULL,
  amount        amount NOT NULL,
  CHECK (valid_from < valid_to),
  UNIQUE NULLS NOT DISTINCT (deployment_id, month, product, resource_kind, billing_kinds, currency, valid_from, valid_to)
);

-- What that cost comes to under each plan version that passes it on, in its currency: derived from the costs, the plans and
-- the exchange rates (src/pricing/pass-through.store.ts). All of it that customers see.
CREATE TABLE passed_prices (
  month           calendar_month NOT NULL,
  deployment_id   bigint NOT NULL REFERENCES deployments,
  plan_version_id bigint NOT NULL REFERENCES plan_versions,
  product         text COLLATE "C" NOT NULL,
  valid_from      timestamptz NOT NULL,
  valid_to        timestamptz NOT NULL,
  price           numeric,                     -- exact; NULL: there is no exchange rate of the last day or the week before
  currency        currency_code NOT NULL,      -- of the cost
  is_final        boolean NOT NULL,
  last_day        date NOT NULL
);
CREATE INDEX passed_prices_by_deployment ON passed_prices (deployment_id, month);

CREATE TABLE subscriptions (
  subscription_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  deployment_id bigint NOT NULL REFERENCES deployments,
  plan_id       bigint NOT NULL REFERENCES plans,
  paused        boolean NOT NULL DEFAULT false,
  recorded_by   text NOT NULL
);
CALL keep_history('subscriptions', 'deployment_id');
CREATE INDEX subscriptions_by_plan ON subscriptions (plan_id) WHERE superseded_at = 'infinity';

-- A threshold on what a deployment's month costs or on what it uses.
CREATE TABLE alerts (
  alert_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  deployment_id   bigint REFERENCES deployments,        -- NULL: each deployment
  billing_kind_id smallint REFERENCES billing_kinds,    -- NULL: the month's amount
  threshold       numeric NOT NULL CHECK (threshold > 0),
  -- absolute: units of the kind, or money; percent: of the kind's allowance, or of the plan's base fee.
  unit            text COLLATE "C" NOT NULL CHECK (unit IN ('absolute', 'percent')),
  currency        currency_code, -- of an absolute amount
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
  month         calendar_month NOT NULL,
  value         numeric NOT NULL,   -- what the threshold was compared with, in `unit`
  threshold     numeric NOT NULL,
  unit          text NOT NULL,      -- a currency, a kind's unit
  fired_at      timestamptz NOT NULL,
  PRIMARY KEY (alert_id, deployment_id, month)
);
CREATE INDEX alert_firings_by_time ON alert_firings (fired_at);

-- What one unit of a currency is in another, as a source published it for a day: `valid_from` begins the day, `valid_to`
-- ends it. A pair is used in the direction in which it was entered, never the other way round.
CREATE TABLE exchange_rates (
  exchange_rate_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  base_currency    currency_code NOT NULL,
  counter_currency currency_code NOT NULL CHECK (counter_currency <> base_currency),
  rate             numeric NOT NULL CHECK (rate > 0),   -- 1 of the base currency in the counter currency
  source           text NOT NULL CHECK (source <> ''),  -- who published it: 'ECB'
  recorded_by      text NOT NULL
);
CALL keep_history('exchange_rates', 'base_currency', 'counter_currency');
CREATE INDEX exchange_rates_by_day ON exchange_rates (base_currency, counter_currency, valid_from) WHERE superseded_at = 'infinity';

-- Published to other modules.
-- What deployments pay for, and when: by which meter, or which product or kind of resource is passed on.
CREATE VIEW pricing_items AS
  SELECT s.deployment_id, greatest(s.valid_from, v.valid_from) AS valid_from, least(s.valid_to, v.valid_to) AS valid_to,
         i.billing_kind, i.product, i.resource_kind
  FROM subscriptions s
  JOIN (SELECT plan_id, plan_version_id, from_day::timestamp AT TIME ZONE 'UTC' AS valid_from,
               coalesce(lead(from_day) OVER (PARTITION BY plan_id ORDER BY from_day)::timestamp AT TIME ZONE 'UTC', 'infinity') AS valid_to
        FROM plan_versions) AS v
    ON v.plan_id = s.plan_id AND v.valid_from < s.valid_to AND v.valid_to > s.valid_from
  JOIN (SELECT i.plan_version_id, k.slug AS billing_kind, NULL AS product, NULL AS resource_kind
        FROM plan_items i JOIN (SELECT DISTINCT billing_kind_id, slug FROM metering_kinds) k USING (billing_kind_id)
        UNION ALL SELECT plan_version_id, NULL, product, resource_kind FROM plan_pass_through) i USING (plan_version_id)
  WHERE s.superseded_at = 'infinity' AND NOT s.paused;
-- Who is, was or will be on a plan that passes cost on, and when.
CREATE VIEW pricing_passing AS
  SELECT s.deployment_id, greatest(s.valid_from, v.valid_from) AS valid_from, least(s.valid_to, v.valid_to) AS valid_to
  FROM subscriptions s
  JOIN (SELECT plan_id, plan_version_id, from_day::timestamp AT TIME ZONE 'UTC' AS valid_from,
               coalesce(lead(from_day) OVER (PARTITION BY plan_id ORDER BY from_day)::timestamp AT TIME ZONE 'UTC', 'infinity') AS valid_to
        FROM plan_versions) AS v
    ON v.plan_id = s.plan_id AND v.valid_from < s.valid_to AND v.valid_to > s.valid_from
  WHERE s.superseded_at = 'infinity' AND NOT s.paused
    AND EXISTS (SELECT FROM plan_pass_through t WHERE t.plan_version_id = v.plan_version_id);
-- Who is, was or will be on a plan whose fee is for more than a month, or was once believed to be.
CREATE VIEW pricing_yearly AS
  SELECT DISTINCT s.deployment_id FROM subscriptions s JOIN plan_versions v USING (plan_id) WHERE v.base_every <> 'month';
CREATE VIEW pricing_subscriptions AS
  SELECT s.deployment_id, p.slug AS plan, s.valid_from, s.valid_to, s.paused, s.recorded_at, s.recorded_by
  FROM subscriptions s JOIN plans p USING (plan_id) WHERE s.superseded_at = 'infinity';
CREATE VIEW pricing_alert_firings AS
  SELECT f.alert_id, f.deployment_id, f.month, f.value, f.threshold, f.unit, f.fired_at FROM alert_firings f;
-- For how many months a change of usage can reach on, at most.
CREATE VIEW pricing_carry_over AS
  SELECT coalesce(max(carry_over_months), 0) AS months FROM plan_items;
-- What deployments are on, in which currency. Paused time too: the bill of a
-- month that was paused can hold the fee of the next one, in advance, or that of a year.
CREATE VIEW pricing_terms AS
  SELECT s.deployment_id, v.currency, greatest(s.valid_from, v.valid_from) AS valid_from, least(s.valid_to, v.valid_to) AS valid_to
  FROM subscriptions s
  JOIN (SELECT plan_id, currency, from_day::timestamp AT TIME ZONE 'UTC' AS valid_from,
               coalesce(lead(from_day) OVER (PARTITION BY plan_id ORDER BY from_day)::timestamp AT TIME ZONE 'UTC', 'infinity') AS valid_to
        FROM plan_versions) AS v
    ON v.plan_id = s.plan_id AND v.valid_from < s.valid_to AND v.valid_to > s.valid_from
  WHERE s.superseded_at = 'infinity';

-- Three plans to begin with; plans/*.yaml says the same for people, with the reckoning behind it.

WITH seeds (slug, name, base_fee) AS (VALUES
  ('studio',  'Studio',   50.00),
  ('atelier', 'Atelier', 180.00),
  ('grand',   'Grand',   600.00)
), inserted AS (
  INSERT INTO plans (slug) SELECT slug FROM seeds RETURNING plan_id, slug
)
INSERT INTO plan_versions (plan_id, from_day, name, currency, base_fee, recorded_at, recorded_by)
SELECT plan_id, '2000-01-01', name, 'USD', base_fee, '-infinity', 'built in'
FROM inserted JOIN seeds USING (slug);

WITH items (position, kind,     studio_allowance, studio_price, atelier_allowance, atelier_price, grand_allowance, grand_price) AS (VALUES
  (1, 'droplet_hours',            1488, '0.04',               4464, '0.036',              14880, '0.032'),
  (2, 'dns_zones',                   2, '1.00',                 10, '0.50',                   50, '0.25'),
  (3, 'droplet_snapshot_gb_month',  60, '0.10',                200, '0.09',                  600, '0.08'),
  (4, 'volume_snapshot_gb_month',   20, '0.10',                100, '0.09',                  400, '0.08'),
  (5, 'droplet_backup_gb_month',    50, '0.08',                150, '0.07',                  500, '0.06'),
  (6, 'spaces_gb_month',            50, '0.04',                250, '0.035',                1000, '0.03'),
  (7, 'volume_gb_month',            20, '0.16',                100, '0.15',                  400, '0.14'),
  (8, 'reserved_ip_hours',        1488, '0.012',              4464, '0.011',               14880, '0.01'),
  (9, 'load_balancer_hours',         0, '0.035',               744, '0.032',                1488, '0.03')
)
INSERT INTO plan_items (plan_version_id, billing_kind_id, position, allowance, model, properties)
SELECT v.plan_version_id, k.billing_kind_id, i.position, priced.allowance, 'standard',
       jsonb_build_object('unitPrice', priced.unit_price)
FROM items i
CROSS JOIN LATERAL (VALUES
  ('studio',  i.studio_allowance,  i.studio_price),
  ('atelier', i.atelier_allowance, i.atelier_price),
  ('grand',   i.grand_allowance,   i.grand_price)
) AS priced (slug, allowance, unit_price)
JOIN plans p USING (slug)
JOIN plan_versions v USING (plan_id)
JOIN billing_kinds k ON k.slug = i.kind;

CALL publish_changes('plans', 'plan.changed', 'SELECT slug AS subject, NULL AS customer_id FROM changed');
CALL publish_changes('plan_versions', 'plan.changed', 'SELECT slug AS subject, NULL AS customer_id FROM changed JOIN plans USING (plan_id)');
CALL publish_changes('subscriptions', 'subscription.changed',
  'SELECT slug AS subject, customer_id FROM changed JOIN deployments USING (deployment_id)');
CALL publish_changes('alerts', 'alert.changed',
  $$SELECT coalesce(slug, '') AS subject, NULL AS customer_id FROM changed LEFT JOIN deployments USING (deployment_id)$$);
CALL publish_changes('exchange_rates', 'exchange_rate.changed',
  $$SELECT DISTINCT base_currency || '-' || counter_currency AS subject, NULL::bigint AS customer_id FROM changed$$);
CALL audit_changes('plans');
CALL audit_changes('plan_versions');
CALL audit_changes('plan_items');
CALL audit_changes('plan_pass_through');
CALL audit_changes('plan_markups');
CALL audit_changes('subscriptions');
CALL audit_changes('alerts');
CALL audit_changes('exchange_rates');

CALL protect_by_deployment('subscriptions');
-- Price lists are agreed with customers one by one: only those that they are, or were, on, by what is believed now. Of
-- them the versions to come too, which the current month's bill may hold the fee of; operations show those that have begun.
CALL let_customers_read('plans',
  $$plan_id = ANY (ARRAY(SELECT s.plan_id FROM subscriptions s WHERE s.superseded_at = 'infinity'))$$, '{}');
CALL let_customers_read('plan_versions',
  $$plan_id = ANY (ARRAY(SELECT s.plan_id FROM subscriptions s WHERE s.superseded_at = 'infinity'))$$, '{}');
CALL let_customers_read('plan_items',
  'plan_version_id = ANY (ARRAY(SELECT v.plan_version_id FROM plan_versions v))', '{}');
CALL protect_from_customers('cost_months');
CALL protect_from_customers('cost_deployments');
CALL protect_from_customers('deployment_costs');
CALL protect_from_customers('pricing_passing');
CALL protect_from_customers('pricing_items');
CALL let_customers_read('plan_pass_through',
  'plan_version_id = ANY (ARRAY(SELECT v.plan_version_id FROM plan_versions v))', '{}');
CALL protect_from_customers('plan_markups');
CALL let_customers_read('passed_prices',
  'deployment_id = ANY (ARRAY(SELECT own.deployment_id FROM deployments own WHERE own.customer_id = (SELECT current_customer())))
   AND plan_version_id = ANY (ARRAY(SELECT v.plan_version_id FROM plan_versions v))', '{}');
CALL protect_from_customers('alerts');
CALL protect_from_customers('alert_firings');
CALL protect_from_customers('exchange_rates');
CALL protect_from_customers('pricing_yearly');
CALL publish_to_customers('pricing_subscriptions', '{recorded_by}');
CALL protect_from_customers('pricing_alert_firings');
CALL protect_from_customers('pricing_carry_over');
CALL protect_from_customers('pricing_terms');

CALL pin_search_paths();
CALL arm_triggers();
