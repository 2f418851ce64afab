import { expect, test } from 'vitest';
import { compareToKept, formatResults, mergeResults, parseResults, readResults } from '../../bench/results.ts';

const row = (name: string, ratio: number) => ({ name, ratio, aim: 1.5, ms: 15, baseline: 'bare', baselineMs: 10 });

test('what is kept is read again as it was, and a newer run takes the place of the older', () => {
  const kept = mergeResults([], [row('a sweep of all', 1.5), { ...row('again', 0.05), aim: null }], '2026-11-30');
  expect(parseResults(formatResults(kept))).toEqual(kept);
  const later = mergeResults(kept, [row('again', 0.04), row('a new one', 2)], '2026-12-01');
  expect(later.map(({ name, ratio, measuredOn }) => [name, ratio, measuredOn])).toEqual([
    ['a sweep of all', 1.5, '2026-11-30'],
    ['again', 0.04, '2026-12-01'],
    ['a new one', 2, '2026-12-01'],
  ]);
  expect(parseResults(formatResults(later))).toEqual(later);
});

test('a quarter worse is said with what it was; less is not', () => {
  const kept = mergeResults([], [row('a sweep of all', 2)], '2026-11-30');
  expect(compareToKept(row('a sweep of all', 2.5), kept)).toBeNull();
  expect(compareToKept(row('a sweep of all', 3), kept)).toBe('worse by 50 %: it was 2 on 2026-11-30');
  expect(compareToKept(row('never kept', 99), kept)).toBeNull();
});

test('a row that is no row is named, and the file that is there is whole', () => {
  expect(() => parseResults('| a sweep of all | fast |')).toThrow('not a row of results: | a sweep of all | fast |');
  expect(new Set(readResults().map(({ name }) => name)).size).toBe(readResults().length);
});
