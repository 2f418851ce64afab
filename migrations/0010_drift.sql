-- drift: what deployments and accounts should consist of, and what differs from it.

-- A declaration's name, for good; what it says is in its versions.
CREATE TABLE declarations (
  declaration_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slug           slug NOT NULL UNIQUE,
  created_at     timestamptz NOT NULL
);

CREATE TABLE declaration_versions (
  declaration_version_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  declaration_id int NOT NULL REFERENCES declarations,
  -- What it is about.
  deployment_id  bigint REFERENCES deployments,
  account_id     int REFERENCES accounts,
  -- Where a resource that is not declared is a finding: `deployment`, `project:<id>`, `nothing`.
  covers         text COLLATE "C" NOT NULL CHECK (covers ~ '^(deployment|nothing|project:.+)$'),
  -- [{fields, addresses, reason, until}]
  ignore         jsonb NOT NULL CHECK (jsonb_typeof(ignore) = 'array'),
  -- {source, lineage, serial, digest}
  origin         jsonb NOT NULL CHECK (jsonb_typeof(origin) = 'object'),
  -- Of the whole document: two versions that say the same are one.
  digest         text COLLATE "C" NOT NULL,
  resources      int NOT NULL,
  recorded_by    text NOT NULL,
  CHECK (deployment_id IS NOT NULL OR account_id IS NOT NULL)
);
CALL keep_history('declaration_versions', 'declaration_id');
CREATE INDEX declaration_versions_current ON declaration_versions (declaration_id)
  WHERE superseded_at = 'infinity' AND valid_to = 'infinity';

CREATE TABLE declared_resources (
  declared_resource_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  declaration_id int NOT NULL REFERENCES declarations,
  address        text COLLATE "C" NOT NULL,
  kind           text COLLATE "C" NOT NULL,
  account_id     int REFERENCES accounts,          -- NULL: any
  external_id    text COLLATE "C",
  -- {name, region}: the one resource that is so, or as many as `count` says ({min, max}).
  match          jsonb,
  count          jsonb,
  -- As the document has them; and the same by how they are compared: exact values, bounds, and the groups
  -- (`inbound/`) whose members are all declared.
  fields         jsonb NOT NULL,
  exact          jsonb NOT NULL,
  bounds         jsonb NOT NULL,
  groups         text[] COLLATE "C" NOT NULL,
  recorded_by    text NOT NULL,
  CHECK ((external_id IS NULL) <> (match IS NULL)),
  CHECK (count IS NULL OR match IS NOT NULL)
);
CALL keep_history('declared_resources', 'declaration_id', 'address');
-- What is declared now, by what a resource is found by: its id, its name, or a pattern of names.
CREATE INDEX declared_resources_by_id ON declared_resources (kind, external_id)
  WHERE superseded_at = 'infinity' AND valid_to = 'infinity' AND external_id IS NOT NULL;
CREATE INDEX declared_resources_by_name ON declared_resources (kind, (match ->> 'name'))
  WHERE superseded_at = 'infinity' AND valid_to = 'infinity' AND match IS NOT NULL;
CREATE INDEX declared_resources_by_pattern ON declared_resources (kind)
  WHERE superseded_at = 'infinity' AND valid_to = 'infinity' AND match IS NOT NULL AND match ->> 'name' ~ '[*?]';
CREATE INDEX declared_resources_by_address ON declared_resources (declaration_id, address)
  WHERE superseded_at = 'infinity' AND valid_to = 'infinity';

