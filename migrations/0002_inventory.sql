-- inventory: accounts, sync runs, resources and their history.

CREATE TABLE accounts (
  account_id          int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slug                slug NOT NULL UNIQUE,
  name                text NOT NULL,
  provider            text NOT NULL,
  -- Where its API answers: https://..., or simulator:<fleet>?seed=... for a built-in fleet.
  api_url             text NOT NULL,
  provider_account_id text NOT NULL,
  simulated           boolean NOT NULL,
  -- AES-256-GCM, see src/platform/crypto.ts; never leaves the process in the clear.
  credentials         bytea,
  connected_at        timestamptz NOT NULL,
  metered_from        timestamptz NOT NULL,
  -- Since when nothing of it is read any more; its token is gone then. NULL: it is connected.
  disconnected_at     timestamptz,
  CHECK ((credentials IS NULL) = (disconnected_at IS NOT NULL)),
  UNIQUE (provider, provider_account_id)
);

CREATE TABLE sync_runs (
  sync_run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id  int NOT NULL REFERENCES accounts,
  kind        text COLLATE "C" NOT NULL,
  started_at  timestamptz NOT NULL,
  finished_at timestamptz,
  -- reverted: what it wrote was taken back, and it is evidence of nothing.
  outcome     text COLLATE "C" NOT NULL CHECK (outcome IN ('running', 'complete', 'partial', 'failed', 'reverted')),
  reason      text,
  seen        bigint NOT NULL DEFAULT 0,
  new         bigint NOT NULL DEFAULT 0,
  changed     bigint NOT NULL DEFAULT 0,
  ended       bigint NOT NULL DEFAULT 0,
  requests    bigint NOT NULL DEFAULT 0,
  -- What the token might still send when the run ended, as the provider said; NULL: it did not.
  requests_left     int,
  requests_limit    int,
  requests_reset_at timestamptz,
  -- Of which parts of the kind a run did not see whether they are there, by attributes that all of a
  -- part has: [] none, [{"gpu": true}] GPU droplets; NULL: of nothing was it seen.
  unread      jsonb,
  -- Of a complete run of `action`: when the newest action began that it or a run before it has seen.
  read_through timestamptz,
  -- In which order the runs of an account wrote: those of several kinds overlap in time, what they write does not.
  written_order bigint,
  reverted_at  timestamptz,
  reverted_by  text,
  revert_reason text,
  CHECK ((outcome = 'running') = (finished_at IS NULL)),
  CHECK ((outcome = 'reverted') = (reverted_at IS NOT NULL AND reverted_by IS NOT NULL AND revert_reason IS NOT NULL))
);
CREATE SEQUENCE sync_runs_written;
CREATE INDEX sync_runs_by_kind ON sync_runs (account_id, kind, started_at DESC);
CREATE INDEX sync_runs_complete ON sync_runs (account_id, kind, started_at DESC) WHERE outcome = 'complete';
CREATE INDEX sync_runs_missed ON sync_runs (account_id, kind, started_at DESC, sync_run_id DESC) WHERE outcome IN ('partial', 'failed');
CREATE INDEX sync_runs_sightings ON sync_runs (account_id, kind, started_at DESC) WHERE unread IS NOT NULL;
CREATE INDEX sync_runs_budgets ON sync_runs (account_id, sync_run_id DESC) WHERE requests_left IS NOT NULL;
CREATE INDEX sync_runs_running ON sync_runs (account_id, kind) WHERE outcome = 'running';
CREATE INDEX sync_runs_reverted ON sync_runs (account_id, kind, started_at DESC) WHERE outcome = 'reverted';

-- Runs that were pruned, summed up by UTC day. They were ended, stood, wrote nothing, and are evidence of nothing else.
CREATE TABLE sync_run_days (
  account_id  int NOT NULL REFERENCES accounts,
  kind        text COLLATE "C" NOT NULL,
  day         date NOT NULL,
  complete    bigint NOT NULL,
  partial     bigint NOT NULL,
  failed      bigint NOT NULL,
  seen        bigint NOT NULL,
  new         bigint NOT NULL,
  changed     bigint NOT NULL,
  ended       bigint NOT NULL,
  requests    bigint NOT NULL,
  seconds     numeric NOT NULL,
  -- The newest of them, which may have rested on any run before it.
  last_run_id bigint NOT NULL,
  PRIMARY KEY (account_id, kind, day)
);

-- What the token of an account may read, as it was last asked about: the scopes that are not granted, with what each hides.
CREATE TABLE account_checks (
  account_id int PRIMARY KEY REFERENCES accounts,
  checked_at timestamptz NOT NULL,
  missing    jsonb NOT NULL CHECK (jsonb_typeof(missing) = 'array')
);

