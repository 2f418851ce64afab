import { canonical } from '../../cloud/index.ts';

// What somebody marked as sensitive is left alone, also where it is an attribute that is compared elsewhere. The marks
// are no list of all secrets: that is what the allow-list of attributes is for.

type Said = Readonly<Record<string, unknown>>;
/** `true`: the value is marked; else the marks of what is in it. */
type Marks = true | ReadonlyMap<string, Marks>;

/** So deep is looked; what has marks further below is left out whole. */
const depthMax = 20;

/** The paths of a state's `sensitive_attributes` in the form that `show -json` has: `true` where a value is marked. */
export function marksOf(paths: unknown): unknown {
  const root: Record<string, unknown> = {};
  for (const path of canonical.list(paths) ?? []) {
    const steps = (canonical.list(path) ?? []).map(stepOf);
    let at = root;
    for (const [index, step] of steps.entries()) {
      // A path that is not understood marks all that it leads to.
      const isLast = step === null || index === steps.length - 1 || index === depthMax;
      const name = step ?? '';
      if (step === null || at[name] === true) break;
      if (isLast) at[name] = true;
      else at = (at[name] ??= {}) as Record<string, unknown>;
    }
  }
  return root;
}

function stepOf(step: unknown): string | null {
  const value = typeof step === 'object' ? canonical.object(step)['value'] : step;
  const key = typeof value === 'object' ? canonical.object(value)['value'] : value;
  return typeof key === 'string' || typeof key === 'number' ? String(key) : null;
}

/** The attributes without what is marked, and the names of those that are marked whole. */
export function withoutMarked(attributes: unknown, marks: unknown): { attributes: Said | null; sensitive: string[] } {
  if (typeof attributes !== 'object' || attributes === null || Array.isArray(attributes))
    return { attributes: null, sensitive: [] };
  const read = readMarks(marks, 0);
  if (read === true) return { attributes: {}, sensitive: Object.keys(attributes) };
  const sensitive = [...(read ?? [])].flatMap(([name, mark]) => (mark === true ? [name] : []));
  return { attributes: (read === null ? attributes : strip(attributes, read)) as Said, sensitive };
}

/** null: nothing in it is marked. */
function readMarks(value: unknown, depth: number): Marks | null {
  if (value === true) return true;
  if (typeof value !== 'object' || value === null) return null;
  if (depth === depthMax) return true;
  const marks = new Map<string, Marks>();
  for (const [name, each] of Object.entries(value)) {
    const mark = readMarks(each, depth + 1);
    if (mark !== null) marks.set(name, mark);
  }
  return marks.size === 0 ? null : marks;
}

/** null stands where something was. */
function strip(value: unknown, marks: Marks): unknown {
  if (marks === true || typeof value !== 'object' || value === null) return null;
  const stripped = (each: unknown, name: string | number) => {
    const mark = marks.get(String(name));
    return mark === undefined ? each : strip(each, mark);
  };
  if (Array.isArray(value)) return value.map(stripped);
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, stripped(each, name)]));
}
