-- webhooks: endpoints of others, what is published to them, and what came of each attempt to send it.

-- Whose it is besides ours: customer_id is the customer's, and `customer` the external id that names it for good.
CREATE TABLE webhook_endpoints (
  endpoint_id     int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slug            slug NOT NULL UNIQUE,
  customer_id     bigint,
  customer        text COLLATE "C",
  url             text NOT NULL CHECK (length(url) <= 2000),
  types           text[] COLLATE "C" NOT NULL CHECK (cardinality(types) > 0),
  signature       text COLLATE "C" NOT NULL CHECK (signature IN ('v1', 'v1a')),
  created_at      timestamptz NOT NULL,
  created_by      text NOT NULL,
  -- NULL: messages are sent to it.
  disabled_at     timestamptz,
  disabled_reason text COLLATE "C" CHECK (disabled_reason IN ('operator', 'gone', 'failing')),
  CHECK ((customer_id IS NULL) = (customer IS NULL)),
  CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL))
);

-- What deliveries change of an endpoint all the time; nobody decides it, and so it is not audited.
CREATE TABLE webhook_progress (
  endpoint_id   int PRIMARY KEY REFERENCES webhook_endpoints ON DELETE CASCADE,
  last_sequence bigint NOT NULL,
  -- Since when nothing but failures: the first one after the last success. NULL: the last attempt succeeded, or there was none.
  failing_since timestamptz
);

-- By which an endpoint's messages are signed while [valid_from, valid_to): two at a time during a rotation.
CREATE TABLE webhook_keys (
  webhook_key_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  endpoint_id    int NOT NULL REFERENCES webhook_endpoints ON DELETE CASCADE,
  sealed         bytea NOT NULL,
  -- Of v1a, by which receivers verify.
  public_key     text COLLATE "C",
  valid_from     timestamptz NOT NULL,
  valid_to       timestamptz NOT NULL,
  CHECK (valid_from <= valid_to)
);
CREATE INDEX webhook_keys_by_endpoint ON webhook_keys (endpoint_id);

-- Written in the transaction of the change. webhook_id is what receivers know a message by, over all attempts.
CREATE TABLE webhook_messages (
  message_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  webhook_id  text COLLATE "C" NOT NULL UNIQUE,
  type        text COLLATE "C" NOT NULL,
  customer_id bigint,
  -- As text: each attempt sends the same bytes.
  data        json NOT NULL,
  recorded_at timestamptz NOT NULL
);
CREATE INDEX webhook_messages_by_time ON webhook_messages (recorded_at);

CREATE TABLE webhook_deliveries (
  delivery_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  message_id  bigint NOT NULL REFERENCES webhook_messages ON DELETE CASCADE,
  endpoint_id int NOT NULL REFERENCES webhook_endpoints ON DELETE CASCADE,
  -- The endpoint's own count, drawn with the first attempt: a receiver sees what is missing. NULL: not attempted yet.
  sequence    bigint,
  state       text COLLATE "C" NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
  -- Of the schedule; a recovery begins it anew.
  attempts    int NOT NULL,
  next_at     timestamptz NOT NULL,
  -- The job that is sending it, and since when.
  claimed_by  text COLLATE "C",
  claimed_at  timestamptz,
  UNIQUE (message_id, endpoint_id),
  CHECK ((claimed_by IS NULL) = (claimed_at IS NULL))
);
CREATE INDEX webhook_deliveries_by_endpoint ON webhook_deliveries (endpoint_id, state);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, next_at) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_claimed ON webhook_deliveries (endpoint_id) WHERE claimed_by IS NOT NULL;

-- What came of each attempt. `answer`: the first KiB of the answer's body, which customers do not read.
CREATE TABLE webhook_attempts (
  attempt_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  delivery_id  bigint NOT NULL REFERENCES webhook_deliveries ON DELETE CASCADE,
  attempted_at timestamptz NOT NULL,
  ms           int NOT NULL,
  status       int,
  -- Why it failed; NULL: it succeeded.
  error        text,
  answer       text
);
CREATE INDEX webhook_attempts_by_delivery ON webhook_attempts (delivery_id);
CREATE INDEX webhook_attempts_by_time ON webhook_attempts (attempted_at);

CALL publish_changes('webhook_endpoints', 'webhook.changed', 'SELECT slug AS subject, customer_id FROM changed');
CALL audit_changes('webhook_endpoints');
CALL audit_changes('webhook_keys', '{sealed}');

CALL protect_by_customer('webhook_endpoints', '{created_by}');
CALL protect_from_customers('webhook_progress');
CALL protect_by_customer('webhook_messages');
CALL let_customers_read('webhook_keys', 'endpoint_id = ANY (ARRAY(
  SELECT own.endpoint_id FROM webhook_endpoints own WHERE own.customer_id = (SELECT current_customer())))', '{sealed}');
CALL let_customers_read('webhook_deliveries', 'endpoint_id = ANY (ARRAY(
  SELECT own.endpoint_id FROM webhook_endpoints own WHERE own.customer_id = (SELECT current_customer())))', '{claimed_by,claimed_at}');
CALL let_customers_read('webhook_attempts', 'delivery_id IN (SELECT own.delivery_id FROM webhook_deliveries own)', '{answer}');

CALL pin_search_paths();
CALL arm_triggers();
