-- deployments: customers, their deployments, and who owns which resource when.

CREATE TABLE customers (
  customer_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  external_id text NOT NULL UNIQUE,          -- arcadia-app's id
  name        text NOT NULL,
  currency    currency_code NOT NULL,
  created_at  timestamptz NOT NULL
);

CREATE TABLE deployments (
  deployment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slug          slug NOT NULL UNIQUE,
  name          text NOT NULL,
  customer_id   bigint REFERENCES customers,
  starts_at     timestamptz NOT NULL,
  created_at    timestamptz NOT NULL,
  -- From when on nothing is to run for it, and nothing of it is billed. What runs all the same is metered. NULL: it runs.
  ends_at       timestamptz CHECK (ends_at >= starts_at),
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
  recorded_by    text NOT NULL,
  CHECK ((kind = 'project') = (project_id IS NOT NULL)),
  CHECK ((kind IN ('tag', 'name')) = (pattern IS NOT NULL)),
  CHECK ((kind IN ('manual', 'deployment_tag', 'inheritance')) = (owner_set_id IS NULL))
);
CALL keep_history('ownership_rules', 'rule_id');
CREATE SEQUENCE ownership_rule_ids START 100;
INSERT INTO ownership_rules (rule_id, kind, position, origin, valid_from, valid_to, recorded_at, superseded_at, recorded_by) VALUES
  (1, 'manual',         100, 'built in', '-infinity', 'infinity', '-infinity', 'infinity', 'built in'),
  (2, 'deployment_tag', 300, 'built in', '-infinity', 'infinity', '-infinity', 'infinity', 'built in'),
  (3, 'inheritance',    500, 'built in', '-infinity', 'infinity', '-infinity', 'infinity', 'built in');

CREATE TABLE manual_assignments (
  manual_assignment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  resource_id   bigint NOT NULL REFERENCES resources,
  owner_set_id  bigint NOT NULL REFERENCES owner_sets,
  recorded_by   text NOT NULL
);
CALL keep_history('manual_assignments', 'resource_id');

-- Derived: who owns a resource over each interval, and by which rule (NULL: no rule found an
-- owner). From a resource's birth on there is no gap: what nobody owns is 'unattributed'.
-- No foreign keys: rows are derived from joins with both tables, and checking each again would
-- more than double the cost of deriving a large fleet.
CREATE TABLE attributions (
  attribution_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  resource_id   bigint NOT NULL,
  owner_set_id  bigint NOT NULL,
  rule_id       bigint
);
CALL keep_history('attributions', 'resource_id');
CREATE INDEX attributions_by_owner ON attributions (owner_set_id) WHERE superseded_at = 'infinity';
CREATE INDEX attributions_by_resource ON attributions (resource_id, valid_from) WHERE superseded_at = 'infinity';

-- What was decided before it holds.
CREATE INDEX attributions_to_come ON attributions (valid_from) WHERE superseded_at = 'infinity' AND valid_from > recorded_at;
CREATE INDEX attributions_by_rule ON attributions (rule_id) WHERE superseded_at = 'infinity' AND valid_to = 'infinity';
CREATE INDEX attributions_ever_by_resource ON attributions (resource_id);

-- How far changes have been turned into attributions.
CREATE TABLE attribution_progress (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  change_id bigint NOT NULL
);
INSERT INTO attribution_progress (change_id) VALUES (0);

-- The fleet as it was counted last (src/deployments/fleet.ts): of a large one, counting takes longer than anybody waits.
CREATE TABLE fleet_counts (
  account_id   int NOT NULL,
  kind         text COLLATE "C" NOT NULL,
  status       text COLLATE "C" NOT NULL,
  region       text NOT NULL,                -- '': in none
  owner        text COLLATE "C",             -- a deployment's slug, none or several; NULL: nobody misses one
  -- What the price book charges by.
  source       text,
  size_slug    text,
  type         text,
  assigned     boolean,
  ip_version   int,
  resources    bigint NOT NULL,
  size_gb      numeric,
  nodes        numeric
);
-- The same without owners: a few rows of it answer what nobody asks of an owner.
CREATE TABLE fleet_totals (LIKE fleet_counts);
ALTER TABLE fleet_totals DROP owner;
CREATE TABLE fleet_counted (
  singleton  boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  counted_at timestamptz NOT NULL,
  change_id  bigint NOT NULL,                -- the last change that it knows of
  resources  bigint NOT NULL
);
-- The suggested rules of that moment, the best first; of a small fleet none, they are made when somebody looks.
CREATE TABLE fleet_suggestions (
  place             int PRIMARY KEY,
  kind              text COLLATE "C" NOT NULL CHECK (kind IN ('project', 'tag', 'name')),
  subject           text NOT NULL,
  deployment        text NOT NULL,
  reason            text NOT NULL,
  deployment_exists boolean NOT NULL,
  resources         bigint NOT NULL
);
-- What was unassigned when it was counted last (src/deployments/unassigned-money.ts), in groups that are charged alike.
CREATE TABLE unassigned_counted (
  singleton  boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  counted_at timestamptz NOT NULL,
  change_id  bigint NOT NULL,                -- the last change that it knows of
  ends_at    timestamptz NOT NULL,           -- when an owner begins or ends by itself next
  groups     jsonb NOT NULL
);
CALL protect_from_customers('unassigned_counted');
CALL protect_from_customers('fleet_suggestions');
CALL protect_from_customers('fleet_counts');
CALL protect_from_customers('fleet_totals');
CALL protect_from_customers('fleet_counted');

