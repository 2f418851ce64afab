-- invoices: who bills whom and how, what is billed for each month, and what was corrected since.

-- What documents are drawn with: logos, and a font for names in scripts that the built-in fonts
-- do not have. Kept for ever by their digest, so that an issued document can be drawn again. An image is as it was
-- written anew from what was given.
CREATE TABLE document_assets (
  digest     bytea PRIMARY KEY CHECK (octet_length(digest) = 32),   -- sha256 of the bytes
  media_type text COLLATE "C" NOT NULL CHECK (media_type IN ('image/png', 'image/jpeg', 'font/ttf', 'font/otf')),
  bytes      bytea NOT NULL,
  CHECK (octet_length(bytes) <= CASE WHEN media_type LIKE 'image/%' THEN 4194304 ELSE 25165824 END)
);

-- The companies that bill.
CREATE TABLE legal_entities (
  legal_entity_id    int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slug               slug NOT NULL UNIQUE,
  is_default         boolean NOT NULL,
  footer             text,
  numbering          text COLLATE "C" NOT NULL CHECK (numbering IN ('own', 'external')),
  invoice_prefix     text NOT NULL,
  credit_note_prefix text NOT NULL CHECK (credit_note_prefix <> invoice_prefix),
  number_digits      smallint NOT NULL CHECK (number_digits BETWEEN 1 AND 12),
  terms_days         smallint NOT NULL CHECK (terms_days BETWEEN 0 AND 365),
  -- After the end of a month, for late facts: until it is over its drafts only follow the facts.
  grace_days         smallint NOT NULL CHECK (grace_days BETWEEN 0 AND 60),
  logo_digest        bytea REFERENCES document_assets,
  font_digest        bytea REFERENCES document_assets,
  created_at         timestamptz NOT NULL
);
CREATE UNIQUE INDEX legal_entities_default ON legal_entities (is_default) WHERE is_default;
INSERT INTO legal_entities (slug, is_default, numbering, invoice_prefix, credit_note_prefix, number_digits, terms_days,
                            grace_days, created_at)
  VALUES ('default', true, 'own', 'INV-', 'CN-', 6, 14, 3, '-infinity');

-- What a legal entity is called, where it is, and how it is paid, over days. A document takes what holds on the last
-- day of its month; an issued one keeps it.
CREATE TABLE legal_entity_parties (
  legal_entity_party_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  legal_entity_id int NOT NULL REFERENCES legal_entities,
  name            text CHECK (name <> ''),            -- NULL: not recorded yet; nothing is issued without it
  address         text[] NOT NULL,                    -- as it is printed, line by line
  tax_ids         text[] NOT NULL,                    -- as they are printed: 'VAT DE123456789'
  email           text,
  party           jsonb NOT NULL,                     -- {city, country, vatId, iban, ...}: null where not told
  recorded_by     text NOT NULL
);
CALL keep_history('legal_entity_parties', 'legal_entity_id');

-- The last number given in each series. Locked by whoever issues until the end of its transaction,
-- so that a number is never skipped and never given twice.
CREATE TABLE number_series (
  legal_entity_id int NOT NULL REFERENCES legal_entities,
  kind            text COLLATE "C" NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
  last_number     bigint NOT NULL CHECK (last_number >= 0),
  PRIMARY KEY (legal_entity_id, kind)
);

-- The rate of a legal entity's tax category, over days. A category without a rate is not taxed.
CREATE TABLE tax_rates (
  tax_rate_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  legal_entity_id int NOT NULL REFERENCES legal_entities,
  category        slug NOT NULL,
  title           text NOT NULL,                      -- as it is printed: 'VAT'
  percent         numeric NOT NULL CHECK (percent BETWEEN 0 AND 100),
  recorded_by     text NOT NULL
);
CALL keep_history('tax_rates', 'legal_entity_id', 'category');

