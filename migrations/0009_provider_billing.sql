-- provider-billing: what the provider charged us, as it said so itself. Bills in versions, line by line and page by page
-- as received; balances, the billing history and daily Insights over time.

-- Who receives the provider's bills: a team, or an organization whose bills are about several teams.
CREATE TABLE bill_payers (
  payer_id        int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slug            slug NOT NULL UNIQUE,
  provider        text COLLATE "C" NOT NULL,
  external_id     text COLLATE "C" NOT NULL,    -- the team with which it was first known
  organization_id text COLLATE "C",             -- NULL: its bills are those of a team
  currency        currency_code NOT NULL,
  created_at      timestamptz NOT NULL,
  UNIQUE (provider, external_id)
);

-- Which payer's bills an account is on, over time.
CREATE TABLE bill_payer_accounts (
  bill_payer_account_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id  int NOT NULL REFERENCES accounts,
  payer_id    int NOT NULL REFERENCES bill_payers,
  recorded_by text NOT NULL
);
CALL keep_history('bill_payer_accounts', 'account_id');

-- How the last reading of each part went.
CREATE TABLE provider_billing_reads (
  payer_id     int NOT NULL REFERENCES bill_payers,
  part         text COLLATE "C" NOT NULL CHECK (part IN ('balance', 'bills', 'insights')),
  read_at      timestamptz NOT NULL,
  -- refused: no token of the payer's accounts may read it.
  outcome      text COLLATE "C" NOT NULL CHECK (outcome IN ('complete', 'refused', 'failed')),
  reason       text,
  completed_at timestamptz,                     -- NULL: never yet
  PRIMARY KEY (payer_id, part)
);

CREATE TABLE provider_balances (
  payer_id              int NOT NULL REFERENCES bill_payers,
  generated_at          timestamptz NOT NULL,
  read_at               timestamptz NOT NULL,
  account_balance       amount NOT NULL,        -- negative: a credit
  month_to_date_usage   amount NOT NULL,
  month_to_date_balance amount NOT NULL,
  -- What an hour of what was there then costs by the price book, and how many resources have no known price; NULL: it
  -- was not looked up.
  hourly_rate           numeric,
  unpriced              int,
  PRIMARY KEY (payer_id, generated_at),
  CHECK (num_nonnulls(hourly_rate, unpriced) IN (0, 2))
);

-- Entries have no id, and equal ones are legal: `ordinal` counts those of one digest.
CREATE TABLE provider_billing_entries (
  payer_id       int NOT NULL REFERENCES bill_payers,
  digest         text COLLATE "C" NOT NULL,
  ordinal        int NOT NULL,
  at             timestamptz NOT NULL,
  type           text NOT NULL,
  amount         amount NOT NULL,
  description    text,
  invoice_uuid   text,
  invoice_number text,
  first_seen_at  timestamptz NOT NULL,
  missing_since  timestamptz,                   -- NULL: the provider still shows it
  PRIMARY KEY (payer_id, digest, ordinal)
);

-- One bill: an invoice whatever its versions, or the preview of a month.
CREATE TABLE provider_bills (
  bill_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  payer_id      int NOT NULL REFERENCES bill_payers,
  kind          text COLLATE "C" NOT NULL CHECK (kind IN ('final', 'preview')),
  external_id   text COLLATE "C" NOT NULL,      -- by which the provider shows it now; of a file, csv:<month>:<number>
  period        calendar_month NOT NULL,
  missing_since timestamptz,                    -- NULL: the provider still lists it, or never did
  UNIQUE (payer_id, external_id, period),
  CHECK ((kind = 'preview') = (external_id = 'preview'))
);
CREATE INDEX provider_bills_by_period ON provider_bills (period);

