import type { Queryable } from '../database/database.ts';
import { guardKey, guardOf, readExpectedGuards } from './expected-guards.ts';
import { isRewritten } from './writings.ts';
import { type GuardRow, type ReplicationSetting, selectGuards, selectReplicationSettings } from './guards.store.ts';

// Whether everything that records, refuses or hides is there as the migrations made it. It is demanded, not looked for:
// a trigger that is gone shows as well as one that is switched off.

/** What is wrong with a guard. */
type FaultKind =
  | 'missing'
  | 'changed'
  | 'unexpected'
  | 'disabled'
  | 'replica_only'
  | 'not_always'
  | 'replication_role'
  /** As it should be, and written by another transaction than the log says: it may have been lifted in between. */
  | 'rewritten'
  /** The log does not say at all who wrote the guards. */
  | 'unrecorded';

export interface Fault {
  readonly what: FaultKind;
  /** trigger, function, policy, relation, rule, role, grant, reference, setting or recording */
  readonly kind: string;
  /** The table or view; null for what stands on none. */
  readonly relation: string | null;
  readonly name: string;
  readonly expected: string | null;
  readonly found: string | null;
  /** The transaction that wrote what was found; null: nothing was found, or it is not known. */
  readonly writtenBy: string | null;
  /** Of a setting of the server: it was so when the server read its configuration. */
  readonly readAt: Temporal.Instant | null;
}

const nothing = { expected: null, found: null, writtenBy: null, readAt: null };

/** Everything that is not as this version's migrations made it, in a stable order. */
export async function findFaults(db: Queryable): Promise<Fault[]> {
  const expected = await readExpectedGuards();
  const rows = await selectGuards(db);
  const found = new Map(rows.map((row) => [guardKey(row), row]));
  const missing = [...expected].flatMap(([key, definition]): Fault[] => {
    if (found.has(key)) return [];
    const { kind, relation, name } = guardOf(key);
    return [{ ...nothing, what: 'missing', kind, relation: relation || null, name, expected: definition }];
  });
  const ours = namesOf([...expected.keys()]);
  const isRecorded = rows.some(({ recordedBy }) => recordedBy !== null);
  const wrong = [...found].flatMap(([key, row]) => {
    const faults = wrongWith(row, expected.get(key) ?? null, ours);
    return faults.length === 0 && isRecorded && expected.has(key) && isRewritten(row) ? [rewrittenFault(row)] : faults;
  });
  const settings = (await selectReplicationSettings(db)).map(settingFault);
  return [...missing, ...wrong, ...settings, ...(isRecorded ? [] : [unrecorded])];
}

interface OurNames {
  readonly relations: ReadonlySet<string>;
  /** Without their arguments: one of ours called with others is a call that somebody takes over. */
  readonly functions: ReadonlySet<string>;
}

function namesOf(keys: readonly string[]): OurNames {
  const guards = keys.map(guardOf);
  return {
    relations: new Set(guards.filter(({ kind }) => kind === 'relation').map(({ relation }) => relation)),
    functions: new Set(guards.filter(({ kind }) => kind === 'function').map(({ name }) => withoutArguments(name))),
  };
}

const withoutArguments = (name: string) => name.split('(', 1)[0] ?? '';

/** What others have made in the same schema is theirs, unless it stands on a table of ours or has the name of one of our functions. */
function isOurs({ kind, relation, name }: GuardRow, { relations, functions }: OurNames): boolean {
  return kind === 'function' ? functions.has(withoutArguments(name)) : relations.has(relation);
}

const states: Readonly<Record<string, FaultKind>> = { D: 'disabled', R: 'replica_only', O: 'not_always' };

function wrongWith(row: GuardRow, expected: string | null, ours: OurNames): Fault[] {
  const { kind, relation, name, definition: found, writtenBy } = row;
  const fault = { ...nothing, kind, relation: relation || null, name, expected, found, writtenBy };
  const inState = row.state === 'A' ? undefined : states[row.state];
  if (kind === 'reference') return [{ ...fault, found: null, what: inState ?? 'changed' }];
  if (expected === null) return isOurs(row, ours) && kind !== 'relation' ? [{ ...fault, what: 'unexpected' }] : [];
  return [
    ...(found === expected ? [] : [{ ...fault, what: 'changed' } as const]),
    ...(inState === undefined ? [] : [{ ...fault, what: inState }]),
  ];
}

function rewrittenFault({ kind, relation, name, writtenBy, recordedBy }: GuardRow): Fault {
  const [expected, found] = [recordedBy, writtenBy].map((id) => (id === null ? null : `transaction ${id}`));
  return {
    ...nothing,
    what: 'rewritten',
    kind,
    relation: relation || null,
    name,
    expected: expected ?? null,
    found: found ?? null,
    writtenBy,
  };
}

const unrecorded: Fault = {
  ...nothing,
  what: 'unrecorded',
  kind: 'recording',
  relation: 'audit_log',
  name: 'guard_writings',
};

function settingFault({ place, value, writtenBy, readAt }: ReplicationSetting): Fault {
  const name = `session_replication_role of ${place}`;
  return {
    kind: 'setting',
    relation: null,
    name,
    what: 'replication_role',
    expected: 'origin',
    found: value,
    writtenBy,
    readAt,
  };
}
