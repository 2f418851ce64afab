-- pricing: plans by effective date, and which deployment is on which plan.

CREATE TABLE plans (
  plan_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slug    text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$')
);

-- A price list from a day on, until the plan's next version; never edited once used.
CREATE TABLE plan_versions (
  plan_version_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  plan_id     bigint NOT NULL REFERENCES plans,
  from_day    date NOT NULL,
  name        text NOT NULL,
  currency    text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  base_fee    numeric NOT NULL CHECK (base_fee >= 0),
  -- What a month costs at least and at most, before a discount.
  minimum     numeric CHECK (minimum >= 0),
  cap         numeric CHECK (cap >= minimum),
  -- One of percent and amount, for months that begin before the day; NULL: for ever.
  discount_percent numeric CHECK (discount_percent BETWEEN 0 AND 100),
  discount_amount  numeric CHECK (discount_amount >= 0),
  discount_until   date CHECK (extract(day FROM discount_until) = 1),
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
  minimum         numeric CHECK (minimum >= 0),
  cap             numeric CHECK (cap >= minimum),
  PRIMARY KEY (plan_version_id, billing_kind_id),
  UNIQUE (plan_version_id, position)
);

CREATE TABLE subscriptions (
  subscription_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  deployment_id bigint NOT NULL REFERENCES deployments,
  plan_id       bigint NOT NULL REFERENCES plans,
  valid_from    timestamptz NOT NULL,
  valid_to      timestamptz NOT NULL,
  recorded_at   timestamptz NOT NULL,
  superseded_at timestamptz NOT NULL,
  recorded_by   text NOT NULL,
  CHECK (valid_from < valid_to),
  CHECK (recorded_at <= superseded_at),
  EXCLUDE USING gist (deployment_id WITH =, tstzrange(valid_from, valid_to) WITH &&)
    WHERE (superseded_at = 'infinity')
);
CREATE INDEX subscriptions_by_plan ON subscriptions (plan_id) WHERE superseded_at = 'infinity';
