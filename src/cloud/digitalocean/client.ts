import { ArcadiaError } from '../../platform/errors.ts';
import type { BillingSource } from '../billing-source.ts';
import type {
  Absence,
  Credentials,
  ListedMembership,
  ListedResource,
  ListedSettings,
  ListingEvent,
  NotReadKind,
  Provider,
  ProviderIdentity,
  ProviderOffer,
  ProviderOptions,
  RequestBudget,
  ResourceKind,
  ScopeReport,
} from '../provider.ts';
import { BackupSources } from './backups.ts';
import { actionsSince, baseImages, collectionsByKind, projectMembers, readAll, sizes, sshKeys } from './collections.ts';
import { imageTypes } from './kinds/storage.ts';
import { detailedKinds, listPolicies, listRecords } from './details.ts';
import { DigitalOceanBilling } from './billing.ts';
import { type Endpoint, fieldScopes, lookupPath, scopes } from './endpoints.ts';
import { explainFailure } from './explain-failure.ts';
import { account, accountLimits, readAction } from './kinds/account.ts';
import { type Machine, machine } from './machine.ts';
import { type Collection, paginate } from './paginate.ts';
import { Reading, Requester, RequestFailure, type RequestLimits, requestLimits } from './request.ts';
import { settingsOf, settingsVersion } from './settings/settings.ts';
import { SimulatedFloor } from './simulated-floor.ts';
import type { Spaces } from './spaces.ts';
import { throttleFor } from './throttle.ts';

/** In the order in which a full sync lists them: droplets before the backups that they name. */
const kindsInOrder: readonly ResourceKind[] = [
  'project',
  'droplet',
  'dns_zone',
  'volume',
  'reserved_ip',
  'firewall',
  'load_balancer',
  'snapshot',
  'custom_image',
  'droplet_backup',
  'database',
  'kubernetes_cluster',
  'app',
  'vpc',
  'certificate',
];

/** What a test replaces: the machine's time, and limits that would take it minutes. */
interface Surroundings {
  readonly machine?: Machine;
  readonly limits?: Partial<RequestLimits>;
}

/**
 * DigitalOcean's API as a Provider. Reads only; a token with read scopes is enough.
 *
 * Throws invalid_config when the address is none.
 */
export function createDigitalOcean(options: ProviderOptions, surroundings: Surroundings = {}): Provider {
  return new DigitalOcean(options, surroundings);
}

class DigitalOcean implements Provider {
  readonly name = 'digitalocean';
  readonly kinds: readonly ResourceKind[];
  readonly billing: BillingSource;
  readonly notRead: readonly NotReadKind[];
  readonly #apiUrl: string;
  readonly #requester: Requester;
  readonly #simulatedFloor = new SimulatedFloor();
  readonly #backupSources = new BackupSources();
  readonly #spacesKeys: Credentials['spaces'];
  readonly #onRequest: NonNullable<ProviderOptions['onRequest']>;
  #spaces: Spaces | null = null;

  constructor({ apiUrl, credentials, onRequest = () => {} }: ProviderOptions, surroundings: Surroundings) {
    const time = surroundings.machine ?? machine;
    this.#apiUrl = checkAddress(apiUrl);
    this.#onRequest = onRequest;
    this.#spacesKeys = credentials.spaces;
    this.kinds = credentials.spaces === undefined ? kindsInOrder : [...kindsInOrder, 'spaces_bucket'];
    // Buckets have an interface of their own, and no scope of a token opens it.
    this.notRead = credentials.spaces === undefined ? [{ kind: 'spaces_bucket', needs: 'Spaces key' }] : [];
    this.#requester = new Requester({
      apiUrl: this.#apiUrl,
      token: credentials.token,
      machine: time,
      throttle: throttleFor(this.#apiUrl, credentials.token, time),
      simulatedFloor: this.#simulatedFloor,
      limits: { ...requestLimits, ...surroundings.limits },
      onRequest,
    });
    this.billing = new DigitalOceanBilling(this.#requester, this.#apiUrl);
  }