-- Published to other modules.
CREATE VIEW deployments_attributions AS
  SELECT attribution_id, resource_id, owner_set_id, rule_id, valid_from, valid_to, recorded_at
  FROM attributions WHERE superseded_at = 'infinity';
CREATE VIEW deployments_owners AS
  SELECT m.owner_set_id, m.deployment_id, m.weight_before, m.weight, s.weight_total, d.starts_at
  FROM owner_set_members m JOIN owner_sets s USING (owner_set_id) JOIN deployments d USING (deployment_id);
CREATE VIEW deployments_list AS
  SELECT d.deployment_id, d.slug, d.name, d.starts_at, d.customer_id, c.external_id AS customer_external_id,
         c.name AS customer_name, c.currency, d.ends_at
  FROM deployments d LEFT JOIN customers c USING (customer_id);
-- Who was ever believed to own a resource, some of them more than once: where records of it may stand.
CREATE VIEW deployments_owners_ever AS
  SELECT a.resource_id, m.deployment_id
  FROM attributions a JOIN owner_set_members m USING (owner_set_id);
CREATE VIEW deployments_progress AS SELECT change_id FROM attribution_progress;
CREATE VIEW deployments_rules AS
  SELECT rule_id, kind, position, project_id, pattern, origin, valid_from, valid_to, recorded_at, recorded_by,
         resource_kinds, owner_set_id
  FROM ownership_rules WHERE superseded_at = 'infinity';
CREATE VIEW deployments_assignments AS
  SELECT resource_id, owner_set_id, valid_from, valid_to, recorded_at, recorded_by
  FROM manual_assignments WHERE superseded_at = 'infinity';
CREATE VIEW deployments_customers AS
  SELECT customer_id, external_id, name, currency FROM customers;

CALL publish_changes('customers', 'customer.changed', 'SELECT external_id AS subject, customer_id FROM changed');
CALL publish_changes('deployments', 'deployment.changed', 'SELECT slug AS subject, customer_id FROM changed');
CALL publish_changes('ownership_rules', 'rule.changed', 'SELECT rule_id AS subject, NULL AS customer_id FROM changed');
CALL publish_changes('manual_assignments', 'assignment.changed', 'SELECT resource_id AS subject, NULL AS customer_id FROM changed');
CALL publish_changes('attributions', 'attribution.changed', $$
  SELECT slug AS subject, customer_id FROM (SELECT DISTINCT owner_set_id FROM changed) AS touched_sets
  JOIN owner_set_members USING (owner_set_id) JOIN deployments USING (deployment_id)$$);
CALL audit_changes('customers');
CALL audit_changes('deployments');
CALL audit_changes('ownership_rules');
CALL audit_changes('manual_assignments');

CALL protect_by_customer('customers');
CALL protect_by_customer('deployments');
CALL protect_from_customers('manual_assignments');
CALL protect_from_customers('attribution_progress');
-- Ownership: of a set that several customers share, only one's own members; the signature names all.
CALL protect_by_deployment('owner_set_members');
CALL let_customers_read('owner_sets',
  'owner_set_id = ANY (ARRAY(SELECT m.owner_set_id FROM owner_set_members m))', '{signature}');
CALL let_customers_read('attributions',
  'owner_set_id = ANY (ARRAY(SELECT m.owner_set_id FROM owner_set_members m))', '{}');
-- Lists that customers read name the rule; which rules there are is not for them. No row.
CALL let_customers_read('ownership_rules', 'false', '{}');

-- Resources that are, or once were, a customer's; and what each was while it was theirs.
CALL let_customers_read('resources',
  'EXISTS (SELECT FROM attributions a WHERE a.resource_id = resources.resource_id AND a.superseded_at = ''infinity'')', '{}');
CALL let_customers_read('resource_states',
  'EXISTS (SELECT FROM attributions a WHERE a.resource_id = resource_states.resource_id AND a.superseded_at = ''infinity''
     AND a.valid_from < resource_states.valid_to AND a.valid_to > resource_states.valid_from)', '{}');
CALL let_customers_read('accounts',
  'account_id = ANY (ARRAY(SELECT DISTINCT r.account_id FROM attributions a JOIN resources r USING (resource_id)))',
  '{credentials,api_url,provider_account_id}');
CALL publish_to_customers('deployments_attributions');
CALL publish_to_customers('deployments_owners');
CALL publish_to_customers('deployments_owners_ever');
CALL publish_to_customers('deployments_list');
CALL protect_from_customers('deployments_progress');
CALL protect_from_customers('deployments_rules');
CALL protect_from_customers('deployments_assignments');
CALL publish_to_customers('deployments_customers');
CALL give_access('GRANT USAGE ON SEQUENCE ownership_rule_ids TO arcadia_worker, arcadia_api');

CALL pin_search_paths();
CALL arm_triggers();
