import type { Noun } from '../engine/views.ts';
import { alertNoun } from './alert.ts';
import { resourceNoun } from './resource.ts';

/** The nouns' files, in the order of the help. */
export const nouns: readonly Noun[] = [resourceNoun, alertNoun];
