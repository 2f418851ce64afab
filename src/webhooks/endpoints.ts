import type { Database, Queryable, UnitOfWork } from '../platform/database/database.ts';
import { cursorOf } from '../platform/database/keyset.ts';
import type { Page, PageRequest } from '../platform/declare/operation.ts';
import { pageOf } from '../platform/declare/pages.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import { seal, type SecretKey } from '../platform/secrets/crypto.ts';
import * as store from './endpoints.store.ts';
import { webhookTargetRefused } from './errors.ts';
import { insertTest, recoverDeliveries } from './messages.store.ts';
import { reachable } from './networks.ts';
import { keyPurpose } from './secret-key.ts';
import { generateKey, type Scheme, type SigningKey } from './signing.ts';
import { parseTarget, TargetRefused } from './target.ts';
import { subscribable, type SubscribableType, webhookTypes } from './types.ts';

export type Endpoint = store.EndpointRow;

/** Both secrets sign for so long after a rotation. */
const overlapHours = 24;
/** Each costs a look with every message. */
const endpointsMax = 200;

export interface NewEndpoint {
  readonly webhook: string;
  readonly url: string;
  /** null: all that it may have. */
  readonly types: readonly SubscribableType[] | null;
  readonly signature: Scheme;
  /** Whose it is; null: ours. */
  readonly owner: { readonly customerId: number; readonly customer: string } | null;
}

interface Adding {
  readonly by: string;
  readonly now: Temporal.Instant;
  readonly key: SecretKey;
  readonly networks: readonly string[];
}

/**
 * Adds an endpoint, with a secret that is given out now and never again.
 * @throws ArcadiaError webhook_target_refused; invalid_argument (a type that a customer's endpoint may not have; too many); already_exists
 */
export async function addEndpoint(
  db: Database,
  { owner, ...wanted }: NewEndpoint,
  { by, now, key, networks }: Adding,
): Promise<{ endpoint: Endpoint; key: SigningKey }> {
  const allowed = subscribable.filter((type) => owner === null || webhookTypes[type].forCustomers);
  const types = wanted.types ?? allowed;
  const refused = types.find((type) => !allowed.includes(type));
  if (refused !== undefined)
    throw new ArcadiaError(
      'invalid_argument',
      `A customer's webhook cannot have ${refused}, only ${allowed.join(', ')}.`,
    );
  const url = checkedUrl(wanted.url, networks);
  const made = generateKey(wanted.signature);
  const endpoint = await db.transaction().execute(async (trx) => {
    if ((await store.selectEndpoints(trx)).length >= endpointsMax)
      throw new ArcadiaError('invalid_argument', `There are ${endpointsMax} webhooks, as many as there may be.`);
    const { customerId, customer } = owner ?? { customerId: null, customer: null };
    const row = { ...wanted, url, types: [...new Set(types)], customerId, customer };
    const endpointId = await store.insertEndpoint(trx, row, by, now);
    if (endpointId === null) throw new ArcadiaError('already_exists', `There is a webhook ${wanted.webhook} already.`);
    await store.insertKey(trx, endpointId, sealedKey(key, made), now, now);
    return find(trx, wanted.webhook);
  });
  return { endpoint, key: made };
}

function checkedUrl(text: string, networks: readonly string[]): string {
  try {
    return parseTarget(text, reachable(networks)).href;
  } catch (error) {
    if (error instanceof TargetRefused) throw webhookTargetRefused(`No webhook is sent there. ${error.message}`);
    throw error;
  }
}

function sealedKey(
  key: SecretKey,
  { secret, publicKey }: SigningKey,
): { sealed: Uint8Array; publicKey: string | null } {
  return { sealed: seal(key, keyPurpose, secret), publicKey };
}

async function find(db: Queryable, webhook: string, customerId: number | null = null): Promise<Endpoint> {
  const [found] = await store.selectEndpoints(db, { webhook, customerId });
  if (found === undefined) throw notFound('webhook', webhook);
  return found;
}

/** By their slug: all, or one customer's. */
export function listEndpoints(db: Queryable, customerId: number | null = null): Promise<Endpoint[]> {
  return store.selectEndpoints(db, { customerId });
}

/** Of a customer who asks, by ours: another's is as good as none. @throws ArcadiaError not_found */
export function getEndpoint(db: Queryable, webhook: string, customerId: number | null = null): Promise<Endpoint> {
  return find(db, webhook, customerId);
}

