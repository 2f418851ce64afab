import { z } from 'zod';
import { withoutSecrets } from '../secrets.ts';
import { id, instant, known, reader, regionObject, resource, tags } from './fields.ts';

const droplet = z.object({
  id,
  name: z.string(),
  status: z.string(),
  created_at: instant,
  region: regionObject,
  tags,
  size_slug: z.string(),
  vcpus: z.number(),
  memory: z.number(),
  disk: z.number(),
  image: z.object({ id: id.nullish(), slug: z.string().nullish(), name: z.string().nullish() }).nullish(),
  gpu_info: z.unknown().optional(),
});

/** @param gpu whether it was listed among the GPU droplets */
export const readDroplet = (gpu: boolean) =>
  reader(droplet, (said, payload) =>
    resource({
      kind: 'droplet',
      externalId: said.id,
      name: said.name,
      status: said.status,
      createdAt: said.created_at,
      region: said.region,
      tags: said.tags,
      attributes: known({
        size_slug: said.size_slug,
        vcpus: said.vcpus,
        memory_mb: said.memory,
        disk_gb: said.disk,
        gpu: gpu || said.gpu_info != null,
        image: said.image?.slug || said.image?.name || said.image?.id,
      }),
      payload,
    }),
  );

const database = z.object({
  id,
  name: z.string(),
  engine: z.string(),
  size: z.string(),
  num_nodes: z.int(),
  region: z.string().nullish(),
  status: z.string().nullish(),
  created_at: instant,
  tags,
});

export const readDatabase = reader(database, (said, payload) =>
  resource({
    kind: 'database',
    externalId: said.id,
    name: said.name,
    status: said.status ?? 'active',
    createdAt: said.created_at,
    region: said.region ?? null,
    tags: said.tags,
    attributes: { engine: said.engine, size_slug: said.size, nodes: said.num_nodes },
    payload: withoutSecrets(payload),
  }),
);

const kubernetesCluster = z.object({
  id,
  name: z.string(),
  region: z.string().nullish(),
  status: z.object({ state: z.string().nullish() }).nullish(),
  created_at: instant,
  tags,
  node_pools: z.array(z.object({ count: z.int().nullish() })),
});

export const readKubernetesCluster = reader(kubernetesCluster, (said, payload) =>
  resource({
    kind: 'kubernetes_cluster',
    externalId: said.id,
    name: said.name,
    status: said.status?.state ?? 'active',
    createdAt: said.created_at,
    region: said.region ?? null,
    tags: said.tags,
    attributes: { nodes: said.node_pools.reduce((nodes, pool) => nodes + (pool.count ?? 0), 0) },
    payload,
  }),
);

const app = z.object({
  id,
  spec: z.object({ name: z.string() }),
  region: regionObject,
  created_at: instant,
});

export const readApp = reader(app, (said, payload) =>
  resource({
    kind: 'app',
    externalId: said.id,
    name: said.spec.name,
    createdAt: said.created_at,
    region: said.region,
    payload: withoutSecrets(payload),
  }),
);
