import { streamEvents } from '../../http/operations/events.ts';
import { documentView, type Noun } from '../engine/views.ts';

export const eventNoun: Noun = {
  name: 'event',
  summary: 'what changes, as it changes',
  description: 'What changes, as it changes: the events that the API streams.',
  views: [
    documentView(streamEvents, {
      summary: 'what changes, as it changes',
      example: `
$ arcadia event watch --url https://arcadia.example.com --token-file token
id: 1042
event: day.metered
data: {"day":"2026-06-01"}`,
    }),
  ],
};
