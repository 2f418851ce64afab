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
  PRIMARY KEY (payer_id, generated_at)
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

-- Its lines, in the bill's own order. They have no id, and equal ones are legal.
CREATE TABLE provider_bill_lines (
  bill_version_id   bigint NOT NULL REFERENCES provider_bill_versions ON DELETE CASCADE,
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

CALL publish_changes('provider_bill_versions', 'bill.changed',
  $$SELECT bill_id AS subject, NULL AS customer_id FROM changed WHERE state = 'sealed'$$);
CALL publish_changes('provider_bills', 'bill.changed',
  'SELECT bill_id AS subject, NULL AS customer_id FROM changed WHERE missing_since IS NOT NULL');
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
CALL protect_from_customers('provider_insight_days');
CALL protect_from_customers('provider_insights');

CALL pin_search_paths();
CALL arm_triggers();
