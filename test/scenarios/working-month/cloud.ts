import type { FleetEventInput } from '../../../src/simulator/events.ts';
import type { FaultInput } from '../../../src/simulator/faults.ts';
import { type Simulator, startSimulator } from '../../../src/simulator/server.ts';
import type { Facts } from './facts.ts';

type Fault = { readonly fault: FaultInput['fault'] } & Readonly<Record<string, unknown>>;

/** The provider: what happens there happens in the simulator, over HTTP, and is noted in the script's own facts. */
export class Cloud {
  readonly #simulator: Simulator;
  readonly #facts: Facts;
  /** The provider's id of each thing, by the script's name for it. */
  readonly #ids = new Map<string, string | number>();
  readonly #unknown: (() => void)[] = [];

  private constructor(simulator: Simulator, facts: Facts) {
    this.#simulator = simulator;
    this.#facts = facts;
  }

  /** A fleet of one old server that belongs to nobody. */
  static async open(facts: Facts): Promise<Cloud> {
    const cloud = new Cloud(await startSimulator({ fleet: 'bare', seed: 1, resources: 1 }), facts);
    await cloud.#control('POST', '/limits', { perHour: null, perMinute: null });
    return cloud;
  }

  get url(): string {
    return this.#simulator.url;
  }

  get now(): string {
    return this.#simulator.now().toString();
  }

  id(name: string): string | number {
    const id = this.#ids.get(name);
    if (id === undefined) throw new RangeError(`there is no ${name}`);
    return id;
  }

  async advanceTo(at: string): Promise<void> {
    await this.#control('POST', '/clock', { advanceTo: Temporal.Instant.from(at).toString() });
  }

  async project(name: string): Promise<string> {
    await this.#make(name, { type: 'create_project', name });
    return String(this.id(name));
  }

  async droplet(
    name: string,
    deployment: string | null,
    where: { readonly tags?: string[]; readonly project?: string } = {},
  ): Promise<void> {
    await this.#make(name, { type: 'create_droplet', name, ...where });
    this.#facts.born(name, 'droplet_hours', 1, this.now, deployment);
  }

  async zone(name: string, deployment: string, project?: string): Promise<void> {
    await this.#make(name, { type: 'create_domain', name, ...(project !== undefined && { project }) });
    this.#facts.born(name, 'dns_zones', 1, this.now, deployment);
  }

  async volume(
    name: string,
    sizeGb: number,
    deployment: string,
    where: { readonly tags?: string[]; readonly project?: string },
  ) {
    await this.#make(name, { type: 'create_volume', name, sizeGb, ...where });
    this.#facts.born(name, 'volume_gb_month', sizeGb, this.now, deployment);
  }

  async snapshot(name: string, droplet: string, sizeGb: number, deployment: string): Promise<void> {
    const resourceId = this.id(droplet);
    await this.#make(name, { type: 'create_snapshot', resourceType: 'droplet', resourceId, name, sizeGb });
    this.#facts.born(name, 'droplet_snapshot_gb_month', sizeGb, this.now, deployment);
  }

  /** `unknown`: nobody can know of it yet, and it is a fact once it `comesToLight`. */
  async power(name: string, action: 'power_off' | 'power_on', known: 'known' | 'unknown' = 'known'): Promise<void> {
    await this.#happen({ type: 'power', droplet: Number(this.id(name)), action });
    const at = this.now;
    const note = () => this.#facts.becomes(name, action === 'power_on' ? 1 : 0, at);
    if (known === 'known') note();
    else this.#unknown.push(note);
  }

  comesToLight(): void {
    for (const note of this.#unknown.splice(0)) note();
  }

  async resizeVolume(name: string, sizeGb: number): Promise<void> {
    await this.#happen({ type: 'resize_volume', volume: String(this.id(name)), sizeGb });
    this.#facts.becomes(name, sizeGb, this.now);
  }

  async destroy(name: string): Promise<void> {
    await this.#happen({ type: 'destroy', kind: 'droplet', id: this.id(name) });
    this.#facts.becomes(name, null, this.now);
  }

  async upset(fault: Fault): Promise<void> {
    await this.#control('POST', '/faults', fault);
  }

  async calm(): Promise<void> {
    await this.#control('DELETE', '/faults');
  }

  async close(): Promise<void> {
    await this.#simulator.close();
  }

  async #make(name: string, event: FleetEventInput): Promise<void> {
    const id = await this.#happen(event);
    this.#ids.set(name, id ?? name);
  }

  async #happen(event: FleetEventInput): Promise<string | number | null> {
    const { events } = (await this.#control('POST', '/fleet', { events: [event] })) as {
      events: { id: string | number | null }[];
    };
    return events[0]?.id ?? null;
  }

  async #control(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(`${this.url}/_simulator${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
    return answer.json();
  }
}
