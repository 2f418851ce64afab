import type {
  Absence,
  Attributes,
  ListedMembership,
  ListedResource,
  ListingEnd,
  ListingEvent,
  ProviderAction,
} from '../provider.ts';
import { type Endpoint, endpoints, projectResources } from './endpoints.ts';
import { readAction, readBaseImage, readSize, readSshKey } from './kinds/account.ts';
import { readApp, readDatabase, readDroplet, readKubernetesCluster } from './kinds/compute.ts';
import { idFrom } from './kinds/fields.ts';
import {
  readCertificate,
  readDnsZone,
  readFirewall,
  readLoadBalancer,
  readReservedIpv4,
  readReservedIpv6,
  readVpc,
} from './kinds/network.ts';
import { readMembership, readProject } from './kinds/projects.ts';
import {
  readBackup,
  readBackupPolicy,
  readCustomImage,
  readDropletBackups,
  readSnapshot,
  readVolume,
} from './kinds/storage.ts';
import { joinReasons } from './notes.ts';
import { type Collection, type Read, SeenIds, paginate } from './paginate.ts';
import type { Reading } from './request.ts';

/** What is read where and how: each of the provider's collections with the mapping of its items. */
function collection<T>(
  endpoint: Endpoint,
  idField: string,
  read: (raw: unknown) => Read<T> | 'skip',
  part: Attributes = {},
): Collection<T> {
  return { endpoint, part, idOf: idFrom(idField), read };
}

/** The collections that make up a kind, all of them: a droplet is in one or the other. */
export const collectionsByKind: Readonly<Record<string, readonly Collection<ListedResource>[]>> = {
  project: [collection(endpoints.projects, 'id', readProject)],
  droplet: [
    // One that has a GPU and is listed here all the same is only seen here: so this part is all of the kind.
    collection(endpoints.droplets, 'id', readDroplet(false)),
    collection(endpoints.gpuDroplets, 'id', readDroplet(true), { gpu: true }),
  ],
  dns_zone: [collection(endpoints.domains, 'name', readDnsZone)],
  volume: [collection(endpoints.volumes, 'id', readVolume)],
  reserved_ip: [
    collection(endpoints.reservedIpv4, 'ip', readReservedIpv4, { ip_version: 4 }),
    collection(endpoints.reservedIpv6, 'ip', readReservedIpv6, { ip_version: 6 }),
  ],
  firewall: [collection(endpoints.firewalls, 'id', readFirewall)],
  load_balancer: [collection(endpoints.loadBalancers, 'id', readLoadBalancer)],
  snapshot: [collection(endpoints.snapshots, 'id', readSnapshot)],
  custom_image: [collection(endpoints.privateImages, 'id', readCustomImage)],
  database: [collection(endpoints.databases, 'id', readDatabase)],
  kubernetes_cluster: [collection(endpoints.kubernetesClusters, 'id', readKubernetesCluster)],
  app: [collection(endpoints.apps, 'id', readApp)],
  vpc: [collection(endpoints.vpcs, 'id', readVpc)],
  certificate: [collection(endpoints.certificates, 'id', readCertificate)],
};

export const backupImages = collection(endpoints.privateImages, 'id', readBackup);
export const backupPolicies = collection(endpoints.backupPolicies, 'droplet_id', readBackupPolicy);
export const dropletBackups = [
  collection(endpoints.droplets, 'id', readDropletBackups),
  collection(endpoints.gpuDroplets, 'id', readDropletBackups),
];
export const sizes = collection(endpoints.sizes, 'slug', readSize);
export const baseImages = collection(endpoints.baseImages, 'id', readBaseImage);
export const sshKeys = collection(endpoints.sshKeys, 'id', readSshKey);

/**
 * Those that began or completed at `since` or later, or have not completed. The newest come first, by and
 * large: no order is promised, so the rest is left out only after a whole page without any of them.
 */
export function actionsSince(since: Temporal.Instant): Collection<ProviderAction> {
  const isOld = (at: Temporal.Instant | null) => at !== null && Temporal.Instant.compare(at, since) < 0;
  return {
    ...collection(endpoints.actions, 'id', readAction),
    wants: ({ startedAt, completedAt, status }) =>
      status === 'in-progress' || !isOld(startedAt) || (completedAt !== null && !isOld(completedAt)),
  };
}

export function projectMembers(projectExternalId: string): Collection<ListedMembership> {
  return collection(projectResources(projectExternalId), 'urn', readMembership(projectExternalId));
}

/** What no further request would find otherwise: the rest is not asked for. */
const hopeless = new Set(['unauthorized', 'unreachable', 'rate_limited', 'cancelled']);

/** From the surest to the least sure. */
const certainties: readonly Absence['certainty'][] = ['evident', 'movable', 'unclear'];

/**
 * Several collections as one listing: complete only if each is. One that fails does not keep the
 * others from being read, unless they would fail in the same way, nor from saying who is gone. What
 * moves from one to another while they are read is shown once, where it was met first.
 */
export async function* readAll<T>(
  reading: Reading,
  collections: readonly Collection<T>[],
): AsyncGenerator<ListingEvent<T>, void, undefined> {
  const sentBefore = reading.sent;
  const seen = new SeenIds();
  const ends: ListingEnd[] = [];
  for (const each of collections) {
    for await (const event of paginate(reading, each, seen)) {
      if (event.type === 'page') yield event;
      else ends.push(event.end);
    }
    const last = ends.at(-1);
    if (last?.outcome === 'partial' && hopeless.has(last.problem)) break;
  }
  const notAsked = collections.slice(ends.length).map(({ part = {} }) => part);
  yield { type: 'end', end: joinEnds(ends, notAsked, reading.sent - sentBefore) };
}

function joinEnds(ends: readonly ListingEnd[], notAsked: readonly Attributes[], requests: number): ListingEnd {
  const absence: Absence = {
    unread: [...ends.flatMap((end) => end.absence.unread), ...notAsked],
    certainty: certainties.findLast((each) => ends.some((end) => end.absence.certainty === each)) ?? 'evident',
  };
  const partial = ends.filter((end) => end.outcome === 'partial');
  const worst = partial.find(({ problem }) => hopeless.has(problem)) ?? partial[0];
  // What could not be read comes before what was not understood.
  const reasons = [...partial, ...ends.filter((end) => end.outcome === 'complete')].flatMap(
    ({ reason }) => reason ?? [],
  );
  if (worst === undefined) {
    return { outcome: 'complete', reason: reasons.length === 0 ? null : joinReasons(reasons), absence, requests };
  }
  return { outcome: 'partial', problem: worst.problem, reason: joinReasons(reasons), absence, requests };
}
