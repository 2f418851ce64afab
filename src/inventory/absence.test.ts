import { expect, test } from 'vitest';
import type { LookupResult } from '../cloud/provider.ts';
import { isSuspicious, lookUp } from './absence.ts';

test('a listing is suspicious when it shows none, or of at least three fewer than half', () => {
  const suspicious = (alive: number, missing: number) => isSuspicious(alive, missing);
  expect(suspicious(0, 0)).toBe(false);
  expect(suspicious(1, 1)).toBe(true);
  expect(suspicious(2, 1)).toBe(false);
  expect(suspicious(2, 2)).toBe(true);
  expect(suspicious(3, 1)).toBe(false);
  expect(suspicious(3, 2)).toBe(true);
  expect(suspicious(100, 50)).toBe(false);
  expect(suspicious(100, 51)).toBe(true);
});

test('look-ups of a suspicious listing stop at the first answer that is not gone; others go on', async () => {
  const asked: string[] = [];
  const answering = (...answers: LookupResult[]) => ({
    lookup: async (_kind: string, id: string) => {
      asked.push(id);
      return answers.shift()!;
    },
  });
  const missing = [1, 2, 3].map((resourceId) => ({ resourceId, kind: 'droplet', externalId: `d${resourceId}` }));
  const [first, second, third] = missing;
  const until = { untilFound: true };
  expect(await lookUp(answering('gone', 'gone', 'gone'), missing, until)).toEqual({ gone: [1, 2, 3], found: [] });
  expect(await lookUp(answering('gone', 'exists'), missing, until)).toEqual({ gone: [1], found: [second] });
  expect(await lookUp(answering('unknown'), missing, until)).toEqual({ gone: [], found: [] });
  expect(await lookUp(answering(), missing, { ...until, signal: AbortSignal.abort() })).toEqual({
    gone: [],
    found: [],
  });
  expect(asked).toEqual(['d1', 'd2', 'd3', 'd1', 'd2', 'd1']);
  expect(await lookUp(answering('exists', 'unknown', 'exists'), missing, { untilFound: false })).toEqual({
    gone: [],
    found: [first, third],
  });
});
