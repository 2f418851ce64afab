import { z } from 'zod';
import type {
  Act,
  ActionState,
  Effect,
  Found,
  Look,
  MadeKind,
  Markers,
  Network,
  Provisioner,
  ProvisionerOptions,
  RefusalProblem,
  SendWindow,
  Sent,
  Specs,
} from '../provisioner.ts';
import { creations } from './creations.ts';
import { readEffect } from './effects.ts';
import { type Endpoint, endpoints } from './endpoints.ts';
import { explainFailure } from './explain-failure.ts';
import { id, idFrom } from './kinds/fields.ts';
import { type Machine, machine } from './machine.ts';
import { field, paginate } from './paginate.ts';
import { Reading, Requester, RequestFailure, requestLimits } from './request.ts';
import { searches } from './searches.ts';
import { type SendEnd, Sender, sendLimits, type Write } from './sender.ts';
import { SimulatedFloor } from './simulated-floor.ts';
import { throttleFor } from './throttle.ts';

/** What a test replaces: the machine's time, and limits that would take it minutes. */
interface Surroundings {
  readonly machine?: Machine;
  readonly sendLimits?: Partial<typeof sendLimits>;
}

/** DigitalOcean's API as a Provisioner. The budget of requests is the write token's own. */
export function createDigitalOceanProvisioner(
  options: ProvisionerOptions,
  surroundings: Surroundings = {},
): Provisioner {
  return new DigitalOceanProvisioner(options, surroundings);
}

/** Where one of a kind answers by its id, and the word of its scopes. */
const places: { readonly [Kind in MadeKind]: readonly [path: string, key: string, scope: string] } = {
  project: ['/v2/projects', 'project', 'project'],
  tag: ['/v2/tags', 'tag', 'tag'],
  vpc: ['/v2/vpcs', 'vpc', 'vpc'],
  ssh_key: ['/v2/account/keys', 'ssh_key', 'ssh_key'],
  firewall: ['/v2/firewalls', 'firewall', 'firewall'],
  volume: ['/v2/volumes', 'volume', 'block_storage'],
  droplet: ['/v2/droplets', 'droplet', 'droplet'],
  reserved_ip: ['/v2/reserved_ips', 'reserved_ip', 'reserved_ip'],
  load_balancer: ['/v2/load_balancers', 'load_balancer', 'load_balancer'],
  dns_zone: ['/v2/domains', 'domain', 'domain'],
  dns_record: ['/v2/domains', 'domain_record', 'domain'],
  snapshot: ['/v2/snapshots', 'snapshot', 'snapshot'],
};

/** A record's id is its zone's and its own: `acme.example/17`. */
function pathOf(kind: MadeKind, externalId: string): string {
  const [path] = places[kind];
  if (kind !== 'dns_record') return `${path}/${encodeURIComponent(externalId)}`;
  const [zone = '', record = ''] = externalId.split('/');
  return `${path}/${encodeURIComponent(zone)}/records/${encodeURIComponent(record)}`;
}

class DigitalOceanProvisioner implements Provisioner {
  readonly #apiUrl: string;
  readonly #requester: Requester;
  readonly #sender: Sender;