-- How a customer is billed, over days. An invoice takes what holds on the last day of its month.
CREATE TABLE customer_billing (
  customer_billing_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id     bigint NOT NULL REFERENCES customers,
  legal_entity_id int REFERENCES legal_entities,      -- NULL: the default one
  legal_name      text,                               -- NULL: the customer's name
  address         text[] NOT NULL,
  tax_ids         text[] NOT NULL,
  po_number       text,
  email           text,
  party           jsonb NOT NULL DEFAULT '{}',        -- {city, country, vatId, buyerReference, ...}: null or absent where not told
  terms_days      smallint CHECK (terms_days BETWEEN 0 AND 365),  -- NULL: the legal entity's
  tax_category    slug NOT NULL,
  tax_treatment   text COLLATE "C" NOT NULL CHECK (tax_treatment IN ('taxed', 'exempt', 'reverse_charge')),
  tax_note        text,                               -- why exempt, as it is printed
  recorded_by     text NOT NULL,
  CHECK (tax_treatment <> 'exempt' OR tax_note IS NOT NULL)
);
CALL keep_history('customer_billing', 'customer_id');

-- Draft: follows the facts. Approved: somebody approved it as it is. Issued: frozen, numbered, hashed.
-- An issued one can be cancelled: by a credit note of all that is left of it, issued in the same transaction.
CREATE TABLE invoices (
  invoice_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind            text COLLATE "C" NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
  -- The invoice that a credit note takes back a part of.
  credits_invoice_id bigint REFERENCES invoices,
  legal_entity_id int NOT NULL REFERENCES legal_entities,
  customer_id     bigint NOT NULL REFERENCES customers,
  currency        currency_code NOT NULL,
  month           calendar_month NOT NULL,
  state           text COLLATE "C" NOT NULL CHECK (state IN ('draft', 'approved', 'issued')),
  -- The last change that it has seen: it says what the facts up to there say.
  change_id       bigint NOT NULL,
  usage_revision  bigint NOT NULL,                    -- of its month's usage, the newest; 0: there was none
  -- sha256 of all that the lines are made from: the same facts, the same digest.
  inputs_digest   bytea NOT NULL,
  subtotal        amount NOT NULL,
  tax             amount NOT NULL,
  total           amount NOT NULL,
  -- [{category, title, percent, treatment, note, base, amount}], as they are printed.
  taxes           jsonb NOT NULL,
  drafted_at      timestamptz NOT NULL,
  approved_at     timestamptz,
  approved_by     text,
  -- Why it was approved although its month was not final or its grace period not over.
  override_reason text,
  issued_at       timestamptz,
  issued_by       text,
  number          text,
  sequence_number bigint,                             -- NULL: numbered elsewhere
  due_on          date,
  -- The whole of it as canonical JSON, from which every other form is made, and its sha256.
  document        text,
  document_digest bytea,
  cancelled_at    timestamptz,
  cancelled_by    text,
  cancel_reason   text,
  cancelling_note_id bigint REFERENCES invoices,
  CHECK (total = subtotal + tax),
  CHECK ((kind = 'credit_note') = (credits_invoice_id IS NOT NULL)),
  CHECK ((approved_at IS NULL) = (approved_by IS NULL)),
  CHECK (state <> 'draft' OR approved_at IS NULL),
  CHECK (num_nonnulls(issued_at, issued_by, number, due_on, document, document_digest) IN (0, 6)),
  CHECK (state NOT IN ('draft', 'approved') OR issued_at IS NULL),
  CHECK (state <> 'issued' OR issued_at IS NOT NULL),
  CHECK (num_nonnulls(cancelled_at, cancelled_by, cancel_reason, cancelling_note_id) IN (0, 4)),
  CHECK (cancelled_at IS NULL OR (kind = 'invoice' AND state = 'issued'))
);
-- One per legal entity, customer, currency and month. The customer's billing details name one legal
-- entity for a month, and a month that one entity has billed is not billed again by another.
CREATE UNIQUE INDEX invoices_once ON invoices (customer_id, currency, month) WHERE kind = 'invoice' AND cancelled_at IS NULL;
CREATE UNIQUE INDEX invoices_by_number ON invoices (legal_entity_id, number);
CREATE INDEX invoices_by_any_number ON invoices (lower(number) COLLATE "C") WHERE number IS NOT NULL;
CREATE UNIQUE INDEX invoices_by_sequence ON invoices (legal_entity_id, kind, sequence_number);
-- An export of a month holds the credit notes that were issued in it, whatever month they correct.
CREATE INDEX invoices_credit_notes_by_issue ON invoices (issued_at) WHERE kind = 'credit_note';
CREATE INDEX invoices_by_month ON invoices (month, state);

