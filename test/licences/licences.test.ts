import { expect, test } from 'vitest';
import { findLicenceFaults, type LockedPackage } from './licences.ts';

const locked = (change: Partial<LockedPackage>): LockedPackage => ({
  path: 'node_modules/a',
  version: '1.0.0',
  ...change,
});

test.each<[string, Partial<LockedPackage>, boolean]>([
  ['a licence of the list', { license: 'MIT' }, true],
  ['a choice with one of the list', { license: '(GPL-3.0-only OR MIT)' }, true],
  ['two of the list together', { license: 'MIT AND OFL-1.1' }, true],
  ['one of the list together with another', { license: 'MIT AND GPL-3.0-only' }, false],
  ['another', { license: 'AGPL-3.0-only' }, false],
  ['another, of a tool', { license: 'GPL-2.0-only', dev: true }, false],
  ['none', { installed: {} }, false],
  ['none in the lockfile, and one of the list in the package', { installed: { license: 'ISC' } }, true],
  ['the old form', { installed: { licenses: [{ type: 'MIT' }] } }, true],
  ['the old form of another', { installed: { licenses: [{ type: 'GPL' }] } }, false],
  ['nobody knows, for it is for another system', { optional: true }, true],
  ['nobody knows, and it is needed', {}, false],
  ['one that was looked at', { path: 'node_modules/lightningcss', license: 'MPL-2.0' }, true],
  ['the same of another package', { license: 'MPL-2.0' }, false],
  ['another than was looked at', { path: 'node_modules/lightningcss', license: 'GPL-3.0-only' }, false],
  ['nested in one that was looked at', { path: 'node_modules/only/node_modules/a', installed: {} }, false],
])('%s', (_, change, isGood) => {
  expect(findLicenceFaults([locked(change)])).toHaveLength(isGood ? 0 : 1);
});
