// RFC 4180, with what a spreadsheet would run as a formula made plain text. Every CSV of the program is made of these lines.

/**
 * What begins so is a formula to a spreadsheet, in characters of either width and behind what nobody sees; a number that
 * does is not.
 */
const formula = /^[\s\p{Cf}]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/u;
const number = /^-?\d+(\.\d+)?$/;

/** One line of values, with its end. Objects and arrays are JSON, nothing is an empty field. */
export function csvLine(values: readonly unknown[]): string {
  return `${values.map(field).join(',')}\r\n`;
}

/** What `csvLine` was given: without what it put before what a spreadsheet would run. */
export function withoutGuard(cell: string): string {
  const text = cell.slice(1);
  return cell.startsWith("'") && formula.test(text) && !number.test(text) ? text : cell;
}

function field(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const safe = formula.test(text) && !number.test(text) ? `'${text}` : text;
  return /[",\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
