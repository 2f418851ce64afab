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
  credentials         bytea NOT NULL,
  connected_at        timestamptz NOT NULL,
  metered_from        timestamptz NOT NULL,
  UNIQUE (provider, provider_account_id)
);

CREATE TABLE sync_runs (
  sync_run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id  int NOT NULL REFERENCES accounts,
  kind        text COLLATE "C" NOT NULL,
  started_at  timestamptz NOT NULL,
  finished_at timestamptz,
  outcome     text COLLATE "C" NOT NULL CHECK (outcome IN ('running', 'complete', 'partial', 'failed')),
  reason      text,
  seen        bigint NOT NULL DEFAULT 0,
  new         bigint NOT NULL DEFAULT 0,
  changed     bigint NOT NULL DEFAULT 0,
  ended       bigint NOT NULL DEFAULT 0,
  requests    bigint NOT NULL DEFAULT 0,
  -- Of which parts of the kind a run did not see whether they are there, by attributes that all of a
  -- part has: [] none, [{"gpu": true}] GPU droplets; NULL: of nothing was it seen.
  unread      jsonb,
  -- Of a complete run of `action`: when the newest action began that it or a run before it has seen.
  read_through timestamptz,
  CHECK ((outcome = 'running') = (finished_at IS NULL))
);
CREATE INDEX sync_runs_by_kind ON sync_runs (account_id, kind, started_at DESC);
CREATE INDEX sync_runs_complete ON sync_runs (account_id, kind, started_at DESC) WHERE outcome = 'complete';
CREATE INDEX sync_runs_sightings ON sync_runs (account_id, kind, started_at DESC) WHERE unread IS NOT NULL;
CREATE INDEX sync_runs_running ON sync_runs (account_id, kind) WHERE outcome = 'running';

-- One thing the provider lists. Identity only; what it was when is in resource_states.
CREATE TABLE resources (
  resource_id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id          int NOT NULL REFERENCES accounts,
  kind                text COLLATE "C" NOT NULL,
  external_id         text COLLATE "C" NOT NULL,
  urn                 text COLLATE "C",
  provider_created_at timestamptz,
  first_seen_at       timestamptz NOT NULL,
  UNIQUE (account_id, kind, external_id)
);

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
  recorded_by   text
);
CALL keep_history('resource_states', 'resource_id');
CREATE INDEX resource_states_by_end ON resource_states (valid_to, valid_from) WHERE superseded_at = 'infinity';
CREATE INDEX resource_states_by_begin ON resource_states (valid_from) WHERE superseded_at = 'infinity';
-- What is alive, by what a listing of it covers.
CREATE INDEX resource_states_alive ON resource_states (account_id, kind, resource_id)
  WHERE superseded_at = 'infinity' AND valid_to = 'infinity';
CREATE INDEX resource_states_by_resource ON resource_states (resource_id, valid_from) WHERE superseded_at = 'infinity';
-- What belongs to a resource, and what carries a tag: ownership follows both.
CREATE INDEX resource_states_by_parent ON resource_states USING gin (parents) WHERE superseded_at = 'infinity' AND parents <> '{}';
-- Tags compare without case.
CREATE FUNCTION without_case(texts text[]) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT array_agg(lower(text)) FROM unnest(texts) AS text
$$;
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
  recorded_by   text
);
CALL keep_history('resource_settings', 'resource_id');
CREATE INDEX resource_settings_by_resource ON resource_settings (resource_id, valid_from) WHERE superseded_at = 'infinity';
-- What is looked at in every listing, until all of it can be seen.
CREATE INDEX resource_settings_hidden ON resource_settings (resource_id)
  WHERE superseded_at = 'infinity' AND valid_to = 'infinity' AND hidden <> '{}';

CREATE TABLE project_memberships (
  project_membership_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  resource_id   bigint NOT NULL REFERENCES resources,
  project_id    bigint NOT NULL REFERENCES resources,
  source        text COLLATE "C" NOT NULL CHECK (source IN ('listing', 'action', 'operator', 'assumed')),
  sync_run_id   bigint REFERENCES sync_runs,
  recorded_by   text
);
CALL keep_history('project_memberships', 'resource_id');
CREATE INDEX project_memberships_by_project ON project_memberships (project_id) WHERE superseded_at = 'infinity';

