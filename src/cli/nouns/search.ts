import type { Noun } from '../engine/views.ts';

export const searchNoun: Noun = {
  name: 'search',
  summary: 'anything, by an id or a part of its name',
  defaultVerb: 'show',
  views: [],
};
