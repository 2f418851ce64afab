import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { program } from '../../src/modules.ts';
import { operationsPage } from './operations-page.ts';

test('docs/reference.md is what the declarations say; npm run docs writes it', () => {
  expect(readFileSync(new URL('../../docs/reference.md', import.meta.url), 'utf8')).toBe(operationsPage(program));
});
