import { createDigitalOcean } from '../../src/cloud/digitalocean/client.ts';
import type { Machine } from '../../src/cloud/digitalocean/machine.ts';
import type { Provider } from '../../src/cloud/provider.ts';
import type { FleetEventInput } from '../../src/simulator/events.ts';
import type { FaultInput } from '../../src/simulator/faults.ts';
import { type FleetName, type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { type Account, connectAccount } from '../../src/inventory/accounts.ts';
import { type SyncOptions, type SyncResult, syncAccount } from '../../src/inventory/sync.ts';
import { databaseClock } from '../../src/platform/clock.ts';
import { generateSecretKey, parseSecretKey } from '../../src/platform/secrets/crypto.ts';
import type { Database } from '../../src/platform/database/database.ts';

export const secretKey = parseSecretKey(generateSecretKey())!;

/** A fault as it is switched on: `{ fault: 'empty', path: '/v2/droplets', what: 'items' }`. */
export type Fault = { readonly fault: FaultInput['fault'] } & Readonly<Record<string, unknown>>;

/** An account that the simulator answers for, over HTTP, through the real client. */
export interface SimulatedAccount {
  readonly account: Account;
  readonly provider: Provider;
  readonly simulator: Simulator;
  /** Moves the clock on; what the fleet's script says happens on the way. */
  advance(duration: Temporal.DurationLike): Promise<void>;
  /** Lets something happen now; the ids of what was made. */
  happen(...events: FleetEventInput[]): Promise<(string | number | null)[]>;
  /** Switches faults on until `calm`. */
  upset(...faults: Fault[]): Promise<void>;
  calm(): Promise<void>;
  sync(options?: Partial<SyncOptions>): Promise<SyncResult[]>;
  /** The result of one kind. */
  syncKind(kind: string): Promise<SyncResult>;
  /** Connects the same account in another database, and syncs it there. */
  alsoIn(db: Database): Promise<SimulatedAccount['sync']>;
  close(): Promise<void>;
}

/**
 * The machine's time for a client that must not wait: a sleep is over at once, and time has passed. So it has where
 * the provider's clock is moved on.
 */
function withoutWaiting(): Machine & { pass(ms: number): void } {
  let sleptMs = 0;
  return {
    pass(ms) {
      sleptMs += ms;
    },
    monotonicMs: () => performance.now() + sleptMs,
    epochMs: () => Temporal.Now.instant().epochMilliseconds + sleptMs,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      sleptMs += ms;
    },
    random: Math.random,
  };
}

let tokens = 0;

/**
 * Without a fleet: the bare one, with so many droplets; without a number, with none. `real`: the simulator
 * does not say that it is one, and this machine's clock shows the same time. `at`: where that begins; at the fleet's
 * beginning where it is not given.
 */
export async function openSimulatedAccount(
  db: Database,
  {
    fleet,
    resources,
    seed = 1,
    real = false,
    at,
  }: { fleet?: FleetName; resources?: number; seed?: number; real?: boolean; at?: Temporal.Instant } = {},
): Promise<SimulatedAccount> {
  const simulator = await startSimulator({
    fleet: fleet ?? 'bare',
    seed,
    resources: resources ?? 1,
    marked: !real,
    ...(at !== undefined && { at }),
  });
  const control = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${simulator.url}/_simulator${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
    return answer.json();
  };
  await control('POST', '/limits', { perHour: null, perMinute: null });
  const credentials = {
    // Whoever shares a token shares its budget.
    token: `token-${process.pid}-${tokens++}`,
    spaces: { accessKeyId: 'key', secretAccessKey: 'secret', regions: ['fra1'], endpoint: simulator.s3Endpoint },
  };
  const machine = withoutWaiting();
  const provider = createDigitalOcean({ apiUrl: simulator.url, credentials }, { machine });
  const happen = async (...events: FleetEventInput[]) => {
    const { events: made } = (await control('POST', '/fleet', { events })) as {
      events: { id: string | number | null }[];
    };
    return made.map(({ id }) => id);
  };
  if (fleet === undefined && resources === undefined) {
    for await (const event of provider.list('droplet')) {
      if (event.type === 'end') continue;
      for (const { externalId } of event.items)
        await happen({ type: 'destroy', kind: 'droplet', id: Number(externalId) });
    }
  }
  const identity = await provider.identify();
  const account = await connectAccount(
    db,
    { provider: 'digitalocean', apiUrl: simulator.url, credentials, secretKey },
    identity,
    real ? simulator.now() : Temporal.Now.instant(),
  );
  const clock = real ? { now: async () => simulator.now() } : databaseClock(db);
  const sync = (options: Partial<SyncOptions> = {}) => syncAccount(db, account, provider, { clock, ...options });
  return {
    account,
    provider,
    simulator,
    sync,
    happen,
    async alsoIn(other) {
      const request = { provider: 'digitalocean', apiUrl: simulator.url, credentials, secretKey };
      const twin = await connectAccount(other, request, await provider.identify(), Temporal.Now.instant());
      return (options = {}) => syncAccount(other, twin, provider, { clock: databaseClock(other), ...options });
    },
    async syncKind(kind) {
      const [result] = await sync({ kinds: [kind] });
      return result!;
    },
    async advance(duration) {
      const before = simulator.now();
      await control('POST', '/clock', { advanceBy: Temporal.Duration.from(duration).toString() });
      machine.pass(simulator.now().epochMilliseconds - before.epochMilliseconds);
    },
    async upset(...faults) {
      for (const fault of faults) await control('POST', '/faults', fault);
    },
    async calm() {
      await control('DELETE', '/faults');
    },
    async close() {
      await provider.close();
      await simulator.close();
    },
  };
}
