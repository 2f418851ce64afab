import { trace } from '@opentelemetry/api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { takeSpans } from '../../../test/spans.ts';
import { inSession, type Session } from './database.ts';
import { nameOfStatement, preparedStatement, statement } from './statement.ts';

let spans: ReturnType<typeof takeSpans>;
let database: TestDatabase;
beforeAll(async () => {
  spans = takeSpans();
  database = await openTestDatabase();
});
afterAll(async () => {
  spans.close();
  await database.close();
});

test('a statement stands in the database under its name', async () => {
  const { rows } = await statement<{ query: string }>('test.readQuery')`
    SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid() AND ${1}::int = 1`.execute(database.db);
  expect(nameOfStatement(rows[0]?.query ?? '')).toBe('test.readQuery');
  expect(nameOfStatement('SELECT 1')).toBeNull();
});

test('a prepared statement is parsed once by a connection, under its text, whatever its parameters', async () => {
  const add = (session: Session, left: number, right: number) =>
    preparedStatement<{ sum: number }>('test.add')`SELECT ${left}::int + ${right}::int AS sum`.execute(session);
  await inSession(database.db, async (session) => {
    expect((await add(session, 1, 2)).rows).toEqual([{ sum: 3 }]);
    expect((await add(session, 2, 2)).rows).toEqual([{ sum: 4 }]);
    await preparedStatement('test.add')`SELECT 1 AS another`.execute(session);
    const { rows } = await statement<{ statement: string }>('test.readPrepared')`
      SELECT statement FROM pg_prepared_statements ORDER BY statement`.execute(session);
    expect(rows.map((row) => nameOfStatement(row.statement))).toEqual(['test.add', 'test.add']);
  });
});

test('in traced work it is a span, and what fails says why', async () => {
  await trace.getTracer('test').startActiveSpan('work', async (work) => {
    await statement('test.works')`SELECT 1`.execute(database.db);
    await expect(statement('test.fails')`SELECT 1 / 0`.execute(database.db)).rejects.toThrow('division');
    work.end();
  });
  await statement('test.untraced')`SELECT 1`.execute(database.db);
  const [works, fails, work] = spans.finished();
  expect([works?.name, fails?.name, work?.name]).toEqual(['test.works', 'test.fails', 'work']);
  expect(works?.parentSpanContext?.spanId).toBe(work?.spanContext().spanId);
  expect(fails?.status.message).toBe('division by zero');
  expect(spans.finished()).toHaveLength(3);
});
