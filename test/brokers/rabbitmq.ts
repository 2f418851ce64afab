import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureProgram } from '../debian-program.ts';

// A RabbitMQ of a test's own, as Debian has it. The scripts beside the program: that one is started as another user.

const scripts = '/usr/lib/rabbitmq/bin';

const docs = readFileSync(new URL('../../docs/gateway.md', import.meta.url), 'utf8');

/** What docs/gateway.md has a broker declare. */
export const definitionsOfDocs = JSON.parse(/```json\n(\{\n {2}"queues"[\s\S]*?)```/.exec(docs)?.[1] ?? '') as {
  queues: { name: string }[];
};

/** The command by which docs/gateway.md moves messages back. */
export const moveBackOfDocs = /^\$ (rabbitmqctl set_parameter shovel .*)$/m.exec(docs)?.[1] ?? '';

export interface Broker {
  /** amqp://guest:guest@127.0.0.1:port */
  readonly url: string;
  /** amqps://guest:guest@localhost:port, and the certificate that it shows: its own authority, for localhost and 127.0.0.1. */
  readonly tlsUrl: string;
  readonly certificate: string;
  /** Kills it once it has written what it knows of its queues, and starts it again with what it has on disk. */
  restart(): Promise<void>;
  /** What a command of a shell says that speaks to it. */
  run(command: string): string;
  /** What a piece of Erlang comes to in it. */
  evaluate(code: string): string;
  close(): Promise<void>;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  const ports: number[] = [];
  for (const server of servers) {
    if (!server.listening) await once(server, 'listening');
    ports.push((server.address() as { port: number }).port);
  }
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

/** With what `rabbitmqctl import_definitions` would declare. null: there is none on this machine, which is said aloud. */
export async function startRabbitMq(definitions: object): Promise<Broker | null> {
  if (!ensureProgram('rabbitmq-server') || !existsSync(join(scripts, 'rabbitmq-server'))) return null;
  const folder = mkdtempSync(join(tmpdir(), 'arcadia-rabbitmq-'));
  const [port, tlsPort, distPort, epmdPort] = await freePorts(4);
  const declared = {
    users: [{ name: 'guest', password: 'guest', tags: 'administrator' }],
    vhosts: [{ name: '/' }],
    permissions: [{ user: 'guest', vhost: '/', configure: '.*', write: '.*', read: '.*' }],
    ...definitions,
  };
  writeFileSync(join(folder, 'definitions.json'), JSON.stringify(declared));
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const made = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -keyout key.pem -out certificate.pem -days 2';
  const named = '-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1';
  execFileSync('openssl', `req -x509 ${made} ${named}`.split(' '), { cwd: folder, stdio: 'pipe' });
  const settings = [
    `load_definitions = ${join(folder, 'definitions.json')}`,
    `listeners.ssl.1 = 127.0.0.1:${tlsPort}`,
    `ssl_options.cacertfile = ${certificate}`,
    `ssl_options.certfile = ${certificate}`,
    `ssl_options.keyfile = ${key}`,
  ];
  writeFileSync(join(folder, 'rabbitmq.conf'), `${settings.join('\n')}\n`);
  writeFileSync(join(folder, 'plugins'), '[rabbitmq_amqp1_0,rabbitmq_shovel].\n');
  const env = {
    ...process.env,
    HOME: folder,
    RABBITMQ_NODENAME: `arcadia_${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distPort),
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    // What is killed leaves no picture of itself where it was started.
    ERL_CRASH_DUMP_SECONDS: '0',
  };
  // Its own daemon of names, which would else outlive it; each in a group of its own, so that what they start ends with them.
  // The group also ends when this process does, however that dies: then its end of the pipe is closed.
  const start = (command: string) =>
    spawn('/bin/sh', ['-c', '( "$0"; kill -9 0 ) & read _; kill -9 0', command], {
      env,
      detached: true,
      stdio: 'pipe',
    });
  const names = start('epmd');
  let server = start(join(scripts, 'rabbitmq-server'));
  const close = async () => {
    await Promise.all([server, names].map(endGroup));
    rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 20 });
  };
  try {
    await untilSaid(server, 'completed with');
  } catch (error) {
    await close();
    throw error;
  }
  const run = (command: string) =>
    execFileSync('/bin/sh', ['-c', command], {
      env: { ...env, PATH: `${scripts}:${process.env.PATH}` },
      encoding: 'utf8',
    });
  const evaluate = (code: string) =>
    execFileSync(join(scripts, 'rabbitmqctl'), ['eval', code], { env, encoding: 'utf8' });
  const restart = async () => {
    // A queue whose registration was not yet on disk would come back without a leader (RabbitMQ 3.10).
    evaluate('[ok = dets:sync(Table) || Table <- dets:all()].');
    await endGroup(server);
    server = start(join(scripts, 'rabbitmq-server'));
    await untilSaid(server, 'completed with');
  };
  return {
    url: `amqp://guest:guest@127.0.0.1:${port}`,
    tlsUrl: `amqps://guest:guest@localhost:${tlsPort}`,
    certificate: readFileSync(certificate, 'utf8'),
    restart,
    run,
    evaluate,
    close,
  };
}

async function endGroup(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, 'close');
  process.kill(-child.pid, 'SIGKILL');
  await ended;
}

function untilSaid({ stdout, stderr }: ReturnType<typeof spawn>, what: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let said = '';
  for (const stream of [stdout, stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes(what)) resolve();
    });
  stdout?.on('close', () => reject(new Error(`RabbitMQ ended: ${said}`)));
  return promise;
}
