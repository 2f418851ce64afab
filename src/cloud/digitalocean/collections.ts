import type { ListedMembership, ListedResource, ListingEnd, ListingEvent, ProviderAction } from '../provider.ts';
import { type Endpoint, endpoints, projectResources } from './endpoints.ts';
import { readAction, readSize } from './kinds/account.ts';
import { readApp, readDatabase, readDroplet, readKubernetesCluster } from './kinds/compute.ts';
import { idFrom } from './kinds/fields.ts';
import { readDnsZone, readFirewall, readLoadBalancer, readReservedIpv4, readReservedIpv6 } from './kinds/network.ts';
import { readMembership, readProject } from './kinds/projects.ts';
import { readBackup, readBackupPolicy, readDropletBackups, readSnapshot, readVolume } from './kinds/storage.ts';
import { type Collection, type Read, SeenIds, paginate } from './paginate.ts';
import type { Reading } from './request.ts';

/** What is read where and how: each of the provider's collections with the mapping of its items. */
function collection<T>(endpoint: Endpoint, idField: string, read: (raw: unknown) => Read<T> | 'skip'): Collection<T> {
  return { endpoint, idOf: idFrom(idField), read };
}

/** The collections that make up a kind, all of them: a droplet is in one or the other. */
export const collectionsByKind: Readonly<Record<string, readonly Collection<ListedResource>[]>> = {
  project: [collection(endpoints.projects, 'id', readProject)],
  droplet: [
    collection(endpoints.droplets, 'id', readDroplet(false)),
    collection(endpoints.gpuDroplets, 'id', readDroplet(true)),
  ],
  dns_zone: [collection(endpoints.domains, 'name', readDnsZone)],
  volume: [collection(endpoints.volumes, 'id', readVolume)],
  reserved_ip: [
    collection(endpoints.reservedIpv4, 'ip', readReservedIpv4),
    collection(endpoints.reservedIpv6, 'ip', readReservedIpv6),
  ],
  firewall: [collection(endpoints.firewalls, 'id', readFirewall)],
  load_balancer: [collection(endpoints.loadBalancers, 'id', readLoadBalancer)],
  snapshot: [collection(endpoints.snapshots, 'id', readSnapshot)],
  database: [collection(endpoints.databases, 'id', readDatabase)],
  kubernetes_cluster: [collection(endpoints.kubernetesClusters, 'id', readKubernetesCluster)],
  app: [collection(endpoints.apps, 'id', readApp)],
};

export const backupImages = collection(endpoints.privateImages, 'id', readBackup);
export const backupPolicies = collection(endpoints.backupPolicies, 'droplet_id', readBackupPolicy);
export const dropletBackups = [
  collection(endpoints.droplets, 'id', readDropletBackups),
  collection(endpoints.gpuDroplets, 'id', readDropletBackups),
];
export const sizes = collection(endpoints.sizes, 'slug', readSize);

/** Newest first; not read beyond the first that started before `since`. */
export function actionsSince(since: Temporal.Instant): Collection<ProviderAction> {
  return {
    ...collection(endpoints.actions, 'id', readAction),
    stopsAt: ({ startedAt }) => startedAt !== null && Temporal.Instant.compare(startedAt, since) < 0,
  };
}

export function projectMembers(projectExternalId: string): Collection<ListedMembership> {
  return collection(projectResources(projectExternalId), 'urn', readMembership(projectExternalId));
}

/** What no further request would find otherwise: the rest is not asked for. */
const hopeless = new Set(['unauthorized', 'unreachable', 'rate_limited', 'cancelled']);

/**
 * Several collections as one listing: complete only if each is. One that fails does not keep the
 * others from being read, unless they would fail in the same way. What moves from one to another
 * while they are read is shown once, where it was met first.
 */
export async function* readAll<T>(
  reading: Reading,
  collections: readonly Collection<T>[],
): AsyncGenerator<ListingEvent<T>, void, undefined> {
  const sentBefore = reading.sent;
  const seen = new SeenIds();
  const partial: Extract<ListingEnd, { outcome: 'partial' }>[] = [];
  for (const each of collections) {
    for await (const event of paginate(reading, each, seen)) {
      if (event.type === 'page') yield event;
      else if (event.end.outcome === 'partial') partial.push(event.end);
    }
    if (partial.some(({ problem }) => hopeless.has(problem))) break;
  }
  const requests = reading.sent - sentBefore;
  const worst = partial.find(({ problem }) => hopeless.has(problem)) ?? partial[0];
  yield {
    type: 'end',
    end:
      worst === undefined
        ? { outcome: 'complete', requests }
        : {
            outcome: 'partial',
            problem: worst.problem,
            reason: reasons(partial.map(({ reason }) => reason)),
            requests,
          },
  };
}

const reasonsMax = 3;

function reasons(all: readonly string[]): string {
  const others = all.length - reasonsMax;
  return all.slice(0, reasonsMax).join('; ') + (others > 0 ? `; and ${others} more` : '');
}