-- One thing the provider lists. Identity only; what it was when is in resource_states.
CREATE TABLE resources (
  resource_id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id          int NOT NULL REFERENCES accounts,
  kind                text COLLATE "C" NOT NULL,
  external_id         text COLLATE "C" NOT NULL,
  urn                 text COLLATE "C",
  provider_created_at timestamptz,
  first_seen_at       timestamptz NOT NULL,
  -- Only runs that were reverted have seen it: as if it were not here.
  unseen              boolean NOT NULL DEFAULT false,
  -- Of a kind that is listed, and so far only projects have shown it: no listing has, or only reverted ones.
  unlisted            boolean NOT NULL DEFAULT false,
  UNIQUE (account_id, kind, external_id)
);
CREATE INDEX resources_by_external_id ON resources (external_id);
CREATE INDEX resources_by_urn ON resources (urn) WHERE urn IS NOT NULL;
-- What becomes so many days old.
CREATE INDEX resources_by_creation ON resources (coalesce(provider_created_at, first_seen_at));
CREATE INDEX resources_unlisted ON resources (account_id, kind) WHERE unlisted;
CREATE INDEX resources_unseen ON resources (account_id, kind, external_id) WHERE unseen;

-- The provider's last answer about a resource, as it was said. Not history: the newest only.
CREATE TABLE resource_payloads (
  resource_id bigint PRIMARY KEY REFERENCES resources,
  digest      bytea NOT NULL,
  payload     jsonb NOT NULL,
  seen_at     timestamptz NOT NULL,
  -- When settings were read that no listing tells; NULL: not since there was reason to.
  details_at  timestamptz
);

-- What a resource was, over intervals. account_id and kind repeat resources' own so that
-- metering reads one table.
CREATE TABLE resource_states (
  resource_state_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  resource_id   bigint NOT NULL REFERENCES resources,
  account_id    int NOT NULL,
  kind          text COLLATE "C" NOT NULL,
  name          text NOT NULL,
  status        text COLLATE "C" NOT NULL,
  region        text,
  tags          text[] COLLATE "C" NOT NULL,
  -- What it belongs to by nature, as 'kind:external_id' (or 'tag:name' for a firewall):
  -- a snapshot's source, a volume's droplet, a firewall's droplets.
  parents       text[] COLLATE "C" NOT NULL,
  -- Normalised facts that levels are read from: size_slug, vcpus, memory_mb, disk_gb, size_gb, ...
  attributes    jsonb NOT NULL,
  source        text COLLATE "C" NOT NULL CHECK (source IN ('listing', 'action', 'operator', 'assumed')),
  sync_run_id   bigint REFERENCES sync_runs,
  -- The run that superseded it.
  superseded_by_run bigint REFERENCES sync_runs,
  recorded_by   text
);
CALL keep_history('resource_states', 'resource_id');
CREATE INDEX resource_states_by_run ON resource_states (sync_run_id);
-- What was believed of a resource before.
CREATE INDEX resource_states_superseded ON resource_states (resource_id, superseded_at, valid_from) WHERE superseded_at <> 'infinity';
CREATE INDEX resource_states_by_superseding_run ON resource_states (superseded_by_run) WHERE superseded_by_run IS NOT NULL;
CREATE INDEX resource_states_by_end ON resource_states (valid_to, valid_from) WHERE superseded_at = 'infinity';
CREATE INDEX resource_states_by_begin ON resource_states (valid_from) WHERE superseded_at = 'infinity';
-- What is alive, by what a listing of it covers.
CREATE INDEX resource_states_alive ON resource_states (account_id, kind, resource_id)
  WHERE superseded_at = 'infinity' AND valid_to = 'infinity';
CREATE INDEX resource_states_by_resource ON resource_states (resource_id, valid_from) WHERE superseded_at = 'infinity';
-- What is alive, by its name: in order and by its beginning, and by any part of it.
CREATE INDEX resource_states_by_name ON resource_states (lower(name) COLLATE "C", resource_id)
  WHERE superseded_at = 'infinity' AND valid_to = 'infinity';
CREATE INDEX resource_states_by_part_of_name ON resource_states USING gin (lower(name) gin_trgm_ops)
  WHERE superseded_at = 'infinity' AND valid_to = 'infinity';
-- What belongs to a resource, and what carries a tag: ownership follows both.
CREATE INDEX resource_states_by_parent ON resource_states USING gin (parents) WHERE superseded_at = 'infinity' AND parents <> '{}';
-- Tags compare without case.
CREATE FUNCTION without_case(texts text[]) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE BEGIN ATOMIC
  SELECT array_agg(lower(text)) FROM unnest(texts) AS text;
END;
-- Firewalls and load balancers, by the droplets and tags that they are for.
CREATE INDEX resource_states_guards ON resource_states USING gin (without_case(parents))
  WHERE superseded_at = 'infinity' AND parents <> '{}' AND kind IN ('firewall', 'load_balancer');
