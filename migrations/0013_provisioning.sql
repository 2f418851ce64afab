-- provisioning: blueprints, proposals of what would be done by them, and rollouts that do it.

-- The tokens that may write, apart from those that read.
CREATE TABLE write_credentials (
  account_id int PRIMARY KEY REFERENCES accounts,
  sealed     bytea NOT NULL,
  granted_at timestamptz NOT NULL,
  granted_by text NOT NULL
);

-- What is not read any more is not written to: connected again, it is granted again.
CREATE FUNCTION revoke_writing() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  DELETE FROM write_credentials WHERE account_id = new.account_id;
  RETURN NULL;
END
$$;
CREATE TRIGGER revoke_writing AFTER UPDATE OF disconnected_at ON accounts FOR EACH ROW
  WHEN (new.disconnected_at IS NOT NULL) EXECUTE FUNCTION revoke_writing();
REVOKE EXECUTE ON FUNCTION revoke_writing FROM PUBLIC;

-- A blueprint's name, for good; what it says is in its versions.
CREATE TABLE blueprints (
  blueprint_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slug         slug NOT NULL UNIQUE,
  created_at   timestamptz NOT NULL
);

CREATE TABLE blueprint_versions (
  blueprint_version_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  blueprint_id int NOT NULL REFERENCES blueprints,
  version      int NOT NULL CHECK (version > 0),
  -- Of the whole document with its user data: two versions that say the same are one.
  digest       text COLLATE "C" NOT NULL,
  document     jsonb NOT NULL,
  -- {name: text}: the user data, which may hold secrets. NULL: it has none.
  user_data    bytea,
  applied_at   timestamptz NOT NULL,
  applied_by   text NOT NULL,
  UNIQUE (blueprint_id, version)
);

CREATE TABLE proposals (
  proposal_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  hash        text COLLATE "C" NOT NULL UNIQUE CHECK (hash ~ '^[0-9a-f]{64}$'),
  purpose     text COLLATE "C" NOT NULL CHECK (purpose IN ('create', 'change', 'destroy')),
  -- The slug: a deployment that is to be created is not there yet.
  deployment  slug NOT NULL,
  account_id  int NOT NULL REFERENCES accounts,
  blueprint_version_id bigint REFERENCES blueprint_versions,
  -- See src/provisioning/proposal-document.ts. The hash is of it.
  document    jsonb NOT NULL,
  -- {name: text}: parameters and user data that are secret. NULL: there are none.
  secrets     bytea,
  proposed_at timestamptz NOT NULL,
  proposed_by text NOT NULL,
  expires_at  timestamptz NOT NULL,
  discarded_at timestamptz,
  discarded_by text,
  CHECK ((discarded_at IS NULL) = (discarded_by IS NULL))
);
CREATE INDEX proposals_by_deployment ON proposals (deployment, proposed_at);
CREATE INDEX proposals_by_time ON proposals (proposed_at);

CREATE TABLE proposal_approvals (
  proposal_id bigint NOT NULL REFERENCES proposals,
  approved_by text NOT NULL,
  approved_at timestamptz NOT NULL,
  PRIMARY KEY (proposal_id, approved_by)
);

-- One proposal, applied once.
CREATE TABLE rollouts (
  rollout_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  proposal_id bigint NOT NULL UNIQUE REFERENCES proposals,
  account_id  int NOT NULL REFERENCES accounts,
  state       text COLLATE "C" NOT NULL
    CHECK (state IN ('waiting', 'running', 'held', 'done', 'failed', 'cancelled', 'undoing', 'undone')),
  -- Why it is held, or has failed.
  reason      text,
  begun_at    timestamptz NOT NULL,
  begun_by    text NOT NULL,
  -- Who has asked for it to be undone. NULL: nobody.
  undo_by     text,
  changed_at  timestamptz NOT NULL,
  ended_at    timestamptz
);
CREATE INDEX rollouts_under_way ON rollouts (account_id) WHERE ended_at IS NULL;

CREATE TABLE rollout_steps (
  rollout_step_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  rollout_id  bigint NOT NULL REFERENCES rollouts,
  position    int NOT NULL,
  -- The step's name in the proposal: `droplet web-1`.
  key         text COLLATE "C" NOT NULL,
  -- By which what it creates is known again at the provider. A step that is tried anew gets another one.
  mark        uuid NOT NULL UNIQUE,
  state       text COLLATE "C" NOT NULL,
  -- See src/provisioning/create-step.ts.
  record      jsonb NOT NULL,
  -- What it created or adopted, by the provider's id.
  external_id text COLLATE "C",
  adopted     boolean NOT NULL DEFAULT false,
  -- The record of its undoing. NULL: it is not being undone.
  undo        jsonb,
  changed_at  timestamptz NOT NULL,
  UNIQUE (rollout_id, position),
  UNIQUE (rollout_id, key)
);

