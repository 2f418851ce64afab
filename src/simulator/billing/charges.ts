import type {
  App,
  Backup,
  Bucket,
  CustomImage,
  DatabaseCluster,
  Droplet,
  KubernetesCluster,
  LoadBalancer,
  ReservedIp,
  Snapshot,
  Volume,
} from '../entities.ts';
import type { Kind } from '../events.ts';
import type { Ms } from '../time.ts';

/**
 * What every event tells the provider's billing at its effect: something that is charged for has
 * come, is otherwise than before, or has gone.
 */
export interface Charges {
  droplet(droplet: Droplet): void;
  backup(backup: Backup, plan: 'weekly' | 'daily'): void;
  /** From `from` on. */
  snapshot(snapshot: Snapshot, from: Ms): void;
  customImage(image: CustomImage): void;
  volume(volume: Volume): void;
  reservedIp(reserved: ReservedIp): void;
  loadBalancer(balancer: LoadBalancer): void;
  database(database: DatabaseCluster): void;
  cluster(cluster: KubernetesCluster): void;
  app(app: App): void;
  bucket(bucket: Bucket): void;
  gone(kind: Kind, id: string): void;
  /** A plan that has no resource of its own; 0 ends it. */
  subscription(plan: string, count: number): void;
  transfer(source: 'droplet' | 'bucket', bytes: number): void;
  /** A size costs this from now on: cents a month, which `seconds` of it reach. */
  price(size: string, cents: number, seconds: number): void;
  projectName(id: string, name: string): void;
  /** A resource is in this project from now on. */
  place(urn: string, project: string): void;
}

function ignored(): void {}

/** Of a fleet whose bill nobody has asked for yet. */
export const unbilled: Charges = {
  droplet: ignored,
  backup: ignored,
  snapshot: ignored,
  customImage: ignored,
  volume: ignored,
  reservedIp: ignored,
  loadBalancer: ignored,
  database: ignored,
  cluster: ignored,
  app: ignored,
  bucket: ignored,
  gone: ignored,
  subscription: ignored,
  transfer: ignored,
  price: ignored,
  projectName: ignored,
  place: ignored,
};
