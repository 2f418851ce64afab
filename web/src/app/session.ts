import { useSyncExternalStore } from 'react';
import { useQuery, type QueryClient } from '@tanstack/react-query';
import { api, bodyOf, Problem, problemOf } from '../api/client.ts';

// Who is signed in. The token is in a cookie that no script can read: it passes through here once, on its way to
// POST /session, and is kept nowhere.

type State = 'unknown' | 'in' | 'out' | 'ended';

const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel('arcadia-session') : null;

/** What all parts of the page go by. `ended`: somebody was signed in, and the server no longer knows them. */
class Session {
  #state: State = 'unknown';
  /** The last event before anything was read here; null: not known. */
  lastEventId: string | null = null;
  readonly #listeners = new Set<() => void>();

  get state(): State {
    return this.#state;
  }

  set(state: State): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const each of this.#listeners) each();
  }

  /** A request was answered with 401. */
  refused(): void {
    if (this.#state === 'in') this.set('ended');
    else if (this.#state === 'unknown') this.set('out');
  }

  readonly subscribe = (listener: () => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

export const session = new Session();

export function useSessionState(): State {
  return useSyncExternalStore(session.subscribe, () => session.state);
}

/** The token behind # of a sign-in link; it leaves the address at once. */
export function takeTokenFromAddress(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token !== null) history.replaceState(null, '', location.pathname + location.search);
  return token;
}

/** Begins a session with a token. Errors: Problem, where the token is refused. */
export async function signIn(token: string): Promise<void> {
  const response = await fetch('/api/v1/session', {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  }).catch(() => {
    throw new Problem('The server did not answer.', { todo: 'Check the connection, then try again.' });
  });
  if (!response.ok) throw problemOf(await response.json().catch(() => null), response);
  const me = await fetch('/api/v1/me');
  if (me.status === 401)
    throw new Problem('The browser did not keep the session.', {
      todo: 'Outside this machine the page has to be served over TLS: browsers keep its cookie over https alone.',
    });
  session.set('in');
  channel?.postMessage('in');
}

/** Ends the session in all tabs. */
export async function signOut(): Promise<void> {
  await fetch('/api/v1/session', { method: 'DELETE' }).catch(() => null);
  channel?.postMessage('out');
  location.assign('/');
}

/** Follows what other tabs do: whoever signs in or out there, does so here. */
export function followOtherTabs(client: QueryClient): void {
  channel?.addEventListener('message', ({ data }) => {
    if (data === 'out') location.assign('/');
    if (data === 'in') void resume(client);
  });
}

/** Goes on after signing in again: as the same person with all that is here, as another one from the start. */
export async function resume(client: QueryClient): Promise<void> {
  const before = client.getQueryData<Me>(['getMe']);
  const me = await bodyOf(api.GET('/me'));
  if (before !== undefined && (before.subject !== me.subject || before.role !== me.role)) {
    location.reload();
    return;
  }
  client.setQueryData(['getMe'], me);
  session.set('in');
  await client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'getMe' });
}

export type Me = Awaited<ReturnType<typeof readMe>>;

async function readMe() {
  const me = await bodyOf(api.GET('/me'));
  if (me.lastEventId !== null) session.lastEventId ??= String(me.lastEventId);
  session.set('in');
  return me;
}

export function useMe() {
  return useQuery({ queryKey: ['getMe'], queryFn: readMe, staleTime: Infinity, refetchInterval: 60_000 });
}

/** The address at which a person signs in, and comes back from to this view; null: this server knows none. */
export function signInAddress(me: Me): string | null {
  if (me.signInUrl === null) return null;
  const address = new URL(me.signInUrl);
  address.searchParams.set('return', location.pathname + location.search);
  return address.href;
}
