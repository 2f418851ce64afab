import type { Queryable } from '../platform/database/database.ts';
import { listDeclarations } from './declarations.ts';
import { driftCoverage, findingGroups } from './findings.ts';
import { type FindingGroup, selectStanding, type StandingRow } from './findings.store.ts';
import { readProgress } from './sweep/actual.store.ts';

/** What differs, at a glance. */
interface DriftSummary {
  readonly declarations: number;
  /** By deployment and rule, the most severe first. */
  readonly groups: readonly FindingGroup[];
  readonly findings: number;
  /** Kinds and settings that cannot be seen. */
  readonly blind: number;
  /** null: nothing has been compared yet. */
  readonly sweptAt: Temporal.Instant | null;
}

/** What is open, what people have decided of left out. */
export async function driftSummary(db: Queryable, now: Temporal.Instant): Promise<DriftSummary> {
  const groups = await findingGroups(db, { now, state: ['open', 'flapping'] });
  return {
    declarations: (await listDeclarations(db)).length,
    groups,
    findings: groups.reduce((sum, group) => sum + group.findings, 0),
    blind: (await driftCoverage(db)).length,
    sweptAt: (await readProgress(db)).sweptAt,
  };
}

/** How findings stand, for whoever watches: by severity, category and state. */
export async function driftStanding(
  db: Queryable,
  now: Temporal.Instant,
): Promise<{ readonly findings: readonly StandingRow[]; readonly sweptAt: Temporal.Instant | null }> {
  return { findings: await selectStanding(db, now), sweptAt: (await readProgress(db)).sweptAt };
}
