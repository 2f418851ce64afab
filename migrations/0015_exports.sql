-- exports: a month holds the credit notes that were issued in it, whatever month they correct.

CREATE INDEX invoices_credit_notes_by_issue ON invoices (issued_at) WHERE kind = 'credit_note';
