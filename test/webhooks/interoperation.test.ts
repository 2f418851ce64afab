import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { expect, test } from 'vitest';
import { generateKey, signedHeaders } from '../../src/webhooks/signing.ts';

// What we sign is verified by the libraries that receivers use.

const body =
  '{"type":"invoice.issued","timestamp":"2026-06-01T13:00:00Z","sequence":17,"data":{"customer":"Zoë & Söhne"}}';

test.each([
  ['standardwebhooks', StandardWebhook],
  ['svix', SvixWebhook],
])('%s verifies what is signed, by either secret, and nothing else', (_, Webhook) => {
  const [former, current, other] = [generateKey('v1'), generateKey('v1'), generateKey('v1')];
  const headers = signedHeaders({ id: 'msg_1', at: Temporal.Now.instant(), body }, [current.secret, former.secret]);
  // One answers what was signed, the other nothing; both throw where it is not signed so.
  for (const { secret } of [former, current]) new Webhook(secret).verify(body, headers);
  expect(() => new Webhook(other.secret).verify(body, headers)).toThrow('No matching signature found');
  expect(() => new Webhook(current.secret).verify(`${body} `, headers)).toThrow('No matching signature found');
});
