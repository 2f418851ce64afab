import { ArcadiaError } from '../../platform/errors.ts';

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