-- Which resource a declared one is: derived, and dated. What is bound to none, or to fewer than it
-- counts, has a row of its own (`none`, resource 0): a sweep finds what is absent without reading all that is declared.
CREATE TABLE drift_bindings (
  drift_binding_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  declaration_id int NOT NULL,
  address        text COLLATE "C" NOT NULL,
  resource_id    bigint NOT NULL,
  how            text COLLATE "C" NOT NULL CHECK (how IN ('id', 'match', 'none')),
  -- It does not live: it has ended, or there is none.
  absent         boolean NOT NULL,
  CHECK ((how = 'none') = (resource_id = 0)),
  CHECK (how <> 'none' OR absent)
);
CALL keep_history('drift_bindings', 'declaration_id', 'address', 'resource_id');
-- By >=, which says the same: = would let the index of the exclusion constraint be taken, whose last columns are found slowly.
CREATE INDEX drift_bindings_by_resource ON drift_bindings (resource_id) WHERE superseded_at >= 'infinity' AND valid_to = 'infinity';
CREATE INDEX drift_bindings_by_address ON drift_bindings (declaration_id, address) WHERE superseded_at >= 'infinity' AND valid_to = 'infinity';
CREATE INDEX drift_bindings_absent ON drift_bindings (declaration_id, address)
  WHERE superseded_at >= 'infinity' AND valid_to = 'infinity' AND absent;

-- Rules as dated data, the most specific first: of a deployment, of an account, of all (0).
CREATE TABLE drift_rules (
  drift_rule_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  rule          text COLLATE "C" NOT NULL,
  account_id    int NOT NULL,
  deployment_id bigint NOT NULL,
  enabled       boolean NOT NULL,
  severity      text COLLATE "C" NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'critical')),
  parameters    jsonb NOT NULL CHECK (jsonb_typeof(parameters) = 'object'),
  recorded_by   text NOT NULL,
  CHECK (account_id = 0 OR deployment_id = 0)
);
CALL keep_history('drift_rules', 'rule', 'account_id', 'deployment_id');

-- What differs, over the time in which it was known to. Derived: delete it and sweep, and it is the same.
CREATE TABLE drift_findings (
  drift_finding_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Of the declared resource or the resource, the rule and the field, with no value in it.
  finding_key    text COLLATE "C" NOT NULL,
  category       text COLLATE "C" NOT NULL CHECK (category IN (
    'missing', 'unmanaged', 'replaced', 'changed', 'ambiguous', 'misattributed', 'exposed', 'unprotected', 'idle', 'orphaned', 'ending')),
  rule           text COLLATE "C" NOT NULL,
  severity       text COLLATE "C" NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'critical')),
  state          text COLLATE "C" NOT NULL CHECK (state IN ('settling', 'open', 'flapping')),
  declaration_id int,
  address        text COLLATE "C",
  deployment_id  bigint,
  account_id     int,
  resource_id    bigint,
  kind           text COLLATE "C" NOT NULL,
  name           text NOT NULL,
  field          text COLLATE "C",
  -- NULL: none, as jsonb null is a value.
  declared       jsonb,
  actual         jsonb,
  values_digest  text COLLATE "C" NOT NULL,
  -- What it adds to a month at list price, negative where it takes away; NULL: nobody knows.
  monthly        amount,
  currency       text COLLATE "C",
  price_source   text,
  -- What would mend it adds to a month; NULL: that is no matter of money, or nobody knows.
  remedy_monthly amount,
  -- The finding that it is a part of.
  parent_key     text COLLATE "C",
  -- Of a document's own ignore.
  ignore_reason  text,
  ignore_until   timestamptz,
  -- It began after the last look that agreed and by the first that differed.
  since_after    timestamptz,
  since_before   timestamptz NOT NULL,
  CHECK ((monthly IS NULL) = (currency IS NULL))
);
CALL keep_history('drift_findings', 'finding_key');
CREATE INDEX drift_findings_current ON drift_findings (deployment_id, rule) WHERE superseded_at = 'infinity' AND valid_to = 'infinity';
CREATE INDEX drift_findings_by_key ON drift_findings (finding_key) WHERE superseded_at = 'infinity' AND valid_to = 'infinity';
CREATE INDEX drift_findings_by_resource ON drift_findings (resource_id) WHERE superseded_at = 'infinity' AND valid_to = 'infinity';
CREATE INDEX drift_findings_by_address ON drift_findings (declaration_id, address) WHERE superseded_at = 'infinity' AND valid_to = 'infinity';
-- What turns by time alone.
CREATE INDEX drift_findings_unsettled ON drift_findings (state)
  WHERE superseded_at = 'infinity' AND valid_to = 'infinity' AND state <> 'open';
CREATE INDEX drift_findings_ignored ON drift_findings (ignore_until)
  WHERE superseded_at = 'infinity' AND valid_to = 'infinity' AND ignore_until IS NOT NULL;
