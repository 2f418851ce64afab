import fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonicalJson, type Json } from './canonical-json.ts';

it('is one text whatever order keys were written in', () => {
  expect(canonicalJson({ b: 1, a: [null, true, { d: 'é', c: '' }] })).toBe('{"a":[null,true,{"c":"","d":"é"}],"b":1}');
  expect(() => canonicalJson({ amount: 0.1 })).toThrow(RangeError);
});

it('says what it was given, to whoever reads JSON', () => {
  const json = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.string({ unit: 'grapheme' }),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value')),
      fc.dictionary(
        fc.string().filter((key) => key !== '__proto__'),
        tie('value'),
      ),
    ),
  })).value;
  fc.assert(
    fc.property(json, (value) => {
      const text = canonicalJson(value);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(canonicalJson(JSON.parse(text) as Json)).toBe(text);
    }),
  );
});
