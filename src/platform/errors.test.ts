import { expect, test } from 'vitest';
import { ArcadiaError, toArcadiaError } from './errors.ts';

const withCode = (code: string, message = 'm') => Object.assign(new Error(message), { code });

test.each([
  ['08006', 'database_unreachable'],
  ['28P01', 'database_unreachable'],
  ['57P01', 'database_unreachable'],
  ['53300', 'database_unreachable'],
  ['3D000', 'database_unreachable'],
  ['ECONNREFUSED', 'database_unreachable'],
  ['ENOTFOUND', 'database_unreachable'],
  ['53100', 'database_full'],
  ['ENOSPC', 'database_full'],
  ['57014', 'cancelled'],
  ['ABORT_ERR', 'cancelled'],
  ['23505', 'internal'],
  ['42601', 'internal'],
])('%s is %s', (code, expected) => {
  expect(toArcadiaError(withCode(code)).code).toBe(expected);
});

test('a connection that ends without a code is unreachable too', () => {
  expect(toArcadiaError(new Error('Connection terminated unexpectedly')).code).toBe('database_unreachable');
});

test('several attempts count as the first, and a wrapped error as what it wraps', () => {
  expect(toArcadiaError(new AggregateError([withCode('ECONNREFUSED')], '')).code).toBe('database_unreachable');
  expect(toArcadiaError(new Error('outer', { cause: withCode('53100') })).code).toBe('database_full');
});

test('an error of ours stays itself; others keep their cause and say what was under way', () => {
  const ours = new ArcadiaError('not_found', 'No deployment.');
  expect(toArcadiaError(ours, 'Metering')).toBe(ours);
  const theirs = withCode('53100', 'disk full');
  expect(toArcadiaError(theirs, 'Metering 2026-05-01')).toMatchObject({
    message: 'Metering 2026-05-01: disk full',
    cause: theirs,
  });
  expect(toArcadiaError('text')).toMatchObject({ code: 'internal', message: 'text' });
});
