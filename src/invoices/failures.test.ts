import { expect, test } from 'vitest';
import { ArcadiaError } from '../platform/errors.ts';
import { isOfOne } from './failures.ts';

test("what meets everybody is nobody's own fault", () => {
  for (const code of ['cancelled', 'database_unreachable', 'usage_store_unreachable', 'usage_store_failed'] as const)
    expect(isOfOne(new ArcadiaError(code, 'away'))).toBe(false);
  expect(isOfOne(new ArcadiaError('invalid_argument', 'no such currency'))).toBe(true);
});
