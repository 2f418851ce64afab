import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openTestDatabase } from '../../test/database.ts';
import {
  instant,
  makeMeters,
  makeSource,
  meterAll,
  requests,
  resourceOf,
  setClock,
} from '../../test/fixtures/gateway.ts';
import { createDeployments, storedBytes, storedUsage } from '../../test/fixtures/metering.ts';
import { soakRuns } from '../../test/soak.ts';
import { assign } from '../deployments/assignments.ts';
import { fromBillionths } from '../platform/quantity.ts';
import { readEvents } from './cloud-event.ts';
import { getSource } from './sources.ts';
import { storeEvents } from './store-events.ts';

// Random events, sent in any order and as often as anybody likes, in any batches, with owners that move and events that
// come late or are retracted: usage is what a slow and obvious count of the events says, and the order leaves no trace.

const subjects = ['host:a', 'host:b'] as const;
const owners = ['ash', 'birch', 'cedar'] as const;
/** Hours, minutes and microseconds that meet each other's borders often. */
const moment = fc
  .record({
    day: fc.integer({ min: 1, max: 6 }),
    hour: fc.constantFrom(0, 1, 23),
    minute: fc.constantFrom(0, 30, 59),
    us: fc.constantFrom(0, 1, 999_999),
  })
  .map(({ day, hour, minute, us }) =>
    instant('2026-05-01').add({ hours: 24 * (day - 1) + hour, minutes: minute, microseconds: us }),
  );

interface Sent {
  readonly id: string;
  readonly type: 'sum' | 'peak' | 'visit' | 'size';
  readonly subject: (typeof subjects)[number];
  readonly at: Temporal.Instant;
  readonly value: number;
  readonly corrects: number | null;
}

const sent = fc.record({
  type: fc.constantFrom('sum' as const, 'peak' as const, 'visit' as const, 'size' as const),
  subject: fc.constantFrom(...subjects),
  at: moment,
  value: fc.integer({ min: 0, max: 5 }),
  corrects: fc.option(fc.nat(30), { freq: 6 }),
});

/** Who owns a subject from a moment on: one, or several in equal shares. */
const move = fc.record({
  subject: fc.constantFrom(...subjects),
  slugs: fc.uniqueArray(fc.constantFrom(...owners), { minLength: 1, maxLength: 3 }),
  from: moment,
});

const histories = fc.record({
  events: fc
    .array(sent, { minLength: 1, maxLength: 25 })
    .map((all) => all.map((one, index): Sent => ({ ...one, id: `e${index}` }))),
  /** How many are sent before the first metering. */
  early: fc.nat(25),
  moves: fc.array(move, { maxLength: 3 }),
  granularity: fc.constantFrom('day' as const, 'hour' as const),
  seed: fc.nat(),
});

const kinds = [
  { ...requests, meter: 'gw_sum', type: 'sum', value: '/n' },
  { ...requests, meter: 'gw_max', type: 'peak', aggregation: 'max', value: '/n' },
  { ...requests, meter: 'gw_unique', type: 'visit', aggregation: 'unique', value: null, key: '/n' },
  { ...requests, meter: 'gw_gauge', type: 'size', aggregation: 'gauge', accrual: 'hours', value: '/n' },
];

function eventOf({ id, type, subject, at, value, corrects }: Sent): Record<string, unknown> {
  return {
    specversion: '1.0',
    id,
    source: '/gw',
    type,
    subject,
    time: at.toString(),
    data: { n: value },
    ...(corrects === null ? {} : { corrects: `e${corrects}` }),
  };
}

