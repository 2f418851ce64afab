import type { Ms } from './time.ts';

/** What the simulated provider holds. How it is shown is in views.ts. */

export interface Project {
  readonly id: string;
  name: string;
  description: string;
  purpose: string;
  environment: string;
  readonly isDefault: boolean;
  readonly createdAt: Ms;
  updatedAt: Ms;
  /** URN -> when it was assigned. */
  readonly resources: Map<string, Ms>;
}

interface BackupPolicy {
  readonly plan: 'weekly' | 'daily';
  /** 0 is Sunday. */
  readonly weekday: number;
  readonly hour: number;
}

export interface Droplet {
  readonly id: number;
  name: string;
  size: string;
  /** Grows with a resize and never shrinks. */
  diskGb: number;
  readonly region: string;
  readonly image: string;
  status: 'new' | 'active' | 'off';
  /** Shown instead of the status. */
  shownStatus: string | null;
  /** Actions in progress. */
  inFlight: number;
  readonly createdAt: Ms;
  tags: readonly string[];
  backups: BackupPolicy | null;
  lastBackupAt: Ms | null;
  backupIds: readonly number[];
  snapshotIds: readonly number[];
  volumeIds: readonly string[];
  /** IPv4 as a number. */
  readonly publicIp: number;
  readonly privateIp: number;
  /** The private network that it was put into; null: its region's default one. */
  readonly vpc: string | null;
}

export interface Snapshot {
  readonly id: string;
  readonly name: string;
  readonly resourceType: 'droplet' | 'volume';
  readonly resourceId: string;
  readonly sizeGb: number;
  readonly minDiskGb: number;
  /** The first is where it was made. */
  regions: readonly string[];
  readonly distribution: string;
  readonly createdAt: Ms;
  tags: readonly string[];
}

export interface Backup {
  readonly id: number;
  readonly name: string;
  readonly droplet: number;
  readonly sizeGb: number;
  readonly minDiskGb: number;
  readonly region: string;
  readonly distribution: string;
  readonly createdAt: Ms;
}

/** An image that was uploaded. */
export interface CustomImage {
  readonly id: number;
  readonly name: string;
  readonly sizeGb: number;
  readonly minDiskGb: number;
  /** The first is where it was made. */
  regions: readonly string[];
  readonly distribution: string;
  readonly createdAt: Ms;
  readonly tags: readonly string[];
}

export interface Volume {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  sizeGb: number;
  readonly region: string;
  readonly createdAt: Ms;
  droplet: number | null;
  tags: readonly string[];
}

export interface ReservedIp {
  readonly ip: string;
  readonly region: string;
  readonly reservedAt: Ms;
  droplet: number | null;
}

export interface DnsRecord {
  readonly id: number;
  readonly type: string;
  readonly name: string;
  readonly data: string;
  readonly ttl: number;
  readonly priority: number | null;
  readonly port: number | null;
  readonly weight: number | null;
  readonly flags: number | null;
  readonly tag: string | null;
}

export interface Domain {
  readonly name: string;
  records: readonly DnsRecord[];
}

export interface FirewallRule {
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  readonly ports: string;
  readonly addresses: readonly string[];
  readonly droplets: readonly number[];
  readonly tags: readonly string[];
  readonly loadBalancers: readonly string[];
}

export interface Firewall {
  readonly id: string;
  name: string;
  readonly createdAt: Ms;
  inbound: readonly FirewallRule[];
  outbound: readonly FirewallRule[];
  droplets: readonly number[];
  tags: readonly string[];
}

export interface ForwardingRule {
  readonly entryProtocol: string;
  readonly entryPort: number;
  readonly targetProtocol: string;
  readonly targetPort: number;
  /** A certificate's id; empty: none. */
  readonly certificate: string;
  readonly passthrough: boolean;
}

export interface LoadBalancer {
  readonly id: string;
  name: string;
  readonly kind: 'REGIONAL' | 'REGIONAL_NETWORK' | 'GLOBAL';
  readonly region: string;
  readonly ip: string;
  readonly createdAt: Ms;
  nodes: number;
  forwarding: readonly ForwardingRule[];
  /** `ip:1.2.3.4` or `cidr:1.2.0.0/16`. */
  allow: readonly string[];
  deny: readonly string[];
  droplets: readonly number[];
  /** Empty: none. */
  tag: string;
  /** null: its region's default one. */
  readonly vpc: string | null;
  /** What it shows in place of what one has by default: its health check, sticky sessions and the like. */
  options: Readonly<Record<string, unknown>>;
}

/** Who may connect to a database. */
interface TrustedSource {
  readonly id: string;
  readonly type: 'droplet' | 'k8s' | 'ip_addr' | 'tag' | 'app';
  readonly value: string;
  readonly createdAt: Ms;
}

export interface DatabaseCluster {
  readonly id: string;
  readonly name: string;
  readonly engine: string;
  version: string;
  trusted: readonly TrustedSource[];
  readonly region: string;
  readonly createdAt: Ms;
  size: string;
  nodes: number;
  tags: readonly string[];
}

export interface NodePool {
  readonly id: string;
  readonly name: string;
  readonly size: string;
  /** Its workers. */
  readonly droplets: readonly number[];
  readonly labels: Readonly<Record<string, string>>;
  /** null: it has as many workers as it was given. */
  readonly autoScale: { readonly min: number; readonly max: number } | null;
}

export interface KubernetesCluster {
  readonly id: string;
  readonly name: string;
  readonly region: string;
  readonly createdAt: Ms;
  pools: readonly NodePool[];
  tags: readonly string[];
}

export interface App {
  readonly id: string;
  readonly name: string;
  readonly region: string;
  readonly createdAt: Ms;
}

export interface Certificate {
  readonly id: string;
  readonly name: string;
  readonly domains: readonly string[];
  readonly createdAt: Ms;
}

export interface Vpc {
  readonly id: string;
  name: string;
  description: string;
  readonly region: string;
  readonly ipRange: string;
  readonly isDefault: boolean;
  readonly createdAt: Ms;
  /** It still counts members that have gone, until then. */
  membersUntil: Ms;
}

/** A tag that was made for itself, whatever carries it. */
export interface Tag {
  readonly name: string;
}

export interface SshKey {
  readonly id: number;
  readonly name: string;
  readonly publicKey: string;
  /** MD5, in pairs of digits with colons between them. */
  readonly fingerprint: string;
}

export interface Bucket {
  readonly name: string;
  readonly region: string;
  readonly createdAt: Ms;
  /** Its objects are of this size, but for the last. */
  readonly objectBytes: number;
  bytes: number;
  changedAt: Ms;
  acl: 'private' | 'public-read';
  versioning: 'enabled' | 'suspended' | null;
  /** JSON. */
  policy: string | null;
}

export interface Action {
  readonly id: number;
  readonly type: string;
  readonly startedAt: Ms;
  readonly completedAt: Ms;
  readonly resourceType: string;
  readonly resourceId: number | null;
  readonly region: string;
  /** The volume that it is about, for whose UUID resourceId has no room. */
  readonly about: string | null;
  /** It ends so, without its effect. */
  errored: boolean;
}
