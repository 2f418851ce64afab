// What the provider calls things, in plain words.

const words: Readonly<Record<string, readonly [one: string, many: string]>> = {
  droplet: ['Server', 'Servers'],
  volume: ['Disk', 'Disks'],
  snapshot: ['Snapshot', 'Snapshots'],
  droplet_snapshot: ['Server snapshot', 'Server snapshots'],
  volume_snapshot: ['Disk snapshot', 'Disk snapshots'],
  droplet_backup: ['Server backup', 'Server backups'],
  custom_image: ['Image', 'Images'],
  dns_zone: ['Domain', 'Domains'],
  spaces_bucket: ['Storage bucket', 'Storage buckets'],
  reserved_ip: ['Fixed IP address', 'Fixed IP addresses'],
  firewall: ['Firewall', 'Firewalls'],
  load_balancer: ['Load balancer', 'Load balancers'],
  database: ['Database', 'Databases'],
  kubernetes_cluster: ['Kubernetes cluster', 'Kubernetes clusters'],
  app: ['App', 'Apps'],
  project: ['Project', 'Projects'],
};

/** `Servers`; of a kind that has no word yet, its own. */
export function kindWord(kind: string, count: number): string {
  const [one, many] = words[kind] ?? [kind.replaceAll('_', ' '), kind.replaceAll('_', ' ')];
  return count === 1 ? one : many;
}