-- What a bill was at a time. One that is being read has no number yet.
CREATE TABLE provider_bill_versions (
  bill_version_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  bill_id        bigint NOT NULL REFERENCES provider_bills,
  version        int CHECK (version > 0),
  source         text COLLATE "C" NOT NULL CHECK (source IN ('api', 'csv')),
  -- What its header said.
  external_id    text COLLATE "C" NOT NULL,
  number         text,
  amount         amount NOT NULL,
  updated_at     timestamptz,                   -- when the provider made a preview
  -- What was read: `lines` of `total`, in `pages` of `per_page`; is_whole: the last page is among them.
  per_page       int NOT NULL CHECK (per_page > 0),
  pages          int NOT NULL,
  lines          int NOT NULL,
  total          int,                           -- as the provider counts; NULL: it does not say
  is_whole       boolean NOT NULL,
  summary        text,                          -- as received
  -- Of a sealed one: the sum of its lines; what tells it from others, whatever the order of its lines; and the same of
  -- what the provider's CSV has of them.
  lines_amount   amount,
  digest         text COLLATE "C",
  content_digest text COLLATE "C",
  state          text COLLATE "C" NOT NULL CHECK (state IN ('reading', 'sealed')),
  began_at       timestamptz NOT NULL,
  sealed_at      timestamptz,
  superseded_at  timestamptz NOT NULL DEFAULT 'infinity',
  recorded_by    text NOT NULL,
  UNIQUE (bill_id, version),
  CHECK (num_nonnulls(version, sealed_at, lines_amount, digest, content_digest) = CASE state WHEN 'sealed' THEN 5 ELSE 0 END),
  CHECK (state = 'reading' OR is_whole AND lines = coalesce(total, lines))
);
CREATE UNIQUE INDEX provider_bill_versions_reading ON provider_bill_versions (bill_id) WHERE state = 'reading';
CREATE UNIQUE INDEX provider_bill_versions_current ON provider_bill_versions (bill_id)
  WHERE state = 'sealed' AND superseded_at = 'infinity';

-- Sealed is sealed: all that ever changes of a version is that another takes its place.
CREATE FUNCTION refuse_edit_of_sealed_bill() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a sealed bill is never edited: % of %', TG_OP, TG_TABLE_NAME;
END
$$;
CREATE TRIGGER sealed_bill_is_frozen BEFORE UPDATE OF bill_version_id, bill_id, version, source, external_id, number, amount,
    updated_at, per_page, pages, lines, total, is_whole, summary, lines_amount, digest, content_digest, state, began_at,
    sealed_at, recorded_by
  ON provider_bill_versions FOR EACH ROW WHEN (OLD.state = 'sealed') EXECUTE FUNCTION refuse_edit_of_sealed_bill();

-- What was received: an answer of the provider, or a file.
CREATE TABLE provider_bill_pages (
  bill_version_id bigint NOT NULL REFERENCES provider_bill_versions ON DELETE CASCADE,
  page            int NOT NULL CHECK (page > 0),
  body            text NOT NULL,
  PRIMARY KEY (bill_version_id, page)
);
CREATE TRIGGER bill_page_is_frozen BEFORE UPDATE ON provider_bill_pages
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit_of_sealed_bill();

-- Its lines, in the bill's own order. They have no id, and equal ones are legal. Their version is looked for once a
-- statement (refuse_lines_of_no_version): a reference asks for each row.
CREATE TABLE provider_bill_lines (
  bill_version_id   bigint NOT NULL,
  position          int NOT NULL CHECK (position > 0),   -- in the bill, from 1
  page              int NOT NULL,
  ordinal           int NOT NULL,                        -- in the page, from 1
  amount            amount NOT NULL,
  duration          numeric,
  start_time        timestamptz,
  end_time          timestamptz,                         -- as it was told: some lines end with the last second charged
  product           text,
  category          text,
  description       text,
  group_description text,
  resource_uuid     text,
  resource_id       text,
  project_name      text,
  duration_unit     text,
  PRIMARY KEY (bill_version_id, position)
);
CREATE TRIGGER bill_line_is_frozen BEFORE UPDATE ON provider_bill_lines
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit_of_sealed_bill();
CREATE FUNCTION refuse_lines_of_no_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT bill_version_id FROM touched EXCEPT SELECT bill_version_id FROM provider_bill_versions) THEN
    RAISE EXCEPTION 'lines of no bill' USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER bill_line_comes AFTER INSERT ON provider_bill_lines REFERENCING NEW TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_lines_of_no_version();
CREATE FUNCTION delete_bill_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM provider_bill_lines WHERE bill_version_id = OLD.bill_version_id;
  RETURN NULL;
END
$$;
CREATE TRIGGER bill_lines_go AFTER DELETE ON provider_bill_versions FOR EACH ROW EXECUTE FUNCTION delete_bill_lines();

-- The provider's own documents of a version, as they were received when somebody asked for them.
CREATE TABLE provider_bill_files (
  bill_version_id bigint NOT NULL REFERENCES provider_bill_versions ON DELETE CASCADE,
  form            text COLLATE "C" NOT NULL CHECK (form IN ('csv', 'pdf')),
  digest          text COLLATE "C" NOT NULL,    -- SHA-256
  bytes           bytea NOT NULL,
  read_at         timestamptz NOT NULL,
  PRIMARY KEY (bill_version_id, form)
);
CREATE TRIGGER bill_file_is_frozen BEFORE UPDATE ON provider_bill_files
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit_of_sealed_bill();

