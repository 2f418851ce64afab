// What one request may cost. Whatever is beyond is refused in words, never left to fall over.

export interface Limits {
  /** Of a body of JSON, and of one of a file. */
  readonly bodyBytesMax: number;
  readonly fileBytesMax: number;
  /** For an answer, or one page of a CSV. After it the request is given up and nothing of it is kept. */
  readonly requestMsMax: number;
  /** Between two looks for requests that have not arrived whole within `requestMsMax`: they end so much later at most. */
  readonly arrivalCheckMs: number;
  /** For the database to say whether it has committed a change; then its caller is told that it did not say. */
  readonly commitMsMax: number;
  /**
   * A client that takes nothing of its answer for so long is cut off. That it takes something is only seen
   * when the system's buffer, of a megabyte or more, has room again.
   */
  readonly stalledMsMax: number;
  /** A CSV with more rows breaks off. */
  readonly csvRowsMax: number;
  /** Requests under way at once in this process; one more is turned away. A quarter of them is kept for staff, and one for customers. */
  readonly requestsMax: number;
  /** Of these, of one customer or one member of staff. */
  readonly requestsOfOneMax: number;
  /** Bodies that are being received; the request takes a place of the above once all of it is there. Kept and shared alike. */
  readonly bodiesMax: number;
  readonly bodiesOfOneMax: number;
  /** Requests that one connection sends before it has the answer to an earlier one. */
  readonly pipelinedMax: number;
  /** Requests of which it is not known yet who sends them. */
  readonly arrivingMax: number;
  /** Requests of what needs no token, such as the document of the API. */
  readonly anonymousMax: number;
  /** Connections to the database that requests have at once, and those of one customer or member of staff. Kept and shared alike. */
  readonly connectionsMax: number;
  readonly connectionsOfOneMax: number;
  /** The event loop's delay at which this process turns requests away. */
  readonly eventLoopDelayMsMax: number;
  /** Requests of one token's subject in a minute. */
  readonly requestsPerMinute: number;
  /** Requests of one address in a minute that come without a valid token. */
  readonly anonymousPerMinute: number;
  /** What is under way when the server stops has so long to end. */
  readonly drainMsMax: number;
}

export const defaultLimits: Limits = {
  bodyBytesMax: 1_048_576,
  fileBytesMax: 16_777_216,
  requestMsMax: 30_000,
  arrivalCheckMs: 1_000,
  commitMsMax: 60_000,
  stalledMsMax: 300_000,
  csvRowsMax: 1_000_000,
  requestsMax: 256,
  requestsOfOneMax: 64,
  bodiesMax: 512,
  bodiesOfOneMax: 64,
  pipelinedMax: 16,
  arrivingMax: 1_024,
  anonymousMax: 64,
  connectionsMax: 20,
  connectionsOfOneMax: 8,
  eventLoopDelayMsMax: 1_000,
  requestsPerMinute: 1_200,
  anonymousPerMinute: 60,
  drainMsMax: 10_000,
};

/** How many rows a page of a CSV is read with. */
export const csvPageSize = 1_000;