-- Each request of a rollout to the provider, without bodies and tokens.
CREATE TABLE provisioning_requests (
  provisioning_request_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  rollout_id bigint NOT NULL REFERENCES rollouts,
  sent_at    timestamptz NOT NULL,
  method     text COLLATE "C" NOT NULL,
  path       text NOT NULL,
  -- NULL: no answer.
  status     int,
  request_id text,
  ms         int NOT NULL
);
CREATE INDEX provisioning_requests_by_rollout ON provisioning_requests (rollout_id);

-- What carries the mark of a step that has created another one: made more than once.
CREATE TABLE rollout_extras (
  rollout_extra_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  rollout_step_id bigint NOT NULL REFERENCES rollout_steps,
  external_id text COLLATE "C" NOT NULL,
  found_at    timestamptz NOT NULL,
  -- NULL: it is there.
  gone_at     timestamptz,
  UNIQUE (rollout_step_id, external_id)
);

-- What no rollout may destroy.
CREATE TABLE protections (
  protection_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  deployment_id bigint REFERENCES deployments,
  resource_id   bigint REFERENCES resources,
  reason        text NOT NULL,
  protected_at  timestamptz NOT NULL,
  protected_by  text NOT NULL,
  ended_at      timestamptz,
  ended_by      text,
  CHECK ((deployment_id IS NULL) <> (resource_id IS NULL)),
  CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE UNIQUE INDEX protections_of_deployment ON protections (deployment_id) WHERE ended_at IS NULL AND deployment_id IS NOT NULL;
CREATE UNIQUE INDEX protections_of_resource ON protections (resource_id) WHERE ended_at IS NULL AND resource_id IS NOT NULL;

-- What is sealed, by the key of the database.
CREATE VIEW provisioning_sealed AS
  SELECT 'the write token of account ' || a.slug AS what, w.sealed
  FROM write_credentials w JOIN inventory_accounts a USING (account_id)
  UNION ALL
  SELECT format('the user data of blueprint %s, version %s', b.slug, v.version), v.user_data
  FROM blueprint_versions v JOIN blueprints b USING (blueprint_id) WHERE v.user_data IS NOT NULL
  UNION ALL
  SELECT 'the sealed values of proposal ' || left(hash, 12), secrets FROM proposals WHERE secrets IS NOT NULL;

CALL publish_changes('write_credentials', 'account.changed',
  'SELECT a.slug AS subject, NULL AS customer_id FROM changed JOIN accounts a USING (account_id)');
CALL publish_changes('blueprint_versions', 'blueprint.changed',
  'SELECT b.slug AS subject, NULL AS customer_id FROM changed JOIN blueprints b USING (blueprint_id)');
CALL publish_changes('proposals', 'proposal.changed', 'SELECT hash AS subject, NULL AS customer_id FROM changed');
CALL publish_changes('proposal_approvals', 'proposal.changed',
  'SELECT p.hash AS subject, NULL AS customer_id FROM changed JOIN proposals p USING (proposal_id)');
CALL publish_changes('protections', 'protection.changed', 'SELECT protection_id::text AS subject, NULL AS customer_id FROM changed');
CALL publish_changes('rollouts', 'rollout.changed', 'SELECT rollout_id::text AS subject, NULL AS customer_id FROM changed');
CALL publish_changes('rollout_extras', 'rollout.changed',
  'SELECT DISTINCT rollout_id::text AS subject, NULL AS customer_id FROM changed JOIN rollout_steps USING (rollout_step_id)');
CALL publish_changes('rollout_steps', 'rollout.changed',
  'SELECT DISTINCT rollout_id::text AS subject, NULL AS customer_id FROM changed');

CALL audit_changes('write_credentials', '{sealed}');
CALL audit_changes('blueprint_versions', '{user_data}');
CALL audit_changes('proposals', '{secrets}');
CALL audit_changes('proposal_approvals');
CALL audit_changes('rollouts');
CALL audit_changes('protections');

CALL protect_from_customers('provisioning_sealed');
CALL protect_from_customers('write_credentials');
CALL protect_from_customers('blueprints');
CALL protect_from_customers('blueprint_versions');
CALL protect_from_customers('proposals');
CALL protect_from_customers('proposal_approvals');
CALL protect_from_customers('rollouts');
CALL protect_from_customers('rollout_steps');
CALL protect_from_customers('rollout_extras');
CALL protect_from_customers('provisioning_requests');
CALL protect_from_customers('protections');

CALL pin_search_paths();
CALL arm_triggers();
