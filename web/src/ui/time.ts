// Instants and days as the API writes them: UTC, read as text. Ages are differences to the server's own time.

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;
const longMonths = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;

function monthName(text: string, names: readonly string[]): string {
  return names[parseInt(text.slice(5, 7), 10) - 1] ?? '';
}

/** `2026-05-12` or an instant of it: 12 May, with the year when it is not that of `now`. */
export function day(text: string, now: string): string {
  const short = `${parseInt(text.slice(8, 10), 10)} ${monthName(text, months)}`;
  return text.slice(0, 4) === now.slice(0, 4) ? short : `${short} ${text.slice(0, 4)}`;
}

/** 12 May 14:03, in UTC. */
export function moment(text: string, now: string): string {
  return `${day(text, now)} ${text.slice(11, 16)}`;
}

/** With seconds and zone, for proofs. */
export function exactMoment(text: string): string {
  return `${parseInt(text.slice(8, 10), 10)} ${monthName(text, months)} ${text.slice(0, 4)} ${text.slice(11, 19)} UTC`;
}

/** `2026-05` or a day of it: May 2026. */
export function month(text: string): string {
  return `${monthName(text, longMonths)} ${text.slice(0, 4)}`;
}

export function millisecondsOf(instant: string): number {
  return Date.parse(instant);
}

export function monthOf(instant: string): string {
  return instant.slice(0, 7);
}

/** The month that many later than another, `2026-05`. */
export function monthsLater(text: string, count: number): string {
  const all = parseInt(text.slice(0, 4), 10) * 12 + parseInt(text.slice(5, 7), 10) - 1 + count;
  return `${Math.floor(all / 12)}-${String((all % 12) + 1).padStart(2, '0')}`;
}

/** How many days a month has. */
export function daysIn(text: string): number {
  return new Date(Date.UTC(parseInt(text.slice(0, 4), 10), parseInt(text.slice(5, 7), 10), 0)).getUTCDate();
}

/** How long ago: 4 min, 9 h, 11 days. */
export function age(from: string, now: string): string {
  const minutes = Math.max(0, Math.floor((millisecondsOf(now) - millisecondsOf(from)) / 60_000));
  if (minutes < 1) return 'under a minute';
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h`;
  return `${Math.floor(minutes / 1440)} days`;
}

/** Minutes from one instant to another; negative where it is before. */
export function minutesBetween(from: string, to: string): number {
  return (millisecondsOf(to) - millisecondsOf(from)) / 60_000;
}

/** The instant that many milliseconds from the epoch. */
export function instantAt(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** By this machine's clock. */
export function presentInstant(): string {
  return new Date().toISOString();
}

/** The day before, of what names the first day that is not in it. */
export function dayBefore(text: string): string {
  return instantAt(millisecondsOf(`${text.slice(0, 10)}T00:00:00Z`) - 86_400_000);
}

export function millisecondsBetween(from: string, to: string): number {
  return millisecondsOf(to) - millisecondsOf(from);
}

/** How long, from milliseconds to days: 0.4 s, 12 s, 4 min 5 s, 3 h 2 min, 5 days. */
export function spanText(seconds: number): string {
  const whole = Math.round(Math.max(0, seconds));
  if (whole < 1) return `${Math.max(0, seconds).toFixed(1)} s`;
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return whole % 60 === 0 ? `${whole / 60} min` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1_440)} days`;
}
