import { type Command, Option } from 'commander';
import { ArcadiaError } from '../../platform/errors.ts';
import type { FleetName } from '../../simulator/index.ts';
import { addCommand, withSession } from '../engine/command.ts';
import type { Session } from '../engine/session.ts';
import { instant, whole } from '../engine/arguments.ts';

interface SimulateOptions {
  readonly fleet: FleetName;
  readonly seed: number;
  readonly resources?: number;
  readonly at?: Temporal.Instant;
  readonly port: number;
  readonly writable?: boolean;
  readonly journal?: string;
}

const fleets: readonly FleetName[] = ['pilot', 'agency', 'hoster', 'bare'];

/** Beside ARCADIA_PORT's default, so that both run on one machine. */
const defaultPort = 4010;

export function addSimulateCommand(program: Command): void {
  addCommand(program, 'simulate', {
    summary: "a server that speaks the provider's API, from a made-up fleet with a clock of its own",
    details:
      'Runs until Ctrl-C or SIGTERM. The same fleet and seed are the same fleet. Its clock stands still until it is moved. It bills: balance, history, invoices, the preview and Insights, by rules that can be changed and with mistakes that can be switched on.',
    example: `
$ arcadia simulate --fleet agency
The fleet agency (seed 1) answers at http://127.0.0.1:4010

$ export DIGITALOCEAN_API_URL=http://127.0.0.1:4010
$ DIGITALOCEAN_TOKEN=any arcadia account connect agency
$ curl -d '{"advanceBy": "PT6H"}' http://127.0.0.1:4010/_simulator/clock
$ arcadia sync
$ curl -d '{"mistake": "wrong_price", "month": "2026-05", "product": "Volumes"}' http://127.0.0.1:4010/_simulator/billing/mistakes`,
  })
    .addOption(new Option('--fleet <fleet>', 'which fleet').choices(fleets).default('agency'))
    .option('--seed <n>', 'another seed is another fleet', whole('--seed'), 1)
    .option('--resources <n>', 'how many, of the fleets hoster and bare', whole('--resources', 1, 1_000_000))
    .option('--at <moment>', 'where its clock stands at first; by default where its history begins', instant('--at'))
    .option('--writable', 'take writes too; without it they are refused')
    .option('--journal <file>', 'a file of what was done to the fleet, which is done again when it starts')
    .option('--port <n>', '0 takes any free port', whole('--port', 0, 65_535), defaultPort)
    .option('--host <host>', 'the address to listen on (ARCADIA_HOST)')
    .action(withSession(simulate));
}

async function simulate(session: Session, options: SimulateOptions): Promise<void> {
  const { startSimulator } = await import('../../simulator/index.ts');
  const { explainListenError, httpSettings } = await import('../../http/index.ts');
  const { fleet, seed, resources, at, port, writable, journal } = options;
  const { host } = httpSettings.of(await session.config());
  const simulator = await startSimulator({
    fleet,
    seed,
    ...(resources === undefined ? {} : { resources }),
    ...(at === undefined ? {} : { at }),
    ...(writable === undefined ? {} : { writable }),
    ...(journal === undefined ? {} : { journal }),
    port,
    host,
  }).catch((error: unknown) => {
    if (error instanceof RangeError) throw new ArcadiaError('invalid_argument', `${error.message}.`, { cause: error });
    throw explainListenError(error, host, port);
  });
  session.onClose(() => simulator.close());

  const { url } = simulator;
  if (session.output.json) {
    const { s3Endpoint, start, end, deployments } = simulator;
    await session.output.value({ url, s3Endpoint, fleet, seed, now: simulator.now(), start, end, deployments });
  } else {
    await session.output.text(`The fleet ${fleet} (seed ${seed}) answers at ${url}`);
    session.output.note(`
Its clock stands at ${simulator.now()}; its history runs from ${simulator.start} to ${simulator.end}.

To connect it:            DIGITALOCEAN_API_URL=${url} DIGITALOCEAN_TOKEN=any arcadia account connect ${fleet}
  its buckets too:        SPACES_ENDPOINT=${simulator.s3Endpoint} SPACES_ACCESS_KEY_ID=any SPACES_SECRET_ACCESS_KEY=any
To move its clock:        curl -d '{"advanceBy": "PT6H"}' ${url}/_simulator/clock
To see a scope missing:   curl -d '{"fault": "missing_scope", "scopes": ["droplet:read"]}' ${url}/_simulator/faults
To make all well again:   curl -X DELETE ${url}/_simulator/faults
To see its last bill:     curl -H 'authorization: Bearer any' ${url}/v2/customers/my/invoices
To spoil a bill:          curl -d '{"mistake": "tax", "month": "2026-05"}' ${url}/_simulator/billing/mistakes
Ctrl-C stops it.`);
  }
  if (!session.signal.aborted)
    await new Promise((resolve) => session.signal.addEventListener('abort', resolve, { once: true }));
}
