import type { UnitOfWork, Queryable, Database } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { ownerSetFor } from './owner-sets.ts';
import { placeInOrder } from './positions.ts';
import { type DeclaredRule, defaultPositions, parseDeclaredRules } from './declared-rules.ts';
import {
  lockRules,
  type RuleCounts,
  type RuleRow,
  readProjects,
  readRules,
  stagePositions,
  stageRuleChanges,
  stageWantedRules,
  type WantedRule,
  writeStagedRules,
} from './rules/store.ts';

export type Rule = RuleRow;

/** All rules in the order in which they are tried; a rule that changed over time has several rows. */
export async function listRules(db: Queryable): Promise<Rule[]> {
  return readRules(db);
}

/** Finds what declared rules name. Throws invalid_argument with all that is wrong, by rule and field. */
async function resolveRules(trx: UnitOfWork, declared: readonly DeclaredRule[]): Promise<WantedRule[]> {
  const problems: { rule: string; field: string; reason: string }[] = [];
  const links = declared.filter((rule) => rule.kind === 'project');
  const projects = await readProjects(
    trx,
    links.map((rule) => rule.subject),
  );
  const positions = await placeDeclared(trx, declared);
  const bySubject = new Map<string, DeclaredRule[]>();
  const wanted: WantedRule[] = [];
  for (const [index, rule] of declared.entries()) {
    const projectId = rule.kind === 'project' ? (projects.get(rule.subject) ?? null) : null;
    if (rule.kind === 'project' && projectId === null) {
      problems.push({
        rule: rule.label,
        field: 'project',
        reason: 'no project with this id is known; connect its account and sync first',
      });
      continue;
    }
    const subject = subjectOf(rule.kind, rule.subject, rule.resourceKinds);
    const others = bySubject.get(subject) ?? [];
    const rival = others.find((other) => overlaps(other, rule));
    if (rival) problems.push({ rule: rule.label, field: 'from', reason: `says the same time over as ${rival.label}` });
    bySubject.set(subject, [...others, rule]);
    try {
      wanted.push({
        kind: rule.kind,
        projectId,
        pattern: rule.kind === 'project' ? null : rule.subject,
        resourceKinds: rule.resourceKinds,
        position: positions[index] as string,
        ownerSetId: await ownerSetFor(trx, rule.owners),
        from: rule.from?.toString() ?? '-infinity',
        to: rule.to?.toString() ?? 'infinity',
      });
    } catch (error) {
      if (!(error instanceof ArcadiaError)) throw error;
      problems.push({
        rule: rule.label,
        field: rule.owners.length > 1 ? 'shares' : 'deployment',
        reason: error.message,
      });
    }
  }
  if (problems.length > 0) {
    throw new ArcadiaError(
      'invalid_argument',
      problems.map(({ rule, field, reason }) => `${rule}: ${field}: ${reason}`).join('\n'),
      { details: { problems } },
    );
  }
  return wanted;
}

/** What makes two declared intervals the same rule. */
function subjectOf(kind: string, subject: string | null, resourceKinds: readonly string[] | null): string {
  return JSON.stringify([kind, subject, resourceKinds]);
}

/** Where each declared rule stands: where it says, else in the order of the file among those of its kind. */
async function placeDeclared(trx: UnitOfWork, declared: readonly DeclaredRule[]): Promise<string[]> {
  // The last row of a rule is the latest in time.
  const standing = new Map(
    (await readRules(trx)).map((rule) => [
      subjectOf(rule.kind, rule.project ?? rule.pattern, rule.resourceKinds),
      Number(rule.position),
    ]),
  );
  const placed = new Map<string, string>();
  for (const kind of ['project', 'tag', 'name'] as const) {
    const unplaced = declared.filter((rule) => rule.kind === kind && rule.position === null);
    const subjects = [...new Set(unplaced.map((rule) => subjectOf(rule.kind, rule.subject, rule.resourceKinds)))];
    const places = placeInOrder(
      subjects.map((subject) => standing.get(subject) ?? null),
      defaultPositions[kind],
    );
    subjects.forEach((subject, index) => {
      placed.set(subject, String(places[index]));
    });
  }
  return declared.map(
    (rule) => rule.position ?? (placed.get(subjectOf(rule.kind, rule.subject, rule.resourceKinds)) as string),
  );
}

