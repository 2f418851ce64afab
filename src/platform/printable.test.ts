import fc from 'fast-check';
import { expect, test } from 'vitest';
import { printable, printableJson, printableLines } from './printable.ts';

test.each([
  ['a control character', 'a\u0007b', 'a\ufffdb'],
  ['an escape sequence', '\u001b]0;title\u0007', '\ufffd]0;title\ufffd'],
  ['one of the upper controls', '\u009b2J', '\ufffd2J'],
  ['the end of a line', 'a\nb\u2028c\r', 'a\ufffdb\ufffdc\ufffd'],
  ['a mark that turns text around', 'invoice\u202efdp.exe', 'invoice\ufffdfdp.exe'],
  ['an Arabic letter mark', 'a\u061cb', 'a\ufffdb'],
  ['a character without width', 'ac\u200bme\u2060\ufeff\u00ad', 'ac\ufffdme\ufffd\ufffd\ufffd'],
  ['a tag character', 'acme\u{e0041}', 'acme\ufffd'],
  ['a joiner between Latin letters', 'ac\u200dme', 'ac\ufffdme'],
])('%s is shown as a replacement', (_, text, shown) => {
  expect(printable(text)).toBe(shown);
});

test.each(['深圳 Café', '👩‍👩‍👧‍👦 ❤️', 'می‌خواهم', 'क्‍ष'])('%s is spelling and stays', (text) => {
  expect(printable(text)).toBe(text);
});

test('of several lines the ends and tabs stay', () => {
  expect(printableLines('a\n\tb\r')).toBe('a\n\tb\ufffd');
});

test('no text gets anything to a terminal that steers it, and JSON says the same', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(printable(text)).not.toMatch(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u);
      expect(printableLines(text)).not.toMatch(/(?![\n\t])\p{Cc}/u);
      const json = printableJson(JSON.stringify({ [text]: text }, null, 2));
      expect(json).not.toMatch(/(?!\n)[\p{Cc}\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u);
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify({ [text]: text })));
    }),
  );
});
