import type { FastifyRequest } from 'fastify';
import type { Principal } from '../../platform/declare/operation.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { fingerprintOf, seal, type SecretKey, unseal } from '../../platform/secrets/crypto.ts';

// A browser's session: the token of the header Authorization in a cookie that no script can read, sealed with the
// secret key, so that any process can open it and no table is needed. The token is examined at each request as a bearer's
// is: a session ends when its token ends or is revoked.

/** However long its token is valid. */
const hoursMax = 12;

/** Sealed and in base64url, with its name, it has to fit into the 4,096 bytes that browsers keep of a cookie. */
const tokenCharactersMax = 2_900;

const purpose = 'http.session';

/** What a request signs in with. */
interface Credentials {
  /** As in the header Authorization. */
  readonly authorization: string | undefined;
  /** When the session ends by itself; null: there is none, the request has a header. */
  readonly endsAt: Temporal.Instant | null;
}

export interface Sessions {
  /** The cookie's name. It differs by secret key: a browser sends a cookie to every port of a host. */
  readonly cookieName: string;
  /**
   * The header Authorization, else the token of the cookie. Errors: forbidden, of a request with a cookie that no page of
   * this server has sent; unauthenticated, where the cookie cannot be opened or its time is over.
   */
  credentialsOf(request: FastifyRequest): Credentials;
  /** The header Set-Cookie that begins a session with a bearer's token. Errors: invalid_argument, without one or of one too long. */
  start(request: FastifyRequest, principal: Principal): string;
  /** The header Set-Cookie that ends it in the browser. */
  end(): string;
}

export function openSessions(secretKey: SecretKey): Sessions {
  const cookieName = `__Host-arcadia-${fingerprintOf(secretKey).slice(0, 8)}`;
  const setCookie = (value: string, seconds: number) =>
    `${cookieName}=${value}; Path=/; Max-Age=${seconds}; Secure; HttpOnly; SameSite=Strict`;
  return {
    cookieName,

    credentialsOf(request) {
      const { authorization, cookie } = request.headers;
      const sealed = authorization === undefined ? cookieValue(cookie, cookieName) : null;
      if (sealed === null) return { authorization, endsAt: null };
      assertOwnPage(request);
      const { token, endsAt } = open(secretKey, sealed);
      if (Temporal.Instant.compare(Temporal.Now.instant(), endsAt) >= 0)
        throw new ArcadiaError('unauthenticated', 'The session has ended.');
      return { authorization: `Bearer ${token}`, endsAt };
    },

    start({ headers }, { expiresAt }) {
      const token = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
      if (token === undefined)
        throw new ArcadiaError('invalid_argument', 'A session begins with a token in the header Authorization.');
      if (token.length > tokenCharactersMax)
        throw new ArcadiaError(
          'invalid_argument',
          `The token has ${token.length} characters; a session's token has ${tokenCharactersMax} at most, because browsers keep no longer cookie.`,
        );
      const now = Temporal.Now.instant();
      const endsAt = earlier(now.add({ hours: hoursMax }), expiresAt ?? null);
      const seconds = Math.max(0, Math.floor(now.until(endsAt).total('seconds')));
      const sealed = seal(secretKey, purpose, `${endsAt.epochMilliseconds} ${token}`);
      return setCookie(sealed.toString('base64url'), seconds);
    },

    end: () => setCookie('', 0),
  };
}

/** The earlier of two instants; null is none. */
export function earlier(one: Temporal.Instant, other: Temporal.Instant | null): Temporal.Instant {
  return other !== null && Temporal.Instant.compare(other, one) < 0 ? other : one;
}

function open(secretKey: SecretKey, sealed: string): { token: string; endsAt: Temporal.Instant } {
  try {
    const [endsAt = '', token = ''] = unseal(secretKey, purpose, Buffer.from(sealed, 'base64url')).split(' ', 2);
    return { token, endsAt: Temporal.Instant.fromEpochMilliseconds(Number(endsAt)) };
  } catch (error) {
    if (!(error instanceof ArcadiaError) || error.code !== 'secret_unreadable') throw error;
    throw new ArcadiaError('unauthenticated', 'The session is not valid.', { cause: error });
  }
}

function cookieValue(header: string | undefined, name: string): string | null {
  const pair = header
    ?.split(';')
    .map((each) => each.trim())
    .find((each) => each.startsWith(`${name}=`));
  return pair === undefined ? null : pair.slice(name.length + 1);
}

/**
 * A browser adds a cookie to what other sites ask for as well. SameSite=Strict keeps it from most of that; what
 * remains, another port or name of the same site, is refused by the headers that no page can write.
 */
function assertOwnPage({ method, headers, host }: FastifyRequest): void {
  const isRead = method === 'GET' || method === 'HEAD';
  const site = headers['sec-fetch-site'];
  // `none`: a person typed the address, or opened a bookmark or a file's link.
  if (site !== 'same-origin' && !(isRead && site === 'none'))
    throw new ArcadiaError(
      'forbidden',
      'A request with a session has to come from a page of this server (Sec-Fetch-Site: same-origin).',
    );
  const { origin } = headers;
  if (isRead || (origin !== undefined && URL.canParse(origin) && new URL(origin).host === host)) return;
  throw new ArcadiaError(
    'forbidden',
    `The origin ${origin ?? '(none)'} is not this server's address, ${host}. A proxy has to pass the header Host on.`,
  );
}
