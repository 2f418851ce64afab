import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { expect, test } from 'vitest';
import { blueprintJsonSchema } from './blueprint.ts';
import { readBlueprint } from './blueprint-file.ts';
import { formatProblem } from './blueprint-problems.ts';
import { readParameters } from './parameters.ts';
import { systemOf } from './system.ts';

const place = new URL('../../docs/blueprints/', import.meta.url);
const shop = readFileSync(new URL('shop.yaml', place), 'utf8');

const read = (text: string, others: { name: string; text: string }[] = []) => {
  const found = readBlueprint([{ name: 'shop.yaml', text }, ...others]);
  return 'read' in found ? found.read : null;
};
const problemsOf = (text: string, others: { name: string; text: string }[] = []) => {
  const found = readBlueprint([{ name: 'shop.yaml', text }, ...others]);
  return 'problems' in found ? found.problems.map(formatProblem) : [];
};

test('docs/blueprints/blueprint.schema.json is the schema; arcadia blueprint schema prints it', () => {
  const published = readFileSync(new URL('blueprint.schema.json', place), 'utf8');
  expect(JSON.parse(published)).toEqual(JSON.parse(JSON.stringify(blueprintJsonSchema())));
});

test('the blueprint that comes along fits the schema, and is read', () => {
  const isFit = new Ajv2020({ strict: false }).compile(blueprintJsonSchema());
  expect([isFit(parse(shop)), isFit.errors]).toEqual([true, null]);
  expect(problemsOf(shop)).toEqual([]);
  const { blueprint } = read(shop)!;
  const { open, problems } = readParameters(blueprint.parameters, { domain: 'beta.example', servers: '3' });
  expect(problems).toEqual([]);
  const of = systemOf(blueprint, open, { slug: 'beta', name: 'Beta', customer: 'c-1' });
  expect(of.problems).toEqual([]);
  expect(of.system.droplets.map(({ name, size }) => `${name} ${size}`)).toEqual([
    'beta-web-1 s-2vcpu-4gb',
    'beta-web-2 s-2vcpu-4gb',
    'beta-web-3 s-2vcpu-4gb',
  ]);
  expect(of.system.zones[0]).toMatchObject({ zone: 'beta.example', records: [{ to: { addressOf: 'balancer' } }, {}] });
});

const least = 'blueprint: shop\nschema: 1\nregion: fra1\n';

test.each([
  ['what is no YAML', 'blueprint: [', /^shop\.yaml:1: /],
  ['what is missing', 'schema: 1\nregion: fra1\n', 'shop.yaml:1: blueprint: is missing'],
  ['what nobody knows', `${least}drpolets: {}\n`, /shop\.yaml:1: Unrecognized key: "drpolets"/],
  ['another form', 'blueprint: shop\nschema: 2\nregion: fra1\n', /shop\.yaml:2: schema: /],
  ['a parameter that is none', `${least}plan: '\${tier}'\n`, 'shop.yaml:4: plan: there is no parameter tier'],
  ['code', `${least}plan: '\${process.env.HOME}'\n`, 'shop.yaml:4: plan: there is no parameter process.env.HOME'],
  [
    'a secret that would be seen',
    `${least}parameters: { key: { type: secret } }\nplan: '\${key}'\n`,
    'shop.yaml:5: plan: key is a secret: it can stand in user data only',
  ],
  [
    'a rule of two protocols',
    `${least}firewall:\n  inbound:\n    - { tcp: 80, udp: 80, from: 0.0.0.0/0 }\n`,
    'shop.yaml:6: firewall.inbound[0]: needs exactly one of tcp, udp and icmp',
  ],
  [
    'a network that is none',
    `${least}network: { vpc: { ip_range: 10.0.0.0/99 } }\n`,
    'shop.yaml:4: network.vpc.ip_range: is not a private network such as 10.20.0.0/20',
  ],
  [
    'user data that is not given',
    `${least}droplets:\n  web: { size: s-1vcpu-1gb, image: x, user_data: web.yaml }\n`,
    'shop.yaml:5: droplets.web.user_data: web.yaml is none of the files given: give it too',
  ],
])('%s is refused, with its line and path', (_, text, problem) => {
  expect(problemsOf(text).join('\n')).toMatch(problem);
});

test('a file that unfolds without end, or is too long, is refused', () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n`;
  expect(problemsOf(bomb)).toEqual([expect.stringMatching(/Excessive alias count/)]);
  expect(problemsOf(`# ${'x'.repeat(200_000)}`)).toEqual([expect.stringMatching(/is longer than/)]);
});

test('user data is taken out of the blueprint, whether it is a file or stands there', () => {
  const text = `${least}droplets:
  web: { size: s-1vcpu-1gb, image: x, user_data: web.yaml }
  db: { size: s-1vcpu-1gb, image: x, user_data: { text: 'secret of db' } }\n`;
  const found = read(text, [{ name: 'cloud/web.yaml', text: 'secret of web' }])!;
  expect(JSON.stringify(found.blueprint)).not.toContain('secret of');
  expect(found.userData).toEqual({ 'web.yaml': 'secret of web', 'db (inline)': 'secret of db' });
});

test('what a blueprint names and does not have is said', () => {
  const { blueprint } = read(`${least}droplets:
  web: { size: s-1vcpu-1gb, image: x, ssh_keys: [ops] }
volumes: { data: { size: 10, attach: web-1 } }
firewall: { droplets: db, inbound: [{ tcp: 80, from: balancer }] }
dns: { zone: a.example, records: [{ A: '@', to: reserved_ip }] }\n`)!;
  expect(systemOf(blueprint, {}, { slug: 'beta', name: 'Beta', customer: 'c' }).problems).toEqual([
    'Droplet web: ops is neither one of keys nor a fingerprint.',
    'Volume data: there is no droplet web-1.',
    'Firewall beta-firewall: there is no group of droplets db.',
    'Firewall beta-firewall: there is no balancer.',
    'Record A of a.example: there is no reserved_ip.',
  ]);
});

test('the name of a deployment stands in the name of its project alone: what is named otherwise is made anew', () => {
  const text = (droplet: string) =>
    [
      'blueprint: shop',
      'schema: 1',
      'region: fra1',
      'project: { name: "${deployment_name} (live)" }',
      `droplets: { web: { name: "${droplet}", size: s, image: i, user_data: { text: "a \${deployment_name} \${slug}" } } }`,
    ].join('\n');
  expect(readBlueprint([{ name: 'shop.yaml', text: text('${deployment_name}-web') }])).toEqual({
    problems: [
      {
        file: 'shop.yaml',
        line: 5,
        path: 'droplets.web.name',
        reason: '${deployment_name} can stand in project.name only, because deployments are renamed: take ${slug}',
      },
    ],
  });
  expect(readBlueprint([{ name: 'shop.yaml', text: text('${slug}-web') }])).toHaveProperty('read');
});
