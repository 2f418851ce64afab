-- http: what a POST with an Idempotency-Key was answered, so that the same request sent again gets
-- the same answer and is not done twice.
--
-- A row is written in the transaction of what it answers: either both are there or neither is. That
-- a request is under way shows as an advisory lock of its transaction, which goes when it does,
-- however the process that ran it ends.

CREATE TABLE idempotency_keys (
  principal    text NOT NULL,              -- role and subject of the token
  operation_id text COLLATE "C" NOT NULL,
  key          text COLLATE "C" NOT NULL,
  digest       bytea NOT NULL,             -- SHA-256 of what was asked
  status       int NOT NULL CHECK (status BETWEEN 200 AND 299),
  location     text,
  body         text NOT NULL,              -- '' for none
  expires_at   timestamptz NOT NULL,       -- real time, whatever the clock of the domain says
  PRIMARY KEY (principal, operation_id, key)
);
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);

CALL protect_from_customers('idempotency_keys');

-- Tokens that are refused although they are genuine: those for which all that a row says holds. Real time.
CREATE TABLE revoked_tokens (
  revocation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  jti           text CHECK (length(jti) <= 255),
  subject       text CHECK (length(subject) <= 255),
  issued_before timestamptz,
  revoked_at    timestamptz NOT NULL,
  revoked_by    text NOT NULL,
  reason        text NOT NULL,
  expires_at    timestamptz NOT NULL,      -- when the last of them has ended by itself
  CHECK (num_nonnulls(jti, subject, issued_before) > 0)
);
CREATE INDEX revoked_tokens_by_expiry ON revoked_tokens (expires_at);
CALL audit_changes('revoked_tokens');

CALL protect_from_customers('revoked_tokens');

CALL pin_search_paths();
CALL arm_triggers();
