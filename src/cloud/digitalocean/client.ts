import { ArcadiaError } from '../../platform/errors.ts';
import type {
  Absence,
  ListedMembership,
  ListedResource,
  ListingEvent,
  Provider,
  ProviderOptions,
  ResourceKind,
  ScopeReport,
} from '../provider.ts';
import { BackupSources } from './backups.ts';
import { actionsSince, collectionsByKind, projectMembers, readAll, sizes } from './collections.ts';
import { type Endpoint, fieldScopes, lookupPath, scopes } from './endpoints.ts';
import { account, readAction } from './kinds/account.ts';
import { type Machine, machine } from './machine.ts';
import { paginate } from './paginate.ts';
import { Reading, Requester, RequestFailure, type RequestLimits, requestLimits } from './request.ts';
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
  'droplet_backup',
  'database',
  'kubernetes_cluster',
  'app',
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
  const { credentials, onRequest = () => {} } = options;
  const apiUrl = checkAddress(options.apiUrl);
  const time = surroundings.machine ?? machine;
  const simulatedFloor = new SimulatedFloor();
  const requester = new Requester({
    apiUrl,
    token: credentials.token,
    machine: time,
    throttle: throttleFor(apiUrl, credentials.token, time),
    simulatedFloor,
    limits: { ...requestLimits, ...surroundings.limits },
    onRequest,
  });
  const spacesKeys = credentials.spaces;
  let spaces: Spaces | null = null;
  const backupSources = new BackupSources();

  /** The S3 library takes long to load and much memory: only who lists buckets pays for it. */
  async function openSpaces(keys: NonNullable<typeof spacesKeys>): Promise<Spaces> {
    const { Spaces } = await import('./spaces.ts');
    spaces ??= new Spaces(keys, onRequest, simulatedFloor);
    return spaces;
  }

  async function* listBuckets(
    keys: NonNullable<typeof spacesKeys>,
    signal?: AbortSignal,
  ): AsyncGenerator<ListingEvent<ListedResource>, void, undefined> {
    yield* (await openSpaces(keys)).list(signal);
  }

  async function* listDroplets(reading: Reading): AsyncGenerator<ListingEvent<ListedResource>, void, undefined> {
    for await (const event of readAll(reading, collectionsByKind.droplet ?? [])) {
      if (event.type === 'page') for (const { payload } of event.items) backupSources.learn(payload);
      yield event;
    }
  }

  async function isGranted(endpoint: Endpoint, signal?: AbortSignal): Promise<ScopeReport['granted']> {
    const { path, query, unpaged } = endpoint;
    try {
      await requester.get(path, unpaged ? query : { ...query, per_page: '1' }, signal);
      return 'yes';
    } catch (error) {
      return error instanceof RequestFailure && error.problem === 'forbidden' ? 'no' : 'unknown';
    }
  }

  return {
    name: 'digitalocean',
    kinds: spacesKeys === undefined ? kindsInOrder : [...kindsInOrder, 'spaces_bucket'],

    async identify(signal) {
      try {
        const { body, simulatedAt, answeredAt } = await requester.get('/v2/account', {}, signal);
        const result = account.safeParse(body);
        if (!result.success)
          throw new RequestFailure('malformed', 'GET /v2/account answered something else than an account');
        return {
          ...result.data.account,
          simulatedAt: simulatedAt === null ? null : Temporal.Instant.from(simulatedAt),
          answeredAt,
        };
      } catch (error) {
        throw explain(error, apiUrl);
      }
    },

    async scopes(signal) {
      const reports = scopes.map(async ({ endpoint, kinds }): Promise<ScopeReport> => {
        const hides = fieldScopes.find((each) => each.endpoint === endpoint)?.fields ?? {};
        const fields = Object.entries(hides).flatMap(([kind, names]) => names.map((name) => `${kind}.${name}`));
        return { scope: endpoint.scope, kinds, fields, granted: await isGranted(endpoint, signal) };
      });
      return Promise.all(reports);
    },

    async hiddenFields(kind, signal) {
      const asked = fieldScopes.map(async ({ endpoint, fields: { [kind]: fields = [] } }) =>
        fields.length === 0 || (await isGranted(endpoint, signal)) === 'yes' ? [] : [{ scope: endpoint.scope, fields }],
      );
      return (await Promise.all(asked)).flat();
    },

    list(kind, signal) {
      if (kind === 'spaces_bucket' && spacesKeys !== undefined) return listBuckets(spacesKeys, signal);
      const reading = new Reading(requester, signal);
      if (kind === 'droplet') return listDroplets(reading);
      if (kind === 'droplet_backup') return backupSources.list(reading);
      const collections = Object.hasOwn(collectionsByKind, kind) ? collectionsByKind[kind] : undefined;
      return collections === undefined ? refuse(kind) : readAll(reading, collections);
    },

    listMemberships(projectExternalIds, signal) {
      const collections = projectExternalIds.map(projectMembers);
      return readAll<ListedMembership>(new Reading(requester, signal), collections);
    },

    listActions: (since, signal) => paginate(new Reading(requester, signal), actionsSince(since)),

    async lookupAction(externalId, signal) {
      try {
        const { body } = await requester.get(`/v2/actions/${encodeURIComponent(externalId)}`, {}, signal);
        const result = readAction((body as { action?: unknown } | null)?.action);
        return result.ok ? result.item : 'unknown';
      } catch (error) {
        return error instanceof RequestFailure && error.status === 404 ? 'gone' : 'unknown';
      }
    },

    listSizes: (signal) => paginate(new Reading(requester, signal), sizes),

    async lookup(kind, externalId, signal) {
      if (kind === 'spaces_bucket' && spacesKeys !== undefined) {
        return (await openSpaces(spacesKeys)).lookup(externalId, signal);
      }
      const path = lookupPath(kind, externalId);
      if (path === null) return 'unknown';
      try {
        await requester.get(path, {}, signal);
        return 'exists';
      } catch (error) {
        return error instanceof RequestFailure && error.status === 404 ? 'gone' : 'unknown';
      }
    },

    standAt: (instant) => simulatedFloor.raise(instant),

    get requests() {
      return requester.sent + (spaces?.sent ?? 0);
    },

    async close() {
      spaces?.close();
    },
  };
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

function explain(error: unknown, apiUrl: string): unknown {
  if (!(error instanceof RequestFailure)) return error;
  const about = { cause: error, details: { apiUrl, status: error.status } };
  const { message } = error;
  switch (error.problem) {
    case 'unauthorized':
      return new ArcadiaError(
        'provider_unauthorized',
        `The provider at ${apiUrl} does not accept the token: ${message}.`,
        about,
      );
    case 'forbidden':
      return new ArcadiaError('provider_forbidden', `The token lacks the scope account:read: ${message}.`, about);
    case 'unreachable':
      return new ArcadiaError(
        'provider_unreachable',
        `The provider at ${apiUrl} cannot be reached: ${message}.`,
        about,
      );
    case 'rate_limited':
      return new ArcadiaError(
        'provider_rate_limited',
        `The provider at ${apiUrl} takes no request now: ${message}.`,
        about,
      );
    case 'clock_behind':
      return new ArcadiaError(
        'clock_behind',
        `The simulator at ${apiUrl} is behind this database: ${message}. Nothing was read.`,
        about,
      );
    case 'cancelled':
      return new ArcadiaError('cancelled', message, about);
    default:
      return new ArcadiaError('provider_failed', `The provider at ${apiUrl} failed: ${message}.`, about);
  }
}
