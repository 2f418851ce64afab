import { trace } from '@opentelemetry/api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { takeSpans } from '../../../test/spans.ts';
import { nameOfStatement, statement } from './statement.ts';

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