  async identify(signal?: AbortSignal): Promise<ProviderIdentity> {
    try {
      const { body, simulatedAt, answeredAt } = await this.#requester.get('/v2/account', {}, signal);
      const result = account.safeParse(body);
      if (!result.success)
        throw new RequestFailure('malformed', 'GET /v2/account answered something else than an account');
      return {
        ...result.data.account,
        simulatedAt: simulatedAt === null ? null : Temporal.Instant.from(simulatedAt),
        answeredAt,
      };
    } catch (error) {
      throw explainFailure(error, this.#apiUrl, 'account:read');
    }
  }

  async offer(signal?: AbortSignal): Promise<ProviderOffer> {
    const { body } = await this.#requester.get('/v2/account', {}, signal).catch((error: unknown) => {
      throw explainFailure(error, this.#apiUrl, 'account:read');
    });
    const limits = accountLimits.safeParse(body);
    if (!limits.success) {
      const failure = new RequestFailure('malformed', 'GET /v2/account answered without limits');
      throw explainFailure(failure, this.#apiUrl, 'account:read');
    }
    const [images, keys] = [await this.#all(baseImages, signal), await this.#all(sshKeys, signal)];
    return { limits: limits.data.account, images: new Map(images.map(({ slug, regions }) => [slug, regions])), keys };
  }

  /** A whole collection, or nothing. Throws ArcadiaError. */
  async #all<T>(collection: Collection<T>, signal?: AbortSignal): Promise<T[]> {
    const found: T[] = [];
    for await (const event of paginate(new Reading(this.#requester, signal), collection)) {
      if (event.type === 'page') found.push(...event.items);
      else if (event.end.outcome === 'partial') {
        const failure = new RequestFailure(event.end.problem, event.end.reason);
        throw explainFailure(failure, this.#apiUrl, collection.endpoint.scope);
      }
    }
    return found;
  }

  async scopes(signal?: AbortSignal): Promise<readonly ScopeReport[]> {
    const reports = scopes.map(async ({ endpoint, kinds, others = [] }): Promise<ScopeReport> => {
      const hides = fieldScopes.find((each) => each.endpoint === endpoint)?.fields ?? {};
      const fields = Object.entries(hides).flatMap(([kind, names]) => names.map((name) => `${kind}.${name}`));
      return { scope: endpoint.scope, kinds, fields, others, granted: await this.#isGranted(endpoint, signal) };
    });
    const keys = this.notRead.map(
      ({ kind, needs }): ScopeReport => ({ scope: needs, granted: 'no', kinds: [kind], fields: [], others: [] }),
    );
    return [...(await Promise.all(reports)), ...keys];
  }

  scopedFields(kind: ResourceKind): readonly string[] {
    return [...new Set(fieldScopes.flatMap(({ fields: { [kind]: fields = [] } }) => fields))];
  }

  async hiddenFields(kind: ResourceKind, wanted: readonly string[], signal?: AbortSignal) {
    const asked = fieldScopes.map(async ({ endpoint, fields: { [kind]: fields = [] } }) =>
      !fields.some((field) => wanted.includes(field)) || (await this.#isGranted(endpoint, signal)) === 'yes'
        ? []
        : [{ scope: endpoint.scope, fields }],
    );
    return (await Promise.all(asked)).flat();
  }

  readonly settings = settingsOf;
  readonly settingsVersion = settingsVersion;

  list(kind: ResourceKind, signal?: AbortSignal) {
    const reading = new Reading(this.#requester, signal);
    if (kind === 'spaces_bucket' && this.#spacesKeys !== undefined) return this.#listBuckets(this.#spacesKeys, signal);
    if (kind === 'droplet') return this.#listDroplets(reading);
    if (kind === 'droplet_backup') return this.#backupSources.list(reading);
    const collections = Object.hasOwn(collectionsByKind, kind) ? collectionsByKind[kind] : undefined;
    return collections === undefined ? refuse(kind) : readAll(reading, collections);
  }

  readonly detailedKinds = detailedKinds;

  listDetails(kind: ResourceKind, externalIds: readonly string[] | 'all', signal?: AbortSignal) {
    const reading = new Reading(this.#requester, signal);
    const ids = externalIds === 'all' ? [] : externalIds;
    if (kind === 'spaces_bucket' && this.#spacesKeys !== undefined)
      return this.#listBucketSettings(this.#spacesKeys, ids, signal);
    return kind === 'dns_zone' ? listRecords(reading, ids) : listPolicies(reading, externalIds);
  }

  listMemberships(projectExternalIds: readonly string[], signal?: AbortSignal) {
    const collections = projectExternalIds.map(projectMembers);
    return readAll<ListedMembership>(new Reading(this.#requester, signal), collections);
  }

  listActions(since: Temporal.Instant, signal?: AbortSignal) {
    return paginate(new Reading(this.#requester, signal), actionsSince(since));
  }

  async lookupAction(externalId: string, signal?: AbortSignal) {
    try {
      const { body } = await this.#requester.get(`/v2/actions/${encodeURIComponent(externalId)}`, {}, signal);
      const result = readAction((body as { action?: unknown } | null)?.action);
      return result.ok ? result.item : 'unknown';
    } catch (error) {
      return error instanceof RequestFailure && error.status === 404 ? 'gone' : 'unknown';
    }
  }

  listSizes(signal?: AbortSignal) {
    return paginate(new Reading(this.#requester, signal), sizes);
  }

  async lookup(kind: ResourceKind, externalId: string, signal?: AbortSignal) {
    if (kind === 'spaces_bucket' && this.#spacesKeys !== undefined)
      return (await this.#openSpaces(this.#spacesKeys)).lookup(externalId, signal);
    const path = lookupPath(kind, externalId);
    if (path === null) return 'unknown';
    try {
      const { body } = await this.#requester.get(path, {}, signal);
      return isStill(kind, body) ? 'exists' : 'gone';
    } catch (error) {
      return error instanceof RequestFailure && error.status === 404 ? 'gone' : 'unknown';
    }
  }

  standAt(instant: Temporal.Instant): void {
    this.#simulatedFloor.raise(instant);
  }

  get requests(): number {
    return this.#requester.sent + (this.#spaces?.sent ?? 0);
  }

  get budget(): RequestBudget | null {
    return this.#requester.budget;
  }

  async close(): Promise<void> {
    this.#spaces?.close();
  }

  /** The S3 library takes long to load and much memory: only who lists buckets pays for it. */
  async #openSpaces(keys: NonNullable<Credentials['spaces']>): Promise<Spaces> {
    const { Spaces } = await import('./spaces.ts');
    this.#spaces ??= new Spaces(keys, this.#onRequest, this.#simulatedFloor);
    return this.#spaces;
  }

  async *#listBuckets(
    keys: NonNullable<Credentials['spaces']>,
    signal?: AbortSignal,
  ): AsyncGenerator<ListingEvent<ListedResource>, void, undefined> {
    yield* (await this.#openSpaces(keys)).list(signal);
  }

  async *#listBucketSettings(
    keys: NonNullable<Credentials['spaces']>,
    names: readonly string[],
    signal?: AbortSignal,
  ): AsyncGenerator<ListingEvent<ListedSettings>, void, undefined> {
    yield* (await this.#openSpaces(keys)).listSettings(names, signal);
  }

  async *#listDroplets(reading: Reading): AsyncGenerator<ListingEvent<ListedResource>, void, undefined> {
    for await (const event of readAll(reading, collectionsByKind.droplet ?? [])) {
      if (event.type === 'page') for (const { payload } of event.items) this.#backupSources.learn(payload);
      yield event;
    }
  }

  async #isGranted(endpoint: Endpoint, signal?: AbortSignal): Promise<ScopeReport['granted']> {
    const { path, query, unpaged } = endpoint;
    try {
      await this.#requester.get(path, unpaged ? query : { ...query, per_page: '1' }, signal);
      return 'yes';
    } catch (error) {
      return error instanceof RequestFailure && error.problem === 'forbidden' ? 'no' : 'unknown';
    }
  }
}

/** A backup that was converted is a snapshot by the same id: as a backup it is gone. */
function isStill(kind: ResourceKind, body: unknown): boolean {
  const expected = Object.hasOwn(imageTypes, kind) ? imageTypes[kind] : undefined;
  const type = (body as { image?: { type?: unknown } } | null)?.image?.type;
  return expected === undefined || typeof type !== 'string' || type === expected;
}

function checkAddress(apiUrl: string): string {
  const url = URL.parse(apiUrl);
  if (url !== null && (url.protocol === 'https:' || url.protocol === 'http:')) return apiUrl.replace(/\/+$/, '');
  throw new ArcadiaError('invalid_config', `The provider's address '${apiUrl}' is not an http(s) address.`, {
    details: { apiUrl },
  });
}

async function* refuse(kind: ResourceKind): AsyncGenerator<ListingEvent<ListedResource>, void, undefined> {
  const reason = `DigitalOcean is not asked for ${kind}`;
  const absence: Absence = { unread: [{}], certainty: 'evident' };
  yield { type: 'end', end: { outcome: 'partial', problem: 'provider_error', reason, absence, requests: 0 } };
}
