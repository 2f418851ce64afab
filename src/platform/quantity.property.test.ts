import { soakRuns } from '../../test/soak.ts';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, expect, test } from 'vitest';
import { openTestDatabase } from '../../test/database.ts';
import {
  Decimal,
  formatQuantity,
  fromBillionths,
  parseQuantity,
  roundedRatio,
  roundQuantity,
  toBillionths,
} from './quantity.ts';

const { db, close } = await openTestDatabase();
afterAll(close);

const billionths = fc.bigInt(-(10n ** 24n), 10n ** 24n);
const level = fc.bigInt(0n, 10n ** 15n);
const unit = fc.bigInt(1n, 31n * 86_400_000_000n);

test('billionths survive text and back', () => {
  fc.assert(fc.property(billionths, (n) => toBillionths(fromBillionths(n)) === n));
});

test('what is shown reads back as the same number, without exponent or trailing zeros', () => {
  fc.assert(
    fc.property(billionths, (n) => {
      const shown = formatQuantity(new Decimal(n.toString()).dividedBy(1e9));
      expect(shown).toMatch(/^-?\d+(\.\d*[1-9])?$/);
      expect(parseQuantity(shown).times(1e9).toFixed()).toBe(n.toString());
    }),
  );
});

test('the integer formula is the decimal one rounded to 9 digits', () => {
  fc.assert(
    fc.property(level, unit, fc.bigInt(0n, 31n * 86_400_000_000n), (n, u, t) => {
      const exact = new Decimal(n.toString()).dividedBy(1e9).times(t.toString()).dividedBy(u.toString());
      expect(fromBillionths(roundedRatio(n, t, u))).toBe(formatQuantity(roundQuantity(exact)));
    }),
  );
});

test('the integer formula is the one that PostgreSQL reckons', async () => {
  await fc.assert(
    fc.asyncProperty(level, unit, fc.bigInt(0n, 31n * 86_400_000_000n), async (n, u, t) => {
      const { rows } = await sql<{ r: string }>`
        SELECT div(2 * ${n.toString()}::numeric * ${t.toString()}::numeric + ${u.toString()}::numeric,
                   2 * ${u.toString()}::numeric)::text AS r`.execute(db);
      expect(roundedRatio(n, t, u).toString()).toBe(rows[0]?.r);
    }),
    { numRuns: soakRuns(200) },
  );
});

test("decimals round as PostgreSQL's round() does", async () => {
  await fc.assert(
    fc.asyncProperty(billionths, async (n) => {
      const fine = new Decimal(n.toString()).dividedBy(1e12);
      const { rows } = await sql<{
        r: string;
      }>`SELECT trim_scale(round(${fine.toFixed()}::numeric, 9))::text AS r`.execute(db);
      expect(formatQuantity(roundQuantity(fine))).toBe(rows[0]?.r);
    }),
    { numRuns: soakRuns(200) },
  );
});

test('running totals telescope: the pieces of any split add up to the whole', () => {
  fc.assert(
    fc.property(level, unit, fc.array(fc.bigInt(0n, 10n ** 13n), { minLength: 1 }), (n, u, cuts) => {
      const sorted = [0n, ...cuts].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
      const pieces = sorted.slice(1).map((t, i) => roundedRatio(n, t, u) - roundedRatio(n, sorted[i] as bigint, u));
      expect(pieces.reduce((a, b) => a + b)).toBe(roundedRatio(n, sorted.at(-1) as bigint, u));
    }),
  );
});