  constructor({ apiUrl, token, onRequest = () => {} }: ProvisionerOptions, surroundings: Surroundings) {
    const time = surroundings.machine ?? machine;
    this.#apiUrl = apiUrl.replace(/\/+$/, '');
    const throttle = throttleFor(this.#apiUrl, token, time);
    const common = { apiUrl: this.#apiUrl, token, machine: time, throttle, onRequest };
    this.#requester = new Requester({ ...common, simulatedFloor: new SimulatedFloor(), limits: requestLimits });
    this.#sender = new Sender({ ...common, limits: { ...sendLimits, ...surroundings.sendLimits } });
  }

  get writes(): number {
    return this.#sender.sent;
  }

  async find<Kind extends MadeKind>(
    kind: Kind,
    marker: Markers[Kind],
    signal?: AbortSignal,
  ): Promise<readonly Found[]> {
    const { endpoints: listings, idField, read } = searches[kind];
    const found = new Map<string, Found>();
    for (const endpoint of listings(marker)) {
      const items = await this.#all(endpoint, idField, (raw) => read(raw, marker), signal);
      for (const [own, marked] of items) {
        const externalId = kind === 'dns_record' ? `${(marker as Markers['dns_record']).zone}/${own}` : own;
        found.set(own, { externalId, marked });
      }
    }
    return [...found.values()];
  }

  async create<Kind extends MadeKind>(kind: Kind, spec: Specs[Kind], window: SendWindow): Promise<Sent> {
    const { path, body, scope, answer } = creations[kind];
    const [key, idField] = answer;
    const zone = kind === 'dns_record' ? `${(spec as Specs['dns_record']).zone}/` : '';
    return this.#send({ method: 'POST', path: path(spec), body: body(spec) }, scope, window, (said) => {
      const own = idFrom(idField)(field(said, key));
      const links = field(field(said, 'links'), 'actions');
      return { externalId: own === null ? null : zone + own, action: Array.isArray(links) ? links[0] : null };
    });
  }

