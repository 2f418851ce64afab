import { ArcadiaError } from '../../platform/errors.ts';
import { parseInstant } from './range.ts';

// Parsers of single options, for commander: each takes the text and gives the value, or an
// invalid_argument that names the option.

/** A whole number within bounds. */
export function whole(name: string, least = 0, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    const bounds = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
    throw new ArcadiaError('invalid_argument', `${name} ${JSON.stringify(text)} is not a whole number ${bounds}.`);
  };
}

/** A moment: `2026-05-01T06:00:00Z`, or a day, which stands for its first moment. */
export function instant(name: string): (text: string) => Temporal.Instant {
  return (text) => parseInstant(text, name);
}

/** An option that may be given several times, or with commas. */
export function several(text: string, before: readonly string[] = []): readonly string[] {
  return [
    ...before,
    ...text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  ];
}
