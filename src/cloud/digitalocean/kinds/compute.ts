import { z } from 'zod';
import { withoutSecrets } from '../secrets.ts';
import { clustersOf, id, instant, names, regionObject, resourceReader } from './fields.ts';

const image = z.object({ id: id.nullish(), slug: z.string().nullish(), name: z.string().nullish() });

/** @param gpu whether it was listed among the GPU droplets */
export const readDroplet = (gpu: boolean) =>
  resourceReader(
    'id',
    {
      name: z.string(),
      status: z.string(),
      created_at: instant,
      region: regionObject,
      tags: names,
      size_slug: z.string(),
      vcpus: z.number(),
      memory: z.number(),
      disk: z.number(),
      image,
      gpu_info: z.unknown().optional(),
    },
    (said, externalId, payload) => ({
      kind: 'droplet',
      externalId,
      name: said.name,
      status: said.status,
      createdAt: said.created_at,
      region: said.region,
      tags: said.tags,
      parents: { kubernetes_cluster: clustersOf(said.tags) },
      attributes: {
        size_slug: said.size_slug,
        vcpus: said.vcpus,
        memory_mb: said.memory,
        disk_gb: said.disk,
        gpu: gpu || said.gpu_info != null,
        image: said.image?.slug || said.image?.name || said.image?.id || undefined,
      },
      payload,
    }),
  );

export const readDatabase = resourceReader(
  'id',
  {
    name: z.string(),
    engine: z.string(),
    size: z.string(),
    num_nodes: z.int(),
    region: z.string(),
    status: z.string(),
    created_at: instant,
    tags: names,
  },
  (said, externalId, payload) => ({
    kind: 'database',
    externalId,
    name: said.name,
    status: said.status,
    createdAt: said.created_at,
    region: said.region,
    tags: said.tags,
    attributes: { engine: said.engine, size_slug: said.size, nodes: said.num_nodes },
    payload: withoutSecrets(payload),
  }),
);

export const readKubernetesCluster = resourceReader(
  'id',
  {
    name: z.string(),
    region: z.string(),
    status: z.object({ state: z.string() }).transform(({ state }) => state),
    created_at: instant,
    tags: names,
    node_pools: z.array(z.object({ count: z.int() })),
  },
  (said, externalId, payload) => ({
    kind: 'kubernetes_cluster',
    externalId,
    name: said.name,
    status: said.status,
    createdAt: said.created_at,
    region: said.region,
    tags: said.tags,
    attributes: { nodes: said.node_pools?.reduce((nodes, pool) => nodes + pool.count, 0) },
    payload,
  }),
);

export const readApp = resourceReader(
  'id',
  {
    spec: z.object({ name: z.string() }),
    // An app that was never deployed has none yet.
    region: regionObject.nullish(),
    created_at: instant,
  },
  (said, externalId, payload) => ({
    kind: 'app',
    externalId,
    name: said.spec?.name,
    createdAt: said.created_at,
    region: said.region ?? undefined,
    payload: withoutSecrets(payload),
  }),
);