  async mayCreate(kind: MadeKind, signal?: AbortSignal) {
    const { path, scope } = creations[kind];
    const unlimited = Number.POSITIVE_INFINITY;
    const window = { beforeMs: unlimited, beforeEpochMs: unlimited, ...(signal !== undefined && { signal }) };
    const sent = await this.#send({ method: 'POST', path: path({} as never), body: {} }, scope, window, () => ({
      externalId: null,
      action: null,
    }));
    return { scope, granted: sent.answer !== 'refused' || sent.problem !== 'forbidden' };
  }

  async act(act: Act, window: SendWindow): Promise<Sent> {
    const { path, scope, body } = requestOf(act);
    const at = `${pathOf(act.on, act.id)}${path}`;
    // Of resources that a project is to have, each is answered by itself.
    let missed: unknown;
    const sent = await this.#send({ method: 'POST', path: at, body }, scope, window, (said) => {
      const each = act.on === 'project' ? field(said, 'resources') : [];
      missed = Array.isArray(each) ? each.find((one) => !assigned.includes(field(one, 'status'))) : undefined;
      return { externalId: act.id, action: field(said, 'action') };
    });
    if (sent.answer !== 'done' || missed === undefined) return sent;
    const reason = `POST ${at}: ${String(field(missed, 'urn'))} is ${String(field(missed, 'status'))}`;
    return { answer: 'refused', problem: 'gone', status: 200, reason, scope, requestId: sent.requestId };
  }

  async destroy(kind: MadeKind, externalId: string, window: SendWindow): Promise<Sent> {
    const [, , word] = places[kind];
    const write: Write = { method: 'DELETE', path: pathOf(kind, externalId), body: null };
    const sent = await this.#send(write, `${word}:delete`, window, () => ({ externalId, action: null }));
    if (sent.answer !== 'refused' || sent.problem !== 'gone') return sent;
    return { answer: 'done', externalId, actionId: null, requestId: sent.requestId };
  }

  async look(kind: MadeKind, externalId: string, signal?: AbortSignal): Promise<Look> {
    const [, key, word] = places[kind];
    const body = await this.#ask(pathOf(kind, externalId), `${word}:read`, signal);
    if (body === null) return { is: 'absent' };
    const item = field(body, key);
    const status = field(item, 'status');
    return {
      is: 'there',
      // Firewalls say how their rules were applied, and most kinds nothing.
      status: kind !== 'firewall' && typeof status === 'string' ? status : 'active',
      locked: field(item, 'locked') === true,
      address: addressOf(kind, item),
    };
  }

  async action(actionId: string, signal?: AbortSignal): Promise<ActionState> {
    const body = await this.#ask(`/v2/actions/${encodeURIComponent(actionId)}`, 'actions:read', signal);
    if (body === null) return 'absent';
    const status = field(field(body, 'action'), 'status');
    return status === 'completed' || status === 'errored' ? status : 'in-progress';
  }

  async effect(act: Act, signal?: AbortSignal): Promise<Effect> {
    const [, key, word] = places[act.on];
    const path = pathOf(act.on, act.id);
    const body = await this.#ask(path, `${word}:read`, signal);
    if (body === null) return { is: 'absent' };
    if (act.do === 'snapshot') {
      const [taken] = await this.find('snapshot', { name: act.name, source: act.id }, signal);
      const seen = readEffect(act, field(body, key));
      return { ...seen, reached: taken !== undefined, made: taken?.externalId ?? null };
    }
    if (act.do !== 'change_backup_policy') return readEffect(act, field(body, key));
    const policy = await this.#ask(`${path}/backups/policy`, `${word}:read`, signal);
    const plan = field(field(field(policy, 'policy'), 'backup_policy'), 'plan');
    return { ...readEffect(act, field(body, key)), reached: plan === act.plan };
  }

  async limits(signal?: AbortSignal) {
    const account = field(await this.#ask('/v2/account', 'account:read', signal), 'account');
    const [droplets, gpus, ips] = await Promise.all(
      [endpoints.droplets, endpoints.gpuDroplets, endpoints.reservedIpv4].map((each) => this.#count(each, signal)),
    );
    return {
      droplets: {
        limit: this.#number(field(account, 'droplet_limit'), '/v2/account'),
        live: (droplets ?? 0) + (gpus ?? 0),
      },
      reservedIps: { limit: this.#number(field(account, 'floating_ip_limit'), '/v2/account'), live: ips ?? 0 },
    };
  }

  async networks(signal?: AbortSignal): Promise<readonly Network[]> {
    return [...(await this.#all(endpoints.vpcs, 'id', readNetwork, signal)).values()];
  }

  /** A whole listing, or nothing: what `read` makes of its items, by their ids. Throws ArcadiaError. */
  async #all<T>(
    endpoint: Endpoint,
    idField: string,
    read: (raw: unknown) => T | null | undefined,
    signal: AbortSignal | undefined,
  ): Promise<ReadonlyMap<string, T>> {
    const idOf = idFrom(idField);
    const found = new Map<string, T>();
    const collection = {
      endpoint,
      idOf,
      read(raw: unknown) {
        const item = read(raw);
        if (item === undefined) return { ok: false as const, fault: 'not understood' };
        return { ok: true as const, item: { own: idOf(raw) as string, is: item }, faults: [] };
      },
    };
    for await (const event of paginate(new Reading(this.#requester, signal), collection)) {
      if (event.type === 'page') for (const { own, is } of event.items) if (is !== null) found.set(own, is);
      if (event.type === 'end' && event.end.outcome === 'partial') {
        throw this.#explain(new RequestFailure(event.end.problem, event.end.reason), endpoint.scope);
      }
    }
    return found;
  }

  /** null: 404. Throws ArcadiaError. */
  async #ask(path: string, scope: string, signal: AbortSignal | undefined): Promise<unknown> {
    try {
      return (await this.#requester.get(path, {}, signal)).body;
    } catch (error) {
      if (error instanceof RequestFailure && error.status === 404) return null;
      throw this.#explain(error, scope);
    }
  }

  async #count({ path, query, scope }: Endpoint, signal: AbortSignal | undefined): Promise<number> {
    try {
      const { body } = await this.#requester.get(path, { ...query, per_page: '1' }, signal);
      return this.#number(field(field(body, 'meta'), 'total'), path);
    } catch (error) {
      throw this.#explain(error, scope);
    }
  }

  #number(value: unknown, path: string): number {
    if (typeof value === 'number') return value;
    throw this.#explain(
      new RequestFailure('malformed', `GET ${path} answered without a number that it should have`),
      '',
    );
  }

  #explain(error: unknown, scope: string): unknown {
    return explainFailure(error, this.#apiUrl, scope, 'write');
  }

  async #send(
    write: Write,
    scope: string,
    window: SendWindow,
    read: (body: unknown) => { externalId: string | null; action: unknown },
  ): Promise<Sent> {
    const end = await this.#sender.send(write, window);
    if (end.end !== 'answered') return unanswered(end);
    const { status, body, requestId } = end;
    const said = `${write.method} ${write.path} answered ${status}`;
    if (status >= 300) {
      const message = field(body, 'message');
      const words = typeof message === 'string' ? message.replace(/\s+/g, ' ').slice(0, 200) : '';
      const reason = words === '' ? said : `${said}: ${words}`;
      return { answer: 'refused', problem: problemOf(status, words), status, reason, scope, requestId };
    }
    const { externalId, action } = read(body);
    if (externalId === null) return { answer: 'unclear', status, reason: `${said} without an id` };
    return { answer: 'done', externalId, actionId: idFrom('id')(action), requestId };
  }
}

function addressOf(kind: MadeKind, item: unknown): string | null {
  const networks = kind === 'droplet' ? field(field(item, 'networks'), 'v4') : [];
  const open = Array.isArray(networks) ? networks.find((one) => field(one, 'type') === 'public') : undefined;
  const address = kind === 'load_balancer' ? field(item, 'ip') : field(open, 'ip_address');
  return typeof address === 'string' && address !== '' ? address : null;
}

/** What the provider says of a resource that is in the project now. */
const assigned: readonly unknown[] = ['ok', 'assigned', 'already_assigned'];

const network = z.object({
  id,
  name: z.string(),
  region: z.string(),
  ip_range: z.string(),
  default: z.boolean().default(false),
});

function readNetwork(raw: unknown): Network | undefined {
  const parsed = network.safeParse(raw);
  if (!parsed.success) return undefined;
  const { id: externalId, name, region, ip_range: ipRange, default: isDefault } = parsed.data;
  return { externalId, name, region, ipRange, isDefault };
}

function unanswered(end: Exclude<SendEnd, { end: 'answered' }>): Sent {
  if (end.end === 'not_sent') return { answer: 'not_sent', reason: end.reason };
  if (end.end === 'rate_limited') return { answer: 'rate_limited', afterMs: end.afterMs, reason: end.reason };
  return { answer: 'unclear', status: end.status, reason: end.reason };
}

/** The provider's refusals differ in words more than in statuses. */
function problemOf(status: number, words: string): RefusalProblem {
  if (status === 401) return 'unauthorized';
  if (/\blimit\b/i.test(words) && (status === 403 || status === 422)) return 'limit';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'gone';
  if (status === 409 || status === 412) return 'conflict';
  if (/pending event/i.test(words)) return 'locked';
  return /try again/i.test(words) ? 'try_again' : 'invalid';
}

function requestOf(act: Act): { path: string; scope: string; body: Record<string, unknown> } {
  switch (act.on) {
    case 'project':
      return { path: '/resources', scope: 'project:assign_resource', body: { resources: act.urns } };
    case 'volume':
      return {
        path: '/actions',
        scope: 'block_storage_action:create',
        body: { type: act.do, droplet_id: Number(act.droplet) },
      };
    case 'reserved_ip':
      return {
        path: '/actions',
        scope: 'reserved_ip:update',
        body: act.do === 'assign' ? { type: act.do, droplet_id: Number(act.droplet) } : { type: act.do },
      };
    default:
      return { path: '/actions', scope: 'droplet:update', body: dropletBody(act) };
  }
}

function dropletBody(act: Extract<Act, { on: 'droplet' }>): Record<string, unknown> {
  switch (act.do) {
    case 'snapshot':
      return { type: act.do, name: act.name };
    case 'resize':
      return { type: act.do, size: act.size, disk: act.growsDisk };
    case 'enable_backups':
    case 'change_backup_policy':
      return { type: act.do, backup_policy: { plan: act.plan } };
    default:
      return { type: act.do };
  }
}