function overlaps(a: DeclaredRule, b: DeclaredRule): boolean {
  const startsBefore = (from: Temporal.Instant | null, to: Temporal.Instant | null) =>
    from === null || to === null || Temporal.Instant.compare(from, to) < 0;
  return startsBefore(a.from, b.to) && startsBefore(b.from, a.to);
}

/** Makes wanted rules so, in the caller's transaction; resources that they match are derived again. */
export async function writeRules(
  trx: UnitOfWork,
  wanted: readonly WantedRule[],
  options: { origin: 'declared' | 'import'; endOthers: boolean; by: string; now: Temporal.Instant },
): Promise<RuleCounts> {
  await lockRules(trx);
  // An imported link stays where an operator has put it; declared rules have been placed.
  const wantedRules = await stageWantedRules(trx, wanted, options.origin === 'import');
  const { counts, staged } = await stageRuleChanges(trx, wantedRules, options);
  if (counts.added + counts.changed + counts.ended > 0) await writeStagedRules(trx, staged, options.now);
  return counts;
}

/** applyRules within a transaction, for a preview that rolls it back. */
export async function writeDeclaredRules(
  trx: UnitOfWork,
  declared: unknown,
  by: string,
  now: Temporal.Instant,
): Promise<RuleCounts> {
  const wanted = await resolveRules(trx, parseDeclaredRules(declared));
  return writeRules(trx, wanted, { origin: 'declared', endOthers: true, by, now });
}

/**
 * Makes the operator's rules those of a rules file (DeclaredRulesInput), all or nothing. A rule is
 * its subject (kind, pattern or project, kinds of resource): new ones are added, others say from
 * their `from` on what is declared, and nothing from their `to` on; what they said before stays.
 * Declared rules that the file leaves out end now. Built-in rules and imported project links stay.
 * Applying the same again writes nothing; attributions follow with bringAttributionsUpToDate.
 * Throws invalid_argument, which names each rule and field that is wrong.
 */
export async function applyRules(
  db: Database,
  declared: unknown,
  by: string,
  now: Temporal.Instant,
): Promise<RuleCounts> {
  return db.transaction().execute((trx) => writeDeclaredRules(trx, declared, by, now));
}

/**
 * Puts all rules, built-in ones included, into another order, over all of history. The positions
 * that the rules have are dealt out anew. Returns how many rules moved. Throws invalid_argument
 * unless each rule is named exactly once.
 */
export async function reorderRules(
  db: Database,
  ruleIds: readonly number[],
  by: string,
  now: Temporal.Instant,
): Promise<number> {
  return db.transaction().execute(async (trx) => {
    await lockRules(trx);
    const rules = await readRules(trx);
    const known = new Set(rules.map((rule) => rule.ruleId));
    if (
      ruleIds.length !== known.size ||
      new Set(ruleIds).size !== known.size ||
      !ruleIds.every((id) => known.has(id))
    ) {
      throw new ArcadiaError('invalid_argument', `Name each of these rules once: ${[...known].join(', ')}.`);
    }
    const places = distinctPositions(rules);
    const moves = ruleIds.map((ruleId, index) => ({ ruleId, position: places[index] as string }));
    const staged = await stagePositions(trx, moves, by);
    const moved = moves.filter(({ ruleId, position }) =>
      rules.some((rule) => rule.ruleId === ruleId && Number(rule.position) !== Number(position)),
    );
    if (moved.length > 0) await writeStagedRules(trx, staged, now);
    return moved.length;
  });
}

/** One place per rule, rising: rules that stood at the same position get places just behind it. */
function distinctPositions(rules: readonly Rule[]): string[] {
  const first = new Map<number, number>();
  for (const rule of rules) if (!first.has(rule.ruleId)) first.set(rule.ruleId, Number(rule.position));
  let last = Number.NEGATIVE_INFINITY;
  return [...first.values()]
    .sort((a, b) => a - b)
    .map((position) => {
      last = Math.max(position, Math.round((last + 0.001) * 1000) / 1000);
      return String(last);
    });
}
