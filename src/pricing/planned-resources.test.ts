import { expect, test } from 'vitest';
import { parsePlannedResources } from './planned-file.ts';

test('resources are read, and their numbers keep their digits', () => {
  expect(parsePlannedResources('plan.yaml', '- { kind: volume, size: 10.50, count: 2 }')).toMatchObject([
    { kind: 'volume', size: '10.50', count: 2 },
  ]);
});

test.each([
  ['an alias of nothing', '*nothing', 'plan.yaml: Unresolved alias'],
  ['what is no list', 'kind: volume', 'plan.yaml: '],
  ['what is no YAML', '- {', 'plan.yaml: '],
])('%s is refused', (_, text, message) => {
  expect(() => parsePlannedResources('plan.yaml', text)).toThrow(
    expect.objectContaining({ code: 'invalid_argument', message: expect.stringContaining(message) }),
  );
});