CREATE INDEX drift_findings_parts ON drift_findings (parent_key) WHERE superseded_at = 'infinity' AND valid_to = 'infinity' AND parent_key IS NOT NULL;

-- What people decided of a finding. Facts: they outlive every derivation.
CREATE TABLE drift_decisions (
  drift_decision_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  finding_key   text COLLATE "C" NOT NULL,
  decision      text COLLATE "C" NOT NULL CHECK (decision IN ('ack', 'ignore', 'reopen')),
  -- Of the values that were acknowledged: others are not.
  values_digest text COLLATE "C",
  reason        text NOT NULL,
  until         timestamptz,
  recorded_at   timestamptz NOT NULL,
  recorded_by   text NOT NULL,
  CHECK ((decision = 'ack') = (values_digest IS NOT NULL)),
  CHECK (until IS NULL OR decision = 'ignore')
);
CREATE INDEX drift_decisions_by_finding ON drift_decisions (finding_key, drift_decision_id);
-- What was decided lately, and what ends.
CREATE INDEX drift_decisions_by_record ON drift_decisions (recorded_at);
CREATE INDEX drift_decisions_by_end ON drift_decisions (until) WHERE until IS NOT NULL;

-- What was published of a finding, once per episode. Of a baseline it was written down, and not published.
CREATE TABLE drift_notices (
  finding_key text COLLATE "C" NOT NULL,
  episode     text COLLATE "C" NOT NULL,
  what        text COLLATE "C" NOT NULL CHECK (what IN ('found', 'resolved')),
  baseline    boolean NOT NULL,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (finding_key, episode, what)
);

-- What was swept before: a declaration, a rule in an account. What a first sweep finds is a baseline. `enabled:` is a rule
-- that was switched on since the last sweep: what that finds of it is one too.
CREATE TABLE drift_baselines (
  scope       text COLLATE "C" PRIMARY KEY,
  recorded_at timestamptz NOT NULL
);

-- What the last sweep had seen. NULL: there was none.
CREATE TABLE drift_progress (
  singleton  boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  -- The last change of the log.
  change_id  bigint,
  -- What every finding rests on (the rules, what can be seen, the day), as a digest, and what is hidden of firewalls and
  -- droplets: where either is another, all is compared.
  conditions text COLLATE "C",
  hidden     text,
  swept_at   timestamptz
);
INSERT INTO drift_progress DEFAULT VALUES;