-- The rows of a day, as they were read; a day that reads otherwise later is another revision.
CREATE TABLE provider_insight_days (
  insight_day_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  payer_id      int NOT NULL REFERENCES bill_payers,
  urn           text COLLATE "C" NOT NULL,      -- who was asked about: do:team:... or do:teamgroup:...
  day           date NOT NULL,
  revision      int NOT NULL CHECK (revision > 0),
  rows          int NOT NULL,
  amount        amount NOT NULL,                -- the sum of its rows
  digest        text COLLATE "C" NOT NULL,
  read_at       timestamptz NOT NULL,
  superseded_at timestamptz NOT NULL DEFAULT 'infinity',
  UNIQUE (payer_id, urn, day, revision)
);
CREATE UNIQUE INDEX provider_insight_days_current ON provider_insight_days (payer_id, urn, day) WHERE superseded_at = 'infinity';

CREATE TABLE provider_insights (
  insight_day_id    bigint NOT NULL REFERENCES provider_insight_days,
  ordinal           int NOT NULL,               -- in an order of its own: the provider promises none
  team_urn          text NOT NULL,
  sku               text NOT NULL,
  region            text NOT NULL,
  description       text NOT NULL,
  group_description text NOT NULL,
  amount            amount NOT NULL,
  PRIMARY KEY (insight_day_id, ordinal)
);

-- Rows of a day that cost more than was expected of it. `compared`: history: what was there, by the price book; days_before:
-- the most that the same cost on one of the seven days before; new: nothing was like it.
CREATE TABLE provider_surprises (
  insight_day_id    bigint NOT NULL REFERENCES provider_insight_days,
  team_urn          text COLLATE "C" NOT NULL,
  sku               text COLLATE "C" NOT NULL,
  region            text COLLATE "C" NOT NULL,
  description       text COLLATE "C" NOT NULL,
  group_description text COLLATE "C" NOT NULL,
  compared          text COLLATE "C" NOT NULL CHECK (compared IN ('history', 'days_before', 'new')),
  expected          amount NOT NULL,
  amount            amount NOT NULL CHECK (amount > expected),
  found_at          timestamptz NOT NULL,
  PRIMARY KEY (insight_day_id, team_urn, sku, region, description, group_description)
);
-- Which days were looked at.
CREATE TABLE provider_checked_days (
  insight_day_id bigint PRIMARY KEY REFERENCES provider_insight_days,
  checked_at     timestamptz NOT NULL
);

-- Reconciliation ------------------------------------------------------------------------------

-- How the provider counts. Of some rules nobody has published which holds: each has its variants, the first is the
-- one that is believed unless an operator decides otherwise.
CREATE TABLE billing_rule_variants (
  rule         text COLLATE "C" NOT NULL,
  variant      text COLLATE "C" NOT NULL,
  position     int NOT NULL CHECK (position > 0),
  describes    text NOT NULL,
  certainty    text COLLATE "C" NOT NULL CHECK (certainty IN ('official', 'reported', 'inferred')),
  evidence     text NOT NULL,
  PRIMARY KEY (rule, variant),
  UNIQUE (rule, position)
);
INSERT INTO billing_rule_variants (rule, variant, position, describes, certainty, evidence) VALUES
  ('duration_before_2026', 'floor_hours', 1, 'until the end of 2025: whole hours rounded down, at least one', 'official', 'lines of bills of 2015 and 2019'),
  ('duration_before_2026', 'exact',       2, 'until the end of 2025: to the second', 'inferred', 'none'),
  ('monthly_from_2026',    'floor_hours', 1, 'volumes, load balancers, addresses, snapshots, Spaces: whole hours of the 672nd of a month', 'inferred', 'the hourly prices that are published'),
  ('monthly_from_2026',    'seconds',     2, 'the same to the second', 'inferred', 'droplets since 2026'),
  ('monthly_from_2026',    'month_hours', 3, 'whole hours of the month''s own length, without a limit', 'inferred', 'none'),
  ('droplet_cap',          'each_line',   1, 'each size of a droplet has its own 672 hours', 'inferred', 'load balancers: the hours at each size are on a separate line'),
  ('droplet_cap',          'highest',     2, 'the 672 hours at the dearest sizes', 'inferred', 'Kubernetes pools'),
  ('droplet_cap',          'first',       3, 'the first 672 hours of the month', 'inferred', 'none'),
  ('rate_digits',          'exact',       1, 'the exact 672nd of a month', 'official', 'https://docs.digitalocean.com/products/kubernetes/details/pricing/'),
  ('rate_digits',          'five',        2, 'the printed price of an hour, of five digits', 'inferred', 'https://www.digitalocean.com/pricing/droplets'),
  ('snapshot_unit',        'gib',         1, 'a GB of a droplet''s snapshot is what the API shows', 'inferred', 'none'),
  ('snapshot_unit',        'gb',          2, 'a GB of a droplet''s snapshot is 10^9 bytes', 'reported', 'https://docs.digitalocean.com/products/snapshots/details/pricing/');

