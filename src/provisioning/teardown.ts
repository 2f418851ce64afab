import type { MadeKind } from '../cloud/index.ts';
import { Decimal } from '../platform/quantity.ts';
import { formatMoney } from '../platform/money.ts';
import * as living from './living.ts';
import type { PriceList } from './money.ts';
import type { DeferredValue, ProposedStep, StayingThing } from './proposal-document.ts';
import { acting, nameOf, recording, referenceOf } from './propose.ts';
import type { SeenResource } from './seen.ts';
import { words } from './system.ts';

export interface TeardownInput {
  readonly slug: string;
  /** What is the deployment's, alone. */
  readonly owned: readonly SeenResource[];
  /** What it shares, by `kind:id`: with whom. */
  readonly shared: ReadonlyMap<string, string>;
  readonly others: readonly SeenResource[];
  /** The provider's id; null: it has none of its own. */
  readonly project: string | null;
  /** By `kind:id`, and `deployment` for all of it: why. */
  readonly protections: ReadonlyMap<string, string>;
  /** Whether droplets and volumes are kept as snapshots. */
  readonly snapshots: boolean;
  readonly day: Temporal.PlainDate;
}

export interface Teardown {
  readonly steps: readonly ProposedStep[];
  readonly problems: readonly string[];
  readonly stays: readonly StayingThing[];
  /** What goes, by `kind:id`. */
  readonly goes: ReadonlySet<string>;
}

/** In this order: what points to others before those, and what can hold data last of what costs. */
const scopesToDestroy: Readonly<Partial<Record<MadeKind, readonly string[]>>> = {
  dns_zone: ['domain:delete', 'domain:read'],
  load_balancer: ['load_balancer:delete', 'load_balancer:read'],
  reserved_ip: ['reserved_ip:delete', 'reserved_ip:read'],
  droplet: ['droplet:delete', 'droplet:read'],
  volume: ['block_storage:delete', 'block_storage:read'],
  firewall: ['firewall:delete', 'firewall:read'],
  project: ['project:delete', 'project:read'],
  vpc: ['vpc:delete', 'vpc:read'],
};
const destroyable = new Set<string>(Object.keys(scopesToDestroy));

