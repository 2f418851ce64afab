import { ArcadiaError } from '../platform/errors.ts';
import type { Provider, ProviderOptions } from './provider.ts';
import type { Provisioner, ProvisionerOptions } from './provisioner.ts';
import { replaceMembers } from './replace-members.ts';

const simulatorScheme = 'simulator:';

/**
 * Opens a provider by its name. An address `simulator:<fleet>?seed=1` (and `&resources=100000`)
 * starts the built-in simulator on the loopback interface, at `simulatedAt` or where its fleet begins,
 * whichever is later, and talks HTTP to it like to any other; keys for Spaces are used on its own.
 * `standAt` moves it on, `close()` stops it.
 *
 * Throws invalid_argument for a provider that is not known, invalid_config for an address that
 * is none.
 */
export async function openProvider(providerName: string, options: ProviderOptions): Promise<Provider> {
  if (providerName !== 'digitalocean') {
    throw new ArcadiaError('invalid_argument', `There is no provider '${providerName}'; there is digitalocean.`);
  }
  // Loaded by those who need it: most commands talk to no provider.
  const { createDigitalOcean } = await import('./digitalocean/client.ts');
  if (!isBuiltInSimulator(options.apiUrl)) return createDigitalOcean(options);

  const { fleetNames, startSimulator } = await import('../simulator/index.ts');
  const { simulatedAt } = options;
  // Its clock stands still while an account is read: a minute's budget would come back in a real minute alone.
  const simulator = await startSimulator({
    ...parseSimulatorAddress(options.apiUrl, fleetNames),
    limitsBursts: false,
  });
  const { spaces } = options.credentials;
  const provider = createDigitalOcean({
    ...options,
    apiUrl: simulator.url,
    credentials: {
      ...options.credentials,
      ...(spaces !== undefined && { spaces: { ...spaces, endpoint: simulator.s3Endpoint } }),
    },
  });
  const standAt = (instant: Temporal.Instant): void => {
    if (Temporal.Instant.compare(simulator.now(), instant) < 0) simulator.advanceTo(instant);
    provider.standAt(instant);
  };
  if (simulatedAt !== undefined) standAt(simulatedAt);
  return replaceMembers(provider, {
    standAt,
    async close() {
      await provider.close();
      await simulator.close();
    },
  });
}

/** A Provisioner of a simulator that is started for it alone is closed with it. */
interface OpenedProvisioner {
  readonly provisioner: Provisioner;
  close(): Promise<void>;
}

/**
 * Opens what writes, of DigitalOcean or of a simulator that takes writes. The built-in simulator takes them where its
 * address names a journal (`&journal=<file>`), by which whoever opens it next knows what was done.
 *
 * Throws invalid_config for an address that is none, or has no journal.
 */
export async function openProvisioner(
  options: ProvisionerOptions & { readonly simulatedAt?: Temporal.Instant },
): Promise<OpenedProvisioner> {
  const { createDigitalOceanProvisioner } = await import('./digitalocean/provisioner.ts');
  if (!isBuiltInSimulator(options.apiUrl)) {
    return { provisioner: createDigitalOceanProvisioner(options), close: async () => {} };
  }
  const { fleetNames, startSimulator } = await import('../simulator/index.ts');
  const address = parseSimulatorAddress(options.apiUrl, fleetNames);
  if (address.journal === undefined) {
    throw new ArcadiaError('invalid_config', `The simulator at '${options.apiUrl}' has no journal to write to.`);
  }
  const simulator = await startSimulator({ ...address, writable: true, limitsBursts: false });
  const { simulatedAt } = options;
  if (simulatedAt !== undefined && Temporal.Instant.compare(simulator.now(), simulatedAt) < 0)
    simulator.advanceTo(simulatedAt);
  return {
    provisioner: createDigitalOceanProvisioner({ ...options, apiUrl: simulator.url }),
    close: () => simulator.close(),
  };
}

/** Whether an address is of the simulator that this program starts by itself. */
export function isBuiltInSimulator(apiUrl: string): boolean {
  return apiUrl.startsWith(simulatorScheme);
}

/** The address of a built-in simulator with the file in which it keeps what is written to it. */
export function withJournal(apiUrl: string, file: string): string {
  const [address = '', query = ''] = apiUrl.split('?', 2);
  const parameters = new URLSearchParams(query);
  parameters.set('journal', file);
  return `${address}?${parameters}`;
}

interface SimulatorAddress<Fleet extends string> {
  readonly fleet: Fleet;
  readonly seed: number;
  readonly resources?: number;
  /** A file. */
  readonly journal?: string;
}

/** What `simulator:<fleet>?seed=N&resources=N&journal=F` asks for; seed 1 where it does not say. */
export function parseSimulatorAddress<Fleet extends string>(
  apiUrl: string,
  fleets: readonly Fleet[],
): SimulatorAddress<Fleet> {
  const url = URL.parse(apiUrl);
  const fleet = fleets.find((name) => name === url?.pathname);
  const seed = wholeNumber(url?.searchParams.get('seed') ?? '1');
  const resources = url?.searchParams.get('resources') ?? null;
  const count = resources === null ? undefined : wholeNumber(resources);
  if (fleet === undefined || seed === null || count === null) {
    throw new ArcadiaError(
      'invalid_config',
      `'${apiUrl}' names no built-in fleet; it should look like simulator:agency?seed=1 (${fleets.join(', ')}).`,
    );
  }
  const journal = url?.searchParams.get('journal') ?? undefined;
  return {
    fleet,
    seed,
    ...(count !== undefined && { resources: count }),
    ...(journal !== undefined && { journal }),
  };
}

function wholeNumber(text: string): number | null {
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}
