-- Invoices are told of as they change (see 0009_events.sql): to the customer from the moment on at
-- which they may see it. Before that a change is ours alone.
CALL tell_changes('invoices', 'invoice.changed', $$
  SELECT invoice_id AS subject, CASE WHEN issued_at IS NOT NULL THEN customer_id END AS customer_id FROM changed$$);