CREATE TABLE invoice_lines (
  invoice_id    bigint NOT NULL REFERENCES invoices ON DELETE CASCADE,
  position      int NOT NULL,
  kind          text COLLATE "C" NOT NULL CHECK (kind IN ('base', 'usage', 'adjustment', 'manual', 'correction')),
  deployment_id bigint,
  -- The month in which it was used; of a correction the one that is corrected.
  service_month calendar_month NOT NULL,
  -- What is billed, the same in every month: the key of a rated line, 'manual 17'.
  component     text COLLATE "C" NOT NULL,
  description   text NOT NULL,
  quantity      numeric,
  unit          text,
  unit_price    amount,
  amount        amount NOT NULL,
  -- {category, percent, treatment, title, note}
  tax           jsonb NOT NULL,
  -- How the amount comes about: plan, days, allowance, tiers, limits.
  details       jsonb NOT NULL,
  PRIMARY KEY (invoice_id, position)
);
CREATE INDEX invoice_lines_by_service ON invoice_lines (deployment_id, service_month);

-- The PDF of an issued document as it was first drawn: whoever asks again gets the same bytes.
CREATE TABLE invoice_pdfs (
  invoice_id bigint PRIMARY KEY REFERENCES invoices,
  digest     bytea NOT NULL CHECK (octet_length(digest) = 32),
  bytes      bytea NOT NULL
);

-- Lines by hand: setup, support hours, domains. They come on the invoice of their month.
CREATE TABLE manual_lines (
  manual_line_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id    bigint NOT NULL REFERENCES customers,
  deployment_id  bigint REFERENCES deployments,
  currency       currency_code NOT NULL,
  month          calendar_month NOT NULL,
  description    text NOT NULL CHECK (description <> ''),
  quantity       numeric NOT NULL,
  unit           text,
  unit_price     amount NOT NULL,
  tax_category   text COLLATE "C",                    -- NULL: the customer's
  added_at       timestamptz NOT NULL,
  added_by       text NOT NULL,
  removed_at     timestamptz,
  removed_by     text,
  CHECK ((removed_at IS NULL) = (removed_by IS NULL))
);
CREATE INDEX manual_lines_by_month ON manual_lines (month, customer_id) WHERE removed_at IS NULL;

-- Up to which change each kind of check has looked at all of its customers' months. A check that was
-- written since has its own position until then; see src/invoices/checks.store.ts.
CREATE TABLE check_progress (
  checks    text COLLATE "C" PRIMARY KEY CHECK (checks IN ('correction_checks', 'draft_checks')),
  change_id bigint NOT NULL
);
INSERT INTO check_progress VALUES ('correction_checks', 0), ('draft_checks', 0);

-- Derived, and disposable: up to which change it is known whether a customer's issued month still costs
-- what was issued for it, or what correction_costs says.
CREATE TABLE correction_checks (
  customer_id bigint NOT NULL,
  month       calendar_month NOT NULL,
  change_id   bigint,                        -- NULL: up to that of check_progress
  -- Something that it rests on has changed behind there: it is to be rated again.
  stale       boolean NOT NULL,
  -- Whether correction_costs holds what it costs: it was found to have changed once.
  costs_known boolean NOT NULL,
  PRIMARY KEY (customer_id, month)
);
CREATE INDEX correction_checks_stale ON correction_checks (month) WHERE stale;
CREATE INDEX correction_checks_new ON correction_checks (change_id) WHERE change_id IS NOT NULL;
-- Derived, and disposable: a customer's month that was composed when nobody drafted it any more, up to
-- which change. All that was due is drafted, and nothing else is until something behind it touches it.
CREATE TABLE draft_checks (
  customer_id bigint NOT NULL,
  month       calendar_month NOT NULL,
  change_id   bigint,                        -- NULL: up to that of check_progress
  PRIMARY KEY (customer_id, month)
);
CREATE INDEX draft_checks_new ON draft_checks (change_id) WHERE change_id IS NOT NULL;

