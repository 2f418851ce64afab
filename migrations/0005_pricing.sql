-- pricing: plans by effective date, and which deployment is on which plan.

CREATE TABLE plans (
  plan_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slug    text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name    text NOT NULL
);

-- A price list from a day on; never edited once used.
CREATE TABLE plan_versions (
  plan_version_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  plan_id     bigint NOT NULL REFERENCES plans,
  from_day    date NOT NULL,
  currency    text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  base_fee    numeric NOT NULL CHECK (base_fee >= 0),
  recorded_at timestamptz NOT NULL,
  recorded_by text NOT NULL,
  UNIQUE (plan_id, from_day)
);

CREATE TABLE plan_items (
  plan_version_id bigint NOT NULL REFERENCES plan_versions,
  billing_kind_id smallint NOT NULL REFERENCES billing_kinds,
  allowance       numeric NOT NULL CHECK (allowance >= 0),
  unit_price      numeric NOT NULL CHECK (unit_price >= 0),
  PRIMARY KEY (plan_version_id, billing_kind_id)
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
