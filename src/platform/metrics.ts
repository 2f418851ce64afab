import type { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** A metric of a registry, made when it is first asked for: several parts of a process may share one. */
export function metric<Metric extends Counter | Histogram | Gauge>(
  registry: Registry,
  name: string,
  make: (name: string) => Metric,
): Metric {
  return (registry.getSingleMetric(name) as Metric | undefined) ?? make(name);
}