CREATE INDEX resource_states_by_tag ON resource_states USING gin (without_case(tags)) WHERE superseded_at = 'infinity' AND tags <> '{}';

-- What is configured on a resource beside what is billed, over intervals. Neither ownership nor usage rests on
-- it: its changes are a topic of their own.
CREATE TABLE resource_settings (
  resource_setting_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  resource_id   bigint NOT NULL REFERENCES resources,
  -- Flat keys to canonical values: equal settings are equal as jsonb.
  settings      jsonb NOT NULL CHECK (jsonb_typeof(settings) = 'object'),
  -- Keys that the account's token may not see: they keep the value that was known last, or have none. Sorted.
  hidden        text[] COLLATE "C" NOT NULL,
  source        text COLLATE "C" NOT NULL CHECK (source IN ('listing', 'action', 'operator', 'assumed')),
  sync_run_id   bigint REFERENCES sync_runs,
  superseded_by_run bigint REFERENCES sync_runs,
  recorded_by   text
);
CALL keep_history('resource_settings', 'resource_id');
CREATE INDEX resource_settings_by_run ON resource_settings (sync_run_id);
CREATE INDEX resource_settings_by_superseding_run ON resource_settings (superseded_by_run) WHERE superseded_by_run IS NOT NULL;
CREATE INDEX resource_settings_by_resource ON resource_settings (resource_id, valid_from) WHERE superseded_at = 'infinity';
-- What has ended: of what is, the end is not known.
CREATE INDEX resource_settings_by_end ON resource_settings (valid_to) WHERE superseded_at = 'infinity' AND valid_to < 'infinity';
-- What says itself which project it is in.
CREATE INDEX resource_settings_project ON resource_settings (resource_id)
  WHERE superseded_at = 'infinity' AND valid_to = 'infinity' AND settings ? 'project';
-- What is looked at in every listing, until all of it can be seen.
CREATE INDEX resource_settings_hidden ON resource_settings (resource_id)
  WHERE superseded_at = 'infinity' AND valid_to = 'infinity' AND hidden <> '{}';

CREATE TABLE project_memberships (
  project_membership_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  resource_id   bigint NOT NULL REFERENCES resources,
  project_id    bigint NOT NULL REFERENCES resources,
  -- listing: the project shows it; resource: no project does, and it says itself which one it is in.
  source        text COLLATE "C" NOT NULL CHECK (source IN ('listing', 'resource', 'action', 'operator', 'assumed')),
  sync_run_id   bigint REFERENCES sync_runs,
  superseded_by_run bigint REFERENCES sync_runs,
  recorded_by   text
);
CALL keep_history('project_memberships', 'resource_id');
CREATE INDEX project_memberships_by_run ON project_memberships (sync_run_id);
CREATE INDEX project_memberships_by_superseding_run ON project_memberships (superseded_by_run) WHERE superseded_by_run IS NOT NULL;
CREATE INDEX project_memberships_by_project ON project_memberships (project_id) WHERE superseded_at = 'infinity';

-- The provider's action log, as read: power, resize, create, destroy, assign, attach with their times. Of some
-- it is not told which resource they are about: NULL.
CREATE TABLE provider_actions (
  account_id           int NOT NULL REFERENCES accounts,
  external_id          text COLLATE "C" NOT NULL,
  type                 text COLLATE "C" NOT NULL,
  status               text COLLATE "C" NOT NULL,
  resource_kind        text COLLATE "C",
  resource_external_id text COLLATE "C",
  region               text COLLATE "C",
  started_at           timestamptz,
  completed_at         timestamptz,
  payload              jsonb NOT NULL,
  seen_at              timestamptz NOT NULL,
  -- When history was brought in line with it; NULL: not yet.
  applied_at           timestamptz,
  -- The run that did so.
  applied_by_run       bigint REFERENCES sync_runs,
  PRIMARY KEY (account_id, external_id)
);
CREATE INDEX provider_actions_by_applying_run ON provider_actions (applied_by_run) WHERE applied_by_run IS NOT NULL;
CREATE INDEX provider_actions_unapplied ON provider_actions (account_id, completed_at)
  WHERE applied_at IS NULL AND status = 'completed';
CREATE INDEX provider_actions_in_progress ON provider_actions (account_id, started_at) WHERE status = 'in-progress';
CREATE INDEX provider_actions_by_resource ON provider_actions (account_id, resource_kind, resource_external_id, completed_at);

-- Resources that a suspicious listing left out: ended once confirmed (see no false deaths).
CREATE TABLE end_candidates (
  resource_id      bigint PRIMARY KEY REFERENCES resources,
  missing_since    timestamptz NOT NULL,
  last_counted_at  timestamptz NOT NULL,
  listings         int NOT NULL CHECK (listings >= 1)
);

