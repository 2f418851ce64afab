import { expect, test } from 'vitest';
import { wrongIn } from './check.ts';
import { keptShapes } from './shapes.ts';

test('what statements answer is read from their row types', () => {
  expect(keptShapes()['inventory.selectStates']).toEqual({
    name: ['string'],
    status: ['string'],
    region: ['null', 'string'],
    tags: ['array'],
    parents: ['array'],
    attributes: ['object'],
    validFrom: ['Instant'],
    validTo: ['Instant', 'null'],
    recordedAt: ['Instant'],
    source: ['string'],
    syncRunId: ['null', 'number'],
    recordedBy: ['null', 'string'],
  });
});

test.each([
  ['a column too many', { id: 1, name: 'a', more: 1 }, 'the column more is not in the row type'],
  ['a column too few', { id: 1 }, 'the column name of the row type is not there'],
  ['another type', { id: '1', name: 'a' }, 'id is string where the row type says number'],
  ['null where none may be', { id: 1, name: null }, 'name is null where the row type says string'],
  ['what it should', { id: 1, name: 'a' }, null],
])('%s is found', (_, row, wrong) => {
  expect(wrongIn({ id: ['number'], name: ['string'], at: ['Instant', 'undefined'] }, [row])).toBe(wrong);
});
