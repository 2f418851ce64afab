import { expect, test } from 'vitest';
import { chooseType } from './negotiation.ts';

const json = 'application/json; charset=utf-8';
const csv = 'text/csv; charset=utf-8; header=present';

test.each([
  [undefined, json],
  ['', json],
  ['*/*', json],
  ['application/json', json],
  ['text/csv', csv],
  ['TEXT/CSV;header=present', csv],
  ['text/*', csv],
  ['text/html, text/csv;q=0.5', csv],
  ['text/csv, application/json', json],
  ['text/csv, application/json;q=0.9', csv],
  ['text/csv;q=0.1, */*;q=0.2', json],
  ['application/json;q=0, */*', csv],
])('%s gets %s', (accept, type) => {
  expect(chooseType(accept, [json, csv])).toBe(type);
});

test.each(['text/html', 'application/json;q=0', '*/*;q=0', ',', 'application/json;q=much'])(
  '%s gets nothing',
  (accept) => {
    expect(() => chooseType(accept, [json])).toThrow(expect.objectContaining({ code: 'not_acceptable' }));
  },
);
