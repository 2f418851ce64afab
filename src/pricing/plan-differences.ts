import { Decimal } from '../platform/quantity.ts';
import type { PlanVersion } from './plan.ts';

/** One thing that two versions say differently; null: it says nothing. */
export interface PlanDifference {
  /** `base`, `items.droplet_hours.properties.unitPrice`. */
  readonly what: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** What another version changes, in the order of a plan file; the first day and the same number written otherwise are no difference. */
export function differencesBetween(before: PlanVersion | null, after: PlanVersion): PlanDifference[] {
  const old = before === null ? new Map<string, string>() : statements(before);
  const fresh = statements(after);
  const names = [...fresh.keys(), ...[...old.keys()].filter((name) => !fresh.has(name))];
  return names.flatMap((what) => {
    const difference = { what, before: old.get(what) ?? null, after: fresh.get(what) ?? null };
    return same(difference.before, difference.after) ? [] : [difference];
  });
}

/** All that a version says, each under its name; what is null it does not say. Items by their kind. */
function statements({ plan: _, from: __, items, passThrough, ...fields }: PlanVersion): Map<string, string> {
  const said = new Map<string, string>();
  const say = (name: string, value: unknown): void => {
    if (value === null || value === undefined) return;
    if (Array.isArray(value)) for (const [index, part] of value.entries()) say(`${name}[${index}]`, part);
    else if (value instanceof Temporal.PlainDate) said.set(name, value.toString());
    else if (typeof value === 'object') for (const [key, part] of Object.entries(value)) say(`${name}.${key}`, part);
    else said.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  };
  for (const [name, value] of Object.entries(fields)) say(name, value);
  for (const { kind, ...item } of items) say(`items.${kind}`, item);
  for (const { product, resourceKind, markupPercent } of passThrough)
    say(`passThrough.${product ?? resourceKind}.markupPercent`, markupPercent);
  return said;
}

const decimal = /^\d+(\.\d+)?$/;

function same(a: string | null, b: string | null): boolean {
  if (a === b) return true;
  return a !== null && b !== null && decimal.test(a) && decimal.test(b) && new Decimal(a).eq(b);
}
