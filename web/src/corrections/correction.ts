import type { Schemas } from '../api/client.ts';
import { isZero, money } from '../ui/decimal.ts';

export type Correction = Schemas['Correction'];

/** A deployment's month in a currency is corrected once. */
export function keyOf({ deployment, month, currency }: Correction): string {
  return `${deployment} ${month} ${currency}`;
}

/** The lines that are another by now: `Droplet hours, running: 29.76 issued, 19.20 now`. */
export function wordsOf({ lines }: Correction): string {
  const parts = lines
    .filter(({ amount }) => !isZero(amount))
    .map(({ description, issued, costs }) => `${description}: ${money(issued)} issued, ${money(costs)} now`);
  const [first = 'What was decided about it has changed', ...others] = parts;
  return others.length === 0 ? first : `${first}, and ${others.length} more`;
}