-- What a run found there of each candidate that it counted or settled: 0 listings, it was none.
CREATE TABLE end_candidates_before (
  sync_run_id      bigint NOT NULL REFERENCES sync_runs,
  resource_id      bigint NOT NULL REFERENCES resources,
  missing_since    timestamptz,
  last_counted_at  timestamptz,
  listings         int NOT NULL CHECK ((listings > 0) = (missing_since IS NOT NULL AND last_counted_at IS NOT NULL)),
  PRIMARY KEY (sync_run_id, resource_id)
);

-- The price book ------------------------------------------------------------------------------
--
-- What the provider charges, as dated data. Its days are UTC days: a price holds from the beginning
-- of its first one. A subject is what has a price, `droplet_size:s-1vcpu-1gb` or `volume`: the part
-- before the colon is its kind. An amount is that of one `unit`; `hourly` is what an hour of it
-- costs where the provider says so itself.

CREATE DOMAIN price_subject AS text COLLATE "C" CHECK (VALUE ~ '^[a-z][a-z0-9_]{0,62}(:[A-Za-z0-9][A-Za-z0-9_.-]{0,99})?$');

-- What the provider says: published in words, or by its API to an account.
CREATE TABLE provider_prices (
  provider_price_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  provider     text COLLATE "C" NOT NULL,
  subject      price_subject NOT NULL,
  source       text COLLATE "C" NOT NULL CHECK (source IN ('published', 'api')),
  account_id   int NOT NULL,                 -- whom the API told; 0: it was published
  currency     currency_code NOT NULL,
  amount       amount NOT NULL CHECK (amount >= 0),
  unit         text COLLATE "C" NOT NULL,
  hourly       amount CHECK (hourly >= 0),
  -- Facts of a size: vcpus, memory_mb, disk_gb, transfer_tb, gpu. What is not known is absent.
  attributes   jsonb NOT NULL,
  -- official: the provider's own text, API or bill says so; reported: somebody who saw it does;
  -- inferred: it follows from others.
  certainty    text COLLATE "C" NOT NULL CHECK (certainty IN ('official', 'reported', 'inferred')),
  evidence     text NOT NULL,
  evidence_day date NOT NULL,                -- when that was read
  -- Of what the API showed and shows no more: the newest listing that did. NULL: it is listed still.
  last_seen_at timestamptz,
  sync_run_id  bigint REFERENCES sync_runs,
  superseded_by_run bigint REFERENCES sync_runs,
  CHECK ((account_id > 0) = (source = 'api')),
  CHECK (last_seen_at IS NULL OR source = 'api')
);
CALL keep_history('provider_prices', 'provider', 'subject', 'source', 'account_id');
CREATE INDEX provider_prices_by_run ON provider_prices (sync_run_id);
CREATE INDEX provider_prices_by_superseding_run ON provider_prices (superseded_by_run) WHERE superseded_by_run IS NOT NULL;

-- What an operator says, such as a negotiated price. It comes before what the provider says.
CREATE TABLE own_prices (
  own_price_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  provider     text COLLATE "C" NOT NULL,
  subject      price_subject NOT NULL,
  account_id   int NOT NULL,                 -- what that account is charged; 0: what all are
  currency     currency_code NOT NULL,
  amount       amount NOT NULL CHECK (amount >= 0),
  unit         text COLLATE "C" NOT NULL,
  evidence     text NOT NULL,
  recorded_by  text NOT NULL
);
CALL keep_history('own_prices', 'provider', 'subject', 'account_id');

-- Published to other modules: what is believed now, over all time.
-- Of the rows of a subject that hold at an instant, the one counts that comes first by rank, then
-- those that are listed, then the latest valid_from, then the lowest account_id. Rank 0 is for who asks what that account
-- is charged, to whom also what the API told it comes before what it told others.
CREATE VIEW inventory_prices AS
  SELECT provider, subject, 'operator' AS source, CASE account_id WHEN 0 THEN 1 ELSE 0 END AS rank, account_id, currency, amount, unit, NULL::amount AS hourly,
         '{}'::jsonb AS attributes, NULL AS certainty, evidence, (recorded_at AT TIME ZONE 'UTC')::date AS evidence_day,
         NULL::timestamptz AS last_seen_at, valid_from, valid_to, recorded_at, recorded_by
  FROM own_prices WHERE superseded_at = 'infinity'
  UNION ALL
  SELECT provider, subject, source, CASE source WHEN 'api' THEN 2 ELSE 3 END, account_id, currency, amount, unit, hourly,
         attributes, certainty, evidence, evidence_day, last_seen_at, valid_from, valid_to, recorded_at, NULL
  FROM provider_prices WHERE superseded_at = 'infinity';
CREATE VIEW inventory_accounts AS
  SELECT account_id, slug, name, provider, simulated, connected_at, metered_from, disconnected_at FROM accounts;