-- Derived: what an issued month costs now, where it was found to have changed since.
CREATE TABLE correction_costs (
  customer_id   bigint NOT NULL,
  deployment_id bigint NOT NULL,
  month         calendar_month NOT NULL,
  currency      currency_code NOT NULL,
  component     text COLLATE "C" NOT NULL,
  description   text NOT NULL,
  amount        amount NOT NULL,
  PRIMARY KEY (deployment_id, month, currency, component)
);
CREATE INDEX correction_costs_by_month ON correction_costs (customer_id, month);

-- What the operator decided about a correction: exactly these amounts, on the invoice of a later
-- month, on a credit note, or waived. What changes afterwards is another correction.
CREATE TABLE corrections (
  correction_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  decision      text COLLATE "C" NOT NULL CHECK (decision IN ('invoice', 'credit_note', 'waive')),
  customer_id   bigint NOT NULL REFERENCES customers,
  deployment_id bigint NOT NULL REFERENCES deployments,
  month         calendar_month NOT NULL,
  currency      currency_code NOT NULL,
  component     text COLLATE "C" NOT NULL,
  description   text NOT NULL,
  amount        amount NOT NULL CHECK (amount <> 0),
  -- On whose invoice it comes, or which credit note it is on.
  target_month  calendar_month,
  credit_note_id bigint REFERENCES invoices,
  reason        text,
  decided_at    timestamptz NOT NULL,
  decided_by    text NOT NULL,
  -- Taken back by a decision the other way, or with the invoice that it corrects, when that is cancelled.
  withdrawn_at  timestamptz,
  CHECK ((decision = 'invoice') = (target_month IS NOT NULL)),
  CHECK ((decision = 'credit_note') = (credit_note_id IS NOT NULL)),
  CHECK (decision <> 'waive' OR reason IS NOT NULL)
);
CREATE INDEX corrections_by_service ON corrections (deployment_id, month) WHERE withdrawn_at IS NULL;
CREATE INDEX corrections_by_target ON corrections (customer_id, target_month) WHERE withdrawn_at IS NULL;

