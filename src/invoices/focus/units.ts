import { remember } from './remember.ts';

// FOCUS wants units in one form (its attribute UnitFormat): `Hours`, `GiB-Months`, `GB/Hour`, `10 GB`. What a word
// means is known from a table: a rule for plurals would make `Gbs` of gigabytes.

/** A count of things that have no unit of their own. */
export const countUnit = 'Units';

interface Named {
  readonly one: string;
  readonly many: string;
}

const named = (one: string, many = `${one}s`): Named => ({ one, many });
const times = ['Year', 'Month', 'Day', 'Hour', 'Minute', 'Second', 'Millisecond', 'Microsecond'];
const counts = ['Count', 'Unit', 'Request', 'Token', 'Connection', 'Certificate', 'Domain', 'Core'];
const ours = ['Node', 'Zone', 'Event', 'User', 'Server', 'Site', 'Project', 'Mailbox', 'Ticket'];
const prefixes = ['', 'K', 'M', 'G', 'T', 'P', 'E', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

const hour = named('Hour');
const unit = named('Unit');

/** By the word in lower case, for one and for many. */
const byWord: ReadonlyMap<string, Named> = new Map<string, Named>([
  ...[...times, ...counts, ...ours].flatMap((word) => {
    const name = named(word, word === 'Mailbox' ? 'Mailboxes' : undefined);
    return [[name.one.toLowerCase(), name] as const, [name.many.toLowerCase(), name] as const];
  }),
  ['h', hour],
  ['hr', hour],
  ['hrs', hour],
  ['min', named('Minute')],
  ['mins', named('Minute')],
  ['sec', named('Second')],
  ['s', named('Second')],
  ['ms', named('Millisecond')],
  ['pc', unit],
  ['pcs', unit],
  ['piece', unit],
  ['pieces', unit],
  ['item', unit],
  ['items', unit],
  ['vcpu', named('VCPU')],
  ['vcpus', named('VCPU')],
]);

/** Sizes of data, the same for one and for many. `Gb` is a gigabit where somebody wrote it so; `gb` in small letters is a gigabyte. */
const sizes: ReadonlyMap<string, string> = new Map([
  ...prefixes.flatMap((prefix) => [
    ...['b', 'B'].map((letter) => [prefix + letter, prefix + letter] as const),
    [`${prefix}B`.toLowerCase(), `${prefix}B`] as const,
    [`${prefix}B`.toUpperCase(), `${prefix}B`] as const,
  ]),
  ['b', 'b'] as const,
]);

/**
 * A unit as ours are written (`hour`, `GiB-month`, `node-hour`) or as a person wrote it on a line by
 * hand (`support hour`, `10 GB`), in the form of FOCUS. A word that is not in the table stays as it was written, with
 * a capital.
 */
export function focusUnit(unit: string | null): string {
  return unit === null ? countUnit : inFocus(unit);
}

const inFocus = remember(1_000, (unit: string): string => {
  const words = unit.trim().replaceAll(/\s+/g, ' ');
  if (words === '') return countUnit;
  const [numerator = '', ...denominators] = words.split('/');
  const bases = numerator.split('-');
  const inForm = bases.map((base, index) => nameOf(base, index === bases.length - 1 ? 'many' : 'one'));
  return [inForm.join('-'), ...denominators.map((words) => nameOf(words, /^\d/.test(words) ? 'many' : 'one'))].join(
    '/',
  );
});

/** `10 gb`, `support hour`: only the last word has a plural. */
function nameOf(words: string, number: keyof Named): string {
  const all = words.trim().split(' ');
  return all
    .map((word, index) => {
      const size = sizes.get(word);
      if (size !== undefined) return size;
      const known = byWord.get(word.toLowerCase());
      if (known !== undefined) return known[index === all.length - 1 ? number : 'one'];
      return word.charAt(0).toUpperCase() + word.slice(1);
    })
    .join(' ');
}