/** Takes down what is a deployment's alone, each thing by its id, and keeps what droplets and volumes hold as snapshots. */
export function proposeTeardown(input: TeardownInput, prices: PriceList): Teardown {
  const { slug, owned, shared, project, day } = input;
  const problems = protectedOf(input);
  const all = [...owned, ...input.others];
  const going = owned.filter(({ kind, settings }) => destroyable.has(kind) && settings['default'] !== true);
  const ofKind = (kind: string) => going.filter((each) => each.kind === kind);
  const steps: ProposedStep[] = [];
  const destroy = (seen: SeenResource, loses: string | null = null) => {
    const kind = seen.kind as MadeKind;
    steps.push({
      key: `destroy ${words[kind]} ${seen.externalId}`,
      says: `destroy ${words[kind]} ${seen.name}${seen.name === seen.externalId ? '' : ` (${seen.externalId})`}`,
      work: { do: 'destroy', kind, externalId: seen.externalId },
      scopes: scopesToDestroy[kind] ?? [],
      undo: 'nothing',
      loses,
    });
  };
  const stays: StayingThing[] = [];
  const keeps = (seen: SeenResource, gigabytes: number, snapshotOf: 'droplet' | 'volume') => {
    const price = prices.book.get(`snapshot:${snapshotOf}`);
    const monthly = price === undefined ? null : new Decimal(price.amount).times(gigabytes);
    stays.push({
      what: `the last snapshot of ${nameOf(seen)}`,
      why: `kept until somebody destroys it: ${price?.amount ?? '?'} ${price?.currency ?? ''} for each ${price?.unit ?? 'GiB-month'}, at most ${gigabytes} of them`,
      monthly: monthly === null || price === undefined ? null : formatMoney(monthly, price.currency),
    });
  };
  for (const zone of ofKind('dns_zone')) {
    const records = living.recordsOf(zone).length;
    destroy(zone, `zone ${zone.name} and its ${records} record${records === 1 ? '' : 's'}`);
  }
  for (const balancer of ofKind('load_balancer')) destroy(balancer);
  for (const address of ofKind('reserved_ip')) destroy(address, `the address ${address.externalId}`);
  const scopes = ['droplet:read', 'droplet:update'];
  const droplets = ofKind('droplet');
  for (const { externalId: id, name, status } of droplets) {
    if (status === 'off') continue;
    const asked = { scopes, undo: 'reverse' } as const;
    steps.push(
      acting(`shut down droplet ${id}`, `shut down droplet ${name}`, { on: 'droplet', id, do: 'shutdown' }, asked),
      acting(`power off droplet ${id}`, `power off droplet ${name}`, { on: 'droplet', id, do: 'power_off' }, asked),
    );
  }
  if (input.snapshots) {
    for (const droplet of droplets) {
      const { externalId: id, name } = droplet;
      const snapshot = { on: 'droplet', id, do: 'snapshot', name: `${slug}-${name}-${day}` } as const;
      steps.push(
        acting(`snapshot of droplet ${id}`, `take the last snapshot of droplet ${name}`, snapshot, {
          scopes: [...scopes, 'snapshot:read'],
          undo: 'nothing',
        }),
      );
      keeps(droplet, Number(droplet.attributes['disk_gb'] ?? 0), 'droplet');
    }
    for (const volume of ofKind('volume')) {
      const { externalId, name } = volume;
      const called: DeferredValue = { $name: `${slug}-${name}-${day}` };
      steps.push({
        key: `snapshot of volume ${externalId}`,
        says: `take the last snapshot of volume ${name}`,
        work: {
          do: 'create',
          kind: 'snapshot',
          spec: { volume: externalId, name: called, tags: [] },
          marker: { name: called, source: externalId },
          mayAdopt: false,
        },
        scopes: ['block_storage_snapshot:create', 'snapshot:read'],
        undo: 'nothing',
        loses: null,
      });
      keeps(volume, living.gigabytesOf(volume), 'volume');
    }
  }
  for (const volume of ofKind('volume')) {
    const droplet = living.dropletOf(volume);
    if (droplet === null) continue;
    steps.push(
      acting(
        `detach volume ${volume.externalId}`,
        `detach volume ${volume.name}`,
        { on: 'volume', id: volume.externalId, do: 'detach', droplet },
        { scopes: ['block_storage:read', 'block_storage_action:create'], undo: 'reverse' },
      ),
    );
  }
  const kept = input.snapshots ? ', but for its last snapshot' : ', for good';
  for (const droplet of droplets) destroy(droplet, `droplet ${droplet.name}, its disk and its backups${kept}`);
  for (const volume of ofKind('volume')) destroy(volume, `volume ${volume.name} and what is on it${kept}`);
  for (const firewall of ofKind('firewall')) destroy(firewall);
  const goes = new Set(going.map(referenceOf));
  for (const each of [...owned, ...all.filter((one) => shared.has(referenceOf(one)))]) {
    if (goes.has(referenceOf(each)) || each.kind === 'project') continue;
    const other = shared.get(referenceOf(each));
    const why = other === undefined ? whyItStays(each) : `it is ${other}'s too`;
    stays.push({ what: nameOf(each), why, monthly: null });
  }
  const ofProject = all.find(({ kind, externalId }) => kind === 'project' && externalId === project);
  if (ofProject !== undefined && ofProject.attributes['is_default'] !== true) {
    destroy(ofProject);
    goes.add(referenceOf(ofProject));
  }
  for (const network of ofKind('vpc')) destroy(network);
  steps.push(recording('end', `end deployment ${slug} and its subscription`, { do: 'record', what: 'end' }, 'nothing'));
  return { steps, problems, stays, goes };
}

function whyItStays({ kind, settings }: SeenResource): string {
  if (kind === 'vpc' && settings['default'] === true) return 'it is the default network of its region';
  if (kind === 'snapshot' || kind === 'droplet_backup') return 'snapshots and backups are kept';
  return 'no rollout destroys what is of this kind';
}

function protectedOf({ slug, owned, protections }: TeardownInput): string[] {
  const all = protections.get('deployment');
  return [
    ...(all === undefined ? [] : [`Deployment ${slug} is protected: ${all}.`]),
    ...owned.flatMap((each) => {
      const reason = protections.get(referenceOf(each));
      return reason === undefined ? [] : [`${nameOf(each)} is protected: ${reason}.`];
    }),
  ];
}