-- The provider's action log, as read: power, resize, create, destroy with their times.
CREATE TABLE provider_actions (
  account_id           int NOT NULL REFERENCES accounts,
  external_id          text COLLATE "C" NOT NULL,
  type                 text COLLATE "C" NOT NULL,
  status               text COLLATE "C" NOT NULL,
  resource_kind        text COLLATE "C",
  resource_external_id text COLLATE "C",
  started_at           timestamptz,
  completed_at         timestamptz,
  payload              jsonb NOT NULL,
  seen_at              timestamptz NOT NULL,
  -- When history was brought in line with it; NULL: not yet.
  applied_at           timestamptz,
  PRIMARY KEY (account_id, external_id)
);
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

-- Published to other modules: what is believed now, over all time.
CREATE VIEW inventory_accounts AS
  SELECT account_id, slug, name, provider, simulated, connected_at, metered_from FROM accounts;
CREATE VIEW inventory_resources AS
  SELECT resource_id, account_id, kind, external_id, urn, provider_created_at, first_seen_at FROM resources;
CREATE VIEW inventory_states AS
  SELECT resource_state_id, resource_id, account_id, kind, name, status, region, tags, parents, attributes,
         valid_from, valid_to, recorded_at, source, sync_run_id, recorded_by
  FROM resource_states WHERE superseded_at = 'infinity';
CREATE VIEW inventory_memberships AS
  SELECT resource_id, project_id, valid_from, valid_to, recorded_at, source, sync_run_id
  FROM project_memberships WHERE superseded_at = 'infinity';
CREATE VIEW inventory_settings AS
  SELECT resource_id, settings, hidden, valid_from, valid_to, recorded_at, source, sync_run_id, recorded_by
  FROM resource_settings WHERE superseded_at = 'infinity';
CREATE VIEW inventory_sync_runs AS
  SELECT sync_run_id, account_id, kind, started_at, finished_at, outcome, reason FROM sync_runs;
-- From when on a period may be confirmed: the start of the latest complete sync.
CREATE VIEW inventory_complete_syncs AS
  SELECT account_id, kind, max(started_at) AS started_at
  FROM sync_runs WHERE outcome = 'complete' GROUP BY account_id, kind;
CREATE VIEW inventory_actions AS
  SELECT account_id, external_id, type, status, resource_kind, resource_external_id, started_at, completed_at, seen_at
  FROM provider_actions;

-- The end of a sync of one kind of one account.
CREATE FUNCTION publish_sync() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  PERFORM publish_event('sync.ended', slug || '/' || NEW.kind) FROM accounts WHERE account_id = NEW.account_id;
  RETURN NULL;
END
$$;
CREATE TRIGGER publish_end AFTER UPDATE ON sync_runs FOR EACH ROW
  WHEN (OLD.outcome = 'running' AND NEW.outcome <> 'running') EXECUTE FUNCTION publish_sync();
REVOKE EXECUTE ON FUNCTION publish_sync FROM PUBLIC;
CALL publish_changes('accounts', 'account.changed', 'SELECT slug AS subject, NULL AS customer_id FROM changed');
CALL audit_changes('accounts', '{credentials}');

-- What customers read of accounts, resources and their states follows from ownership: 0003_deployments.sql.
-- The provider's own answers (resource_payloads) hold prices and are for staff only.
CALL protect_from_customers('resource_payloads');
CALL protect_from_customers('resource_settings');
CALL protect_from_customers('project_memberships');
CALL protect_from_customers('provider_actions');
CALL protect_from_customers('end_candidates');
CALL protect_from_customers('sync_runs');
CALL publish_to_customers('inventory_accounts');
CALL publish_to_customers('inventory_resources');
CALL publish_to_customers('inventory_states');
CALL protect_from_customers('inventory_settings');
CALL protect_from_customers('inventory_memberships');
CALL protect_from_customers('inventory_sync_runs');
CALL protect_from_customers('inventory_complete_syncs');
CALL protect_from_customers('inventory_actions');

CALL pin_search_paths();
