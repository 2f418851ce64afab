import { expect, test } from 'vitest';
import { line, paragraphs } from './schemas.ts';

test.each(['\u0000', '\u001f', '\u007f', '\u0085', '\u009f', '\t', '\n'])(
  'a line has no control character: %j',
  (control) => {
    expect(line.safeParse(`a${control}b`).success).toBe(false);
  },
);

test('a line has any other character', () => {
  for (const text of ['Zoë', '\u00a0x\u00a0y', '日本', '🙂 fine']) expect(line.safeParse(text).success).toBe(true);
});

test('paragraphs have ends of lines, and no other control character', () => {
  expect(paragraphs.safeParse('a\nb').success).toBe(true);
  for (const control of ['\t', '\r', '\u000b', '\u0085'])
    expect(paragraphs.safeParse(`a${control}b`).success).toBe(false);
});