-- Which variant is believed, for bills of which months. Without a row: the first.
CREATE TABLE billing_rule_beliefs (
  billing_rule_belief_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  rule        text COLLATE "C" NOT NULL,
  variant     text COLLATE "C" NOT NULL,
  reason      text NOT NULL,
  recorded_by text NOT NULL,
  FOREIGN KEY (rule, variant) REFERENCES billing_rule_variants
);
CALL keep_history('billing_rule_beliefs', 'rule');

-- What the products of a bill are: which kind of resource a line is about, and how it is charged (its class).
CREATE TABLE bill_products (
  product       text COLLATE "C" PRIMARY KEY,
  resource_kind text COLLATE "C" NOT NULL,
  class         text COLLATE "C" NOT NULL,
  -- By which billing kind customers pay for it, where there is one: margins are by both.
  billing_kind  text COLLATE "C"
);
INSERT INTO bill_products VALUES
  ('Droplets', 'droplet', 'droplet', 'droplet_hours'), ('GPU Droplets', 'droplet', 'droplet', 'droplet_hours'),
  ('Droplet Backups', 'droplet', 'backup', 'droplet_backup_gb_month'),
  ('Droplet Snapshots', 'snapshot', 'snapshot', 'droplet_snapshot_gb_month'),
  ('Volume Snapshots', 'snapshot', 'snapshot', 'volume_snapshot_gb_month'),
  ('Custom Images', 'custom_image', 'custom_image', 'custom_image_gb_month'), ('Volumes', 'volume', 'volume', 'volume_gb_month'),
  ('Floating IPs', 'reserved_ip', 'reserved_ip', 'reserved_ip_hours'), ('Reserved IPs', 'reserved_ip', 'reserved_ip', 'reserved_ip_hours'),
  ('Load Balancers', 'load_balancer', 'load_balancer', 'load_balancer_hours'),
  -- A cluster's nodes are metered as the droplets that they are.
  ('Kubernetes Clusters', 'kubernetes_cluster', 'pool', 'droplet_hours'),
  ('Database Clusters', 'database', 'database', NULL), ('Apps', 'app', 'app', NULL),
  ('Spaces Subscription', 'spaces_bucket', 'spaces', 'spaces_gb_month'), ('Spaces Bandwidth', 'spaces_bucket', 'bucket', 'spaces_gb_month');

-- Who bears the lines that no resource explains, in the order of position: the first that fits. Those of a method
-- 'deployment' name one.
CREATE TABLE allocation_rules (
  allocation_rule_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  rule_id       bigint NOT NULL,
  position      numeric NOT NULL,
  -- With * and ?; NULL: whatever it is.
  product       text,
  description   text,
  project       text,
  resource      text COLLATE "C",               -- the provider's id of one, as its lines have it
  -- matched_cost: as what was matched in the month; spaces: as what is stored in Spaces; operator: ours; not_cost:
  -- given back, such as a tax that is reclaimed.
  method        text COLLATE "C" NOT NULL CHECK (method IN ('matched_cost', 'spaces', 'deployment', 'operator', 'not_cost')),
  deployment_id bigint REFERENCES deployments,
  recorded_by   text NOT NULL,
  CHECK ((method = 'deployment') = (deployment_id IS NOT NULL)),
  CHECK (num_nonnulls(product, description, project, resource) > 0)
);
CALL keep_history('allocation_rules', 'rule_id');
CREATE SEQUENCE allocation_rule_ids START 100;
INSERT INTO allocation_rules (rule_id, position, product, description, method, valid_from, valid_to, recorded_at, superseded_at, recorded_by)
SELECT rule_id, rule_id * 100, product, description, method, '-infinity', 'infinity', '-infinity', 'infinity', 'built in'
FROM (VALUES (1, 'Spaces *', NULL, 'spaces'), (2, 'Bandwidth', NULL, 'matched_cost'),
             (3, 'Container Registry*', NULL, 'matched_cost'), (4, 'Uptime*', NULL, 'matched_cost'),
             (5, 'Support*', NULL, 'matched_cost'), (6, 'Taxes', NULL, 'matched_cost'),
             (7, 'Credits', '*promo*', 'operator'), (8, 'Credits', NULL, 'matched_cost'))
  AS r (rule_id, product, description, method);