/** A permutation with repetitions, by a simple generator of numbers. */
function shuffled<Item>(items: readonly Item[], seed: number): Item[] {
  let state = seed + 1;
  const next = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state;
  };
  const repeated = items.flatMap((item) => (next() % 3 === 0 ? [item, item] : [item]));
  return repeated
    .map((item) => ({ item, key: next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

type Move = { readonly subject: string; readonly slugs: readonly string[]; readonly from: Temporal.Instant };
const before = (a: Temporal.Instant, b: Temporal.Instant) => Temporal.Instant.compare(a, b) < 0;
const end = instant('2026-05-08');

/** Who owns a subject at a moment: assignments in the order in which they were made, each from its moment on. */
function ownersAt(moves: readonly Move[], subject: string, at: Temporal.Instant): readonly string[] {
  const own = moves.filter((one) => one.subject === subject);
  const last = own.findLast((one) => !before(at, one.from));
  if (last !== undefined) return [...last.slugs].sort();
  // The first owner that is found within a day of birth holds from birth.
  const [first] = own.map(({ from }) => from).sort((a, b) => Temporal.Instant.compare(a, b));
  return first !== undefined && before(first, instant('2026-05-02'))
    ? ownersAt(moves, subject, first)
    : ['unattributed'];
}

/** A quantity in billionths divided among owners: differences of a rounded running total. */
function shares(billionths: bigint, slugs: readonly string[]): [string, bigint][] {
  const total = BigInt(slugs.length);
  const upTo = (count: number) => (2n * billionths * BigInt(count) + total) / (2n * total);
  return slugs.map((slug, index) => [slug, upTo(index + 1) - upTo(index)]);
}

/** `deployment kind subject -> quantity`, counted one event after the other. */
function expected(events: readonly Sent[], moves: readonly Move[]): Record<string, string> {
  const corrected = new Set(events.flatMap(({ id, corrects }) => (`e${corrects}` === id ? [] : [`e${corrects}`])));
  const counted = events.filter(({ id }) => !corrected.has(id));
  const sums = new Map<string, bigint>();
  const add = (kind: string, subject: string, billionths: bigint, at: Temporal.Instant) => {
    for (const [slug, part] of shares(billionths, ownersAt(moves, subject, at))) {
      const key = `${slug} ${kind} ${subject}`;
      sums.set(key, (sums.get(key) ?? 0n) + part);
    }
  };
  for (const subject of subjects) {
    const of = (type: Sent['type']) =>
      counted
        .filter((one) => one.subject === subject && one.type === type)
        .sort((a, b) => Temporal.Instant.compare(a.at, b.at) || b.value - a.value);
    // Units are rounded by the hour and owner; of whole numbers nothing is, and shares are of the hour's sum.
    const hours = Map.groupBy(
      of('sum'),
      ({ at }) => `${at.toString().slice(0, 13)} ${ownersAt(moves, subject, at).join()}`,
    );
    for (const group of hours.values()) {
      const sum = group.reduce((total, { value }) => total + BigInt(value), 0n) * 1_000_000_000n;
      add('gw_sum', subject, sum, (group[0] as Sent).at);
    }
    let greatest = 0n;
    for (const { value, at } of of('peak')) {
      const level = BigInt(value) * 1_000_000_000n;
      const raised = (slugs: readonly string[]) => new Map(shares(level, slugs));
      const slugs = ownersAt(moves, subject, at);
      const lower = new Map(shares(greatest, slugs));
      for (const slug of slugs) {
        const key = `${slug} gw_max ${subject}`;
        const rise = level > greatest ? (raised(slugs).get(slug) ?? 0n) - (lower.get(slug) ?? 0n) : 0n;
        sums.set(key, (sums.get(key) ?? 0n) + rise);
      }
      if (level > greatest) greatest = level;
    }
    expectKeys(of('visit'), subject, moves, sums);
    expectGauge(of('size'), subject, moves, sums);
  }
  return Object.fromEntries(
    [...sums]
      .filter(([, value]) => value !== 0n)
      .map(([key, value]) => [key, fromBillionths(value)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** The first of each key for each owner; what begins in the same hour under the same owners is shared as one. */
function expectKeys(visits: readonly Sent[], subject: string, moves: readonly Move[], sums: Map<string, bigint>): void {
  const known = new Set<string>();
  const groups = new Map<string, { slug: string; slugs: readonly string[]; count: bigint }>();
  for (const { value, at } of visits) {
    const slugs = ownersAt(moves, subject, at);
    for (const slug of slugs) {
      if (known.has(`${slug} ${value}`)) continue;
      known.add(`${slug} ${value}`);
      const key = `${slug} ${at.toString().slice(0, 13)} ${slugs.join()}`;
      const group = groups.get(key) ?? { slug, slugs, count: 0n };
      groups.set(key, { ...group, count: group.count + 1n });
    }
  }
  for (const { slug, slugs, count } of groups.values()) {
    const part = shares(count * 1_000_000_000n, slugs).find(([name]) => name === slug)?.[1] ?? 0n;
    const key = `${slug} gw_unique ${subject}`;
    sums.set(key, (sums.get(key) ?? 0n) + part);
  }
}

/** A level from each event to the next, in pieces of one owner: differences of rounded running totals of the month. */
function expectGauge(sizes: readonly Sent[], subject: string, moves: readonly Move[], sums: Map<string, bigint>): void {
  const at = (time: Temporal.Instant) => (time.epochNanoseconds - instant('2026-05-01').epochNanoseconds) / 1000n;
  const distinct = sizes.filter(({ at: time }, index) => index === 0 || !time.equals((sizes[index - 1] as Sent).at));
  for (const [index, { value, at: from }] of distinct.entries()) {
    const until = distinct[index + 1]?.at ?? end;
    const cuts = moves.filter((one) => one.subject === subject && before(from, one.from) && before(one.from, until));
    const borders = [from, ...cuts.map((one) => one.from), until].sort((a, b) => Temporal.Instant.compare(a, b));
    for (let piece = 0; piece + 1 < borders.length; piece += 1) {
      const [begin, stop] = [borders[piece] as Temporal.Instant, borders[piece + 1] as Temporal.Instant];
      if (!before(begin, stop)) continue;
      const slugs = ownersAt(moves, subject, begin);
      const total = BigInt(slugs.length);
      const unit = 3_600_000_000n;
      const running = (elapsed: bigint, count: number) =>
        (2n * BigInt(value) * 1_000_000_000n * BigInt(count) * elapsed + total * unit) / (2n * total * unit);
      slugs.forEach((slug, place) => {
        const share = (elapsed: bigint) => running(elapsed, place + 1) - running(elapsed, place);
        const key = `${slug} gw_gauge ${subject}`;
        sums.set(key, (sums.get(key) ?? 0n) + share(at(stop)) - share(at(begin)));
      });
    }
  }
}

test('usage is what the events say, in whatever order and however often they come', async () => {
  await fc.assert(
    fc.asyncProperty(histories, async ({ events, early, moves, granularity, seed }) => {
      const database = await openTestDatabase();
      const { db } = database;
      try {
        await setClock(db, end);
        await createDeployments(db, owners, instant('2026-01-01'));
        await makeSource(db, 'edge', { now: end });
        await makeMeters(
          db,
          kinds.map((kind) => ({ ...kind, granularity })),
          end,
        );
        const source = await getSource(db, 'edge');
        const send = async (some: readonly Sent[]) => {
          const body = Buffer.from(JSON.stringify(some.map(eventOf)));
          const read = readEvents({ 'content-type': 'application/cloudevents-batch+json' }, body);
          await storeEvents(db, source, read.events, { receivedAt: end, publishAs: null });
        };
        const [first, late] = [events.slice(0, early), events.slice(early)];
        const order = shuffled(first, seed);
        for (let from = 0; from < order.length; from += 1 + (seed % 5))
          await send(order.slice(from, from + 1 + (seed % 5)));
        await meterAll(db, end);
        const known = new Set(first.map(({ subject }) => subject));
        const applied: Move[] = [];
        for (const one of moves) {
          if (!known.has(one.subject)) continue;
          applied.push(one);
          await assign(
            db,
            {
              resourceIds: [await resourceOf(db, one.subject)],
              owners: one.slugs.map((slug) => ({ slug, weight: 1 })),
              from: one.from,
            },
            'test',
            end,
          );
        }
        await send(shuffled(late, seed));
        await send(shuffled(events, seed + 1));
        await meterAll(db, end);

        const found = await storedUsage(db, '2026-05-01', '2026-05-08');
        const named = await Promise.all(
          Object.entries(found)
            .filter(([key, quantity]) => key.includes(' gw_') && quantity !== '0')
            .map(async ([key, quantity]) => {
              const [slug, kind, resource] = key.split(' ');
              const of = await subjectOf(db, resource ?? '');
              return [`${slug} ${kind} ${of}`, quantity] as const;
            }),
        );
        expect(Object.fromEntries(named.sort(([a], [b]) => (a < b ? -1 : 1)))).toEqual(expected(events, applied));

        const bytes = await storedBytes(db);
        const again = await meterAll(db, end);
        expect(again.every(({ revision }) => revision === null)).toBe(true);
        expect(await storedBytes(db)).toBe(bytes);
      } finally {
        await database.close();
      }
    }),
    { numRuns: soakRuns(12) },
  );
}, 600_000);

async function subjectOf(db: Awaited<ReturnType<typeof openTestDatabase>>['db'], id: string): Promise<string> {
  for (const subject of subjects) {
    const known = await resourceOf(db, subject).catch(() => null);
    if (String(known) === id) return subject;
  }
  throw new Error(`no subject is ${id}`);
}
