// The server's decimals as text. Nothing is added up or multiplied here: digits are grouped, and on screen rounded.

const thin = '\u202f';
const minus = '\u2212';

/** At most `digits` behind the point, half away from zero; never a zero with a minus. */
export function rounded(text: string, digits: number): string {
  const [, sign = '', whole = '0', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (!/^-?\d+(\.\d+)?$/.test(text) || fraction.length <= digits) return text;
  const kept = BigInt(`${whole}${fraction.slice(0, digits)}`);
  const next = (fraction[digits] ?? '0') >= '5' ? kept + 1n : kept;
  const all = String(next).padStart(digits + 1, '0');
  const cut = all.length - digits;
  const result = digits === 0 ? all : `${all.slice(0, cut)}.${all.slice(cut)}`;
  return next === 0n ? result : `${sign}${result}`;
}

/** 12931.5 as 12 931.5, with a real minus. */
export function grouped(text: string): string {
  const [, sign = '', whole = text, rest = ''] = /^(-?)(\d+)(\.\d+)?$/.exec(text) ?? [];
  const parts: string[] = [];
  for (let end = whole.length; end > 0; end -= 3) parts.unshift(whole.slice(Math.max(0, end - 3), end));
  return `${sign === '-' ? minus : ''}${parts.join(thin)}${rest}`;
}

/** An amount of money with two digits, or with what its currency has. */
export function money(text: string): string {
  const [, fraction = ''] = text.split('.');
  const all = fraction.length === 1 ? `${text}0` : text;
  return grouped(rounded(all, 2));
}

/** A quantity: two digits at most, and none that say nothing. */
export function quantity(text: string): string {
  const short = rounded(text, 2);
  return grouped(short.includes('.') ? short.replace(/\.?0+$/, '') : short);
}

/** A meter's unit behind an amount: 1 hour, 744 hours. What is measured in months of something has no plural. */
export function unitOf(unit: string, amount: string): string {
  return unit === 'hour' && !isEqual(amount, '1') ? 'hours' : unit;
}

export function isZero(text: string): boolean {
  return /^-?0+(\.0+)?$/.test(text);
}

export function isNegative(text: string): boolean {
  return text.startsWith('-') && !isZero(text);
}

/** The sum, exactly. For the foot of a proof, which says whether its parts add up, and for curves. */
export function sum(texts: readonly string[]): string {
  const scale = 18;
  let total = 0n;
  for (const text of texts) {
    const [, sign = '', whole = '0', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
    const value = BigInt(`${whole}${fraction.slice(0, scale).padEnd(scale, '0')}`);
    total += sign === '-' ? -value : value;
  }
  const digits = String(total < 0n ? -total : total).padStart(scale + 1, '0');
  const fraction = digits.slice(-scale).replace(/0+$/, '');
  return `${total < 0n ? '-' : ''}${digits.slice(0, -scale)}${fraction === '' ? '' : `.${fraction}`}`;
}

/** Below 0 where the first is the lesser, for sorting. */
export function compare(one: string, other: string): number {
  const negated = other.startsWith('-') ? other.slice(1) : `-${other}`;
  const difference = sum([one, negated]);
  return isZero(difference) ? 0 : difference.startsWith('-') ? -1 : 1;
}

/** Whether two decimals are the same number. */
export function isEqual(one: string, other: string): boolean {
  return sum([one]) === sum([other]);
}
