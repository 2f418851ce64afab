import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseDeclaredRules } from './declared-rules.ts';

function problems(data: unknown): string[] {
  try {
    parseDeclaredRules(data);
    return [];
  } catch (error) {
    return (error as Error).message.split('\n');
  }
}

test('reads rules from YAML', () => {
  const rules = parseDeclaredRules(
    parse(`
rules:
  - name: acme-*
    deployment: acme-shop
    from: 2026-05-01
    kinds: [volume, droplet, droplet]
  - project: 4e1bfbc3-dc3e-41f2-a18f-1b4d7ba71679
    deployment: acme-shop
    to: 2026-06-01T12:00:00Z
  - tag: shared
    shares: { acme: 1, beta: 2 }
    position: 50
`),
  );
  expect(rules.map((rule) => ({ ...rule, from: String(rule.from), to: String(rule.to) }))).toEqual([
    {
      label: 'rules[0] (name acme-*)',
      kind: 'name',
      subject: 'acme-*',
      resourceKinds: ['droplet', 'volume'],
      owners: [{ deployment: 'acme-shop', weight: 1 }],
      from: '2026-05-01T00:00:00Z',
      to: 'null',
      position: null,
    },
    {
      label: 'rules[1] (project 4e1bfbc3-dc3e-41f2-a18f-1b4d7ba71679)',
      kind: 'project',
      subject: '4e1bfbc3-dc3e-41f2-a18f-1b4d7ba71679',
      resourceKinds: null,
      owners: [{ deployment: 'acme-shop', weight: 1 }],
      from: 'null',
      to: '2026-06-01T12:00:00Z',
      position: null,
    },
    {
      label: 'rules[2] (tag shared)',
      kind: 'tag',
      subject: 'shared',
      resourceKinds: null,
      owners: [
        { deployment: 'acme', weight: 1 },
        { deployment: 'beta', weight: 2 },
      ],
      from: 'null',
      to: 'null',
      position: '50',
    },
  ]);
});

test('names the rule and the field of everything that is wrong', () => {
  const wrong = {
    rules: [
      { name: 'a', tag: 'b', deployment: 'x' },
      { name: 'c-*' },
      { tag: 'd', deployment: 'x', from: 'yesterday' },
      { tag: 'e', deployment: 'x', from: '2026-05-02', to: '2026-05-02' },
      { tag: 'f', shares: { x: 1.5 } },
      { tag: 'g', shares: {} },
      { tag: 'h', deployment: 'Not A Slug' },
      { tag: 'i', deployment: 'x', kind: ['droplet'] },
      { tag: 'j', deployment: 'x', kinds: [] },
      'k',
    ],
  };
  const found = problems(wrong);
  for (const beginning of [
    'rules[0] (name a): give exactly one of name, tag and project',
    'rules[1] (name c-*): deployment: give exactly one of deployment and shares',
    'rules[2] (tag d): from: yesterday is neither a day (2026-05-01) nor an instant',
    'rules[3] (tag e): to: is not after from',
    'rules[4] (tag f): shares.x: ',
    'rules[5] (tag g): shares: names no deployment',
    'rules[6] (tag h): deployment: is not a deployment slug',
    'rules[7] (tag i): Unrecognized key: "kind"',
    'rules[8] (tag j): kinds: ',
    'rules[9]: ',
  ]) {
    expect(found.map((problem) => problem.slice(0, beginning.length))).toContain(beginning);
  }
  expect(found).toHaveLength(10);
});

test.each([[null], [{}], [[]], [{ rules: {} }], [{ rules: [], extra: 1 }], ['']])('%j is not a rules file', (data) => {
  expect(problems(data).length).toBeGreaterThan(0);
});

test('the example of the README is a rules file', () => {
  const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8');
  const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(readme) ?? [];
  expect(parseDeclaredRules(parse(example))).toHaveLength(3);
});
