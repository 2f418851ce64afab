import { expect, test } from 'vitest';
import { decodeText } from './decode-text.ts';

test('UTF-8 is read, with or without a mark of its order', () => {
  expect(decodeText(Buffer.from('name\nMüller\n'), 'a.csv')).toBe('name\nMüller\n');
  expect(decodeText(Buffer.from('\ufeffname\n'), 'a.csv')).toBe('name\n');
});

test.each([
  ['Latin 1', Buffer.from('name\nM\u00fcller\nMeier\n', 'latin1'), 'a.csv is not UTF-8: line 2 reads "M\ufffdller".'],
  ['UTF-16', Buffer.from('\ufeffname\n\u00fc', 'utf16le'), 'a.csv is UTF-16.'],
  ['a spreadsheet', Buffer.from([0x50, 0x4b, 0x03, 0x04, 0xff, 0x00]), 'a.csv is an archive'],
  ['a character that is cut off', Buffer.from('Mü').subarray(0, 2), 'a.csv is not UTF-8: line 1'],
])('%s is refused', (_, bytes, message) => {
  expect(() => decodeText(bytes, 'a.csv')).toThrow(message);
});