-- What a bill comes to against what was expected. The open one of a bill is replaced whenever it differs; one that was
-- signed stands, and a later one beside it says what has changed since.
CREATE TABLE reconciliations (
  reconciliation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  bill_id         bigint NOT NULL REFERENCES provider_bills,
  bill_version_id bigint NOT NULL REFERENCES provider_bill_versions ON DELETE CASCADE,
  amount          amount NOT NULL,              -- the header's
  expected        amount NOT NULL,
  differences     amount NOT NULL,
  allocated       amount NOT NULL,
  unexplained     amount NOT NULL,
  residual        amount NOT NULL,
  made_at         timestamptz NOT NULL,          -- infinity: its results are being written, by this transaction
  signed_at       timestamptz,
  signed_by       text,
  signed_reason   text,
  reopened_at     timestamptz,
  reopened_by     text,
  reopened_reason text,
  CHECK (amount = expected + differences + allocated + unexplained + residual),
  CHECK (num_nonnulls(signed_at, signed_by) IN (0, 2)),
  CHECK (num_nonnulls(reopened_at, reopened_by, reopened_reason) IN (0, 3)),
  CHECK (reopened_at IS NULL OR signed_at IS NOT NULL)
);
CREATE UNIQUE INDEX reconciliations_open ON reconciliations (bill_id) WHERE signed_at IS NULL;
CREATE UNIQUE INDEX reconciliations_signed ON reconciliations (bill_id) WHERE signed_at IS NOT NULL AND reopened_at IS NULL;

-- What a payer's month was last reckoned with, and up to which change: as long as both are the same, so is what comes of it.
CREATE TABLE reconciled_months (
  payer_id  int NOT NULL REFERENCES bill_payers,
  month     calendar_month NOT NULL,
  inputs    text COLLATE "C" NOT NULL,
  change_id bigint NOT NULL,
  PRIMARY KEY (payer_id, month)
);

-- Its reconciliation is looked for once a statement (refuse_results_of_signed): a reference asks for each row.
CREATE TABLE bill_line_outcomes (
  reconciliation_id bigint NOT NULL,
  position     int NOT NULL,
  -- matched: to a resource; from_bill: to one that only the bill knows; allocated: by a rule.
  outcome      text COLLATE "C" NOT NULL CHECK (outcome IN ('matched', 'from_bill', 'allocated', 'unexplained')),
  -- By what: uuid, id, address, name, account, before_connection, between_syncs, not_visible, decision, or the method of
  -- a rule; of what is unexplained, why.
  rule         text COLLATE "C" NOT NULL,
  resource_id  bigint,
  expected     amount,                          -- NULL: nobody says what it costs
  difference   amount NOT NULL,
  cause        text COLLATE "C" NOT NULL,
  -- Our interval; the price of a month that was used, and of how many units.
  valid_from   timestamptz,
  valid_to     timestamptz,
  monthly      amount,
  units        numeric,
  subject      text,
  -- Of rules whose variants differ here, those that explain the amount to the cent: {"rate_digits": ["five"]}.
  variants     jsonb NOT NULL,
  -- What differs besides money: wrong_id, no_id, unknown_product.
  remarks      text[] COLLATE "C" NOT NULL,
  PRIMARY KEY (reconciliation_id, position)
);
CREATE INDEX bill_line_outcomes_unexplained ON bill_line_outcomes (reconciliation_id) WHERE outcome = 'unexplained';
CREATE INDEX bill_line_outcomes_by_resource ON bill_line_outcomes (resource_id) WHERE resource_id IS NOT NULL;

-- Its reconciliation is looked for once a statement (refuse_results_of_signed): a reference asks for each row.
CREATE TABLE bill_line_shares (
  reconciliation_id bigint NOT NULL,
  position      int NOT NULL,
  -- deployment, operator, not_cost
  target        text COLLATE "C" NOT NULL CHECK (target IN ('deployment', 'operator', 'not_cost')),
  deployment_id bigint,
  amount        amount NOT NULL,
  CHECK ((target = 'deployment') = (deployment_id IS NOT NULL)),
  UNIQUE NULLS NOT DISTINCT (reconciliation_id, position, deployment_id)
);
CREATE INDEX bill_line_shares_by_deployment ON bill_line_shares (deployment_id);

-- The same by product: margins of a bill of 200,000 lines are read from a few thousand rows. from_bill: of before the payer's
-- first account was connected, or of what no listing ever showed: nothing but the bill says so, and it was never metered.
CREATE TABLE bill_cost_sums (
  reconciliation_id bigint NOT NULL,
  target        text COLLATE "C" NOT NULL,
  deployment_id bigint,
  product       text,
  from_bill     boolean NOT NULL,
  amount        amount NOT NULL,
  UNIQUE NULLS NOT DISTINCT (reconciliation_id, target, deployment_id, product, from_bill)
);

