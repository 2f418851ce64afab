import type { Ms } from './time.ts';
import { urnOf, type World } from './world.ts';

/** What is in a private network. */
export interface Member {
  readonly name: string;
  readonly urn: string;
  readonly createdAt: Ms;
}

/** The members of a private network: what was put there, and in a region's default one all that was put nowhere. */
export function membersOf(world: World, id: string): readonly Member[] {
  const isIn = ({ vpc = null, region }: { readonly vpc?: string | null; readonly region: string }) =>
    (vpc ?? world.vpcUuid(region)) === id;
  return [
    ['droplet', world.droplets] as const,
    ['load_balancer', world.loadBalancers] as const,
    ['database', world.databases] as const,
    ['kubernetes_cluster', world.clusters] as const,
  ].flatMap(([kind, collection]) =>
    [...collection.list()]
      .filter(isIn)
      .map((item) => ({ name: item.name, urn: urnOf(kind, item.id) as string, createdAt: item.createdAt })),
  );
}
