import { z } from 'zod';
import { regionSlugs } from '../catalogue.ts';
import { membersOf } from '../members.ts';
import { vpcView } from '../views-services.ts';
import { reservedIpView } from '../views.ts';
import type { World } from '../world.ts';
import { deleting, invalid, missing, nothing, Refusal, taking, type WriteRoute, type Writing } from './write.ts';

const region = z.enum(regionSlugs as [string, ...string[]]);

const newVpc = z.object({
  name: z
    .string()
    .max(255)
    .regex(/^[a-zA-Z0-9.-]+$/),
  description: z.string().max(255).default(''),
  region,
  ip_range: z.cidrv4().optional(),
});

interface Range {
  readonly first: number;
  readonly size: number;
}

function rangeOf(cidr: string): Range {
  const [address = '', bits] = cidr.split('/');
  const size = 2 ** (32 - Number(bits));
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return { first: Math.floor(number / size) * size, size };
}

const overlap = (a: Range, b: Range) => a.first < b.first + b.size && b.first < a.first + a.size;

/** The one that was asked for, or the lowest that is free. Throws Refusal. */
function rangeFor(world: World, asked: string | undefined): string {
  const taken = world.vpcs.list().map(({ ipRange }) => rangeOf(ipRange));
  const isFree = (cidr: string) => taken.every((other) => !overlap(other, rangeOf(cidr)));
  if (asked !== undefined) {
    const bits = Number(asked.split('/')[1]);
    if (bits < 16 || bits > 28) throw invalid('ip_range must be between /16 and /28');
    if (!isFree(asked)) throw invalid('This range/size overlaps with another VPC network in your account');
    return asked;
  }
  for (let block = 0; ; block++) {
    const cidr = `10.${116 + Math.floor(block / 16)}.${(block % 16) * 16}.0/20`;
    if (isFree(cidr)) return cidr;
  }
}

function createVpc(writing: Writing, body: z.output<typeof newVpc>) {
  const { world } = writing;
  const { name, description, region: place } = body;
  if (world.vpcs.list().some((vpc) => vpc.name === name)) throw invalid('a VPC with this name already exists');
  const ipRange = rangeFor(world, body.ip_range);
  const id = writing.happen({ type: 'create_vpc', name, description, region: place, ipRange }) as string;
  writing.created('vpc', id, `/v2/vpcs/${id}`);
  const vpc = world.vpcs.get(id);
  return { status: 201, body: { vpc: vpc && vpcView(vpc) } };
}

export const reservedIpLimit = () => invalid('creating this reserved IP will exceed your reserved IP limit');

const newReservedIp = z.union([
  z.object({ droplet_id: z.int() }),
  z.object({ region, project_id: z.string().optional() }),
]);

function createReservedIp(writing: Writing, body: z.output<typeof newReservedIp>) {
  const { world, lens } = writing;
  if (world.reservedIps.list().length >= world.limits.reservedIps) throw reservedIpLimit();
  const droplet = 'droplet_id' in body ? world.droplets.get(body.droplet_id) : null;
  if (droplet === undefined) throw invalid('the Droplet does not exist');
  const place = 'droplet_id' in body ? (droplet?.region as string) : body.region;
  const project = 'project_id' in body ? body.project_id : undefined;
  if (project !== undefined && world.projects.get(project) === undefined) throw invalid('the project does not exist');
  if (droplet !== null && world.reservedIps.list().some((ip) => ip.droplet === droplet.id)) {
    throw invalid('The Droplet already has a reserved IP.');
  }
  const ip = writing.happen({ type: 'reserve_ip', region: place, droplet: droplet?.id ?? null, project }) as string;
  writing.created('reserved_ip', ip, `/v2/reserved_ips/${ip}`);
  const reserved = world.reservedIps.get(ip);
  const action = world.actions.at(-1);
  const actions = action === undefined ? [] : [writing.actionLink(action, 'assign_ip')];
  const links = { droplets: [], actions };
  return { status: 202, body: { reserved_ip: reserved && reservedIpView(reserved, lens), links } };
}

const ipAction = z.discriminatedUnion('type', [
  z.object({ type: z.literal('assign'), droplet_id: z.int() }),
  z.object({ type: z.literal('unassign') }),
]);

function actOnIp(writing: Writing, asked: z.output<typeof ipAction>, ip: string) {
  const { world } = writing;
  const reserved = world.reservedIps.get(ip);
  if (reserved === undefined) throw missing();
  if (asked.type === 'unassign') {
    if (reserved.droplet === null) throw invalid('The reserved IP is not assigned.');
    return { status: 201, body: writing.actionBody(writing.act({ type: 'unassign_ip', ip }, 2, 6).action) };
  }
  const droplet = world.droplets.get(asked.droplet_id);
  if (droplet?.region !== reserved.region) throw invalid('The Droplet is not in the region of the reserved IP.');
  const { action } = writing.act({ type: 'assign_ip', ip, droplet: droplet.id }, 2, 6);
  return { status: 201, body: writing.actionBody(action) };
}

export const networkWrites: readonly WriteRoute[] = [
  taking('POST', '/v2/vpcs', 'vpc:create', newVpc, createVpc),
  deleting('/v2/vpcs/{id}', 'vpc:delete', (writing, id) => {
    const { world } = writing;
    const vpc = world.vpcs.get(id);
    if (vpc === undefined) throw missing();
    if (vpc.isDefault) throw new Refusal(403, 'The default VPC of a region can not be deleted.');
    if (vpc.membersUntil > world.now || membersOf(world, id).length > 0) {
      throw new Refusal(409, 'Can not delete VPC with members');
    }
    writing.happen({ type: 'destroy', kind: 'vpc', id });
    return nothing;
  }),
  taking('POST', '/v2/reserved_ips', 'reserved_ip:create', newReservedIp, createReservedIp),
  deleting('/v2/reserved_ips/{id}', 'reserved_ip:delete', (writing, ip) => {
    if (writing.world.reservedIps.get(ip) === undefined) throw missing();
    writing.act({ type: 'destroy', kind: 'reserved_ip', id: ip }, 1, 3);
    return nothing;
  }),
  taking('POST', '/v2/reserved_ips/{id}/actions', 'reserved_ip:update', ipAction, actOnIp),
];
