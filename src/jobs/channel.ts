import { listen, type Listener } from '../platform/listen.ts';

/** What workers tell each other, on one channel. Each is a hint: whatever is missed is found by polling. */
export type Message =
  | { readonly wake: string }
  | { readonly control: string }
  | { readonly cancel: readonly string[]; readonly reason: string };

/** `onReconnect` runs after each (re)connection, for what may have been said meanwhile. */
export function listenToWorkers(
  connectionString: string,
  onMessage: (message: Message) => void,
  onReconnect: () => void,
): Listener {
  return listen(connectionString, 'arcadia_jobs', (payload) => onMessage(JSON.parse(payload) as Message), onReconnect);
}
