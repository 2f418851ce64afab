import { z } from 'zod';
import { declareDocument, type Operation, roleNames } from '../../platform/declare/operation.ts';
import { eventTypes } from './event-types.ts';

const described = Object.entries(eventTypes)
  .map(([type, { subject, tells }]) => `| \`${type}\` | ${subject} | ${tells} |`)
  .join('\n');

const description = `Server-sent events. Each has an id and a type, and its data is
\`{ "type", "subject", "at" }\`: a hint at what to ask for again, never the thing itself. An empty subject stands for
more than could be named. Whoever comes back with \`Last-Event-ID\` hears what they missed; where that is no longer
kept, they hear \`reset\` and ask for everything anew. \`bye\` says why a stream ends: the token has expired, the
reader is too slow, or the server stops. Customers hear of their own deployments, and of metered days.

| type | subject | tells |
| --- | --- | --- |
${described}`;

const streamEvents = declareDocument({
  path: '/events',
  name: 'event watch',
  operationId: 'streamEvents',
  tag: 'events',
  summary: 'What changes, as it changes',
  description,
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

export const eventRoutes: readonly Operation[] = [streamEvents];
