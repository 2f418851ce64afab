import { useSyncExternalStore } from 'react';
import type { QueryClient } from '@tanstack/react-query';
import { Problem } from '../api/client.ts';
import { always, otherwise, readsOfEvents } from './event-reads.ts';
import { readEvents, type ServerEvent } from './event-source.ts';
import { session } from './session.ts';

// One stream of events for all tabs of a browser: more than six would use up its connections to this server. The tab
// that holds the lock reads it, and the others hear it through a channel. Events carry no data: they name what to read
// again, and only what is on screen is.

/** `polling`: there was no stream for a minute, and what is on screen is read every 30 s. */
export type LiveState = 'live' | 'connecting' | 'paused' | 'reconnecting' | 'polling';

type Message =
  | { readonly kind: 'event'; readonly event: ServerEvent }
  | { readonly kind: 'state'; readonly state: LiveState }
  | { readonly kind: 'how-is-it' }
  | { readonly kind: 'who-is-here' }
  | { readonly kind: 'here' };

const storageKey = 'arcadia.live';
const saysAfterMs = 10_000;
const pollsAfterMs = 60_000;
const hiddenMsMax = 60_000;
const answerMs = 1_000;
const betweenReadsMs = 2_000;
const waitMsMax = 30_000;

class Live {
  #state: LiveState = 'connecting';
  #client: QueryClient | null = null;
  #lastId: string | null = null;
  #leads = false;
  #stream: AbortController | null = null;
  #wake = Promise.withResolvers<void>();
  #answered = false;
  #lostAt: number | null = null;
  readonly #channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel('arcadia-events') : null;
  readonly #listeners = new Set<() => void>();
  /** When a key was read last, and those that wait for their turn. */
  readonly #readAt = new Map<string, number>();
  readonly #waiting = new Set<string>();

  get state(): LiveState {
    return this.#isPaused() ? 'paused' : this.#state;
  }

