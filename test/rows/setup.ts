import pg from 'pg';
import { inject } from 'vitest';
import { nameOfStatement } from '../../src/platform/database/statement.ts';
import { wrongIn } from './check.ts';

// Every statement that a test's own process runs answers what its row type says, or the test fails.

interface Answer {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

const shapes = inject('rowShapes');
const query = pg.Client.prototype.query as (...all: unknown[]) => unknown;

function checked(this: pg.Client, ...all: unknown[]): unknown {
  const answer = query.apply(this, all);
  const text = typeof all[0] === 'string' ? all[0] : ((all[0] as { text?: string } | undefined)?.text ?? '');
  const name = nameOfStatement(text);
  const shape = name === null ? undefined : shapes[name];
  if (shape === undefined || !(answer instanceof Promise)) return answer;
  return answer.then((result: Answer) => {
    const wrong = wrongIn(shape, result.rows);
    if (wrong !== null) throw new Error(`${name}: ${wrong}`);
    return result;
  });
}

// A worker runs one file of tests after another, and this before each of them.
if (query.name !== checked.name) (pg.Client.prototype as { query: unknown }).query = checked;
