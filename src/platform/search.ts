// What a person types to find one thing among many: an id, the beginning of a name, or a part of it.

/** How well a thing fits: its id or whole name, the beginning, or a part. The best sorts first. */
export const searchMatches = ['exact', 'prefix', 'within'] as const;
type SearchMatch = (typeof searchMatches)[number];

/** One thing that was found. */
export interface SearchHit {
  /** As the operation that shows it takes it. */
  readonly id: string;
  readonly title: string;
  /** What tells it from others of the same title. */
  readonly detail: string;
  readonly match: SearchMatch;
}

/** What is searched for, in small letters, as patterns of LIKE. */
export interface SearchText {
  /** As it was typed: the ids of others differ in capitals. */
  readonly typed: string;
  readonly text: string;
  readonly prefix: string;
  /** Null: too short to be looked for in the middle of a million names. */
  readonly part: string | null;
  /**
   * The same of the end that few names share: from two letters before the first digit on. Names that begin alike are told
   * apart by numbers, and an index of trigrams is read for each trigram, however many names have it.
   */
  readonly rare: string | null;
  /** The text as an id of ours; null: it is none. */
  readonly id: number | null;
}

/** Letters that an index of trigrams needs. */
const partLettersMin = 3;

export function searchText(query: string): SearchText {
  const typed = query.trim();
  const text = typed.toLowerCase();
  const escaped = text.replaceAll(/[\\%_]/g, '\\$&');
  const end = text.slice(Math.max(0, text.search(/\d/) - 2)).replaceAll(/[\\%_]/g, '\\$&');
  return {
    typed,
    text,
    prefix: `${escaped}%`,
    part: text.length < partLettersMin ? null : `%${escaped}%`,
    rare: text.length < partLettersMin ? null : `%${end.length < partLettersMin ? escaped : end}%`,
    id: /^\d{1,15}$/.test(text) ? Number(text) : null,
  };
}
