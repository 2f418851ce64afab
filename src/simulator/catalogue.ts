/** What the provider sells in the simulated world: regions, sizes and base images. */

interface Region {
  readonly name: string;
  readonly slug: string;
  readonly features: readonly string[];
  readonly available: boolean;
  readonly sizes: readonly string[];
}

export interface Size {
  readonly slug: string;
  readonly memory: number;
  readonly vcpus: number;
  readonly disk: number;
  readonly transfer: number;
  readonly price_monthly: number;
  readonly price_hourly: number;
  readonly regions: readonly string[];
  readonly available: boolean;
  readonly description: string;
  readonly disk_info: readonly unknown[];
  readonly gpu_info?: {
    readonly count: number;
    readonly model: string;
    readonly vram: { amount: number; unit: string };
  };
}

export interface BaseImage {
  readonly id: number;
  readonly slug: string;
  readonly name: string;
  readonly distribution: string;
}

const regionNames = {
  nyc3: 'New York 3',
  sfo3: 'San Francisco 3',
  ams3: 'Amsterdam 3',
  fra1: 'Frankfurt 1',
  lon1: 'London 1',
  tor1: 'Toronto 1',
  sgp1: 'Singapore 1',
};
export const regionSlugs = Object.keys(regionNames);
const gpuRegions = ['nyc3', 'tor1', 'ams3'];

// slug, memory MB, vCPUs, disk GB, transfer TB, USD a month, description
type SizeRow = [string, number, number, number, number, number, string];
const sizeRows: SizeRow[] = [
  ['s-1vcpu-512mb-10gb', 512, 1, 10, 0.5, 4, 'Basic'],
  ['s-1vcpu-1gb', 1024, 1, 25, 1, 6, 'Basic'],
  ['s-1vcpu-2gb', 2048, 1, 50, 2, 12, 'Basic'],
  ['s-2vcpu-2gb', 2048, 2, 60, 3, 18, 'Basic'],
  ['s-2vcpu-4gb', 4096, 2, 80, 4, 24, 'Basic'],
  ['s-4vcpu-8gb', 8192, 4, 160, 5, 48, 'Basic'],
  ['s-8vcpu-16gb', 16384, 8, 320, 6, 96, 'Basic'],
  ['c-2', 4096, 2, 25, 4, 42, 'CPU-Optimized'],
  ['c-4', 8192, 4, 50, 5, 84, 'CPU-Optimized'],
  ['g-2vcpu-8gb', 8192, 2, 25, 4, 63, 'General Purpose'],
  ['g-4vcpu-16gb', 16384, 4, 50, 5, 126, 'General Purpose'],
  ['m-2vcpu-16gb', 16384, 2, 50, 4, 84, 'Memory-Optimized'],
];

/** A month of billing is at most 672 hours; the API gives floats of single precision, and so do we. */
export function hourly(monthly: number): number {
  return Math.fround(Math.round((monthly / 672) * 100_000) / 100_000);
}

function local(amount: number) {
  return [{ type: 'local', size: { amount, unit: 'gib' } }];
}

const gpuSize: Size = {
  slug: 'gpu-4000adax1-20gb',
  memory: 32768,
  vcpus: 8,
  disk: 500,
  transfer: 10,
  price_monthly: 565.44,
  price_hourly: Math.fround(0.76),
  regions: gpuRegions,
  available: true,
  description: 'RTX 4000 Ada GPU Droplet - 1X',
  disk_info: local(500),
  gpu_info: { count: 1, model: 'nvidia_rtx4000_ada', vram: { amount: 20, unit: 'gib' } },
};

export const sizes: ReadonlyMap<string, Size> = new Map(
  [
    ...sizeRows.map(
      ([slug, memory, vcpus, disk, transfer, monthly, description]): Size => ({
        slug,
        memory,
        vcpus,
        disk,
        transfer,
        price_monthly: monthly,
        price_hourly: hourly(monthly),
        regions: regionSlugs,
        available: true,
        description,
        disk_info: local(disk),
      }),
    ),
    gpuSize,
  ].map((size) => [size.slug, size]),
);
export const sizeSlugs = [...sizes.keys()] as [string, ...string[]];

export const regions: ReadonlyMap<string, Region> = new Map(
  Object.entries(regionNames).map(([slug, name]) => [
    slug,
    {
      name,
      slug,
      features: ['backups', 'ipv6', 'metadata', 'install_agent', 'storage', 'image_transfer'],
      available: true,
      sizes: sizeSlugs.filter((size) => sizes.get(size)?.regions.includes(slug)),
    },
  ]),
);

export const baseImages: ReadonlyMap<string, BaseImage> = new Map(
  (
    [
      [155133621, 'ubuntu-24-04-x64', '24.04 (LTS) x64', 'Ubuntu'],
      [112929454, 'ubuntu-22-04-x64', '22.04 (LTS) x64', 'Ubuntu'],
      [133555617, 'debian-12-x64', '12 x64', 'Debian'],
      [144310371, 'rockylinux-9-x64', '9 x64', 'Rocky Linux'],
      [187645103, 'gpu-h100x1-base', 'AI/ML Ready', 'Ubuntu'],
    ] as const
  ).map(([id, slug, name, distribution]) => [slug, { id, slug, name, distribution }]),
);
export const imageSlugs = [...baseImages.keys()] as [string, ...string[]];
export const defaultImage = 'ubuntu-24-04-x64';

export function sizeOf(slug: string): Size {
  const size = sizes.get(slug);
  if (size === undefined) throw new RangeError(`no size ${slug}`);
  return size;
}

export function regionOf(slug: string): Region {
  const region = regions.get(slug);
  if (region === undefined) throw new RangeError(`no region ${slug}`);
  return region;
}

export function imageOf(slug: string): BaseImage {
  const image = baseImages.get(slug);
  if (image === undefined) throw new RangeError(`no image ${slug}`);
  return image;
}
