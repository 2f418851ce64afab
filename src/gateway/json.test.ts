import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson, faultOf, type JsonValue, parseJson } from './json.ts';

/** The value as JSON.parse has it. */
function plain(value: JsonValue): unknown {
  switch (value.kind) {
    case 'object':
      return Object.fromEntries(
        value.names.all.map(({ name, place }) => [name, plain(value.values[place] as JsonValue)]),
      );
    case 'array':
      return value.items.map(plain);
    case 'string':
      return value.text;
    default:
      return JSON.parse(value.text) as unknown;
  }
}

test('whatever JSON.stringify writes is read as JSON.parse reads it, and knows where it stood', () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom(0, 1, 2), (text, indent) => {
      const spaced = JSON.stringify(JSON.parse(text), null, indent);
      const value = parseJson(` ${spaced}\n`);
      expect(plain(value)).toEqual(JSON.parse(spaced));
      expect(JSON.parse(spaced.slice(value.from - 1, value.to - 1))).toEqual(JSON.parse(spaced));
    }),
  );
});

test('a text is refused exactly where JSON.parse refuses it, but for names that stand twice', () => {
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    '"a"',
    '"b"',
    ':',
    ',',
    '1',
    '-0.5e3',
    '01',
    'true',
    'nul',
    ' ',
    '"\\u00e4"',
    '"\\x"',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
      const text = parts.join('');
      const accepts = (parse: (text: string) => unknown) => {
        try {
          parse(text);
          return true;
        } catch (error) {
          return (error as Error).message.includes('there already');
        }
      };
      if (accepts(JSON.parse)) expect(accepts(parseJson)).toBe(true);
      else expect(accepts(parseJson)).toBe(accepts(JSON.parse));
    }),
    { numRuns: 2_000 },
  );
});

test('numbers stay as they were written', () => {
  const value = parseJson('{"n": 12345678901234567890.1234567890, "m": 1E+2}');
  expect(canonicalJson(value)).toBe('{"m":1E+2,"n":12345678901234567890.1234567890}');
});

test('what is the same in another order has the same canonical form', () => {
  const one = parseJson('{"b": [1, {"y": null, "x": "\\u00e4"}], "a": true}');
  const other = parseJson('{"a":true,"b":[1,{"x":"ä","y":null}]}');
  expect(canonicalJson(one)).toBe(canonicalJson(other));
});

test('a name that stands twice, and what is too deep to be read, are refused', () => {
  expect(() => parseJson('{"a": 1, "a": 2}')).toThrow('"a", which is there already');
  expect(() => parseJson('['.repeat(100_000))).toThrow('levels deep');
});

test('what could not be kept as it is has a fault', () => {
  const fault = (text: string) => faultOf(parseJson(text));
  expect(fault('{"a": [1, "b", null]}')).toBeNull();
  expect(fault(`${'['.repeat(21)}${']'.repeat(21)}`)).toBe('too_deep');
  for (const number of ['1e61', '1e-61', '1e99999', `0.${'1'.repeat(61)}`]) expect(fault(number)).toBe('bad_number');
  for (const text of ['"a\\u0000"', '"\\ud800"', '{"\\u0000": 1}']) expect(fault(text)).toBe('bad_text');
});

test('names are in order in every object, whichever are known from another', () => {
  const canonical = (...texts: string[]) => canonicalJson(parseJson(`[${texts.join(', ')}]`));
  expect(
    canonical('{"b": 1, "a": [{"d": 2, "c": 3}]}', '{"b": 4, "a": 5}', '{"b": 6}', '{}', '{"b": 7, "c": 8, "a": 9}'),
  ).toBe('[{"a":[{"c":3,"d":2}],"b":1},{"a":5,"b":4},{"b":6},{},{"a":9,"b":7,"c":8}]');
  // The same name, written otherwise; and one that begins as a known one.
  expect(canonical('{"b": 1, "a": 2}', '{"\\u0062": 3, "a": 4}', '{"ba": 5, "a": 6}')).toBe(
    '[{"a":2,"b":1},{"a":4,"b":3},{"a":6,"ba":5}]',
  );
  // Two sorts that take turns, and names that look like one name with a NUL in it.
  expect(canonical('{"b": 1}', '{"d": 2, "c": 3}', '{"b": 4}', '{"d": 5, "c": 6}')).toBe(
    '[{"b":1},{"c":3,"d":2},{"b":4},{"c":6,"d":5}]',
  );
  expect(canonical('{"b\\u0000a": 1}', '{"x": 2}', '{"b": 3, "a": 4}')).toBe('[{"b\\u0000a":1},{"x":2},{"a":4,"b":3}]');
  expect(canonical('{"b\\u0000": 1, "a": 2}', '{"b\\u0000": 3, "a": 4}')).toBe(
    '[{"a":2,"b\\u0000":1},{"a":4,"b\\u0000":3}]',
  );
  expect(canonical('{"": "caf\\u00e9 \\"x\\"", "b": "plain"}')).toBe('[{"":"café \\"x\\"","b":"plain"}]');
});

test('a name that stands twice is refused, whether it is known from another object or not', () => {
  for (const twice of [
    '{"a": 1, "a": 2}',
    '{"a": 1, "b": 2, "a": 3}',
    '{"a": 1, "\\u0061": 2}',
    '{"a": 1, "b": 2, "c": 3, "b": 4}',
  ])
    expect(() => parseJson(`[{"a": 1, "b": 2}, ${twice}]`)).toThrow('is there already');
});
