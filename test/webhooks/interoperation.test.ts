import { expect, test } from 'vitest';
import { generateKey, signedHeaders } from '../../src/webhooks/signing.ts';

// What we sign is verified by the libraries that receivers use. Where one is not installed, that is said aloud: the
// published vectors are in src/webhooks/signing.test.ts.

interface Verifier {
  verify(body: string, headers: Record<string, string>): unknown;
}

type Verifiers = { readonly Webhook: new (secret: string) => Verifier };

/** Of a package that may not be there, so that no type of it is needed. */
async function load(name: string): Promise<Verifiers | null> {
  try {
    return (await import(name)) as Verifiers;
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    return null;
  }
}

const body =
  '{"type":"invoice.issued","timestamp":"2026-06-01T13:00:00Z","sequence":17,"data":{"customer":"Zoë & Söhne"}}';

for (const name of ['standardwebhooks', 'svix']) {
  const verifiers = await load(name);
  if (verifiers === null) console.warn(`NOT VERIFIED: ${name} is not installed (npm install --save-dev ${name})`);
  test.skipIf(verifiers === null)(`${name} verifies what is signed, by either secret, and nothing else`, () => {
    const { Webhook } = verifiers as Verifiers;
    const [former, current, other] = [generateKey('v1'), generateKey('v1'), generateKey('v1')];
    const headers = signedHeaders({ id: 'msg_1', at: Temporal.Now.instant(), body }, [current.secret, former.secret]);
    for (const { secret } of [former, current])
      expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
    expect(() => new Webhook(other.secret).verify(body, headers)).toThrow('No matching signature found');
    expect(() => new Webhook(current.secret).verify(`${body} `, headers)).toThrow('No matching signature found');
  });
}
