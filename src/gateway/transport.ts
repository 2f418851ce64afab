// The port of what brings events beside HTTP: a broker's queues. An adapter hands over each message as it came, and settles it
// once its events are stored.

/** A message as HTTP would have brought it: its attributes as headers, their names in lower case. */
export interface SentMessage {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

/** `stored`: what it holds is on disk. `unusable`: it holds no events, and never will. */
export type Settlement = 'stored' | 'unusable';

export interface Transport {
  /** For the log, without a password. */
  readonly address: string;
  /**
   * Takes what comes through a queue that is there already. A message is settled once `take` says how, and comes again, to
   * whoever takes it then, where `take` throws or the process dies before. `opened` is called once messages can come, and
   * `messagesMax` tells how many may be taken and not settled. Ends when the signal is aborted, once what `take` does then is
   * done. Errors: that the queue cannot be opened, or is lost; what `take` does then is of no use any more.
   */
  consume(
    queue: string,
    take: (message: SentMessage) => Promise<Settlement>,
    options: { readonly signal: AbortSignal; opened(): void; messagesMax(): number },
  ): Promise<void>;
}
