import { z } from 'zod';
import { accountDisconnected, accountSends, openSecretKey } from '../../inventory/index.ts';
import { declareOperation, type Operation } from '../../platform/declare/operation.ts';
import { instantOut, slug } from '../../platform/declare/schemas.ts';
import * as writing from '../grants.ts';
import { writeGrantMismatch, writeNotGranted } from '../rollout-errors.ts';

const accountParams = z.object({ account: slug });

export const grantAccount = declareOperation({
  method: 'POST',
  path: '/accounts/:account/grant',
  name: 'account grant',
  operationId: 'grantAccount',
  tag: 'accounts',
  summary: 'Give an account a token that may write, with which rollouts create and destroy',
  description:
    'Apart from the token that reads, with a budget of requests of its own. The provider is asked whose it is; what it may ' +
    'write, the provider does not tell. A grant in the place of another one replaces its token. Of a simulated account any token is good.',
  asksProvider: true,
  command: { secrets: { token: 'DIGITALOCEAN_WRITE_TOKEN' } },
  refuses: [accountDisconnected, accountSends, writeGrantMismatch],
  roles: ['owner'],
  params: accountParams,
  body: z.strictObject({
    token: z
      .string()
      .regex(/^[\x21-\x7e]{1,500}$/, { error: 'is no token' })
      .meta({ description: 'An API token that may write', examples: ['dop_v1_fedcba9876543210'] }),
  }),
  response: z.object({
    account: slug,
    grantedAt: instantOut,
    grantedBy: z.string(),
    simulated: z
      .boolean()
      .meta({ description: 'Of a simulated account: any token is good, and nothing real is created' }),
  }),
  async prepare({ db, params, body, signal }) {
    await writing.checkWriteToken(db, params.account, body.token, signal);
  },
  async run({ db, params, body, principal, config, now }) {
    const secretKey = await openSecretKey(db, config);
    const grant = { account: params.account, token: body.token, by: principal.subject };
    return writing.grantWriting(db, grant, { secretKey, config }, now);
  },
});

export const revokeGrant = declareOperation({
  method: 'POST',
  path: '/accounts/:account/revoke-grant',
  name: 'account revoke-grant',
  operationId: 'revokeAccountGrant',
  tag: 'accounts',
  summary: 'Remove the token with which an account is written to',
  description: 'A rollout that is under way there is held: it goes on where it was once a token is granted again.',
  command: { confirm: 'Remove the write token of {account}? Rollouts there are held.' },
  refuses: [writeNotGranted],
  roles: ['owner'],
  params: accountParams,
  async run({ db, params }) {
    await writing.revokeWriting(db, params.account);
  },
});

export const grantOperations: readonly Operation[] = [grantAccount, revokeGrant];
