import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { SignJWT } from 'jose';
import type { Random } from '../../src/simulator/random.ts';
import { chunk, png, pngHead, pngHeader } from '../fixtures/images.ts';
import type { Who } from './business.ts';

// What is done to the server, each by several at once, over and over.

export interface Target {
  readonly url: string;
  readonly random: Random;
  tokenOf(who: Who): Promise<string>;
}

/** A status, or what became of the connection. */
type Outcome = number | 'closed' | 'unanswered';

export interface Attack {
  readonly name: string;
  /** Who do it at once. */
  readonly atOnce: number;
  /** Between two tries of one of them, in ms. */
  readonly pauseMs: number;
  /** What the server may answer: all else is a fault of it. */
  readonly allowed: readonly Outcome[];
  try(target: Target): Promise<Outcome>;
}

/** Refused as asked too often, or as too much just now. */
const turnedAway = [429, 503] as const;
const refused = [400, 413, ...turnedAway] as const;

/** Five users of one customer, members of staff, each one of a few. */
const user = ({ random }: Target): Who => ({
  role: 'customer',
  customer: 'bravo',
  subject: `user ${random.int(1, 5)}`,
});
const member =
  (...roles: readonly Who['role'][]) =>
  ({ random }: Target): Who => {
    const role = random.pick(roles);
    return { role, subject: `${role} ${random.int(1, 2)}` };
  };

async function ask(target: Target, who: Who, method: string, path: string, type = '', body: string | Buffer = '') {
  const response = await fetch(`${target.url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${await target.tokenOf(who)}`,
      'if-match': '*',
      ...(type === '' ? {} : { 'content-type': type }),
    },
    ...(body === '' ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
  });
  await response.arrayBuffer();
  return response.status;
}

const json = (target: Target, who: Who, path: string, body: unknown) =>
  ask(target, who, 'POST', path, 'application/json', JSON.stringify(body));

interface Open {
  readonly socket: Socket;
  /** The status of the first answer on it; null: there is none yet. */
  status(): number | null;
}

async function open({ url }: Target, head: string): Promise<Open> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let begun = '';
  socket.on('error', () => {});
  socket.on('data', (bytes: Buffer) => {
    if (begun.length < 20) begun += bytes.toString('latin1', 0, 20);
  });
  await once(socket, 'connect');
  socket.write(head);
  return { socket, status: () => Number(/^HTTP\/1\.1 (\d{3})/.exec(begun)?.[1] ?? 0) || null };
}

/** Sends a byte a second until the server ends it: within the half minute that it promises, and some. */
async function drip(target: Target, head: string): Promise<Outcome> {
  const { socket, status } = await open(target, head);
  const closed = new AbortController();
  socket.once('close', () => closed.abort());
  for (let second = 0; second < 60 && !closed.signal.aborted; second += 1) {
    socket.write('x');
    await sleep(1_000, null, { signal: closed.signal }).catch(() => {});
  }
  socket.destroy();
  if (!closed.signal.aborted) return 'unanswered';
  return status() ?? 'closed';
}