-- Derived, and disposable: what a month's invoices come to, before tax, as src/invoices/month-figures.ts composes
-- them, so that whoever looks need not rate every deployment.
CREATE TABLE rated_months (
  month           calendar_month PRIMARY KEY,
  change_id       bigint NOT NULL,              -- it is up to this change
  documents       text NOT NULL,                -- and up to these manual lines and decided corrections
  metered_through date NOT NULL,                -- and to this day, which is not in it
  rated_at        timestamptz NOT NULL,
  failures        jsonb NOT NULL                -- customers that could not be rated: [{customer, reason}]
);
-- deployment_id 0: lines of no deployment.
CREATE TABLE deployment_months (
  month           calendar_month NOT NULL REFERENCES rated_months,
  deployment_id   bigint NOT NULL,
  currency        currency_code NOT NULL,
  to_date         amount NOT NULL,
  forecast        amount NOT NULL,              -- at the month's end, if everything stays as it is
  last_same_day   amount NOT NULL,              -- of the month before, by usage up to the same day
  last_month      amount NOT NULL,
  PRIMARY KEY (month, deployment_id, currency)
);
CREATE INDEX deployment_months_moved ON deployment_months (month, abs(to_date - last_same_day) DESC) WHERE to_date <> last_same_day;
-- What the month came to at the end of each of its days.
CREATE TABLE money_days (
  day             date NOT NULL,
  currency        currency_code NOT NULL,
  month           calendar_month NOT NULL REFERENCES rated_months,
  to_date         amount NOT NULL,
  PRIMARY KEY (day, currency)
);
-- What a month earns by what it was used for, before tax: fees are those of the month itself, of a year's fee the part
-- that falls into it. kind: of the line; NULL deployment_id: of the customer as a whole.
CREATE TABLE month_revenue (
  month           calendar_month NOT NULL REFERENCES rated_months,
  customer_id     bigint NOT NULL,
  deployment_id   bigint,
  currency        currency_code NOT NULL,
  kind            text COLLATE "C" NOT NULL CHECK (kind IN ('base', 'usage', 'adjustment', 'manual')),
  plan            text COLLATE "C",
  billing_kind    text COLLATE "C",
  product         text COLLATE "C",             -- of cost that is passed on, as the provider's bills name it
  amount          amount NOT NULL,
  UNIQUE NULLS NOT DISTINCT (month, customer_id, deployment_id, currency, kind, plan, billing_kind, product)
);
-- What both come to in all.
CREATE TABLE month_totals (
  month           calendar_month NOT NULL REFERENCES rated_months,
  currency        currency_code NOT NULL,
  deployments     int NOT NULL,
  to_date         amount,                       -- NULL, like the next three: no deployment has the currency
  forecast        amount,
  last_same_day   amount,
  last_month      amount,
  revenue         amount,                       -- NULL: nothing is earned in the currency
  PRIMARY KEY (month, currency)
);
CALL publish_changes('deployment_months', 'figures.changed', $$SELECT to_char(month, 'YYYY-MM') AS subject, NULL AS customer_id FROM changed$$);

-- Issued is frozen, whoever writes: the only change is the marking as cancelled, once nothing is left of the invoice.
CREATE FUNCTION refuse_change_of_issued() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  cancelling CONSTANT text[] = '{cancelled_at,cancelled_by,cancel_reason,cancelling_note_id}';
  settled boolean;
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    RAISE EXCEPTION 'invoices are not truncated' USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.state <> 'issued' THEN
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
  END IF;
  IF TG_OP = 'UPDATE' AND OLD.cancelled_at IS NULL AND NEW.cancelled_at IS NOT NULL
     AND to_jsonb(NEW) - cancelling = to_jsonb(OLD) - cancelling THEN
    SELECT sum(subtotal) = 0 AND sum(tax) = 0 AND bool_or(invoice_id = NEW.cancelling_note_id) INTO settled
    FROM invoices WHERE invoice_id = OLD.invoice_id OR credits_invoice_id = OLD.invoice_id;
    IF settled THEN
      RETURN NEW;
    END IF;
    RAISE EXCEPTION 'invoice % is not credited in full: it is not cancelled', OLD.invoice_id USING ERRCODE = 'restrict_violation';
  END IF;
  RAISE EXCEPTION 'invoice % is %: it never changes', OLD.invoice_id, OLD.state USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER issued_is_frozen BEFORE UPDATE OR DELETE ON invoices FOR EACH ROW EXECUTE FUNCTION refuse_change_of_issued();
CREATE TRIGGER invoices_stay BEFORE TRUNCATE ON invoices FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_issued();

-- Once a statement, not once a line: a night's drafts are hundreds of thousands of lines.
CREATE FUNCTION refuse_lines_of_issued() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  frozen bigint;
BEGIN
  SELECT invoice_id INTO frozen FROM touched JOIN invoices USING (invoice_id) WHERE state = 'issued' LIMIT 1;
  IF frozen IS NOT NULL THEN
    RAISE EXCEPTION 'invoice % is issued: its lines never change', frozen USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE FUNCTION refuse_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is kept as it is', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER issued_lines_inserted AFTER INSERT ON invoice_lines REFERENCING NEW TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_lines_of_issued();
