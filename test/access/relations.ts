// What the database role of customers' requests gets of every table and view. Whoever adds one
// says here what it is to be; test/access/database-roles.integration.test.ts compares this with the
// database's own catalogue, and asks each of them.

const names = (text: string) => text.trim().split(/\s+/);

/** A customer reads rows of their own, or what is the same to all; without a customer there is no row. */
export const readByCustomers: readonly string[] = names(`
  accounts
  attributions
  billing_kind_definitions
  billing_kinds
  customers
  deployment_months
  deployments
  deployments_attributions
  deployments_customers
  deployments_list
  deployments_owners
  deployments_owners_ever
  document_assets
  events
  inventory_accounts
  inventory_resources
  inventory_states
  invoice_lines
  invoice_pdfs
  invoices
  metered_days
  metered_levels
  metering_config
  metering_days
  metering_kinds
  owner_set_members
  owner_sets
  ownership_rules
  plan_items
  plan_versions
  plans
  pricing_subscriptions
  rated_months
  resource_states
  resources
  simulated_clock
  subscriptions
  usage_changes
  usage_months
  usage_records
  usage_retired_months
  usage_store
  usage_visible_revisions
`);

/** Closed to customers. */
export const closedToCustomers: readonly string[] = names(`
  access_rules
  access_statements
  alert_firings
  alerts
  attribution_progress
  audit_log
  audit_pending
  bill_payer_accounts
  bill_payers
  changes
  check_progress
  correction_checks
  correction_costs
  corrections
  customer_billing
  deployments_assignments
  deployments_progress
  deployments_rules
  draft_checks
  end_candidates
  end_candidates_before
  event_outbox
  event_progress
  idempotency_keys
  inventory_actions
  inventory_complete_syncs
  inventory_memberships
  inventory_prices
  inventory_settings
  inventory_sync_runs
  inventory_unlisted
  invoice_decisions
  invoices_billed
  job_decisions
  kysely_migration
  kysely_migration_lock
  legal_entities
  legal_entity_parties
  manual_assignments
  manual_lines
  metered_levels_ended
  metered_levels_open
  metered_levels_progress
  metering_day_revisions
  metering_observed
  metering_runs
  metering_uncertain_ends
  metering_unlisted
  migration_checksums
  money_days
  number_series
  observation_limits
  own_prices
  pricing_alert_firings
  pricing_carry_over
  pricing_terms
  pricing_yearly
  project_memberships
  provider_actions
  provider_balances
  provider_bill_lines
  provider_bill_pages
  provider_bill_versions
  provider_billing_entries
  provider_billing_reads
  provider_bills
  provider_clock
  provider_insight_days
  provider_insights
  provider_prices
  queue_controls
  resource_payloads
  resource_settings
  revoked_tokens
  schedule_ticks
  secret_key_fingerprint
  sync_run_days
  sync_runs
  tax_rates
  usage_attestations
  usage_level_shipments
  usage_moves
  usage_records_day
  usage_records_hour
`);

/** Made while the program runs, and closed: days of usage, read through usage_records only, and the queue's own. */
export const closedPatterns: readonly RegExp[] = [/^usage_records_(day|hour)_\d{8}$/, /^pgboss\./];
