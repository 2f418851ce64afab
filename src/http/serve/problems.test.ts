import { describe, expect, test } from 'vitest';
import { ArcadiaError, catalogue, type ErrorCode } from '../../platform/errors.ts';
import { toProblem } from './problems.ts';

const secret = 'postgres://me:hunter2@db.internal/arcadia at /srv/arcadia/src/x.ts';
const withCode = (code: string) => Object.assign(new Error(secret), { code });

describe('a problem', () => {
  test.each(Object.keys(catalogue) as ErrorCode[])(
    '%s has the status of the catalogue, and something to do',
    (code) => {
      const problem = toProblem(new ArcadiaError(code, 'What and where.'), 'r-1');
      expect(problem.requestId).toBe('r-1');
      expect(problem.title).not.toBe('Error');
      // The message of a refused argument says all there is to do.
      if (code === 'invalid_argument') expect(problem.todo).toBe('');
      else expect(problem.todo.length).toBeGreaterThan(10);
      expect(problem.todo).not.toMatch(/--\w/);
      if (code !== 'cancelled') expect([problem.code, problem.status]).toEqual([code, catalogue[code].status]);
      else expect(problem.status).toBe(503);
    },
  );

  test.each([
    [new Error(secret), 'internal'],
    [secret, 'internal'],
    [new TypeError(secret), 'internal'],
    [withCode('23514'), 'internal'],
    [withCode('42501'), 'database_forbidden'],
    [withCode('ECONNREFUSED'), 'database_unreachable'],
    [withCode('57P01'), 'database_unreachable'],
    [withCode('53100'), 'database_full'],
    [withCode('57014'), 'timed_out'],
    [withCode('40001'), 'overloaded'],
    [withCode('22003'), 'invalid_argument'],
    [withCode('23505'), 'conflict'],
    [new ArcadiaError('internal', secret), 'internal'],
    [new ArcadiaError('invalid_config', secret), 'invalid_config'],
    [new ArcadiaError('database_unreachable', secret), 'database_unreachable'],
    [new ArcadiaError('secret_unreadable', secret), 'secret_unreadable'],
  ])('of %s is %s and tells nothing of it', (error, code) => {
    const problem = toProblem(error, 'r-1');
    expect(problem.code).toBe(code);
    expect(JSON.stringify(problem)).not.toMatch(/hunter2|internal\/|srv|\.ts/);
  });

  test('names the rule and the field of a file', () => {
    const problems = [
      { rule: 'rules[3] (name a-*)', field: 'deployment', reason: 'there is none' },
      { line: 4, column: 'currency', reason: 'is no currency' },
    ];
    const { errors, field } = toProblem(new ArcadiaError('invalid_argument', 'Wrong.', { details: { problems } }), 'r');
    expect(field).toBe('/rules/3/deployment');
    expect(errors).toEqual([
      { in: 'body', pointer: '/rules/3/deployment', detail: 'there is none' },
      { in: 'body', pointer: 'line 4, currency', detail: 'is no currency' },
    ]);
  });
});
