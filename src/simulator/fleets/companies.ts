import type { Random } from '../random.ts';

/** Companies that do not exist. */
export interface Company {
  readonly slug: string;
  readonly name: string;
}

const adjectives = [
  'Amber',
  'Basalt',
  'Cobalt',
  'Drift',
  'Ember',
  'Fennel',
  'Granite',
  'Hazel',
  'Indigo',
  'Juniper',
  'Kelp',
  'Linden',
  'Maple',
  'Nettle',
  'Ochre',
  'Pebble',
  'Quill',
  'Russet',
  'Saffron',
  'Thistle',
];
const trades = [
  ['Bakery', 'bakery'],
  ['Kiln', 'kiln'],
  ['Cycles', 'cycles'],
  ['Press', 'press'],
  ['Dental', 'dental'],
  ['Tours', 'tours'],
  ['Records', 'records'],
  ['Legal', 'legal'],
  ['Gardens', 'gardens'],
  ['Optics', 'optics'],
] as const;

/** `count` different companies, at most 200. No slug begins another. */
export function companies(random: Random, count: number): Company[] {
  const all = adjectives.flatMap((adjective) =>
    trades.map(([trade, slug]) => ({ slug: `${adjective.toLowerCase()}-${slug}`, name: `${adjective} ${trade}` })),
  );
  return random.shuffle(all).slice(0, count);
}

/** A customer as arcadia-app would know it. */
export function customerOf(company: Company): { externalId: string; name: string; currency: string } {
  return { externalId: `cus_${company.slug.replaceAll('-', '_')}`, name: company.name, currency: 'USD' };
}
