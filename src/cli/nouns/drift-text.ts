import type { listFindings } from '../../drift/operations/findings.ts';
import type { Column } from '../engine/output.ts';
import type { RowOf } from '../engine/views.ts';

export type Finding = RowOf<typeof listFindings>;

const valueMax = 40;

/** A value in few letters; `none` where there is none. */
export function valueText(value: unknown, max = valueMax): string {
  if (value === null || value === undefined) return 'none';
  const bound = boundText(value);
  const text =
    bound ??
    (typeof value === 'string'
      ? value
      : Array.isArray(value)
        ? value.map(String).join(', ') || 'empty'
        : JSON.stringify(value));
  return text.length > max ? `${text.slice(0, max - 3)}...` : text;
}

function boundText(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const { min, max, includes } = value as { min?: unknown; max?: unknown; includes?: unknown };
  if (Array.isArray(includes)) return `with ${includes.map(String).join(', ')}`;
  if (typeof min === 'number' && typeof max === 'number') return min === max ? String(min) : `${min} to ${max}`;
  if (typeof min === 'number') return `at least ${min}`;
  return typeof max === 'number' ? `at most ${max}` : null;
}

/** Of two sets only what differs: `+urgent -old`. */
export function differenceText({
  declared,
  actual,
  field,
}: Pick<Finding, 'declared' | 'actual' | 'field'>): string | null {
  if (field === null && declared === null) return null;
  if (Array.isArray(declared) && Array.isArray(actual)) {
    const added = actual.filter((one) => !declared.includes(one)).map((one) => `+${String(one)}`);
    const removed = declared.filter((one) => !actual.includes(one)).map((one) => `-${String(one)}`);
    return valueText([...added, ...removed].join(' '), 2 * valueMax);
  }
  return `${valueText(declared)} -> ${valueText(actual)}`;
}

export function monthlyText({ monthly, currency }: Pick<Finding, 'monthly' | 'currency'>): string {
  if (monthly === null || currency === null) return 'not known';
  return `${monthly.startsWith('-') ? '' : '+'}${monthly} ${currency}`;
}

export const findingColumns: readonly Column<Finding>[] = [
  { header: 'finding', value: (row) => row.finding },
  { header: 'severity', value: (row) => row.severity },
  { header: 'what', value: (row) => (row.category === row.rule ? row.category : row.rule.replaceAll('_', ' ')) },
  { header: 'deployment', value: (row) => row.deployment },
  { header: 'resource', value: (row) => `${row.kind} ${row.name}` },
  { header: 'field', value: (row) => row.field },
  { header: 'declared -> actual', value: differenceText },
  { header: 'per month', value: monthlyText, align: 'right' },
  { header: 'state', value: (row) => (row.stale ? `${row.state}, not seen now` : row.state) },
];