  readonly subscribe = (listener: () => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  start(client: QueryClient): void {
    if (this.#client !== null) return;
    this.#client = client;
    this.#channel?.addEventListener('message', ({ data }) => this.#hear(data as Message));
    // Whoever leads says next when something happens; a new tab wants to know now.
    this.#channel?.postMessage({ kind: 'how-is-it' } satisfies Message);
    document.addEventListener('visibilitychange', () => this.#seen());
    addEventListener('storage', ({ key }) => key === storageKey && this.#resumed());
    // A connection that the network no longer carries is silent, and would be waited for.
    addEventListener('offline', () => this.#stream?.abort('offline'));
    addEventListener('online', () => this.#wakeUp());
    session.subscribe(() => this.#wakeUp());
    if ('locks' in navigator) void navigator.locks.request('arcadia-events', () => this.#lead());
    else void this.#lead();
  }

  /** Holds over pages and reloads, in all tabs. */
  toggle(): void {
    try {
      if (this.#isPaused()) localStorage.removeItem(storageKey);
      else localStorage.setItem(storageKey, 'paused');
    } catch {
      return;
    }
    this.#resumed();
  }

  #resumed(): void {
    this.#notify();
    if (!this.#isPaused()) this.#readAll();
  }

  #isPaused(): boolean {
    try {
      return localStorage.getItem(storageKey) === 'paused';
    } catch {
      return false;
    }
  }

  #notify(): void {
    for (const each of this.#listeners) each();
  }

  #say(message: Message): void {
    this.#channel?.postMessage(message);
    this.#hear(message);
  }

  #hear(message: Message): void {
    if (message.kind === 'event') this.#receive(message.event);
    else if (message.kind === 'state') {
      if (message.state === this.#state) return;
      this.#state = message.state;
      this.#notify();
    } else if (message.kind === 'how-is-it') {
      if (this.#leads) this.#channel?.postMessage({ kind: 'state', state: this.#state } satisfies Message);
    } else if (message.kind === 'who-is-here') {
      if (!document.hidden) this.#channel?.postMessage({ kind: 'here' } satisfies Message);
    } else {
      this.#answered = true;
      this.#wakeUp();
    }
  }

  #wakeUp(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  #receive({ id, type }: ServerEvent): void {
    // Where it is not known what came before, what was read before the stream began may have changed in between.
    const isFirst = (this.#lastId ?? session.lastEventId) === null;
    this.#lastId = id ?? this.#lastId;
    if (this.#isPaused()) return;
    if (type === 'reset') return this.#readAll();
    if (type === null) return isFirst ? this.#readAll() : undefined;
    for (const operation of [...(readsOfEvents[type] ?? otherwise), ...always]) this.#readSoon(operation);
  }

  /** At once, and then at most once in a while. */
  #readSoon(word: string): void {
    if (this.#waiting.has(word)) return;
    const since = performance.now() - (this.#readAt.get(word) ?? -betweenReadsMs);
    this.#waiting.add(word);
    setTimeout(
      () => {
        this.#waiting.delete(word);
        this.#readAt.set(word, performance.now());
        this.#invalidate((first) => first === word);
      },
      Math.max(0, betweenReadsMs - since),
    );
  }

  #readAll(): void {
    this.#invalidate((first) => first !== 'getMe');
  }

  /** In a hidden tab it is only noted: it is read when somebody looks. */
  #invalidate(matches: (word: unknown) => boolean): void {
    void this.#client?.invalidateQueries({
      predicate: ({ queryKey, state }) => matches(queryKey[0]) && state.data !== undefined,
      refetchType: document.hidden ? 'none' : 'active',
    });
  }

  #seen(): void {
    if (document.hidden) return void setTimeout(() => void this.#restIfUnseen(), hiddenMsMax);
    this.#say({ kind: 'here' });
    if (!this.#isPaused()) void this.#client?.refetchQueries({ type: 'active', stale: true });
  }

  /** Where no tab is seen by anybody, the stream is closed until one is. */
  async #restIfUnseen(): Promise<void> {
    if (!this.#leads || !document.hidden) return;
    this.#answered = false;
    this.#channel?.postMessage({ kind: 'who-is-here' } satisfies Message);
    await new Promise((resolve) => setTimeout(resolve, answerMs));
    if (this.#answered) return void setTimeout(() => void this.#restIfUnseen(), hiddenMsMax);
    if (document.hidden) this.#stream?.abort('unseen');
  }

  /** Until the tab is closed. */
  async #lead(): Promise<void> {
    this.#leads = true;
    for (let failures = 0; ; ) {
      if (session.state !== 'in') {
        await this.#wake.promise;
        continue;
      }
      // From before what is on screen was read: nothing is missed, and nothing is read twice.
      this.#lastId ??= session.lastEventId;
      this.#stream = new AbortController();
      const clock = setInterval(() => this.#tellLoss(), 1_000);
      try {
        for await (const event of readEvents(this.#lastId, this.#stream.signal)) {
          failures = 0;
          this.#lostAt = null;
          this.#say({ kind: 'state', state: 'live' });
          if (event.type === 'bye') break;
          this.#say({ kind: 'event', event });
        }
        this.#lostAt ??= performance.now();
      } catch (error) {
        if (error instanceof Problem && error.status === 401) session.refused();
        this.#lostAt ??= performance.now();
        if (this.#stream.signal.reason === 'unseen') {
          clearInterval(clock);
          this.#lostAt = null;
          await this.#wake.promise;
          continue;
        }
        if (error instanceof Problem && error.retryAfter !== null)
          await new Promise((resolve) => setTimeout(resolve, 1000 * (error.retryAfter ?? 0)));
      }
      const wait = Math.min(waitMsMax, 1_000 * 2 ** failures) * (0.75 + Math.random() / 2);
      failures += 1;
      const waited = new Promise<void>((resolve) => setTimeout(resolve, failures === 1 ? 250 : wait));
      await Promise.race([waited, this.#wake.promise]);
      clearInterval(clock);
    }
  }

  #tellLoss(): void {
    if (this.#lostAt === null) return;
    const lostMs = performance.now() - this.#lostAt;
    if (lostMs > pollsAfterMs) this.#say({ kind: 'state', state: 'polling' });
    else if (lostMs > saysAfterMs) this.#say({ kind: 'state', state: 'reconnecting' });
  }
}

export const live = new Live();

export function useLiveState(): LiveState {
  return useSyncExternalStore(live.subscribe, () => live.state);
}
