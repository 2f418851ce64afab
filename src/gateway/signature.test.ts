import { expect, test } from 'vitest';
import { newWebhookSecret, webhookSignature } from '../platform/standard-webhooks.ts';
import { bears, isSignedBy, secretsAt } from './signature.ts';

// The example of Standard Webhooks' own documentation, which its libraries in all languages are held against.
const example = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestamp: '1614265330',
  body: Buffer.from('{"test": 2432232314}'),
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};
const now = Temporal.Instant.fromEpochMilliseconds(1_614_265_330_000);

test('a signature is what Standard Webhooks says', () => {
  const { secret, id, timestamp, body, signature } = example;
  expect(`v1,${webhookSignature(secret, { id, timestamp, body }).toString('base64')}`).toBe(signature);
  expect(isSignedBy(example, body, [secret], now)).toBe(true);
});

test('one of several signatures, with one of several secrets, is enough', () => {
  const signature = `v1a,AAAA v1,AAAA ${example.signature}`;
  expect(isSignedBy({ ...example, signature }, example.body, [newWebhookSecret(), example.secret], now)).toBe(true);
});

test('another body, id, time or secret is not signed', () => {
  const { secret, body } = example;
  const signed = (fields: Partial<typeof example>, at = now) =>
    isSignedBy({ ...example, ...fields }, body, [secret], at);
  expect(signed({})).toBe(true);
  expect(signed({ id: 'msg_other' })).toBe(false);
  expect(signed({ timestamp: '1614265331' })).toBe(false);
  expect(signed({ timestamp: 'now' })).toBe(false);
  expect(signed({ signature: example.signature.slice(3) })).toBe(false);
  expect(isSignedBy(example, Buffer.from('{}'), [secret], now)).toBe(false);
  expect(isSignedBy(example, body, [newWebhookSecret()], now)).toBe(false);
  for (const seconds of [-301, 301]) expect(signed({}, now.add({ seconds }))).toBe(false);
  for (const seconds of [-300, 300]) expect(signed({}, now.add({ seconds }))).toBe(true);
});

test('a bearer token is the secret itself, while it holds', () => {
  const [old, fresh] = [newWebhookSecret(), newWebhookSecret()];
  const secrets = [
    { secret: fresh, from: now.toString(), to: null },
    { secret: old, from: '2020-01-01T00:00:00Z', to: now.add({ hours: 1 }).toString() },
  ];
  expect(secretsAt(secrets, now)).toEqual([fresh, old]);
  expect(secretsAt(secrets, now.add({ hours: 1 }))).toEqual([fresh]);
  expect(bears(`bearer  ${old}`, [fresh, old])).toBe(true);
  for (const header of [undefined, '', old, `Basic ${old}`, `Bearer ${old}x`, `Bearer ${fresh.slice(0, -1)}`])
    expect(bears(header, [fresh, old])).toBe(false);
});
