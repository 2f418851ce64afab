-- invoices: a month's cost rests on the usage of the months whose allowances it carries, too.

-- What metering knew of a month and of the twelve before it, of which it may carry allowances: their
-- states, the month's own first. Whether or not anything was billed for those, what has changed in
-- them since can be told.
CREATE TABLE usage_windows (
  usage_window_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  month           date NOT NULL CHECK (extract(day FROM month) = 1),
  usage_state_ids bigint[] NOT NULL CHECK (cardinality(usage_state_ids) BETWEEN 1 AND 13),
  UNIQUE (month, usage_state_ids)
);
CREATE TRIGGER usage_windows_stay BEFORE UPDATE OR TRUNCATE ON usage_windows FOR EACH STATEMENT EXECUTE FUNCTION refuse_kept();

-- Up to which usage of these months an issued month is known to cost what correction_costs says. Of
-- what was watched without the months before, all is looked at again.
ALTER TABLE correction_checks ADD COLUMN usage_window_id bigint REFERENCES usage_windows;
INSERT INTO usage_windows (month, usage_state_ids) SELECT DISTINCT month, ARRAY[usage_state_id] FROM correction_checks;
UPDATE correction_checks c SET usage_window_id = w.usage_window_id, rating_mark = -1
  FROM usage_windows w WHERE w.month = c.month AND w.usage_state_ids = ARRAY[c.usage_state_id];
ALTER TABLE correction_checks ALTER COLUMN usage_window_id SET NOT NULL, DROP COLUMN usage_state_id;

-- Derived, and disposable: of a customer's month that was composed when nobody drafted it any more,
-- from which usage and at which mark (see correction_checks). All that was due is drafted, and nothing
-- else is until either changes.
CREATE TABLE draft_checks (
  customer_id     bigint NOT NULL,
  month           date NOT NULL,
  usage_window_id bigint NOT NULL REFERENCES usage_windows,
  rating_mark     bigint NOT NULL,
  PRIMARY KEY (customer_id, month)
);

-- Published by pricing: what deployments are on, in which currency. Paused time too: the bill of a
-- month that was paused can hold the fee of the next one, in advance, or that of a year.
CREATE OR REPLACE VIEW pricing_terms AS
  SELECT s.deployment_id, v.currency, greatest(s.valid_from, v.valid_from) AS valid_from, least(s.valid_to, v.valid_to) AS valid_to
  FROM subscriptions s
  JOIN (SELECT plan_id, currency, from_day::timestamp AT TIME ZONE 'UTC' AS valid_from,
               coalesce(lead(from_day) OVER (PARTITION BY plan_id ORDER BY from_day)::timestamp AT TIME ZONE 'UTC', 'infinity') AS valid_to
        FROM plan_versions) AS v
    ON v.plan_id = s.plan_id AND v.valid_from < s.valid_to AND v.valid_to > s.valid_from
  WHERE s.superseded_at = 'infinity';

CALL protect_from_customers('usage_windows');
CALL protect_from_customers('draft_checks');
CALL protect_from_customers('pricing_terms');
