import { z } from 'zod';
import packageJson from '../../../package.json' with { type: 'json' };
import { findCustomer } from '../../deployments/index.ts';
import { readSimulation } from '../../platform/clock.ts';
import { readEventRange } from '../../platform/events.ts';
import { declareOperation, type Operation, roleNames } from '../../platform/declare/operation.ts';
import { instantOut } from '../../platform/declare/schemas.ts';
import { httpSettings } from '../settings.ts';

const getMe = declareOperation({
  method: 'GET',
  path: '/me',
  name: 'session show',
  operationId: 'getMe',
  tag: 'session',
  summary: 'Who is asking, and what they may do',
  description: 'Of a command on the database: its user, as an owner.',
  roles: roleNames,
  response: z.object({
    subject: z.string().meta({ description: "The token's `sub`", examples: ['maria'] }),
    role: z.enum(roleNames),
    customer: z
      .object({ customer: z.string(), name: z.string() })
      .nullable()
      .meta({ description: 'Of the role customer: by the external id' }),
    expiresAt: instantOut.nullable().meta({ description: 'When the token or the session ends; null: never' }),
    now: instantOut.meta({ description: 'The time of the accounts: simulated, where they are' }),
    simulated: z.boolean(),
    pace: z.int().nullable().meta({
      description:
        'Of a simulated clock: its seconds in a second, while somebody watches; null: real time, or history is being created',
    }),
    zone: z.literal('UTC').meta({ description: 'Of days and months' }),
    version: z.string().meta({ description: 'Of this program', examples: ['0.1.0'] }),
    signInUrl: z
      .string()
      .nullable()
      .meta({ description: 'Where a person signs in; ?return= names the path to come back to with #token=' }),
    lastEventId: z.int().nullable().meta({
      description:
        'The last event of the stream so far: whatever is read after this answer has what it is about, and the stream can be asked to go on behind it. null: of a customer',
    }),
    may: z.array(z.string()).readonly().meta({ description: 'The operations that this role may call, by operationId' }),
  }),
  async run({ db, principal, now, config, program }) {
    const { subject, role, customerId, expiresAt } = principal;
    const simulation = await readSimulation(db);
    return {
      subject,
      role,
      customer: customerId === null ? null : await findCustomer(db, customerId),
      expiresAt: expiresAt ?? null,
      now,
      simulated: simulation !== null,
      pace: simulation === null || simulation.runsTo !== null ? null : simulation.pace,
      zone: 'UTC' as const,
      version: packageJson.version,
      signInUrl: httpSettings.of(config).signInUrl,
      lastEventId: role === 'customer' ? null : (await readEventRange(db)).last,
      may: program.operations.filter(({ roles }) => roles.includes(role)).map(({ operationId }) => operationId),
    };
  },
});

const onlyBrowsers = 'A session is for browsers; a command has its token in ARCADIA_TOKEN.';

const startSession = declareOperation({
  method: 'POST',
  // Nothing is written: what it makes is in the header Set-Cookie alone.
  asks: true,
  path: '/session',
  name: 'session start',
  operationId: 'startSession',
  tag: 'session',
  summary: "Keep the bearer's token in a cookie that no script can read",
  description: `For browsers. The answer has a cookie \`__Host-arcadia-...\` (HttpOnly, Secure, SameSite=Strict) with the token of the
header Authorization, sealed, for 12 hours at most. A request without that header is then signed in by the cookie, if it
comes from a page of this server: \`Sec-Fetch-Site: same-origin\` (of a GET \`none\` too), and of everything but a GET an
\`Origin\` with this server's address; otherwise it is refused (403). A token that ends or is revoked ends the session.`,
  roles: roleNames,
  command: { none: onlyBrowsers },
  async run({ session }) {
    session.start();
  },
});

const endSession = declareOperation({
  method: 'DELETE',
  // As above: nothing of ours changes.
  asks: true,
  path: '/session',
  name: 'session end',
  operationId: 'endSession',
  tag: 'session',
  summary: 'Sign out: the browser forgets the cookie',
  description: 'The token itself stays valid until its end, or until it is revoked.',
  roles: roleNames,
  command: { none: onlyBrowsers },
  async run({ session }) {
    session.end();
  },
});

export const sessionOperations: readonly Operation[] = [getMe, startSession, endSession];
