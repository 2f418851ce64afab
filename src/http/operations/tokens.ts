import { z } from 'zod';
import { pageOfAll } from '../../platform/declare/pages.ts';
import {
  declareList,
  declareOperation,
  type Operation,
  type Role,
  roleNames,
} from '../../platform/declare/operation.ts';
import { id, instant, instantOut, line } from '../../platform/declare/schemas.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { openAuthenticator, reasonOf } from '../access/authentication.ts';
import { listRevocations, type Revocation, revokeTokens } from '../access/revocations.ts';
import { claimedBy } from '../access/token.ts';

const deciders: readonly Role[] = ['owner', 'operator'];

/** Tokens are dated by real time, whatever a simulated clock shows. */
const realTime = (): Temporal.Instant =>
  Temporal.Now.instant().round({ smallestUnit: 'microsecond', roundingMode: 'trunc' });

const momentOf = (seconds: number | undefined): string | null =>
  seconds === undefined || !(Math.abs(seconds) <= 8.64e12)
    ? null
    : Temporal.Instant.fromEpochMilliseconds(Math.trunc(seconds * 1000)).toString();

const claim = z.string().nullable();

const checkToken = declareOperation({
  method: 'POST',
  asks: true,
  path: '/tokens/check',
  name: 'token check',
  operationId: 'checkToken',
  tag: 'tokens',
  summary: 'What a token would be here, or why it is refused',
  description:
    'Of a token that is refused, `subject`, `tokenId` and `issuer` are what it says of itself, which nobody has verified.',
  roles: deciders,
  command: { secrets: { token: 'CHECKED_TOKEN' } },
  body: z.strictObject({
    token: z
      .string()
      .regex(/^[\w.~+/=-]{1,20000}$/, { error: 'is no token' })
      .meta({ description: 'The token, without the word Bearer' }),
  }),
  response: z.object({
    accepted: z.boolean(),
    reason: z.string().nullable().meta({ description: 'Why it is refused' }),
    code: z
      .string()
      .nullable()
      .meta({ description: 'With which error', examples: ['unauthenticated'] }),
    role: z.enum(roleNames).nullable(),
    roleFrom: claim.meta({ description: 'The name in the token that the role comes from; null: the default role' }),
    customer: claim.meta({ description: "The customer's external id, with the role customer" }),
    subject: claim,
    tokenId: claim.meta({ description: 'Its claim jti' }),
    issuer: claim,
    issuedAt: claim,
    expiresAt: claim,
  }),
  async run({ db, body: { token }, config, log }) {
    const { jti: tokenId, subject, issuer } = claimedBy(token);
    const claimed = { subject, tokenId, issuer };
    try {
      const authenticator = await openAuthenticator({ config, db, log });
      const { principal, payload, roleFrom, customer } = await authenticator.examine(token);
      return {
        accepted: true,
        reason: null,
        code: null,
        role: principal.role,
        roleFrom,
        customer,
        ...claimed,
        issuedAt: momentOf(payload.iat),
        expiresAt: momentOf(payload.exp),
      };
    } catch (error) {
      if (!(error instanceof ArcadiaError)) throw error;
      const nothing = { role: null, roleFrom: null, customer: null, issuedAt: null, expiresAt: null };
      return { accepted: false, reason: reasonOf(error), code: error.code, ...nothing, ...claimed };
    }
  },
});

const revocation = z
  .object({
    revocation: id,
    tokenId: claim,
    subject: claim,
    issuedBefore: instantOut.nullable(),
    reason: z.string(),
    revokedAt: instantOut,
    revokedBy: z.string(),
    expiresAt: instantOut
      .nullable()
      .meta({ description: 'Kept until then, when the tokens have ended; null: for ever' }),
  })
  .meta({ id: 'TokenRevocation', description: 'Tokens that are refused: those for which all that it says holds' });

function revocationAnswer(row: Revocation): z.input<typeof revocation> {
  return {
    revocation: row.revocation_id,
    tokenId: row.jti,
    subject: row.subject,
    issuedBefore: row.issued_before,
    reason: row.reason,
    revokedAt: row.revoked_at,
    revokedBy: row.revoked_by,
    expiresAt: row.expires_at,
  };
}

const revokeToken = declareOperation({
  method: 'POST',
  path: '/tokens/revocations',
  name: 'token revoke',
  operationId: 'revokeTokens',
  tag: 'tokens',
  summary: 'Refuse a token, or those of a subject, or those issued before an instant',
  description: `What is given holds together: a subject and \`issuedBefore\` are that subject's tokens of before. Of a subject alone
these are the tokens issued so far; one that is issued later is good. Every process knows within two seconds.`,
  roles: deciders,
  body: z
    .strictObject({
      tokenId: line.max(255).optional().meta({ description: 'The claim jti of the token' }),
      subject: line.max(255).optional().meta({ description: 'The claim sub of the tokens' }),
      issuedBefore: instant.optional().meta({ description: 'Alone it signs everybody out who signed in before' }),
      expiresAt: instant.optional().meta({ description: 'When the last of these tokens ends, where that is known' }),
      reason: line.meta({ description: 'For the record' }),
    })
    .meta({ examples: [{ subject: 'ann', reason: 'Laptop lost' }] }),
  response: revocation,
  status: 201,
  async run({ db, body, principal, config }) {
    const { tokenId: jti, ...asked } = body;
    const decided = { by: principal.subject, now: realTime(), hoursMax: config.jwtHoursMax };
    return revocationAnswer(await revokeTokens(db, { ...asked, jti }, decided));
  },
});

const listTokenRevocations = declareList({
  path: '/tokens/revocations',
  name: 'token revocations',
  operationId: 'listTokenRevocations',
  tag: 'tokens',
  summary: 'Which tokens are refused although they have not ended',
  roles: deciders,
  row: revocation,
  search: { in: 'the token id, the subject and the reason' },
  sort: { by: ['revocation', 'revokedAt', 'expiresAt'] },
  total: true,
  async run({ db }, page) {
    const all = (await listRevocations(db, realTime())).map(revocationAnswer);
    return pageOfAll(all, page, (row) => [row.revocation], {
      texts: ({ tokenId, subject, reason }) => [tokenId, subject, reason],
      sorts: { revokedAt: (row) => row.revokedAt, expiresAt: (row) => row.expiresAt },
    });
  },
});

export const tokenOperations: readonly Operation[] = [checkToken, revokeToken, listTokenRevocations];
