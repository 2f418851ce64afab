import type { BillingKind } from '../../metering/index.ts';

/** What is sold, as FOCUS classifies it. A name has one category, always. */
export interface Service {
  readonly category: string;
  /** One of those that FOCUS has for the category. */
  readonly subcategory: string;
  readonly name: string;
}

/** By the kind of resource that is metered, after what it is, whatever the plan calls it. */
const byResourceKind: Readonly<Record<string, Service>> = {
  droplet: { category: 'Compute', subcategory: 'Virtual Machines', name: 'Droplets' },
  kubernetes_cluster: { category: 'Compute', subcategory: 'Containers', name: 'Kubernetes' },
  spaces_bucket: { category: 'Storage', subcategory: 'Object Storage', name: 'Spaces' },
  volume: { category: 'Storage', subcategory: 'Block Storage', name: 'Volumes' },
  snapshot: { category: 'Storage', subcategory: 'Backup Storage', name: 'Snapshots' },
  droplet_backup: { category: 'Storage', subcategory: 'Backup Storage', name: 'Backups' },
  custom_image: { category: 'Storage', subcategory: 'Backup Storage', name: 'Custom Images' },
  database: { category: 'Databases', subcategory: 'Other (Databases)', name: 'Managed Databases' },
  app: { category: 'Web', subcategory: 'Application Platforms', name: 'App Platform' },
  load_balancer: { category: 'Networking', subcategory: 'Application Networking', name: 'Load Balancers' },
  dns_zone: { category: 'Networking', subcategory: 'Network Infrastructure', name: 'DNS' },
  reserved_ip: { category: 'Networking', subcategory: 'Network Connectivity', name: 'Reserved IPs' },
  firewall: { category: 'Networking', subcategory: 'Network Security', name: 'Cloud Firewalls' },
};

const other = (name: string): Service => ({ category: 'Other', subcategory: 'Other (Other)', name });

/** Its base fee covers allowances of several services, so it is in no category of its own. */
export const hostingPlan = other('Hosting plan');
export const byHand = other('Manual charges');
export const taxes = other('Taxes');

/** The service that a billing kind is a measure of; one that is not among ours is `Other`, by its own title. */
export function serviceOf(kind: Pick<BillingKind, 'title' | 'resourceKind'> | undefined, slug: string): Service {
  return byResourceKind[kind?.resourceKind ?? ''] ?? other(kind?.title ?? slug);
}