-- Whether a value is as declared. `how`: exact; bound ({min, max}, {includes}); absent; present. A value that is not there is NULL.
CREATE FUNCTION drift_agrees(actual jsonb, declared jsonb, how text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE how
    WHEN 'exact' THEN actual IS NOT DISTINCT FROM declared
    WHEN 'absent' THEN actual IS NULL
    WHEN 'present' THEN actual IS NOT NULL
    WHEN 'closed' THEN actual IS NULL OR jsonb_typeof(actual) <> 'array' OR NOT actual ?| ARRAY['0.0.0.0/0', '::/0']
    WHEN 'bound' THEN CASE
      WHEN declared ? 'includes' THEN jsonb_typeof(actual) = 'array' AND actual @> (declared -> 'includes')
      WHEN jsonb_typeof(actual) <> 'number' THEN false
      ELSE (NOT declared ? 'min' OR actual::numeric >= (declared ->> 'min')::numeric)
       AND (NOT declared ? 'max' OR actual::numeric <= (declared ->> 'max')::numeric) END
  END;
END;

-- Whether a key of settings is among those that the token may not see; one with a `/` at its end stands for all beneath it.
CREATE FUNCTION drift_hides(hidden text[], key text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT hidden <> '{}' AND (key = ANY (hidden)
    OR EXISTS (SELECT FROM unnest(hidden) AS place WHERE place LIKE '%/' AND starts_with(key, place)));
END;

-- Whether a text is as a pattern with * (any characters) and ? (one).
CREATE FUNCTION drift_matches(value text, pattern text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT value LIKE translate(replace(replace(replace(pattern, '\', '\\'), '%', '\%'), '_', '\_'), '*?', '%_');
END;

-- What is shipped. Days, where a rule has them, are 24 hours.
INSERT INTO drift_rules (rule, account_id, deployment_id, enabled, severity, parameters, recorded_by, valid_from, valid_to, recorded_at, superseded_at)
SELECT rule, 0, 0, true, severity, parameters::jsonb, 'built in', '-infinity', 'infinity', '-infinity', 'infinity'
FROM (VALUES
  ('missing',               'high',     '{}'),
  ('replaced',              'high',     '{}'),
  ('unmanaged',             'medium',   '{}'),
  ('changed',               'medium',   '{"low": ["tags", "name", "description", "project"], "high": ["backups", "trusted_sources", "acl"]}'),
  ('ambiguous',             'medium',   '{}'),
  ('misattributed',         'high',     '{}'),
  ('disputed_owner',        'medium',   '{}'),
  ('exposed_ports',         'medium',   '{"high": ["3389", "all"], "critical": ["1433", "3306", "5432", "6379", "9200", "11211", "27017"], "medium": ["22"]}'),
  ('exposed_database',      'high',     '{}'),
  ('exposed_bucket',        'high',     '{}'),
  ('unprotected_firewall',  'low',      '{}'),
  ('unprotected_backups',   'low',      '{"snapshot_days": 30}'),
  ('idle_volume',           'medium',   '{"days": 7}'),
  ('idle_reserved_ip',      'medium',   '{"days": 1}'),
  ('idle_load_balancer',    'medium',   '{"days": 1}'),
  ('idle_droplet',          'medium',   '{"days": 7}'),
  ('orphaned_snapshot',     'low',      '{"days": 90}'),
  ('orphaned_source',       'low',      '{"days": 30}'),
  ('orphaned_leftover',     'medium',   '{"days": 0}'),
  ('orphaned_firewall',     'low',      '{}'),
  -- The end of life that PostgreSQL, MySQL and Valkey or MongoDB give for a version themselves.
  ('ending_database',       'medium',   '{"pg": {"13": "2025-11-13", "14": "2026-11-12", "15": "2027-11-11"}, "mysql": {"8": "2026-04-30"}, "mongodb": {"6": "2025-07-31", "7": "2027-08-31"}}')
) AS shipped (rule, severity, parameters);

-- One event for each finding that something is published of; in place of more than a hundred one without a subject.
CREATE FUNCTION publish_drift_notices() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  PERFORM publish_event('drift.' || what, subject)
  FROM (SELECT DISTINCT what, CASE WHEN count(*) OVER (PARTITION BY what) > 100 THEN '' ELSE finding_key END AS subject
        FROM added WHERE NOT baseline) AS published;
  RETURN NULL;
END
$$;
CREATE TRIGGER publish_notices AFTER INSERT ON drift_notices REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION publish_drift_notices();
REVOKE EXECUTE ON FUNCTION publish_drift_notices FROM PUBLIC;

CALL publish_changes('declaration_versions', 'declaration.changed',
  'SELECT slug AS subject, NULL AS customer_id FROM changed JOIN declarations USING (declaration_id)');
CALL publish_changes('drift_decisions', 'drift.decided', 'SELECT finding_key AS subject, NULL AS customer_id FROM changed');
CALL publish_changes('drift_rules', 'drift_rule.changed', 'SELECT rule AS subject, NULL AS customer_id FROM changed');
CALL audit_changes('declarations');
CALL audit_changes('declaration_versions');
CALL audit_changes('declared_resources');
CALL audit_changes('drift_decisions');
CALL audit_changes('drift_rules');

-- No customer reads any of it.
CALL protect_from_customers('declarations');
CALL protect_from_customers('declaration_versions');
CALL protect_from_customers('declared_resources');
CALL protect_from_customers('drift_bindings');
CALL protect_from_customers('drift_rules');
CALL protect_from_customers('drift_findings');
CALL protect_from_customers('drift_decisions');
CALL protect_from_customers('drift_notices');
CALL protect_from_customers('drift_baselines');
CALL protect_from_customers('drift_progress');

CALL pin_search_paths();
CALL arm_triggers();
