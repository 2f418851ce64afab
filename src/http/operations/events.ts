import { z } from 'zod';
import { declareDocument, roleNames, type Operation } from '../../platform/declare/operation.ts';
import type { Program } from '../../platform/declare/program.ts';

function describe({ events }: Program): string {
  const rows = events.map(
    ({ type, subject, describes, reads }) => `| \`${type}\` | ${subject} | ${describes} | ${reads.join(', ')} |`,
  );
  return `Server-sent events. Each has an id and a type, and its data is
\`{ "type", "subject", "at" }\`: a hint at what to ask for again, never the thing itself. An empty subject stands for
more than could be named. A client that reconnects with \`Last-Event-ID\` receives what they missed; where that is no longer
kept, they receive \`reset\` and ask for everything anew. \`bye\` says why a stream ends: the token has expired, the
reader is too slow, or the server stops. Staff receive what concerns an operation that they may call; customers what concerns their own deployments, and metered days.

| type | subject | what happened | ask again |
| --- | --- | --- | --- |
${rows.join('\n')}`;
}

const streamEvents = declareDocument({
  path: '/events',
  name: 'event watch',
  operationId: 'streamEvents',
  tag: 'events',
  summary: 'What changes, as it changes',
  description: describe,
  roles: roleNames,
  query: z.object({
    after: z
      .int()
      .min(0)
      .optional()
      .meta({ description: 'The last id seen, for clients that cannot send the header Last-Event-ID' }),
  }),
  produces: ['text/event-stream'],
  endless: true,
  async run({ query, openEvents }) {
    return { type: 'text/event-stream; charset=utf-8', body: openEvents(query.after ?? null) };
  },
});

export const eventOperations: readonly Operation[] = [streamEvents];
