import type { Program } from '../../platform/declare/program.ts';
import { methodOf, pathOf } from './api.ts';
import type { ResolveNext } from './problems.ts';

/** How this API words the operation that an error names: null for one that the program does not have. */
export function nextOperations({ operations }: Program): ResolveNext {
  const byName = new Map(operations.map((operation) => [operation.name, operation]));
  return ({ operation: name, arguments: given = {} }) => {
    const operation = byName.get(name);
    if (operation === undefined) return null;
    const path = pathOf(operation).replaceAll(/:(\w+)/g, (_, parameter: string) => {
      const value = given[parameter];
      return value === undefined ? `{${parameter}}` : encodeURIComponent(value);
    });
    return { operationId: operation.operationId, method: methodOf(operation), path, arguments: { ...given } };
  };
}
