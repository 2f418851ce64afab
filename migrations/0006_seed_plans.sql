-- Three plans to begin with; plans/*.yaml says the same for people, with the reckoning behind it.

WITH seeds (slug, name, base_fee) AS (VALUES
  ('studio',  'Studio',   50.00),
  ('atelier', 'Atelier', 180.00),
  ('grand',   'Grand',   600.00)
), inserted AS (
  INSERT INTO plans (slug) SELECT slug FROM seeds RETURNING plan_id, slug
)
INSERT INTO plan_versions (plan_id, from_day, name, currency, base_fee, recorded_at, recorded_by)
SELECT plan_id, '2000-01-01', name, 'USD', base_fee, '-infinity', 'built in'
FROM inserted JOIN seeds USING (slug);

WITH items (position, kind,     studio_allowance, studio_price, atelier_allowance, atelier_price, grand_allowance, grand_price) AS (VALUES
  (1, 'droplet_hours',            1488, '0.04',               4464, '0.036',              14880, '0.032'),
  (2, 'dns_zones',                   2, '1.00',                 10, '0.50',                   50, '0.25'),
  (3, 'snapshot_gb_month',          60, '0.10',                200, '0.09',                  600, '0.08'),
  (4, 'droplet_backup_gb_month',    50, '0.08',                150, '0.07',                  500, '0.06'),
  (5, 'spaces_gb_month',            50, '0.04',                250, '0.035',                1000, '0.03'),
  (6, 'volume_gb_month',            20, '0.16',                100, '0.15',                  400, '0.14'),
  (7, 'reserved_ip_hours',        1488, '0.012',              4464, '0.011',               14880, '0.01'),
  (8, 'load_balancer_hours',         0, '0.035',               744, '0.032',                1488, '0.03')
)
INSERT INTO plan_items (plan_version_id, billing_kind_id, position, allowance, model, properties)
SELECT v.plan_version_id, k.billing_kind_id, i.position, priced.allowance, 'standard',
       jsonb_build_object('unitPrice', priced.unit_price)
FROM items i
CROSS JOIN LATERAL (VALUES
  ('studio',  i.studio_allowance,  i.studio_price),
  ('atelier', i.atelier_allowance, i.atelier_price),
  ('grand',   i.grand_allowance,   i.grand_price)
) AS priced (slug, allowance, unit_price)
JOIN plans p USING (slug)
JOIN plan_versions v USING (plan_id)
JOIN billing_kinds k ON k.slug = i.kind;