CREATE TRIGGER issued_lines_deleted AFTER DELETE ON invoice_lines REFERENCING OLD TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_lines_of_issued();
-- A line is replaced, never edited.
CREATE TRIGGER lines_stay BEFORE UPDATE OR TRUNCATE ON invoice_lines FOR EACH STATEMENT EXECUTE FUNCTION refuse_kept();
CREATE TRIGGER pdfs_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON invoice_pdfs FOR EACH STATEMENT EXECUTE FUNCTION refuse_kept();

-- What each issued month was billed: everything issued for it, whichever document it is on.
CREATE VIEW invoices_billed AS
  SELECT i.customer_id, l.deployment_id, l.service_month AS month, i.currency, l.component, sum(l.amount) AS amount
  FROM invoice_lines l JOIN invoices i USING (invoice_id)
  WHERE i.state = 'issued' AND l.kind <> 'manual'
  GROUP BY i.customer_id, l.deployment_id, l.service_month, i.currency, l.component;

-- What months earn, before tax: accrued, as the last rating kept it; billed, as documents that were issued for the month
-- say. A correction is of the plan and the meter of the line that it corrects.
CREATE VIEW invoices_revenue AS
  SELECT 'accrued' AS basis, month, customer_id, deployment_id, currency, kind, plan, billing_kind, product, amount FROM month_revenue
  UNION ALL
  SELECT 'billed', l.service_month, i.customer_id, l.deployment_id, i.currency, coalesce(o.kind, l.kind),
         coalesce(l.details ->> 'plan', o.details ->> 'plan'), coalesce(l.details ->> 'billingKind', o.details ->> 'billingKind'),
         coalesce(l.details ->> 'product', o.details ->> 'product'), l.amount
  FROM invoice_lines l JOIN invoices i USING (invoice_id)
  LEFT JOIN LATERAL (
    SELECT x.kind, x.details FROM invoice_lines x JOIN invoices c ON c.invoice_id = x.invoice_id AND c.state = 'issued'
    WHERE l.kind = 'correction' AND x.kind <> 'correction' AND x.deployment_id = l.deployment_id
      AND x.service_month = l.service_month AND x.component = l.component
    ORDER BY x.invoice_id, x.position LIMIT 1) o ON true
  WHERE i.state = 'issued';
-- The same in all.
CREATE VIEW invoices_month_revenue AS
  SELECT 'accrued' AS basis, month, currency, revenue AS amount FROM month_totals WHERE revenue IS NOT NULL
  UNION ALL
  SELECT basis, month, currency, sum(amount) FROM invoices_revenue WHERE basis = 'billed' GROUP BY basis, month, currency;
CREATE VIEW invoices_rated_months AS SELECT month, rated_at FROM rated_months;

-- Customers see what was issued to them, and nothing of drafts, decisions and costs.
CALL let_customers_read('invoices', 'customer_id = (SELECT current_customer()) AND issued_at IS NOT NULL',
  '{change_id,inputs_digest,override_reason,approved_by,issued_by,cancelled_by}');
CALL let_customers_read('invoice_lines', 'invoice_id = ANY (ARRAY(SELECT i.invoice_id FROM invoices i))', '{}');
CALL let_customers_read('invoice_pdfs', 'invoice_id = ANY (ARRAY(SELECT i.invoice_id FROM invoices i))', '{}');
-- What is printed on every document is no secret.
CALL publish_to_customers('document_assets');
-- Customers see what their own deployments come to, and how far that goes.
CALL publish_to_customers('rated_months', '{change_id,documents,failures}');
CALL protect_by_deployment('deployment_months');
CALL protect_from_customers('money_days');
CALL protect_from_customers('month_revenue');
CALL protect_from_customers('month_totals');
CALL protect_from_customers('invoices_revenue');
CALL protect_from_customers('invoices_month_revenue');
CALL protect_from_customers('invoices_rated_months');
CALL protect_from_customers('legal_entities');
CALL protect_from_customers('legal_entity_parties');
CALL protect_from_customers('number_series');
CALL protect_from_customers('tax_rates');
-- To whom their invoices are addressed; not which of the sellers bills, nor who wrote it down.
CALL protect_by_customer('customer_billing', '{legal_entity_id,recorded_by}');
CALL protect_from_customers('manual_lines');
CALL protect_from_customers('check_progress');
CALL protect_from_customers('correction_checks');
CALL protect_from_customers('correction_costs');
CALL protect_from_customers('corrections');
CALL protect_from_customers('invoices_billed');
CALL protect_from_customers('draft_checks');