/** By what its messages are signed now, without the secrets. */
export function signingKeys(db: Queryable, endpointId: number, now: Temporal.Instant): Promise<store.SigningKeyRow[]> {
  return store.selectSigningKeys(db, endpointId, now);
}

/** Gives an endpoint a new secret; the one before it signs as well for 24 hours. @throws ArcadiaError not_found */
export async function rotateSecret(
  db: Database,
  webhook: string,
  { key, now }: Pick<Adding, 'key' | 'now'>,
): Promise<{ key: SigningKey; overlapsUntil: Temporal.Instant }> {
  return withLocked(db, webhook, async (trx, { endpointId, signature }) => {
    const made = generateKey(signature);
    const overlapsUntil = now.add({ hours: overlapHours });
    await store.insertKey(trx, endpointId, sealedKey(key, made), now, overlapsUntil);
    return { key: made, overlapsUntil };
  });
}

/** Writes a message of type webhook.test. @throws ArcadiaError not_found; conflict where it is disabled */
export async function testEndpoint(db: Database, webhook: string, now: Temporal.Instant): Promise<string> {
  return withLocked(db, webhook, async (trx, endpoint) => {
    assertEnabled(endpoint);
    const { endpointId, customerId } = endpoint;
    return insertTest(trx, { endpointId, customerId, data: JSON.stringify({ webhook }) }, now);
  });
}

/** Has messages since an instant sent again that failed or never were. Returns how many. @throws ArcadiaError not_found; conflict where it is disabled */
export async function recoverMessages(
  db: Database,
  webhook: string,
  from: Temporal.Instant,
  now: Temporal.Instant,
): Promise<number> {
  return withLocked(db, webhook, async (trx, endpoint) => {
    assertEnabled(endpoint);
    return recoverDeliveries(trx, endpoint.endpointId, from, now);
  });
}

function assertEnabled({ webhook, disabledAt }: Endpoint): void {
  if (disabledAt === null) return;
  throw new ArcadiaError('conflict', `Webhook ${webhook} is disabled since ${disabledAt}: nothing is sent to it.`, {
    next: { operation: 'webhook enable', arguments: { webhook } },
  });
}

/** Sends nothing to an endpoint any more. Whether it was enabled. @throws ArcadiaError not_found */
export async function disableEndpoint(db: Database, webhook: string, now: Temporal.Instant): Promise<boolean> {
  return withLocked(db, webhook, (trx, { endpointId }) => store.updateDisabled(trx, endpointId, 'operator', now));
}

/** Sends to an endpoint again, first what waits. Whether it was disabled. @throws ArcadiaError not_found */
export async function enableEndpoint(db: Database, webhook: string, now: Temporal.Instant): Promise<boolean> {
  return withLocked(db, webhook, (trx, { endpointId }) => store.updateEnabled(trx, endpointId, now));
}

/** Removes an endpoint, its secrets and its log. @throws ArcadiaError not_found */
export async function removeEndpoint(db: Database, webhook: string): Promise<void> {
  await withLocked(db, webhook, (trx, { endpointId }) => store.deleteEndpoint(trx, endpointId));
}

function withLocked<Result>(
  db: Database,
  webhook: string,
  work: (trx: UnitOfWork, endpoint: Endpoint) => Promise<Result>,
): Promise<Result> {
  return db.transaction().execute(async (trx) => {
    const endpoint = await store.lockEndpoint(trx, webhook);
    if (endpoint === undefined) throw notFound('webhook', webhook);
    return work(trx, endpoint);
  });
}

/** A page of an endpoint's attempts, and how many there are in all; customers do not see what was answered. @throws ArcadiaError not_found */
export async function attemptPage(
  db: Queryable,
  webhook: string,
  { customerId, failed }: { readonly customerId: number | null; readonly failed?: boolean | undefined },
  page: PageRequest,
): Promise<Required<Page<store.AttemptLogRow>>> {
  const { endpointId } = await find(db, webhook, customerId);
  const withAnswer = customerId === null;
  const filter = { endpointId, failed, q: page.q };
  const rows = await store.selectAttempts(db, filter, { ...page, withAnswer, limit: page.limit + 1 });
  return { ...pageOf(rows, page.limit, cursorOf), total: await store.countAttempts(db, filter) };
}