CREATE VIEW inventory_resources AS
  SELECT resource_id, account_id, kind, external_id, urn, provider_created_at, first_seen_at, unseen FROM resources;
CREATE VIEW inventory_states AS
  SELECT resource_state_id, resource_id, account_id, kind, name, status, region, tags, parents, attributes,
         valid_from, valid_to, recorded_at, source, sync_run_id, recorded_by
  FROM resource_states WHERE superseded_at = 'infinity';
CREATE VIEW inventory_memberships AS
  SELECT resource_id, project_id, valid_from, valid_to, recorded_at, source, sync_run_id
  FROM project_memberships WHERE superseded_at = 'infinity';
-- What projects show, or showed, and no listing of its kind ever did: when.
CREATE VIEW inventory_unlisted AS
  SELECT s.account_id, s.kind, s.resource_id, s.urn, lower(part) AS valid_from, upper(part) AS valid_to
  FROM (SELECT r.account_id, r.kind, r.resource_id, r.urn, range_agg(tstzrange(m.valid_from, m.valid_to)) AS shown
        FROM resources r JOIN project_memberships m USING (resource_id)
        WHERE r.unlisted AND NOT r.unseen AND m.superseded_at = 'infinity'
        GROUP BY r.resource_id) AS s, unnest(s.shown) AS part;
CREATE VIEW inventory_settings AS
  SELECT resource_id, settings, hidden, valid_from, valid_to, recorded_at, source, sync_run_id, recorded_by
  FROM resource_settings WHERE superseded_at = 'infinity';
CREATE VIEW inventory_sync_runs AS
  SELECT sync_run_id, account_id, kind, started_at, finished_at, outcome, reason FROM sync_runs WHERE outcome <> 'reverted';
-- The kinds of each account that were ever listed: from one to the next by the index, however many runs there are.
CREATE VIEW inventory_run_kinds AS
  WITH RECURSIVE kinds AS (
    (SELECT account_id, kind FROM sync_runs ORDER BY account_id, kind LIMIT 1)
    UNION ALL
    SELECT n.account_id, n.kind FROM kinds k CROSS JOIN LATERAL (
      SELECT r.account_id, r.kind FROM sync_runs r WHERE (r.account_id, r.kind) > (k.account_id, k.kind)
      ORDER BY r.account_id, r.kind LIMIT 1) n
  )
  SELECT account_id, kind FROM kinds;
-- How the newest run of each that ended did.
CREATE VIEW inventory_newest_runs AS
  SELECT k.account_id, k.kind, n.started_at, n.outcome, n.reason
  FROM inventory_run_kinds k CROSS JOIN LATERAL (
    SELECT r.started_at, r.outcome, r.reason FROM sync_runs r
    WHERE r.account_id = k.account_id AND r.kind = k.kind AND r.outcome NOT IN ('running', 'reverted')
    ORDER BY r.started_at DESC, r.sync_run_id DESC LIMIT 1) n;
-- From when on a period may be confirmed: the start of the latest complete sync.
CREATE VIEW inventory_complete_syncs AS
  SELECT account_id, kind, max(started_at) AS started_at
  FROM sync_runs WHERE outcome = 'complete' GROUP BY account_id, kind;
CREATE VIEW inventory_actions AS
  SELECT account_id, external_id, type, status, resource_kind, resource_external_id, started_at, completed_at, seen_at
  FROM provider_actions;

-- The end of a sync of one kind of one account, and that what it wrote was taken back: the event is the trigger's argument.
CREATE FUNCTION publish_sync() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  PERFORM publish_event(TG_ARGV[0], slug || '/' || NEW.kind) FROM accounts WHERE account_id = NEW.account_id;
  RETURN NULL;
END
$$;
CREATE TRIGGER publish_end AFTER UPDATE ON sync_runs FOR EACH ROW
  WHEN (OLD.outcome = 'running' AND NEW.outcome <> 'running') EXECUTE FUNCTION publish_sync('sync.ended');
CREATE TRIGGER publish_revert AFTER UPDATE ON sync_runs FOR EACH ROW
  WHEN (OLD.outcome <> 'reverted' AND NEW.outcome = 'reverted') EXECUTE FUNCTION publish_sync('sync.reverted');
REVOKE EXECUTE ON FUNCTION publish_sync FROM PUBLIC;

