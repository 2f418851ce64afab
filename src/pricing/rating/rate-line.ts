import { formatPath } from '../plan.ts';
import { type RatedCase, rateCase, ratingCase } from './rate.ts';

/** What is wrong with a line: `properties.tiers[1].upTo: ...`. */
interface LineProblem {
  readonly path: string;
  readonly reason: string;
}

/**
 * Rates one line of JSON, `{"model": ..., "properties": {...}, "units": ...}`. Decimals are strings;
 * a number keeps the digits in which it is written, which no binary fraction has.
 */
export function rateLine(
  text: string,
): { readonly rated: RatedCase; readonly problems: [] } | { readonly rated: null; readonly problems: LineProblem[] } {
  let input: unknown;
  try {
    input = JSON.parse(text, numbersAsWritten);
  } catch (error) {
    return { rated: null, problems: [{ path: '', reason: `is not JSON: ${(error as Error).message}` }] };
  }
  const parsed = ratingCase.safeParse(input);
  if (parsed.success) return { rated: rateCase(parsed.data), problems: [] };
  const problems = parsed.error.issues.flatMap((issue): LineProblem[] => {
    const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
    if (issue.code !== 'unrecognized_keys') return [{ path: formatPath(path), reason: issue.message }];
    return issue.keys.map((key) => ({ path: formatPath([...path, key]), reason: 'is not known here' }));
  });
  return { rated: null, problems };
}

function numbersAsWritten(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' ? (context?.source ?? value) : value;
}
