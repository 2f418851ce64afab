import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csvLine } from './csv.ts';

describe('a line of CSV', () => {
  test('is read back as what was written, one record a line, by any reader of RFC 4180', () => {
    const texts = fc.array(
      fc.string({ unit: fc.constantFrom('a', '1', ' ', ',', '"', '\n', '\r', '\t', '=', '+', '-', '@', 'ü') }),
      {
        minLength: 2,
        maxLength: 6,
      },
    );
    fc.assert(
      fc.property(
        fc.array(
          texts.filter((row) => row.some((text) => text !== '')),
          { minLength: 1, maxLength: 5 },
        ),
        (rows) => {
          const read = parse(rows.map(csvLine).join(''), { relax_column_count: true, record_delimiter: '\r\n' });
          const unescaped = read.map((row) => row.map((text) => text.replace(/^'(?=\s*[=+\-@]|[\t\r\n])/, '')));
          expect(unescaped).toEqual(rows);
        },
      ),
    );
  });

  test('holds nothing that a spreadsheet would run, whatever came', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(
            '=',
            '+',
            '-',
            '@',
            '＝',
            '＋',
            '－',
            '＠',
            ' ',
            '\u200b',
            '\t',
            '1',
            '.',
            'a',
            '"',
            ',',
          ),
        }),
        (text) => {
          const field = csvLine([text]).slice(0, -2);
          const shown = field.startsWith('"') ? field.slice(1).replaceAll('""', '"') : field;
          expect(/^[\s\u200b]*[=+@＝＋－＠]|^[\t\r]/.test(shown)).toBe(false);
          if (/^[\s\u200b]*-/.test(shown)) expect(shown).toMatch(/^-\d+(\.\d+)?$/);
        },
      ),
    );
  });

  test.each([
    [['-12.50', '12.50', '0.000000001', '-0'], '-12.50,12.50,0.000000001,-0\r\n'],
    [['＝1', '＋1', '－1', '＠x', ' =1', '\ufeff=1'], "'＝1,'＋1,'－1,'＠x,' =1,'\ufeff=1\r\n"],
    [['-1+1', '+49 30', '=A1', '@x', '-'], "'-1+1,'+49 30,'=A1,'@x,'-\r\n"],
    [[-3, 7, true, null, undefined, ''], '-3,7,true,,,\r\n'],
    [[['a', 'b'], { a: '=1' }], '"[""a"",""b""]","{""a"":""=1""}"\r\n'],
    [['"', 'a\r\nb', ' a', 'a,b'], '"""","a\r\nb"," a","a,b"\r\n'],
  ])('%j', (values, line) => {
    expect(csvLine(values)).toBe(line);
  });
});
