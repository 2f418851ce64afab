import { problemOf } from '../api/client.ts';

// The stream of events by fetch, which sees what EventSource hides: the status, and the problem of a refusal.

export interface ServerEvent {
  /** The place in the stream to come back to; null: as before. */
  readonly id: string | null;
  /** null: it names a place, and no event. */
  readonly type: string | null;
  readonly subject: string | null;
  readonly reason: string | null;
}

/** The server says something every 15 s. Behind what is silent for longer there is no connection any more. */
const silenceMsMax = 40_000;

/**
 * What the server sends, until it ends or falls silent. Errors: Problem, where it is refused; what fetch says where it
 * breaks off.
 */
export async function* readEvents(after: string | null, signal: AbortSignal): AsyncGenerator<ServerEvent> {
  const address = after === null ? '/api/v1/events' : `/api/v1/events?after=${after}`;
  const response = await fetch(address, { headers: { accept: 'text/event-stream' }, signal });
  if (!response.ok || response.body === null) throw problemOf(await response.json().catch(() => null), response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    for (;;) {
      const silence = setTimeout(() => void reader.cancel().catch(() => null), silenceMsMax);
      const { done, value } = await reader.read().finally(() => clearTimeout(silence));
      if (done) return;
      const blocks = (rest + value).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const event = parse(block);
        if (event !== null) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => null);
  }
}

function parse(block: string): ServerEvent | null {
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trimStart());
  }
  const id = fields.get('id') ?? null;
  const data = fields.get('data');
  if (data === undefined) return id === null ? null : { id, type: null, subject: null, reason: null };
  const { type, subject, reason } = JSON.parse(data) as Record<string, unknown>;
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  return { id, type: fields.get('event') ?? text(type), subject: text(subject), reason: text(reason) };
}