-- What lived, costs something, and is on no line of the month's bills.
CREATE TABLE bill_missing (
  reconciliation_id bigint NOT NULL,
  ordinal      int NOT NULL,
  resource_id  bigint,
  class        text COLLATE "C" NOT NULL,
  subject      text,
  valid_from   timestamptz NOT NULL,
  valid_to     timestamptz NOT NULL,
  expected     amount,                          -- NULL: nobody says what it costs
  PRIMARY KEY (reconciliation_id, ordinal)
);

CREATE FUNCTION refuse_edit_of_signed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what was signed never changes: % of %', TG_OP, TG_TABLE_NAME;
END
$$;
CREATE TRIGGER signed_is_frozen BEFORE UPDATE OF reconciliation_id, bill_id, bill_version_id, amount, expected,
    differences, allocated, unexplained, residual, made_at, signed_at, signed_by, signed_reason
  ON reconciliations FOR EACH ROW WHEN (OLD.signed_at IS NOT NULL) EXECUTE FUNCTION refuse_edit_of_signed();
CREATE TRIGGER reopened_is_frozen BEFORE UPDATE OF reopened_at, reopened_by, reopened_reason
  ON reconciliations FOR EACH ROW WHEN (OLD.reopened_at IS NOT NULL) EXECUTE FUNCTION refuse_edit_of_signed();
CREATE TRIGGER signed_stays BEFORE DELETE ON reconciliations FOR EACH ROW
  WHEN (OLD.signed_at IS NOT NULL) EXECUTE FUNCTION refuse_edit_of_signed();
-- Results come with their reconciliation, and go with it while it is open.
CREATE TRIGGER outcome_is_frozen BEFORE UPDATE ON bill_line_outcomes FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit_of_signed();
CREATE TRIGGER share_is_frozen BEFORE UPDATE ON bill_line_shares FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit_of_signed();
CREATE TRIGGER cost_sum_is_frozen BEFORE UPDATE ON bill_cost_sums FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit_of_signed();
CREATE TRIGGER missing_is_frozen BEFORE UPDATE ON bill_missing FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit_of_signed();
CREATE FUNCTION refuse_results_of_signed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM (SELECT DISTINCT reconciliation_id FROM touched) t JOIN reconciliations USING (reconciliation_id)
             WHERE signed_at IS NOT NULL) THEN
    RAISE EXCEPTION 'what was signed never changes: % of %', TG_OP, TG_TABLE_NAME;
  END IF;
  IF TG_OP = 'INSERT' AND EXISTS (SELECT reconciliation_id FROM touched EXCEPT SELECT reconciliation_id FROM reconciliations) THEN
    RAISE EXCEPTION 'results of no reconciliation: %', TG_TABLE_NAME USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END
$$;
CREATE FUNCTION delete_results() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM bill_line_shares WHERE reconciliation_id = OLD.reconciliation_id;
  DELETE FROM bill_line_outcomes WHERE reconciliation_id = OLD.reconciliation_id;
  DELETE FROM bill_cost_sums WHERE reconciliation_id = OLD.reconciliation_id;
  DELETE FROM bill_missing WHERE reconciliation_id = OLD.reconciliation_id;
  RETURN NULL;
END
$$;
CREATE TRIGGER results_go AFTER DELETE ON reconciliations FOR EACH ROW EXECUTE FUNCTION delete_results();
CREATE TRIGGER outcome_of_signed_comes AFTER INSERT ON bill_line_outcomes REFERENCING NEW TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_results_of_signed();
CREATE TRIGGER outcome_of_signed_goes AFTER DELETE ON bill_line_outcomes REFERENCING OLD TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_results_of_signed();
CREATE TRIGGER share_of_signed_comes AFTER INSERT ON bill_line_shares REFERENCING NEW TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_results_of_signed();
CREATE TRIGGER share_of_signed_goes AFTER DELETE ON bill_line_shares REFERENCING OLD TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_results_of_signed();
CREATE TRIGGER cost_sum_of_signed_comes AFTER INSERT ON bill_cost_sums REFERENCING NEW TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_results_of_signed();
CREATE TRIGGER cost_sum_of_signed_goes AFTER DELETE ON bill_cost_sums REFERENCING OLD TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_results_of_signed();
CREATE TRIGGER missing_of_signed_comes AFTER INSERT ON bill_missing REFERENCING NEW TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_results_of_signed();
CREATE TRIGGER missing_of_signed_goes AFTER DELETE ON bill_missing REFERENCING OLD TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_results_of_signed();

