import { expect, onTestFinished, test } from 'vitest';
import { openTestDatabase } from '../../../test/database.ts';
import { startTestApi } from '../../../test/http/api-fixture.ts';
import { program } from '../../modules.ts';
import { declareOperation } from '../../platform/declare/operation.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { nextOperations } from './next-operation.ts';

const resolve = nextOperations(program);

test('an operation is its id, method and path, with what is known filled in', () => {
  expect(resolve({ operation: 'entity set', arguments: { entity: 'default', name: 'Acme' } })).toEqual({
    operationId: 'updateLegalEntity',
    method: 'PATCH',
    path: '/api/v1/legal-entities/default',
    arguments: { entity: 'default', name: 'Acme' },
  });
  expect(resolve({ operation: 'customer show', arguments: { customer: 'a/b c' } })?.path).toBe(
    '/api/v1/customers/a%2Fb%20c',
  );
  expect(resolve({ operation: 'deployment list' })).toEqual({
    operationId: 'listDeployments',
    method: 'GET',
    path: '/api/v1/deployments',
    arguments: {},
  });
});

test('what is not known stands as in the document; what there is not is nothing', () => {
  expect(resolve({ operation: 'invoice approve' })?.path).toBe('/api/v1/invoices/{invoice}/approve');
  expect(resolve({ operation: 'invoice frame' })).toBeNull();
});

test('a problem carries it, and nothing in its place where there is none', async () => {
  const failing = (name: string, operation: string) =>
    declareOperation({
      method: 'GET',
      path: `/${name}`,
      name: `try ${name}`,
      operationId: name,
      tag: 'jobs',
      summary: 'Fails',
      roles: ['owner'],
      run() {
        throw new ArcadiaError('conflict', 'Not so.', { next: { operation, arguments: { entity: 'default' } } });
      },
    });
  const database = await openTestDatabase();
  onTestFinished(() => database.close());
  const entity = program.operations.filter(({ operationId }) => operationId === 'getLegalEntity');
  const operations = [failing('known', 'entity show'), failing('unknown', 'entity frame'), ...entity];
  const api = await startTestApi(database, { operations });
  onTestFinished(() => api.close());
  expect(await (await api.fetch('/known')).json()).toMatchObject({
    status: 409,
    next: {
      operationId: 'getLegalEntity',
      method: 'GET',
      path: '/api/v1/legal-entities/default',
      arguments: { entity: 'default' },
    },
  });
  expect(await (await api.fetch('/unknown')).json()).not.toHaveProperty('next');
});
