import { z } from 'zod';
import type { Found, MadeKind, Markers } from '../provisioner.ts';
import { type Endpoint, endpoints, recordsOf } from './endpoints.ts';
import { id } from './kinds/fields.ts';

/** How one of a kind is found by its marker: in which listings, and which of their items it is. */
interface Search<Kind extends MadeKind, Item = never> {
  readonly endpoints: (marker: Markers[Kind]) => readonly Endpoint[];
  readonly idField: string;
  readonly item: z.ZodType<Item>;
  readonly isIt: (item: Item, marker: Markers[Kind]) => boolean;
  readonly marked: (item: Item, marker: Markers[Kind]) => Found['marked'];
}

/** What a search makes of a listed item: null, it is another one. */
interface Reading<Kind extends MadeKind> {
  readonly endpoints: (marker: Markers[Kind]) => readonly Endpoint[];
  readonly idField: string;
  /** `undefined`: the item cannot be understood, and so may be the one. */
  readonly read: (raw: unknown, marker: Markers[Kind]) => Found['marked'] | null | undefined;
}

function search<Kind extends MadeKind, Item>({ item, isIt, marked, ...rest }: Search<Kind, Item>): Reading<Kind> {
  return {
    ...rest,
    read(raw, marker) {
      const parsed = item.safeParse(raw);
      if (!parsed.success) return undefined;
      return isIt(parsed.data, marker) ? marked(parsed.data, marker) : null;
    },
  };
}

const name = z.string();
const described = z.object({ name, description: z.string().nullish() });
const tagged = z.object({ name, tags: z.array(z.string()).nullish() });
const named = z.object({ name });

const sameText = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
const carries = (tags: readonly string[] | null | undefined, mark: string) =>
  (tags ?? []).some((tag) => sameText(tag, mark)) ? ('yes' as const) : ('no' as const);
const mentions = ({ description }: z.output<typeof described>, { mark }: { mark: string }) =>
  description?.includes(mark) === true ? ('yes' as const) : ('no' as const);
const isNamed = (item: { name: string }, marker: { name: string }) => item.name === marker.name;
const cannot = () => 'cannot' as const;
/** By a name that was generated for the step: nobody else has it. */
const byItsName = () => 'yes' as const;

export const searches: { readonly [Kind in MadeKind]: Reading<Kind> } = {
  project: search({
    endpoints: () => [endpoints.projects],
    idField: 'id',
    item: described,
    isIt: isNamed,
    marked: mentions,
  }),
  vpc: search({ endpoints: () => [endpoints.vpcs], idField: 'id', item: described, isIt: isNamed, marked: mentions }),
  tag: search({
    endpoints: () => [endpoints.tags],
    idField: 'name',
    item: named,
    isIt: (item, marker) => sameText(item.name, marker.name),
    marked: cannot,
  }),
  ssh_key: search({
    endpoints: () => [endpoints.sshKeys],
    idField: 'id',
    item: z.object({ fingerprint: z.string() }),
    isIt: (item, marker) => item.fingerprint === marker.fingerprint,
    marked: cannot,
  }),
  firewall: search({
    endpoints: () => [endpoints.firewalls],
    idField: 'id',
    item: named,
    isIt: isNamed,
    marked: byItsName,
  }),
  volume: search({
    endpoints: (marker) => [{ ...endpoints.volumes, query: { name: marker.name, region: marker.region } }],
    idField: 'id',
    item: tagged,
    isIt: isNamed,
    marked: ({ tags }, { mark }) => carries(tags, mark),
  }),
  droplet: search({
    endpoints: ({ mark }) =>
      [endpoints.droplets, endpoints.gpuDroplets].map((each) => ({
        ...each,
        query: { ...each.query, tag_name: mark },
      })),
    idField: 'id',
    item: tagged,
    isIt: () => true,
    marked: byItsName,
  }),
  reserved_ip: search({
    endpoints: () => [endpoints.reservedIpv4],
    idField: 'ip',
    item: z.object({ droplet: z.object({ id }).nullish(), project_id: z.string().nullish() }),
    isIt: ({ droplet, project_id: project }, marker) =>
      'droplet' in marker ? droplet?.id === marker.droplet : project === marker.project,
    marked: cannot,
  }),
  load_balancer: search({
    endpoints: () => [endpoints.loadBalancers],
    idField: 'id',
    item: z.object({ name, project_id: z.string() }),
    isIt: isNamed,
    marked: (item, marker) => (item.project_id === marker.project ? 'yes' : 'no'),
  }),
  dns_zone: search({
    endpoints: () => [endpoints.domains],
    idField: 'name',
    item: named,
    isIt: isNamed,
    marked: cannot,
  }),
  dns_record: search({
    endpoints: ({ zone }) => [recordsOf(zone)],
    idField: 'id',
    item: z.object({ type: z.string(), name, data: z.string() }),
    isIt: (item, marker) => item.type === marker.type && isNamed(item, marker) && item.data === marker.data,
    marked: cannot,
  }),
  snapshot: search({
    endpoints: () => [endpoints.snapshots],
    idField: 'id',
    item: z.object({ name, resource_id: id }),
    isIt: (item, marker) => isNamed(item, marker) && item.resource_id === marker.source,
    marked: byItsName,
  }),
};