-- What DigitalOcean publishes, each price with what it rests on, from the first day of which that is known;
-- before it, and of what is not here (databases, Apps), no price is known. In USD, without discounts. A later
-- release adds what has changed since in a migration of its own.
WITH sources (source, evidence, evidence_day) AS (VALUES
  ('droplets',       'https://www.digitalocean.com/pricing/droplets', '2026-01-01'),
  ('gpu',            'https://www.digitalocean.com/pricing/gpu-droplets', '2025-04-01'),
  ('bill_2019',      'lines of a bill for January 2019: 744 h of s-4vcpu-8gb $40.00, 446 h of s-2vcpu-4gb $13.27, 744 h of a volume of 100 GB $10.00', '2019-02-01'),
  ('bill_2020',      'the API description''s example of an invoice for July 2020: 522 h of an unassigned address $3.11', '2020-08-01'),
  ('pages_2019',     'price pages from before July 2022', '2019-01-01'),
  ('snapshots',      'https://docs.digitalocean.com/products/snapshots/details/pricing/', '2026-01-01'),
  ('backups',        'https://docs.digitalocean.com/products/backups/details/pricing/', '2026-03-09'),
  ('load_balancers', 'https://docs.digitalocean.com/products/networking/load-balancers/details/pricing/', '2026-01-01'),
  ('reserved_ips',   'https://docs.digitalocean.com/products/networking/reserved-ips/details/pricing/', '2026-01-01'),
  ('spaces',         'https://docs.digitalocean.com/products/spaces/details/pricing/', '2026-01-01'),
  ('apps',           'https://docs.digitalocean.com/products/app-platform/details/pricing/', '2026-01-01'),
  ('kubernetes',     'https://docs.digitalocean.com/products/kubernetes/details/pricing/', '2026-01-01'),
  ('dns',            'https://docs.digitalocean.com/products/networking/dns/', '2026-01-01')
), sizes (slug, vcpus, memory_mb, disk_gb) AS (VALUES
  ('s-1vcpu-512mb-10gb',   1,    512,  10),
  ('s-1vcpu-1gb',          1,   1024,  25),
  ('s-1vcpu-2gb',          1,   2048,  50),
  ('s-2vcpu-2gb',          2,   2048,  60),
  ('s-2vcpu-4gb',          2,   4096,  80),
  ('s-4vcpu-8gb',          4,   8192, 160),
  ('s-8vcpu-16gb',         8,  16384, 320),
  ('s-1vcpu-1gb-amd',      1,   1024,  25),
  ('s-1vcpu-2gb-amd',      1,   2048,  50),
  ('s-2vcpu-2gb-amd',      2,   2048,  60),
  ('s-2vcpu-4gb-amd',      2,   4096,  80),
  ('s-4vcpu-8gb-amd',      4,   8192, 160),
  ('s-8vcpu-16gb-amd',     8,  16384, 320),
  ('c-2',                  2,   4096,  25),
  ('c-4',                  4,   8192,  50),
  ('c-8',                  8,  16384, 100),
  ('c-16',                16,  32768, 200),
  ('c-32',                32,  65536, 400),
  ('g-2vcpu-8gb',          2,   8192,  25),
  ('g-4vcpu-16gb',         4,  16384,  50),
  ('g-8vcpu-32gb',         8,  32768, 100),
  ('g-16vcpu-64gb',       16,  65536, 200),
  ('g-32vcpu-128gb',      32, 131072, 400),
  ('m-2vcpu-16gb',         2,  16384,  50),
  ('m-4vcpu-32gb',         4,  32768, 100),
  ('m-8vcpu-64gb',         8,  65536, 200),
  ('m-16vcpu-128gb',      16, 131072, 400)
), prices (subject, from_day, amount, unit, certainty, source) AS (VALUES
  ('droplet_size:s-1vcpu-512mb-10gb',       '2022-07-01',        4, 'month',      'official',  'droplets'),
  ('droplet_size:s-1vcpu-1gb',              '2019-01-01',        5, 'month',      'reported',  'pages_2019'),
  ('droplet_size:s-1vcpu-1gb',              '2022-07-01',        6, 'month',      'official',  'droplets'),
  ('droplet_size:s-1vcpu-2gb',              '2019-01-01',       10, 'month',      'reported',  'pages_2019'),
  ('droplet_size:s-1vcpu-2gb',              '2022-07-01',       12, 'month',      'official',  'droplets'),
  ('droplet_size:s-2vcpu-2gb',              '2019-01-01',       15, 'month',      'reported',  'pages_2019'),
  ('droplet_size:s-2vcpu-2gb',              '2022-07-01',       18, 'month',      'official',  'droplets'),
  ('droplet_size:s-2vcpu-4gb',              '2019-01-01',       20, 'month',      'official',  'bill_2019'),
  ('droplet_size:s-2vcpu-4gb',              '2022-07-01',       24, 'month',      'official',  'droplets'),
  ('droplet_size:s-4vcpu-8gb',              '2019-01-01',       40, 'month',      'official',  'bill_2019'),
  ('droplet_size:s-4vcpu-8gb',              '2022-07-01',       48, 'month',      'official',  'droplets'),
  ('droplet_size:s-8vcpu-16gb',             '2019-01-01',       80, 'month',      'reported',  'pages_2019'),
  ('droplet_size:s-8vcpu-16gb',             '2022-07-01',       96, 'month',      'official',  'droplets'),
  ('droplet_size:s-1vcpu-1gb-amd',          '2026-01-01',        7, 'month',      'reported',  'droplets'),
  ('droplet_size:s-1vcpu-2gb-amd',          '2026-01-01',       14, 'month',      'reported',  'droplets'),
  ('droplet_size:s-2vcpu-2gb-amd',          '2026-01-01',       21, 'month',      'reported',  'droplets'),
  ('droplet_size:s-2vcpu-4gb-amd',          '2026-01-01',       28, 'month',      'reported',  'droplets'),
  ('droplet_size:s-4vcpu-8gb-amd',          '2026-01-01',       56, 'month',      'reported',  'droplets'),
  ('droplet_size:s-8vcpu-16gb-amd',         '2026-01-01',      112, 'month',      'reported',  'droplets'),
  ('droplet_size:c-2',                      '2026-01-01',       42, 'month',      'reported',  'droplets'),
  ('droplet_size:c-4',                      '2026-01-01',       84, 'month',      'reported',  'droplets'),
  ('droplet_size:c-8',                      '2026-01-01',      168, 'month',      'reported',  'droplets'),
  ('droplet_size:c-16',                     '2026-01-01',      336, 'month',      'reported',  'droplets'),
  ('droplet_size:c-32',                     '2026-01-01',      672, 'month',      'reported',  'droplets'),
  ('droplet_size:g-2vcpu-8gb',              '2026-01-01',       63, 'month',      'reported',  'droplets'),
  ('droplet_size:g-4vcpu-16gb',             '2026-01-01',      126, 'month',      'reported',  'droplets'),
  ('droplet_size:g-8vcpu-32gb',             '2026-01-01',      252, 'month',      'reported',  'droplets'),
  ('droplet_size:g-16vcpu-64gb',            '2026-01-01',      504, 'month',      'reported',  'droplets'),
  ('droplet_size:g-32vcpu-128gb',           '2026-01-01',     1008, 'month',      'reported',  'droplets'),
  ('droplet_size:m-2vcpu-16gb',             '2026-01-01',       84, 'month',      'reported',  'droplets'),
  ('droplet_size:m-4vcpu-32gb',             '2026-01-01',      168, 'month',      'reported',  'droplets'),
  ('droplet_size:m-8vcpu-64gb',             '2026-01-01',      336, 'month',      'reported',  'droplets'),
  ('droplet_size:m-16vcpu-128gb',           '2026-01-01',      672, 'month',      'reported',  'droplets'),
  ('droplet_size:gpu-4000adax1-20gb',       '2025-04-01',     0.76, 'hour',       'official',  'gpu'),
  ('droplet_size:gpu-l40sx1-48gb',          '2025-04-01',     1.57, 'hour',       'official',  'gpu'),
  ('droplet_size:gpu-6000adax1-48gb',       '2025-04-01',     1.89, 'hour',       'official',  'gpu'),
  ('droplet_size:gpu-h100x1-80gb',          '2025-04-01',     3.39, 'hour',       'official',  'gpu'),
  ('droplet_size:gpu-h100x8-640gb',         '2025-04-01',    23.92, 'hour',       'official',  'gpu'),
  ('snapshot:droplet',                      '2019-01-01',     0.05, 'GB-month',   'inferred',  'pages_2019'),
  ('snapshot:droplet',                      '2022-07-01',     0.06, 'GB-month',   'inferred',  'snapshots'),
  ('snapshot:droplet',                      '2026-01-01',     0.06, 'GB-month',   'official',  'snapshots'),
  ('snapshot:volume',                       '2019-01-01',     0.05, 'GiB-month',  'inferred',  'pages_2019'),
  ('snapshot:volume',                       '2022-07-01',     0.06, 'GiB-month',  'inferred',  'snapshots'),
  ('snapshot:volume',                       '2026-01-01',     0.06, 'GiB-month',  'official',  'snapshots'),
  ('custom_image',                          '2026-01-01',     0.06, 'GB-month',   'official',  'snapshots'),
  ('volume',                                '2019-01-01',     0.10, 'GiB-month',  'official',  'bill_2019'),
  ('droplet_backup:weekly',                 '2026-01-01',     0.04, 'GiB-month',  'official',  'backups'),
  ('droplet_backup:daily',                  '2026-01-01',     0.03, 'GiB-month',  'official',  'backups'),
  ('droplet_backup:12_hourly',              '2026-01-01',     0.02, 'GiB-month',  'official',  'backups'),
  ('droplet_backup:6_hourly',               '2026-01-01',    0.015, 'GiB-month',  'official',  'backups'),
  ('droplet_backup:4_hourly',               '2026-01-01',     0.01, 'GiB-month',  'official',  'backups'),
  ('load_balancer:regional',                '2019-01-01',       10, 'node-month', 'inferred',  'pages_2019'),
  ('load_balancer:regional',                '2022-07-01',       12, 'node-month', 'inferred',  'load_balancers'),
  ('load_balancer:regional',                '2026-01-01',       12, 'node-month', 'official',  'load_balancers'),
  ('load_balancer:regional_network',        '2026-01-01',       15, 'node-month', 'reported',  'load_balancers'),
  ('load_balancer:global',                  '2026-01-01',       15, 'node-month', 'reported',  'load_balancers'),
  ('reserved_ip:unassigned',                '2020-07-01',        4, 'month',      'official',  'bill_2020'),
  ('reserved_ip:unassigned',                '2022-07-01',        5, 'month',      'inferred',  'reserved_ips'),
  ('reserved_ip:unassigned',                '2026-01-01',        5, 'month',      'official',  'reserved_ips'),
  ('reserved_ip:assigned',                  '2020-07-01',        0, 'month',      'official',  'reserved_ips'),
  ('reserved_ip:ipv6',                      '2026-01-01',        0, 'month',      'official',  'reserved_ips'),
  ('spaces:subscription',                   '2026-01-01',        5, 'month',      'official',  'spaces'),
  ('spaces:storage',                        '2026-01-01',     0.02, 'GiB-month',  'official',  'spaces'),
  ('spaces:transfer',                       '2026-01-01',     0.01, 'GiB',        'official',  'spaces'),
  ('transfer:droplet',                      '2026-01-01',     0.01, 'GiB',        'official',  'droplets'),
  ('transfer:app',                          '2026-01-01',     0.02, 'GiB',        'reported',  'apps'),
  ('kubernetes_cluster:high_availability',  '2026-01-01',       40, 'month',      'official',  'kubernetes'),
  ('dns_zone',                              '2026-01-01',        0, 'month',      'official',  'dns')
)
INSERT INTO provider_prices (provider, subject, source, account_id, currency, amount, unit, attributes, certainty, evidence,
                             evidence_day, valid_from, valid_to, recorded_at, superseded_at)
