import { type MonthlyPrices, openMonthlyPrices, priceGroups } from '../inventory/index.ts';
import type { Queryable } from '../platform/database/database.ts';
import { suggestOwners, type Suggestion } from './suggestions.ts';
import * as store from './unassigned.store.ts';

// What is unassigned, what it costs in a month by the price book, and which suggested rule would own it.

/** More than a person chooses from. */
const suggestionsMax = 100;

interface Unassigned extends Omit<store.UnassignedRow, 'place' | 'parents' | 'attributes'> {
  /** By the price book of the day; null: unknown, or charged by more than a price. */
  readonly costPerMonth: { readonly currency: string; readonly amount: string } | null;
  readonly suggestion: Suggestion | null;
}

interface UnassignedAsked {
  readonly at: Temporal.Instant;
  /** Only what a suggestion would give to this deployment, or `none`: what none would. */
  readonly suggestion?: string | undefined;
}

/** Live resources that are unassigned, by kind and name, beyond one. */
export async function listUnassigned(
  db: Queryable,
  asked: UnassignedAsked,
  page: Parameters<typeof store.selectUnassigned>[2],
): Promise<Unassigned[]> {
  const suggestions = await suggestOwners(db, suggestionsMax);
  const rows = await store.selectUnassigned(db, { ...asked, rules: rulesOf(suggestions) }, page);
  const priceOf = await openMonthlyPrices(db, new Set(rows.map(({ account }) => account)), dayOf(asked.at));
  return rows.map(({ place, parents, attributes, ...row }) => ({
    ...row,
    costPerMonth: priceOf({ ...row, parents, attributes }),
    suggestion: place === null ? null : (suggestions[place] ?? null),
  }));
}

/** How many of them there are. */
export async function countUnassigned(db: Queryable, asked: UnassignedAsked): Promise<number> {
  const rules = asked.suggestion === undefined ? [] : rulesOf(await suggestOwners(db, suggestionsMax));
  return store.countUnassigned(db, { ...asked, rules });
}

interface UnassignedSum extends MonthlyPrices {
  /** Since when the one that is longest unassigned is so; null: there is none. */
  readonly oldest: Temporal.Instant | null;
}

export interface UnassignedSummary extends UnassignedSum {
  /** Those that would own something now, each resource counted once: at the first that matches. */
  readonly bySuggestion: readonly (UnassignedSum & { readonly suggestion: Suggestion })[];
  /** What no suggestion would own. */
  readonly unexplained: UnassignedSum;
}

/** How much is unassigned and what it costs in a month: in all, and by the suggestion that would own it. */
export async function summarizeUnassigned(db: Queryable, at: Temporal.Instant): Promise<UnassignedSummary> {
  const suggestions = await suggestOwners(db, suggestionsMax);
  const groups = await store.groupUnassigned(db, { at, rules: rulesOf(suggestions) });
  const day = dayOf(at);
  const sumOf = async (of: readonly store.UnassignedGroup[]): Promise<UnassignedSum> => ({
    ...(await priceGroups(db, of, day)),
    oldest: of.map((group) => group.oldest).sort(Temporal.Instant.compare)[0] ?? null,
  });
  const byPlace = Map.groupBy(groups, ({ place }) => place);
  const bySuggestion: (UnassignedSum & { suggestion: Suggestion })[] = [];
  for (const [place, suggestion] of suggestions.entries()) {
    const own = byPlace.get(place);
    if (own !== undefined) bySuggestion.push({ suggestion, ...(await sumOf(own)) });
  }
  return { ...(await sumOf(groups)), bySuggestion, unexplained: await sumOf(byPlace.get(null) ?? []) };
}

function rulesOf(suggestions: readonly Suggestion[]): store.SuggestedRule[] {
  return suggestions.map(({ rule }) => {
    const { deployment } = rule;
    if ('project' in rule) return { kind: 'project', subject: rule.project, deployment };
    return 'tag' in rule
      ? { kind: 'tag', subject: rule.tag, deployment }
      : { kind: 'name', subject: rule.name, deployment };
  });
}

function dayOf(at: Temporal.Instant): Temporal.PlainDate {
  return at.toZonedDateTimeISO('UTC').toPlainDate();
}