CALL publish_changes('legal_entities', 'entity.changed', 'SELECT slug AS subject, NULL AS customer_id FROM changed');
CALL publish_changes('legal_entity_parties', 'entity.changed',
  'SELECT slug AS subject, NULL AS customer_id FROM changed JOIN legal_entities USING (legal_entity_id)');
CALL publish_changes('tax_rates', 'entity.changed',
  'SELECT slug AS subject, NULL AS customer_id FROM changed JOIN legal_entities USING (legal_entity_id)');
CALL publish_changes('customer_billing', 'billing.changed',
  'SELECT external_id AS subject, NULL AS customer_id FROM changed JOIN customers USING (customer_id)');
CALL publish_changes('correction_costs', 'correction.changed',
  'SELECT slug AS subject, NULL AS customer_id FROM changed JOIN deployments USING (deployment_id)');
CALL publish_changes('corrections', 'correction.changed',
  'SELECT slug AS subject, NULL AS customer_id FROM changed JOIN deployments USING (deployment_id)');
CALL audit_changes('legal_entities');
CALL audit_changes('legal_entity_parties');
CALL audit_changes('tax_rates');
CALL audit_changes('customer_billing');
CALL audit_changes('manual_lines');
CALL audit_changes('corrections');
-- Of invoices only what people decide: what drafts say is derived, and what an issued one says is in
-- its digest.
CREATE TABLE invoice_decisions (
  invoice_decision_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- No reference: what was decided stays when a draft that was approved once is no longer due.
  invoice_id      bigint NOT NULL,
  state           text COLLATE "C" NOT NULL,
  total           amount NOT NULL,
  number          text,
  document_digest bytea,
  reason          text,
  decided_at      timestamptz NOT NULL,
  decided_by      text NOT NULL
);
CREATE INDEX invoice_decisions_by_invoice ON invoice_decisions (invoice_id);
CREATE FUNCTION record_invoice_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO invoice_decisions (invoice_id, state, total, number, document_digest, reason, decided_at, decided_by)
  SELECT NEW.invoice_id, CASE WHEN NEW.cancelled_at IS NULL THEN NEW.state ELSE 'cancelled' END, NEW.total, NEW.number,
         NEW.document_digest, coalesce(NEW.cancel_reason, CASE NEW.state WHEN 'approved' THEN NEW.override_reason END),
         coalesce(NEW.cancelled_at, NEW.issued_at, NEW.approved_at), coalesce(NEW.cancelled_by, NEW.issued_by, NEW.approved_by);
  RETURN NULL;
END $$;
CREATE TRIGGER decisions AFTER UPDATE ON invoices
  FOR EACH ROW WHEN (NEW.state <> 'draft' AND (OLD.state IS DISTINCT FROM NEW.state OR OLD.cancelled_at IS DISTINCT FROM NEW.cancelled_at))
  EXECUTE FUNCTION record_invoice_decision();
CALL protect_from_customers('invoice_decisions');
CALL audit_changes('invoice_decisions');
-- Published as they change: to the customer from the moment on at which they may see it. Before that a
-- change is ours alone.
CALL publish_changes('invoices', 'invoice.changed', $$
  SELECT invoice_id AS subject, CASE WHEN issued_at IS NOT NULL THEN customer_id END AS customer_id FROM changed$$);

CALL pin_search_paths();
CALL arm_triggers();
