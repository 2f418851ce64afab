import { expect, test } from 'vitest';
import { changeFrom } from './dated-changes.ts';

const at = (day: string) => Temporal.Instant.from(`${day}T00:00:00Z`);
const plain = { name: null as string | null, email: null as string | null, address: [] as readonly string[] };
const history = [
  { from: null, to: at('2026-06-01'), details: { name: 'Old', email: 'a@x', address: ['1 Quay'] } },
  { from: at('2026-06-01'), to: at('2026-09-01'), details: { name: 'Old', email: 'a@x', address: ['2 Hill'] } },
  { from: at('2026-09-01'), to: null, details: { name: 'New', email: 'a@x', address: ['2 Hill'] } },
];
const shown = (...[from, changes]: [string | null, Partial<typeof plain>]) =>
  changeFrom(history, from === null ? null : at(from), changes, plain).map(({ from: begin, to, details }) => [
    begin?.toString().slice(0, 10) ?? null,
    to?.toString().slice(0, 10) ?? null,
    details,
  ]);

test('a field holds until its own next dated change, and on through days that changed others', () => {
  expect(shown('2026-03-01', { name: 'Other', email: 'b@x' })).toEqual([
    ['2026-03-01', '2026-06-01', { name: 'Other', email: 'b@x', address: ['1 Quay'] }],
    ['2026-06-01', '2026-09-01', { name: 'Other', email: 'b@x', address: ['2 Hill'] }],
    ['2026-09-01', null, { name: 'New', email: 'b@x', address: ['2 Hill'] }],
  ]);
  expect(shown(null, { address: ['3 Lane'] })).toEqual([
    [null, '2026-06-01', { name: 'Old', email: 'a@x', address: ['3 Lane'] }],
  ]);
});

test('what was changed once goes on no further, even where a later day has the old value again', () => {
  const back = { from: at('2026-12-01'), to: null, details: { name: 'Old', email: 'a@x', address: ['2 Hill'] } };
  const [first, second, third] = history as [never, never, (typeof history)[number]];
  const long = [first, second, { ...third, to: back.from }, back];
  const written = changeFrom(long, at('2026-07-01'), { name: 'Other' }, plain);
  expect(written.map(({ from, to }) => [String(from), String(to)])).toEqual([
    ['2026-07-01T00:00:00Z', '2026-09-01T00:00:00Z'],
  ]);
});

test('the same again writes nothing, and what is the same on the day changes no later day', () => {
  expect(shown('2026-10-01', { name: 'New' })).toEqual([]);
  expect(shown('2026-07-01', { name: 'Old', address: ['2 Hill'] })).toEqual([]);
  expect(changeFrom([], null, {}, plain)).toEqual([{ from: null, to: null, details: plain }]);
});

test('before its history began it is plain, and the first day takes over what it did not say', () => {
  const begun = [{ from: at('2026-06-01'), to: null, details: { ...plain, name: 'New' } }];
  expect(changeFrom(begun, at('2026-01-01'), { email: 'b@x', name: 'Old' }, plain)).toEqual([
    { from: at('2026-01-01'), to: at('2026-06-01'), details: { name: 'Old', email: 'b@x', address: [] } },
    { from: at('2026-06-01'), to: null, details: { name: 'New', email: 'b@x', address: [] } },
  ]);
});
