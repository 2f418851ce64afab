import { domainWrites } from './domains.ts';
import { dropletWrites } from './droplets.ts';
import { firewallWrites } from './firewalls.ts';
import { networkWrites } from './networks.ts';
import { projectWrites } from './projects.ts';
import { storageWrites } from './storage.ts';
import { tagWrites } from './tags.ts';
import type { WriteRoute } from './write.ts';

/** Everything that can be written, one route per method and path. */
export const writeRoutes: readonly WriteRoute[] = [
  ...projectWrites,
  ...tagWrites,
  ...networkWrites,
  ...dropletWrites,
  ...storageWrites,
  ...firewallWrites,
  ...domainWrites,
];

const patterns = writeRoutes.map((route) => ({
  route,
  pattern: new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, '([^/]+)')}$`),
}));

/** The route of a write, and the ids in its path; null: there is no such place. */
export function matchWrite(method: string, path: string): { route: WriteRoute; ids: readonly string[] } | null {
  for (const { route, pattern } of patterns) {
    const found = route.method === method ? pattern.exec(path) : null;
    if (found !== null) return { route, ids: found.slice(1) };
  }
  return null;
}
