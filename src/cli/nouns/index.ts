import type { Noun } from '../engine/views.ts';
import { alertNoun } from './alert.ts';
import { planNoun } from './plan.ts';
import { quoteNoun } from './quote.ts';
import { resourceNoun } from './resource.ts';
import { subscriptionNoun } from './subscription.ts';

/** The nouns' files, in the order of the help. */
export const nouns: readonly Noun[] = [resourceNoun, planNoun, subscriptionNoun, quoteNoun, alertNoun];
