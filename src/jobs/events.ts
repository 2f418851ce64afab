import { z } from 'zod';
import { publishEvents } from '../platform/events.ts';
import { declareJob } from '../platform/declare/job.ts';

/** Whoever watches publishes; where nobody does for long, what is told would pile up. */
export const publishEventsJob = declareJob({
  name: 'publish_events',
  queue: 'default',
  title: 'Numbers the events that nobody has watched, and lets go of the oldest',
  arguments: z.object({}),
  timeoutSeconds: 300,
  attemptsMax: 3,
  run: ({ db }) => publishEvents(db),
});