SELECT 'digitalocean', p.subject, 'published', 0, 'USD', p.amount, p.unit,
       CASE WHEN z.slug IS NOT NULL
            THEN jsonb_build_object('vcpus', z.vcpus, 'memory_mb', z.memory_mb, 'disk_gb', z.disk_gb, 'gpu', false)
            WHEN p.subject LIKE 'droplet_size:gpu-%' THEN '{"gpu": true}' ELSE '{}' END,
       p.certainty, s.evidence, s.evidence_day::date, p.from_day::timestamp AT TIME ZONE 'UTC',
       coalesce(lead(p.from_day) OVER (PARTITION BY p.subject ORDER BY p.from_day)::timestamp AT TIME ZONE 'UTC', 'infinity'),
       '-infinity', 'infinity'
FROM prices p JOIN sources s USING (source) LEFT JOIN sizes z ON p.subject = 'droplet_size:' || z.slug;

CALL publish_changes('accounts', 'account.changed', 'SELECT slug AS subject, NULL AS customer_id FROM changed');
CALL audit_changes('accounts', '{credentials}');
CALL publish_changes('provider_prices', 'price.changed', 'SELECT subject, NULL AS customer_id FROM changed');
CALL publish_changes('own_prices', 'price.changed', 'SELECT subject, NULL AS customer_id FROM changed');
CALL audit_changes('own_prices');

