-- payments: what was said to be paid of an invoice, and given back.

-- A fact, kept as it was said: by whom (a provider of payments, a bank, a person) and under which id. What is given back
-- is below zero, an attempt that failed is nothing, and a reversal is the opposite of what was recorded under its id in error.
-- What an invoice's payment comes to is derived from it by the clock.
CREATE TABLE invoice_payments (
  invoice_payment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  provider           slug NOT NULL,
  payment            text COLLATE "C" NOT NULL CHECK (length(payment) BETWEEN 1 AND 200),
  kind               text COLLATE "C" NOT NULL CHECK (kind IN ('payment', 'refund', 'chargeback', 'reversal', 'failed')),
  invoice_id         bigint NOT NULL REFERENCES invoices,
  customer_id        bigint NOT NULL REFERENCES customers,
  currency           currency_code NOT NULL,
  amount             amount NOT NULL,
  paid_at            timestamptz NOT NULL,
  note               text,
  recorded_at        timestamptz NOT NULL,
  recorded_by        text NOT NULL,
  UNIQUE (provider, payment, kind),
  CHECK (CASE kind WHEN 'payment' THEN amount > 0 WHEN 'failed' THEN amount = 0 WHEN 'reversal' THEN amount <> 0 ELSE amount < 0 END)
);
-- One id is of one thing: two that were given back of one payment each have an id of their own.
CREATE UNIQUE INDEX invoice_payments_one_id ON invoice_payments (provider, payment) WHERE kind IN ('payment', 'refund', 'chargeback');
CREATE INDEX invoice_payments_by_invoice ON invoice_payments (invoice_id);
CREATE INDEX invoice_payments_by_customer ON invoice_payments (customer_id, invoice_payment_id);
CREATE INDEX invoices_by_credited ON invoices (credits_invoice_id) WHERE credits_invoice_id IS NOT NULL;
CREATE TRIGGER payments_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON invoice_payments
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_kept();

CALL let_customers_read('invoice_payments', 'invoice_id = ANY (ARRAY(SELECT i.invoice_id FROM invoices i))', '{note,recorded_by}');
CALL publish_changes('invoice_payments', 'payment.changed', 'SELECT invoice_id AS subject, customer_id FROM changed');
CALL audit_changes('invoice_payments');

CALL pin_search_paths();
CALL arm_triggers();
