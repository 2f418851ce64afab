-- deployments: customers, their deployments, and who owns which resource when.

CREATE TABLE customers (
  customer_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  external_id text NOT NULL UNIQUE,          -- arcadia-app's id
  name        text NOT NULL,
  currency    text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  created_at  timestamptz NOT NULL
);

CREATE TABLE deployments (
  deployment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slug          text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name          text NOT NULL,
  customer_id   bigint REFERENCES customers,
  starts_at     timestamptz NOT NULL,
  created_at    timestamptz NOT NULL,
  -- Only the built-in 'unattributed' has no customer.
  CHECK ((customer_id IS NULL) = (slug = 'unattributed'))
);
CREATE INDEX deployments_by_customer ON deployments (customer_id);

-- Who owns something together. A single owner is a set of one. Shares are whole weights over
-- their total, so they add to one by construction, and thirds are exact.
CREATE TABLE owner_sets (
  owner_set_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  weight_total int NOT NULL CHECK (weight_total BETWEEN 1 AND 1000000),
  -- 'deployment_id:weight,...' ordered by deployment: one row per distinct set.
  signature    text COLLATE "C" NOT NULL UNIQUE
);
CREATE TABLE owner_set_members (
  owner_set_id  bigint NOT NULL REFERENCES owner_sets,
  deployment_id bigint NOT NULL REFERENCES deployments,
  -- The member's share is [weight_before, weight_before + weight) of weight_total.
  weight_before int NOT NULL CHECK (weight_before >= 0),
  weight        int NOT NULL CHECK (weight > 0),
  PRIMARY KEY (owner_set_id, deployment_id)
);

INSERT INTO deployments (slug, name, customer_id, starts_at, created_at)
  VALUES ('unattributed', 'No owner', NULL, '-infinity', '-infinity');
INSERT INTO owner_sets (weight_total, signature) SELECT 1, deployment_id || ':1' FROM deployments;
INSERT INTO owner_set_members SELECT owner_set_id, deployment_id, 0, 1 FROM owner_sets, deployments;

-- The operator's rules, tried in order of position, then id. Three are built in and have no
-- pattern: manual assignment, the tag deployment:<slug>, inheritance.
CREATE TABLE ownership_rules (
  ownership_rule_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  rule_id        bigint NOT NULL,            -- stable over its versions
  kind           text COLLATE "C" NOT NULL CHECK (kind IN ('manual', 'project', 'deployment_tag', 'tag', 'name', 'inheritance')),
  position       numeric NOT NULL,
  project_id     bigint REFERENCES resources,
  pattern        text,                       -- a tag, or a name with * and ?
  resource_kinds text[],                     -- NULL: every kind; else sorted
  owner_set_id   bigint REFERENCES owner_sets,
  -- 'declared': a rules file governs it, and ends it by leaving it out.
  origin         text COLLATE "C" NOT NULL CHECK (origin IN ('built in', 'declared', 'import')),
  valid_from     timestamptz NOT NULL,
  valid_to       timestamptz NOT NULL,
  recorded_at    timestamptz NOT NULL,
  superseded_at  timestamptz NOT NULL,
  recorded_by    text NOT NULL,
  CHECK (valid_from < valid_to),
  CHECK (recorded_at <= superseded_at),
  CHECK ((kind = 'project') = (project_id IS NOT NULL)),
  CHECK ((kind IN ('tag', 'name')) = (pattern IS NOT NULL)),
  CHECK ((kind IN ('manual', 'deployment_tag', 'inheritance')) = (owner_set_id IS NULL)),
  EXCLUDE USING gist (rule_id WITH =, tstzrange(valid_from, valid_to) WITH &&)
    WHERE (superseded_at = 'infinity')
);
CREATE SEQUENCE ownership_rule_ids START 100;
INSERT INTO ownership_rules (rule_id, kind, position, origin, valid_from, valid_to, recorded_at, superseded_at, recorded_by) VALUES
  (1, 'manual',         100, 'built in', '-infinity', 'infinity', '-infinity', 'infinity', 'built in'),
  (2, 'deployment_tag', 300, 'built in', '-infinity', 'infinity', '-infinity', 'infinity', 'built in'),
  (3, 'inheritance',    500, 'built in', '-infinity', 'infinity', '-infinity', 'infinity', 'built in');

CREATE TABLE manual_assignments (
  manual_assignment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  resource_id   bigint NOT NULL REFERENCES resources,
  owner_set_id  bigint NOT NULL REFERENCES owner_sets,
  valid_from    timestamptz NOT NULL,
  valid_to      timestamptz NOT NULL,
  recorded_at   timestamptz NOT NULL,
  superseded_at timestamptz NOT NULL,
  recorded_by   text NOT NULL,
  CHECK (valid_from < valid_to),
  CHECK (recorded_at <= superseded_at),
  EXCLUDE USING gist (resource_id WITH =, tstzrange(valid_from, valid_to) WITH &&)
    WHERE (superseded_at = 'infinity')
);

-- Derived: who owns a resource over each interval, and by which rule (NULL: no rule found an
-- owner). From a resource's birth on there is no gap: what nobody owns is 'unattributed'.
-- No foreign keys: rows are derived from joins with both tables, and checking each again would
-- more than double the cost of deriving a large fleet.
CREATE TABLE attributions (
  attribution_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  resource_id   bigint NOT NULL,
  owner_set_id  bigint NOT NULL,
  rule_id       bigint,
  valid_from    timestamptz NOT NULL,
  valid_to      timestamptz NOT NULL,
  recorded_at   timestamptz NOT NULL,
  superseded_at timestamptz NOT NULL,
  CHECK (valid_from < valid_to),
  CHECK (recorded_at <= superseded_at),
  EXCLUDE USING gist (resource_id WITH =, tstzrange(valid_from, valid_to) WITH &&)
    WHERE (superseded_at = 'infinity')
);
CREATE INDEX attributions_by_owner ON attributions (owner_set_id) WHERE superseded_at = 'infinity';
CREATE INDEX attributions_by_resource ON attributions (resource_id, valid_from) WHERE superseded_at = 'infinity';

CREATE INDEX attributions_ever_by_resource ON attributions (resource_id);

-- How far fact_changes have been turned into attributions.
CREATE TABLE attribution_progress (
  singleton      boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  fact_change_id bigint NOT NULL
);
INSERT INTO attribution_progress (fact_change_id) VALUES (0);

-- Published to other rooms.
CREATE VIEW deployments_attributions AS
  SELECT attribution_id, resource_id, owner_set_id, rule_id, valid_from, valid_to, recorded_at
  FROM attributions WHERE superseded_at = 'infinity';
CREATE VIEW deployments_owners AS
  SELECT m.owner_set_id, m.deployment_id, m.weight_before, m.weight, s.weight_total, d.starts_at
  FROM owner_set_members m JOIN owner_sets s USING (owner_set_id) JOIN deployments d USING (deployment_id);
CREATE VIEW deployments_list AS
  SELECT d.deployment_id, d.slug, d.name, d.starts_at, d.customer_id, c.external_id AS customer_external_id,
         c.name AS customer_name, c.currency
  FROM deployments d LEFT JOIN customers c USING (customer_id);
-- Who was ever believed to own a resource, some of them more than once: where records of it may stand.
CREATE VIEW deployments_owners_ever AS
  SELECT a.resource_id, m.deployment_id
  FROM attributions a JOIN owner_set_members m USING (owner_set_id);
CREATE VIEW deployments_progress AS SELECT fact_change_id FROM attribution_progress;