-- What customers read of accounts, resources and their states follows from ownership: 0003_deployments.sql.
-- The provider's own answers (resource_payloads) hold prices and are for staff only.
CALL protect_from_customers('resource_payloads');
CALL protect_from_customers('resource_settings');
CALL protect_from_customers('project_memberships');
CALL protect_from_customers('provider_actions');
CALL protect_from_customers('end_candidates');
CALL protect_from_customers('end_candidates_before');
CALL protect_from_customers('sync_runs');
CALL protect_from_customers('account_checks');
CALL protect_from_customers('sync_run_days');
CALL give_access('GRANT USAGE ON SEQUENCE sync_runs_written TO arcadia_worker, arcadia_api');
CALL publish_to_customers('inventory_accounts', '{disconnected_at}');
CALL publish_to_customers('inventory_resources');
CALL publish_to_customers('inventory_states');
CALL protect_from_customers('inventory_settings');
CALL protect_from_customers('inventory_memberships');
CALL protect_from_customers('inventory_unlisted');
CALL protect_from_customers('inventory_sync_runs');
CALL protect_from_customers('inventory_run_kinds');
CALL protect_from_customers('inventory_newest_runs');
CALL protect_from_customers('inventory_complete_syncs');
CALL protect_from_customers('inventory_actions');
-- Our cost is ours.
CALL protect_from_customers('provider_prices');
CALL protect_from_customers('own_prices');
CALL protect_from_customers('inventory_prices');

CALL pin_search_paths();
CALL arm_triggers();
