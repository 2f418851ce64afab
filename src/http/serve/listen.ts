import { ArcadiaError } from '../../platform/errors.ts';

const programName = 'arcadia-cloud';

/** What GET /livez answers: that this process is up, whose it is, and since when. */
export function alive(): { readonly status: 'ok'; readonly program: string; readonly since: string } {
  const since = Temporal.Instant.fromEpochMilliseconds(Math.floor(performance.timeOrigin));
  return {
    status: 'ok',
    program: programName,
    since: since.round({ smallestUnit: 'second', roundingMode: 'floor' }).toString(),
  };
}

/** An answer comes at once, or from something else. */
const askMsMax = 2_000;

/**
 * Refuses to start where a process of this program answers already. Whatever else is there, listening itself finds out.
 * Errors: port_in_use, which says since when it is up.
 */
export async function refuseSecond(host: string, port: number): Promise<void> {
  if (port === 0) return;
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host;
  const url = `http://${name}:${port}`;
  const answer: unknown = await fetch(`${url}/livez`, { signal: AbortSignal.timeout(askMsMax), redirect: 'error' })
    .then((response) => response.json())
    .catch(() => null);
  const { program, since } = (answer ?? {}) as { program?: unknown; since?: unknown };
  if (program !== programName || typeof since !== 'string') return;
  throw new ArcadiaError('port_in_use', `arcadia is up already at ${url}, since ${since.replace('T', ' ')}.`, {
    todo: 'Use that one, or stop it first. A second one on the same database needs a port of its own (--port; 0 takes any free one).',
    details: { url, since },
  });
}

/** Why a server cannot listen where it was told to, in our words. */
export function explainListenError(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  const options = { cause: error, details: { host, port } };
  if (code === 'EADDRINUSE')
    return new ArcadiaError('port_in_use', `Port ${port} of ${host} is in use by another program.`, options);
  if (code === 'EACCES')
    return new ArcadiaError('port_in_use', `Port ${port} of ${host} is not this user's to listen on.`, options);
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new ArcadiaError(
      'invalid_config',
      `${host} is not an address of this machine (--host or ARCADIA_HOST).`,
      options,
    );
  }
  return error;
}
