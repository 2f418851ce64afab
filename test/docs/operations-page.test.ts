import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { program } from '../../src/modules.ts';
import { operationsPage } from './operations-page.ts';
import { settingsPage } from './settings-page.ts';

test('docs/reference.md is what the declarations say; npm run docs writes it', () => {
  expect(readFileSync(new URL('../../docs/reference.md', import.meta.url), 'utf8')).toBe(operationsPage(program));
});

test('docs/settings.md is what the declarations say; npm run docs writes it', () => {
  expect(readFileSync(new URL('../../docs/settings.md', import.meta.url), 'utf8')).toBe(settingsPage(program));
});
