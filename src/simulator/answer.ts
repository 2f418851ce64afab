/** What goes back for a request; turned into HTTP by server.ts. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: string | Buffer;
  /** The connection ends instead: before anything is sent, or within the body. `never`: nothing comes, and it stays open. */
  readonly drop?: 'before' | 'within' | 'never';
}

/** A request as far as it is read. */
export interface Asked {
  readonly method: string;
  /** Path and query, as sent. */
  readonly url: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Where the client reached us: `http://127.0.0.1:4010`. */
  readonly origin: string;
  readonly authorization: string | undefined;
  /** Empty where none was sent, and where nothing can be written. */
  readonly body: string;
}

export function json(status: number, value: unknown, headers: Answer['headers'] = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(value),
  };
}

/** A whole answer whose body was cut in half on the way to JSON. */
export function truncated(answer: Answer): Answer {
  return { ...answer, body: answer.body.slice(0, Math.floor(answer.body.length / 2)) };
}
