-- pricing: base fees each quarter, and each number of months.

ALTER TABLE plan_versions DROP CONSTRAINT plan_versions_base_every_check;
ALTER TABLE plan_versions ADD CONSTRAINT plan_versions_base_every_check
  CHECK (base_every ~ '^(month|quarter|year|([24-9]|1[01]) months)$');

-- Who is, was or will be on a plan whose fee is for more than a month, or was once believed to be.
CREATE OR REPLACE VIEW pricing_yearly AS
  SELECT DISTINCT s.deployment_id FROM subscriptions s JOIN plan_versions v USING (plan_id) WHERE v.base_every <> 'month';
