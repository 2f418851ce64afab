import { readFile } from 'node:fs/promises';
import { type CryptoKey, importJWK } from 'jose';
import { z } from 'zod';
import { ArcadiaError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';

// The public keys of whoever issues tokens: a JSON Web Key Set at an address or in a file, kept in
// memory. Tokens are verified with what is kept; the source is asked again when
//   - what is kept is older than `freshMs`: in the background, nobody waits;
//   - a token names a key that is not there (a rotation): at most once in `cooldownMs`, so that
//     tokens with made-up names cannot make us ask at will.
// When the source does not answer, what is kept holds on for `staleMaxMs`, then no token is
// accepted. What the source answers replaces what is kept, whole: a key that it leaves out is gone.

export interface KeySetTimes {
  readonly freshMs: number;
  readonly cooldownMs: number;
  readonly staleMaxMs: number;
}

const usualTimes: KeySetTimes = { freshMs: 10 * 60_000, cooldownMs: 30_000, staleMaxMs: 24 * 3_600_000 };

const timeoutMs = 5_000;
const bytesMax = 1_000_000;
const keysMax = 100;

/** A key and the only algorithms that it may be used with, whatever a token says. */
export interface VerificationKey {
  readonly kid: string | null;
  readonly algorithms: readonly string[];
  readonly key: CryptoKey;
}

const keySetSchema = z.object({ keys: z.array(z.record(z.string(), z.unknown())).max(keysMax) });

/** By kind of key. What is not here (secrets, keys to encrypt with) is not used; nor, by jose, RSA of less than 2048 bits. */
function algorithmsOf(jwk: Readonly<Record<string, unknown>>): readonly string[] {
  if (jwk.use !== undefined && jwk.use !== 'sig') return [];
  // EdDSA has two names: RFC 8037's, and RFC 9864's, which says which curve.
  const algorithms =
    jwk.kty === 'RSA'
      ? ['RS256']
      : jwk.kty === 'EC' && jwk.crv === 'P-256'
        ? ['ES256']
        : jwk.kty === 'OKP' && jwk.crv === 'Ed25519'
          ? ['EdDSA', 'Ed25519']
          : [];
  return jwk.alg === undefined ? algorithms : algorithms.filter((algorithm) => algorithm === jwk.alg);
}

/** One that cannot be read, or that the library takes for too weak, is named in the log and leaves the others as they are. */
async function importKeys(document: unknown, log: Logger): Promise<VerificationKey[]> {
  const keys: VerificationKey[] = [];
  for (const jwk of keySetSchema.parse(document).keys) {
    const algorithms = algorithmsOf(jwk);
    const [algorithm] = algorithms;
    if (algorithm === undefined) continue;
    // Only what is public: a private key in a published set is a mistake that we do not add to.
    const { kty, crv, n, e, x, y } = jwk;
    const kid = typeof jwk.kid === 'string' ? jwk.kid : null;
    try {
      const key = await importJWK({ kty, crv, n, e, x, y } as Parameters<typeof importJWK>[0], algorithm);
      if (!(key instanceof Uint8Array)) keys.push({ kid, algorithms, key });
    } catch (error) {
      log.error({ err: error, kid, kty }, 'A key of the set that tokens are verified with cannot be read.');
    }
  }
  if (keys.length === 0) throw new Error('there is no RS256, ES256 or EdDSA key in it');
  return keys;
}

async function readSource(source: string): Promise<unknown> {
  if (!/^https?:\/\//.test(source)) return JSON.parse(await readFile(source, 'utf8'));
  const response = await fetch(source, {
    redirect: 'error',
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!response.ok) throw new Error(`it answered ${response.status}`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw new Error(`it is larger than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

export class KeySet {
  readonly #source: string;
  readonly #log: Logger;
  readonly #times: KeySetTimes;
  #keys: readonly VerificationKey[] | null = null;
  /** When what is kept was read, and when the source was asked last, by the monotonic clock. */
  #readAt = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | null = null;

  constructor(source: string, log: Logger, times: KeySetTimes = usualTimes) {
    this.#source = source;
    this.#log = log;
    this.#times = times;
  }

  /**
   * The key that a token's header means: by its `kid`, or without one the only key of its
   * algorithm; null where there is none. Errors: keys_unavailable.
   */
  async find(header: { alg?: string | undefined; kid?: string | undefined }): Promise<VerificationKey | null> {
    const { freshMs, cooldownMs, staleMaxMs } = this.#times;
    const age = performance.now() - this.#readAt;
    const mayAsk = performance.now() - this.#askedAt >= cooldownMs;
    if (age > staleMaxMs && (mayAsk || this.#asking !== null)) await this.#ask();
    else if (age > freshMs && mayAsk) void this.#ask();
    const found = this.#pick(header);
    if (found !== null) return found;
    // Without a kid nothing says that a key is new.
    if (header.kid === undefined || !(this.#asking !== null || performance.now() - this.#askedAt >= cooldownMs))
      return null;
    await this.#ask();
    return this.#pick(header);
  }

  #pick({ alg, kid }: { alg?: string | undefined; kid?: string | undefined }): VerificationKey | null {
    if (this.#keys === null || performance.now() - this.#readAt > this.#times.staleMaxMs)
      throw new ArcadiaError('keys_unavailable', 'Tokens cannot be verified at the moment.');
    if (alg === undefined) return null;
    const usable = this.#keys.filter((key) => key.algorithms.includes(alg) && (kid === undefined || key.kid === kid));
    return usable.length === 1 ? (usable[0] ?? null) : null;
  }

  /** Reads the source; several who ask at once share one answer. It never throws: what is kept holds on. */
  #ask(): Promise<void> {
    this.#asking ??= (async () => {
      this.#askedAt = performance.now();
      try {
        this.#keys = await importKeys(await readSource(this.#source), this.#log);
        this.#readAt = performance.now();
      } catch (error) {
        this.#log.error({ err: error, jwks: this.#source }, 'The keys that tokens are verified with cannot be read.');
      } finally {
        this.#asking = null;
      }
    })();
    return this.#asking;
  }
}
