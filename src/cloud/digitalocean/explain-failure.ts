import { ArcadiaError } from '../../platform/errors.ts';
import { RequestFailure } from './request.ts';

/**
 * A request's failure as an error of the program; any other error is returned as it is.
 * @param scope what the token lacks where the provider forbids it
 * @param token which of an account's tokens asked: what to do about each is another thing
 */
export function explainFailure(
  error: unknown,
  apiUrl: string,
  scope: string,
  token: 'read' | 'write' = 'read',
): unknown {
  if (!(error instanceof RequestFailure)) return error;
  const about = { cause: error, details: { apiUrl, status: error.status } };
  const { message } = error;
  const named = token === 'read' ? 'token' : 'write token';
  switch (error.problem) {
    case 'unauthorized':
      return new ArcadiaError(
        token === 'read' ? 'provider_unauthorized' : 'write_token_unauthorized',
        `The provider at ${apiUrl} does not accept the ${named}: ${message}.`,
        about,
      );
    case 'forbidden':
      return new ArcadiaError(
        token === 'read' ? 'provider_forbidden' : 'write_token_forbidden',
        `The ${named} lacks the scope ${scope}: ${message}.`,
        about,
      );
    case 'unreachable':
      return new ArcadiaError(
        'provider_unreachable',
        `The provider at ${apiUrl} cannot be reached: ${message}.`,
        about,
      );
    case 'rate_limited':
      return new ArcadiaError(
        'provider_rate_limited',
        `The provider at ${apiUrl} takes no request now: ${message}.`,
        about,
      );
    case 'clock_behind':
      return new ArcadiaError(
        'clock_behind',
        `The simulator at ${apiUrl} is behind this database: ${message}. Nothing was read.`,
        about,
      );
    case 'cancelled':
      return new ArcadiaError('cancelled', message, about);
    default:
      return new ArcadiaError('provider_failed', `The provider at ${apiUrl} failed: ${message}.`, about);
  }
}
