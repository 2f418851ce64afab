import { createServer, type IncomingMessage, type ServerResponse, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Answer, type Asked, json } from './answer.ts';
import { Api } from './api.ts';
import { Bills } from './billing/bills.ts';
import { SimulatedClock } from './clock.ts';
import { Control, CONTROL_PATH } from './control.ts';
import { FaultBoard } from './faults.ts';
import { type FleetName, fleets } from './fleets/index.ts';
import { Journal } from './journal.ts';
import { RateLimiter } from './rate-limit.ts';
import { RequestLog } from './request-log.ts';
import { Spaces, SPACES_PATH } from './spaces.ts';
import { instantOf } from './time.ts';
import type { FleetDeployment, SharedResource } from './timeline.ts';

export type { FleetName } from './fleets/index.ts';
export { fleetNames } from './fleets/index.ts';
export type { FleetDeployment } from './timeline.ts';

export interface SimulatorOptions {
  readonly fleet: FleetName;
  readonly seed: number;
  /** How many resources (hoster), or droplets (bare). */
  readonly resources?: number;
  /** Where the clock stands at first; the fleet's start when left out. */
  readonly at?: Temporal.Instant;
  /** 0, or left out: any that is free. */
  readonly port?: number;
  /** 127.0.0.1 when left out. */
  readonly host?: string;
  /** The only bearer token that is good; any is when left out. */
  readonly token?: string;
  /** Whether answers carry `x-simulated-clock`; true when left out. Without it this is a provider like the real one. */
  readonly marked?: boolean;
  /** Whether it takes writes; left out, every write is 403. */
  readonly writable?: boolean;
  /** false: as many requests a minute as anyone likes, for whoever reads whole accounts while its clock stands still. */
  readonly limitsBursts?: boolean;
  /**
   * A file of all that is done to the fleet beside its script, by writes and under /_simulator/fleet. It is made
   * where it is not there, and done again where it is. Left out, what was done is forgotten with the process.
   */
  readonly journal?: string;
}

export interface Simulator {
  /** Without a slash at the end: `http://127.0.0.1:4010`. */
  readonly url: string;
  /** Spaces of every region, for path-style addressing. */
  readonly s3Endpoint: string;
  now(): Temporal.Instant;
  /** Lets everything up to an instant happen. Throws RangeError for one that has passed. */
  advanceTo(instant: Temporal.Instant): void;
  /** The fleet's history; past its end, a fleet stands still, or goes on quietly. */
  readonly start: Temporal.Instant;
  readonly end: Temporal.Instant;
  /** What an operator of this fleet would declare, who shares what included. */
  readonly deployments: readonly FleetDeployment[];
  readonly sharedResources: readonly SharedResource[];
  close(): Promise<void>;
}

const RESOURCES_MAX = 1_000_000;
const BODY_BYTES_MAX = 1_048_576;

/**
 * Starts a server that speaks the provider's API from a made-up fleet with a clock of its own.
 * The same fleet, seed and size at the same instant give the same answers, always. Rejects with
 * the system's error where it cannot listen, and with RangeError for an instant before the fleet's start.
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { fleet, seed, resources, writable = false, limitsBursts = true, host = '127.0.0.1' } = options;
  assertResources(resources);
  const script = fleets[fleet](seed, resources);
  const at = options.at?.epochMilliseconds ?? script.start;
  if (at < script.start) throw new RangeError(`the fleet ${fleet} begins at ${instantOf(script.start)}`);
  const { journal: file } = options;
  const journal =
    file === undefined ? null : new Journal(file, { fleet, seed, resources: resources ?? null }, writable);
  const clock = new SimulatedClock(script, seed, at, options.marked ?? true, journal);
  const faults = new FaultBoard();
  const limiter = new RateLimiter();
  if (!limitsBursts) limiter.limits = { ...limiter.limits, perMinute: null };
  const log = new RequestLog();
  const bills = new Bills(clock.timeline, seed);
  const api = new Api({ fleet, seed, clock, bills, faults, limiter, token: options.token, writable });
  const spaces = new Spaces(clock, faults);
  const s3Endpoint = () => url + SPACES_PATH;
  const control = new Control({ fleet, seed, script, clock, bills, faults, limiter, log, s3Endpoint });
  let url = '';

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const opened = readRequest(request, url);
    const isControl = opened.path.startsWith(CONTROL_PATH);
    const body = isControl || writable ? await readBody(request) : '';
    if (body === null) {
      send(response, clock, json(413, { error: { message: 'the body is too large', issues: [] } }));
      return;
    }
    const asked: Asked = { ...opened, body };
    if (isControl) {
      send(response, clock, control.answer(asked.method, asked.path, body));
      return;
    }
    const isSpaces = asked.path.startsWith(SPACES_PATH);
    const answer = isSpaces ? spaces.answer(asked) : api.answer(asked);
    const route = isSpaces ? SPACES_PATH : api.routeOf(asked);
    log.add(asked.method, route, asked.url, answer.drop === undefined ? answer.status : null);
    send(response, clock, answer);
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: Error) => {
      // A defect of the simulator: say so where whoever uses it will look.
      if (!response.headersSent)
        send(response, clock, json(500, { id: 'simulator_defect', message: error.stack ?? error.message }));
    });
  });
  url = await listen(server, options.port ?? 0, host);

  return {
    url,
    s3Endpoint: url + SPACES_PATH,
    now: () => instantOf(clock.now),
    advanceTo: (instant) => clock.advanceTo(instant.epochMilliseconds),
    start: instantOf(script.start),
    end: instantOf(script.end),
    deployments: script.deployments,
    sharedResources: script.shared,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function assertResources(resources: number | undefined): void {
  if (resources === undefined || (Number.isInteger(resources) && resources >= 1 && resources <= RESOURCES_MAX)) return;
  throw new RangeError(`resources must be a whole number from 1 to ${RESOURCES_MAX}, not ${resources}`);
}

/** Listens on a port, 0 for any; returns where. */
async function listen(server: Server, asked: number, host: string): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(asked, host, resolve);
  });
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

function readRequest(request: IncomingMessage, ownUrl: string): Omit<Asked, 'body'> {
  const url = request.url ?? '/';
  const question = url.indexOf('?');
  const { host, authorization } = request.headers;
  return {
    method: request.method ?? 'GET',
    url,
    path: question === -1 ? url : url.slice(0, question),
    query: new URLSearchParams(question === -1 ? '' : url.slice(question + 1)),
    origin: host !== undefined && /^[\w.:[\]-]+$/.test(host) ? `http://${host}` : ownUrl,
    authorization,
  };
}

/** Null: it is larger than any that is meant. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
  }
  return bytes > BODY_BYTES_MAX ? null : Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, clock: SimulatedClock, { status, headers, body, drop }: Answer): void {
  if (drop === 'before') response.destroy();
  if (drop === 'before' || drop === 'never') return;
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  response.sendDate = false;
  response.writeHead(status, {
    ...clock.headers,
    ...headers,
    // What has no body has no length.
    ...(status !== 204 && { 'content-length': bytes.length }),
  });
  if (drop === 'within') response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => response.destroy());
  else response.end(bytes);
}