const font = readFileSync(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSansMono-Oblique.ttf'));

/** A sound image with another size in a second header, at a place by chance; or one of far more pixels than it may have. */
function hostileImage(random: Random): Buffer {
  const pixels = Buffer.alloc(4 * 17, 1);
  const [size, other] = [random.pick([2, 65_535, 2_147_483_647]), random.pick([1, 65_535, 2_147_483_647])];
  if (random.chance(0.5))
    return png({ width: 4, height: 4, pixels, before: [pngHeader({ width: size, height: other })] });
  const bytes = Buffer.concat([
    pngHead,
    pngHeader({ width: size, height: other }),
    chunk('IDAT', Buffer.alloc(60_000)),
  ]);
  bytes[random.int(8, bytes.length - 1)] = random.int(0, 255);
  return bytes;
}

function hostileFont(random: Random): Buffer {
  const bytes = Buffer.from(font);
  for (let change = 0; change < 3; change += 1) bytes[random.int(0, 2_000)] = random.int(0, 255);
  return bytes;
}

function hostilePlans(random: Random): readonly { readonly name: string; readonly text: string }[] {
  const list = `a: &a [${'1,'.repeat(90_000)}1]\n`;
  const texts = [
    `${list}b: [${'*a,'.repeat(95)}]`,
    '['.repeat(190_000),
    `? ${'- '.repeat(60_000)}`,
    `a: ${'!!'.repeat(90_000)}`,
  ];
  const files = random.int(1, 5);
  return Array.from({ length: files }, (_, place) => ({
    name: `${place}.yaml`,
    text: random.pick(texts).slice(0, 200_000),
  }));
}

const header = 'customer_external_id,customer_name,currency,deployment_slug,deployment_name,starts_at';

function hostileCsv(random: Random): string {
  const rows = (count: number) =>
    Array.from({ length: count }, (_, row) => `h-${row},H ${row},USD,h-${row},H ${row},2026-05-01`).join('\n');
  const [commas, quotes] = [','.repeat(4_000_000), '"'.repeat(3_999_999)];
  return `${header}\n${random.pick([commas, quotes, rows(5_000), rows(20_000), 'x\n'.repeat(1_900_000)])}`;
}

async function forgedToken({ random }: Target): Promise<string> {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const seconds = Math.floor(performance.timeOrigin / 1_000);
  const claims = { sub: 'maria', role: 'owner', typ: 'access', iss: 'arcadia', iat: seconds, exp: seconds + 86_400 };
  const alg = random.pick(['none', 'HS512', 'HS256', 'RS256']);
  if (alg === 'none') return `${encode({ alg })}.${encode(claims)}.`;
  const key = Buffer.from(random.pick(['', 'secret', 'arcadia', 'x'.repeat(64)]).padEnd(64, '\0'));
  if (alg === 'RS256')
    return `${encode({ alg, kid: String(random.next()) })}.${encode(claims)}.${encode(random.next())}`;
  return new SignJWT(claims).setProtectedHeader({ alg }).sign(key);
}

const unknownFields: readonly ((target: Target) => Promise<Outcome>)[] = [
  (target) => json(target, member('operator')(target), '/jobs/cancel', { queue: 'sync', sttae: 'failed' }),
  (target) =>
    json(target, member('operator')(target), '/customers', { customer: 'x', name: 'X', currency: 'USD', nmae: 'Y' }),
  (target) => json(target, member('viewer')(target), '/rules/preview', { rules: [], ruels: [] }),
  (target) => ask(target, user(target), 'GET', '/deployments?customre=alpha'),
];

/** Reads nothing of a long answer, asked for many times on one connection. */
async function readNothing(target: Target): Promise<Outcome> {
  const token = await target.tokenOf(target.random.chance(0.5) ? user(target) : member('viewer')(target));
  const path = target.random.pick([
    '/api/v1/kinds.csv',
    '/api/v1/deployments.csv',
    '/api/v1/docs/swagger-ui-bundle.js',
  ]);
  const request = `GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`;
  const { socket } = await open(target, request.repeat(20));
  socket.pause();
  await sleep(10_000);
  socket.destroy();
  return 'closed';
}

async function openStream(target: Target): Promise<Outcome> {
  const token = await target.tokenOf(target.random.chance(0.7) ? user(target) : member('viewer')(target));
  const { socket, status } = await open(
    target,
    `GET /api/v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  );
  await sleep(target.random.int(1, 20_000));
  socket.destroy();
  return status() ?? 'closed';
}

const head = (method: string, path: string, token: string, type: string, length: number) =>
  `${method} /api/v1${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`;

/** A file of the seller's, from somebody who may set it. */
function upload(target: Target, field: 'logo' | 'font', type: string, content: Buffer): Promise<Outcome> {
  return ask(target, member('finance')(target), 'PUT', `/legal-entities/default/${field}`, type, content);
}

export const attacks: readonly Attack[] = [
  {
    name: 'bodies that trickle',
    atOnce: 100,
    pauseMs: 100,
    allowed: [408, 'closed', 400, ...turnedAway],
    async try(target) {
      const by = target.random.chance(0.7) ? user(target) : member('viewer', 'operator')(target);
      const path = by.role === 'customer' ? '/quotes' : '/rules/preview';
      return drip(target, head('POST', path, await target.tokenOf(by), 'application/json', 100_000));
    },
  },
  {
    name: 'headers that trickle',
    atOnce: 60,
    pauseMs: 100,
    allowed: [408, 'closed'],
    try: (target) => drip(target, 'GET /api/v1/customers HTTP/1.1\r\nHost: a\r\nX-Slow: '),
  },
  {
    name: 'images',
    atOnce: 3,
    pauseMs: 50,
    allowed: [200, 422, ...refused],
    try: (target) => upload(target, 'logo', 'image/png', hostileImage(target.random)),
  },
  {
    name: 'fonts',
    atOnce: 1,
    pauseMs: 500,
    allowed: [200, 422, ...refused],
    try: (target) => upload(target, 'font', 'font/ttf', hostileFont(target.random)),
  },
  {
    name: 'plans with aliases',
    atOnce: 2,
    pauseMs: 100,
    allowed: [200, 422, ...refused],
    try: (target) => json(target, member('viewer')(target), '/plans/preview', { files: hostilePlans(target.random) }),
  },
  {
    name: 'large CSVs',
    atOnce: 2,
    pauseMs: 200,
    allowed: [200, 422, ...refused],
    try: (target) =>
      ask(
        target,
        member('operator')(target),
        'POST',
        '/customers/import?dryRun=true',
        'text/csv',
        hostileCsv(target.random),
      ),
  },
  {
    name: 'many rules',
    atOnce: 2,
    pauseMs: 200,
    allowed: [200, ...refused],
    try: (target) =>
      json(target, member('viewer')(target), '/rules/preview', {
        rules: Array.from({ length: 2_000 }, (_, place) => ({ name: `*${place}-*`, deployment: 'bravo-shop' })),
      }),
  },
  { name: 'streams', atOnce: 150, pauseMs: 100, allowed: [200, 'closed', ...turnedAway], try: openStream },
  {
    name: 'forged tokens',
    atOnce: 4,
    pauseMs: 50,
    allowed: [401, 429, 503],
    async try(target) {
      const authorization = `Bearer ${await forgedToken(target)}`;
      const response = await fetch(`${target.url}/api/v1/customers`, { headers: { authorization } });
      await response.arrayBuffer();
      return response.status;
    },
  },
  { name: 'readers who read nothing', atOnce: 20, pauseMs: 100, allowed: ['closed'], try: readNothing },
  {
    name: 'unknown fields',
    atOnce: 2,
    pauseMs: 100,
    allowed: [400, ...turnedAway],
    try: (target) => target.random.pick(unknownFields)(target),
  },
  {
    name: 'many requests at once',
    atOnce: 80,
    pauseMs: 1_000,
    allowed: [200, ...turnedAway],
    try: (target) => ask(target, user(target), 'GET', target.random.pick(['/deployments', '/kinds', '/invoices'])),
  },
];
