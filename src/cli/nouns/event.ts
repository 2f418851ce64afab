import type { Noun } from '../engine/views.ts';

export const eventNoun: Noun = {
  name: 'event',
  summary: 'what changes, as it changes',
  description: 'What changes, as it changes: the events that the API streams.',
  views: [],
};
