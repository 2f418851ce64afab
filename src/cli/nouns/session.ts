import type { Noun } from '../engine/views.ts';

export const sessionNoun: Noun = {
  name: 'session',
  summary: 'who is asking, and what they may do',
  defaultVerb: 'show',
  description: 'Who is asking, and what they may do: with --url, whose token is used there.',
  views: [],
};