-- What people say about a bill or one of its lines: appended, never changed. A line is known by its place in a version.
CREATE TABLE bill_decisions (
  bill_decision_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  bill_version_id  bigint NOT NULL REFERENCES provider_bill_versions ON DELETE CASCADE,
  position         int,                         -- NULL: the bill as a whole
  kind             text COLLATE "C" NOT NULL CHECK (kind IN ('note', 'assign', 'accept', 'sign', 'reopen')),
  deployment_id    bigint REFERENCES deployments, -- of 'assign': who bears the line; NULL: nobody any more
  reason           text NOT NULL,
  recorded_at      timestamptz NOT NULL,
  recorded_by      text NOT NULL,
  CHECK (kind NOT IN ('assign') OR position IS NOT NULL),
  CHECK (kind NOT IN ('sign', 'reopen') OR position IS NULL)
);
CREATE INDEX bill_decisions_by_bill ON bill_decisions (bill_version_id, position);
CREATE TRIGGER bill_decision_is_frozen BEFORE UPDATE ON bill_decisions
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit_of_history();

-- How many seconds of a charge count. `timing`: see `charge_timing`; `least`: so many at least; `most`: so many at most,
-- where there is a limit.
CREATE FUNCTION charge_timing(class text, before_2026 boolean, duration_before text, monthly_rule text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE WHEN before_2026 THEN CASE duration_before WHEN 'exact' THEN 'seconds' ELSE 'hours' END
              WHEN class IN ('droplet', 'pool', 'app') THEN 'minute'
              WHEN class = 'database' THEN 'hours'
              WHEN monthly_rule = 'month_hours' THEN 'month'
              WHEN monthly_rule = 'seconds' THEN 'seconds'
              ELSE 'hours' END;
END;
CREATE FUNCTION counted_seconds(timing text, seconds numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE timing WHEN 'hours' THEN 3600 * greatest(1, floor(seconds / 3600))
                     WHEN 'month' THEN 3600 * greatest(1, floor(seconds / 3600))
                     WHEN 'minute' THEN greatest(seconds, 60) ELSE seconds END;
END;
-- A cent at least, where there is such a minimum.
CREATE FUNCTION least_amount(class text, before_2026 boolean) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE WHEN class IN ('snapshot', 'custom_image') OR class IN ('droplet', 'pool', 'app') AND NOT before_2026 THEN 0.01 ELSE 0 END;
END;
CREATE AGGREGATE least_common_multiple(numeric) (SFUNC = lcm, STYPE = numeric, INITCOND = '1', PARALLEL = SAFE, COMBINEFUNC = lcm);

-- Which reconciliations count: of each bill the one that was signed, or else that of now; of a month the final bills, or
-- else the preview. A bill that the provider lists no longer counts only while it is signed: what was signed stands. One
-- that is listed and not signed may have taken its place: that is doubtful, because the cost may be there twice.
CREATE VIEW provider_billing_counting AS
  SELECT b.period AS month, b.bill_id, b.payer_id, b.kind, r.reconciliation_id, r.bill_version_id, r.signed_at IS NOT NULL AS signed,
         p.currency, r.residual,
         CASE WHEN r.signed_at IS NOT NULL THEN 'signed' WHEN b.kind = 'preview' THEN 'preview'
              WHEN EXISTS (SELECT FROM provider_bills g JOIN reconciliations s USING (bill_id)
                           WHERE g.payer_id = b.payer_id AND g.period = b.period AND g.missing_since IS NOT NULL
                             AND s.signed_at IS NOT NULL AND s.reopened_at IS NULL) THEN 'doubtful'
              ELSE 'final' END AS state
  FROM provider_bills b
  JOIN bill_payers p USING (payer_id)
  JOIN reconciliations r ON r.bill_id = b.bill_id AND r.reopened_at IS NULL
   AND (r.signed_at IS NOT NULL OR NOT EXISTS (SELECT FROM reconciliations s WHERE s.bill_id = b.bill_id
                                               AND s.signed_at IS NOT NULL AND s.reopened_at IS NULL))
  WHERE (b.missing_since IS NULL OR r.signed_at IS NOT NULL) AND (b.kind = 'final' OR NOT EXISTS (
    SELECT FROM provider_bills f JOIN reconciliations s USING (bill_id)
    WHERE f.payer_id = b.payer_id AND f.period = b.period AND f.kind = 'final' AND s.reopened_at IS NULL
      AND (f.missing_since IS NULL OR s.signed_at IS NOT NULL)));

-- What each deployment cost in a month, line by line.
CREATE VIEW provider_billing_costs AS
  SELECT r.month, r.bill_id, r.payer_id, r.kind, r.reconciliation_id, r.signed, r.currency,
         o.position, l.product, o.outcome, o.rule, o.resource_id, s.target, s.deployment_id, s.amount
  FROM provider_billing_counting r
  JOIN bill_line_outcomes o USING (reconciliation_id)
  JOIN bill_line_shares s USING (reconciliation_id, position)
  JOIN provider_bill_lines l ON l.bill_version_id = r.bill_version_id AND l.position = o.position;

-- What each deployment cost in a month, by product.
CREATE VIEW provider_billing_sums AS
  SELECT r.month, r.payer_id, r.kind, r.signed, r.state, r.currency, s.target, s.deployment_id, s.product, s.from_bill, s.amount
  FROM provider_billing_counting r JOIN bill_cost_sums s USING (reconciliation_id);

-- What only bills know: it is no resource, and nothing of it is metered. Known by the provider's id, or by its words.
CREATE VIEW provider_billing_resources AS
  SELECT r.payer_id, coalesce(p.resource_kind, l.product, '') AS kind, coalesce(l.resource_uuid, l.resource_id) AS external_id,
         CASE WHEN num_nonnulls(l.resource_uuid, l.resource_id) = 0 THEN coalesce(l.description, '') END AS words,
         (array_agg(l.description ORDER BY r.month DESC, l.position DESC))[1] AS name,
         min(coalesce(l.start_time, r.month::timestamp AT TIME ZONE 'UTC')) AS first_at,
         max(coalesce(l.end_time, (r.month + interval '1 month') AT TIME ZONE 'UTC')) AS last_at,
         count(DISTINCT r.month) AS months, count(*) AS lines, sum(l.amount) AS amount, r.currency
  FROM provider_billing_counting r JOIN bill_line_outcomes o USING (reconciliation_id)
  JOIN provider_bill_lines l ON l.bill_version_id = r.bill_version_id AND l.position = o.position
  LEFT JOIN bill_products p USING (product)
  WHERE o.outcome = 'from_bill' AND coalesce(p.class, '') <> 'backup'
  GROUP BY 1, 2, 3, 4, r.currency;

CALL publish_changes('reconciliations', 'bill.reconciled',
  'SELECT bill_id AS subject, NULL AS customer_id FROM changed WHERE made_at < ''infinity''');
CALL audit_changes('billing_rule_beliefs');
CALL audit_changes('allocation_rules');
CALL audit_changes('bill_decisions');

CALL publish_changes('provider_bill_versions', 'bill.changed',
  $$SELECT bill_id AS subject, NULL AS customer_id FROM changed WHERE state = 'sealed'$$);
CALL publish_changes('provider_bills', 'bill.changed',
  'SELECT bill_id AS subject, NULL AS customer_id FROM changed WHERE missing_since IS NOT NULL');
CALL publish_changes('provider_surprises', 'bill.surprise',
  'SELECT DISTINCT p.slug AS subject, NULL::bigint AS customer_id FROM changed JOIN provider_insight_days USING (insight_day_id) JOIN bill_payers p USING (payer_id)');
CALL publish_changes('provider_balances', 'balance.changed',
  'SELECT slug AS subject, NULL AS customer_id FROM changed JOIN bill_payers USING (payer_id)');
CALL audit_changes('bill_payers');
CALL audit_changes('bill_payer_accounts');

CALL protect_from_customers('bill_payers');
CALL protect_from_customers('bill_payer_accounts');
CALL protect_from_customers('provider_billing_reads');
CALL protect_from_customers('provider_balances');
CALL protect_from_customers('provider_billing_entries');
CALL protect_from_customers('provider_bills');
CALL protect_from_customers('provider_bill_versions');
CALL protect_from_customers('provider_bill_pages');
CALL protect_from_customers('provider_bill_lines');
CALL protect_from_customers('provider_bill_files');
CALL protect_from_customers('provider_insight_days');
CALL protect_from_customers('provider_insights');
CALL protect_from_customers('provider_surprises');
CALL protect_from_customers('provider_checked_days');
CALL protect_from_customers('billing_rule_variants');
CALL protect_from_customers('billing_rule_beliefs');
CALL protect_from_customers('bill_products');
CALL protect_from_customers('allocation_rules');
CALL protect_from_customers('reconciliations');
CALL protect_from_customers('reconciled_months');
CALL protect_from_customers('bill_line_outcomes');
CALL protect_from_customers('bill_line_shares');
CALL protect_from_customers('bill_missing');
CALL protect_from_customers('bill_cost_sums');
CALL protect_from_customers('provider_billing_sums');
CALL protect_from_customers('bill_decisions');
CALL protect_from_customers('provider_billing_costs');
CALL protect_from_customers('provider_billing_counting');
CALL protect_from_customers('provider_billing_resources');

CALL give_access('GRANT USAGE ON SEQUENCE allocation_rule_ids TO arcadia_worker, arcadia_api');
CALL pin_search_paths();
CALL arm_triggers();
