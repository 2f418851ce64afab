import { keepPreviousData, QueryCache, QueryClient, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { Problem } from '../api/client.ts';
import type { PageRead } from './event-reads.ts';
import { useLiveState } from './live.ts';
import { session, useSessionState } from './session.ts';

const retriesMax = 3;

/** What passes by itself: no answer, too many requests, a server that restarts. */
function passes(error: Error): boolean {
  return error instanceof Problem && [0, 429, 502, 503].includes(error.status);
}

export function createQueryClient(): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({
      onError(error) {
        if (error instanceof Problem && error.status === 401) session.refused();
      },
    }),
    defaultOptions: {
      queries: {
        // Events say when something has changed.
        staleTime: Infinity,
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
        networkMode: 'always',
        retry: (count, error) => count < retriesMax && passes(error),
        retryDelay: (count, error) =>
          error instanceof Problem && error.retryAfter !== null ? error.retryAfter * 1000 : 500 * 2 ** count,
      },
    },
  });
}

/** A read of the API that stays up to date while it is on screen. */
export function useRead<Data>(
  key: readonly [operation: PageRead, ...parameters: unknown[]],
  read: (signal: AbortSignal) => Promise<Data>,
  options: { readonly enabled?: boolean; readonly keepsPrevious?: boolean } = {},
): UseQueryResult<Data, Error> {
  const live = useLiveState();
  const state = useSessionState();
  return useQuery({
    queryKey: key,
    queryFn: ({ signal }) => read(signal),
    enabled: state === 'in' && (options.enabled ?? true),
    refetchInterval: live === 'polling' ? 30_000 : false,
    ...(options.keepsPrevious === true ? { placeholderData: keepPreviousData } : {}),
  });
}
