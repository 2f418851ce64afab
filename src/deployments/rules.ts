import type { UnitOfWork, Queryable, Database } from '../platform/database/database.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import { rulesWouldEnd } from './errors.ts';
import { ownerSetsFor } from './owner-sets.ts';
import { placeBehind, placeInOrder } from './positions.ts';
import {
  type DeclaredRule,
  type DeclaredRuleFile,
  defaultPositions,
  parseDeclaredRules,
  problemsMax,
} from './declared-rules.ts';
import {
  countComparisons,
  countRuleResources,
  lockRules,
  type RuleCounts,
  type RuleRow,
  type RuleVersion,
  readProjects,
  readRules,
  selectEndingRules,
  readRuleVersions,
  stagePositions,
  stageRuleEnd,
  stageRuleChanges,
  stageWantedRules,
  type WantedRule,
  writeStagedRules,
} from './rules/store.ts';

export type Rule = RuleRow;

/**
 * How often names may be compared with patterns: each name with the patterns that begin as it does, and its beginning
 * with theirs once for each length that they have. A machine of two cores compares some five million a second.
 */
const comparisonsMax = 50_000_000;

/** All rules in the order in which they are tried; a rule that changed over time has several rows. */
export async function listRules(db: Queryable): Promise<Rule[]> {
  return readRules(db);
}

/** Of a rule's recorded versions as many as a person looks through. */
const ruleVersionsMax = 200;

/** One rule: all that was recorded of it, and what it owns now. Errors: not_found. */
export async function getRule(
  db: Queryable,
  ruleId: number,
): Promise<{
  readonly ruleId: number;
  readonly versions: readonly RuleVersion[];
  readonly owns: readonly { readonly kind: string; readonly resources: number }[];
}> {
  const versions = await readRuleVersions(db, ruleId, ruleVersionsMax);
  if (versions.length === 0) throw notFound('rule', String(ruleId));
  return { ruleId, versions, owns: await countRuleResources(db, ruleId) };
}

/** Finds what declared rules name. Throws invalid_argument with all that is wrong, by rule and field. */
async function resolveRules(trx: UnitOfWork, declared: readonly DeclaredRule[], isAll: boolean): Promise<WantedRule[]> {
  const problems: { rule: string; field: string; reason: string }[] = [];
  const links = declared.filter((rule) => rule.kind === 'project');
  const projects = await readProjects(
    trx,
    links.map((rule) => rule.subject),
  );
  const positions = await placeDeclared(trx, declared, isAll);
  const sets = await ownerSetsFor(
    trx,
    declared.map((rule) => rule.owners),
  );
  const rivals = rivalsOf(declared);
  const wanted: WantedRule[] = [];
  for (const [index, rule] of declared.entries()) {
    const refuse = (field: string, reason: string) => problems.push({ rule: rule.label, field, reason });
    const projectId = rule.kind === 'project' ? (projects.get(rule.subject) ?? null) : null;
    if (rule.kind === 'project' && projectId === null) {
      refuse('project', 'no project with this id is known; connect its account and sync first');
      continue;
    }
    const rival = rivals.get(index);
    if (rival !== undefined) refuse('from', `says the same time over as ${rival.label}`);
    const ownerSetId = sets.ids[index];
    const refusal = sets.refusals[index];
    if (refusal) refuse(rule.owners.length > 1 ? 'shares' : 'deployment', refusal.message);
    if (ownerSetId === null || ownerSetId === undefined) continue;
    wanted.push({
      kind: rule.kind,
      projectId,
      pattern: rule.kind === 'project' ? null : rule.subject,
      resourceKinds: rule.resourceKinds,
      position: positions[index] as string,
      ownerSetId,
      from: rule.from?.toString() ?? '-infinity',
      to: rule.to?.toString() ?? 'infinity',
    });
  }
  if (problems.length > 0) {
    const told = problems.slice(0, problemsMax);
    throw new ArcadiaError(
      'invalid_argument',
      told.map(({ rule, field, reason }) => `${rule}: ${field}: ${reason}`).join('\n'),
      { details: { problems: told } },
    );
  }
  return wanted;
}

/** Of declared rules, by their place, another one of the same subject that says some of the same time. */
function rivalsOf(declared: readonly DeclaredRule[]): Map<number, DeclaredRule> {
  const bySubject = Map.groupBy(declared.keys(), (index) => {
    const { kind, subject, resourceKinds } = declared[index] as DeclaredRule;
    return subjectOf(kind, subject, resourceKinds);
  });
  const rivals = new Map<number, DeclaredRule>();
  for (const indices of bySubject.values()) {
    // In the order of time each overlaps with the one before it, where it does with any that begins before it.
    let last: number | undefined;
    for (const index of indices.toSorted((a, b) => compareStarts(declared[a]?.from, declared[b]?.from) || a - b)) {
      const [rule, earlier] = [declared[index], last === undefined ? undefined : declared[last]];
      if (rule !== undefined && earlier !== undefined && last !== undefined && overlaps(earlier, rule))
        rivals.set(Math.max(index, last), index > last ? earlier : rule);
      if (earlier === undefined || endsLater(rule, earlier)) last = index;
    }
  }
  return rivals;
}

/** null: the beginning. */
function compareStarts(a: Temporal.Instant | null | undefined, b: Temporal.Instant | null | undefined): number {
  if (!a || !b) return Number(Boolean(a)) - Number(Boolean(b));
  return Temporal.Instant.compare(a, b);
}

function endsLater(one: DeclaredRule | undefined, other: DeclaredRule): boolean {
  if (other.to === null) return false;
  return !one?.to || Temporal.Instant.compare(one.to, other.to) > 0;
}

/** What makes two declared intervals the same rule. */
function subjectOf(kind: string, subject: string | null, resourceKinds: readonly string[] | null): string {
  return JSON.stringify([kind, subject, resourceKinds]);
}

/**
 * Where each declared rule stands: where it says, else in the order of the file among those of its kind. Of rules that
 * are not all there are, those that are new stand behind the others of their kind.
 */
async function placeDeclared(trx: UnitOfWork, declared: readonly DeclaredRule[], isAll: boolean): Promise<string[]> {
  const rules = await readRules(trx);
  // The last row of a rule is the latest in time.
  const standing = new Map(
    rules.map((rule) => [
      subjectOf(rule.kind, rule.project ?? rule.pattern, rule.resourceKinds),
      Number(rule.position),
    ]),
  );
  const placed = new Map<string, string>();
  for (const kind of ['project', 'tag', 'name'] as const) {
    const unplaced = declared.filter((rule) => rule.kind === kind && rule.position === null);
    const subjects = [...new Set(unplaced.map((rule) => subjectOf(rule.kind, rule.subject, rule.resourceKinds)))];
    const own = subjects.map((subject) => standing.get(subject) ?? null);
    const ofKind = rules.filter((rule) => rule.kind === kind).map(({ position }) => Number(position));
    const places = isAll
      ? placeInOrder(own, defaultPositions[kind])
      : placeBehind(own, Math.max(defaultPositions[kind], ...ofKind));
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

/** What becomes of the rules. */
export interface RuleChanges {
  readonly counts: RuleCounts;
  /** Those that end, with what they say until then. */
  readonly ending: readonly Rule[];
}

/** Makes wanted rules so, in the caller's transaction; resources that they match are derived again. */
export async function writeRules(
  trx: UnitOfWork,
  wanted: readonly WantedRule[],
  options: { origin: 'declared' | 'import'; endOthers: boolean; by: string; now: Temporal.Instant },
): Promise<RuleChanges> {
  await lockRules(trx);
  // An imported link stays where an operator has put it; declared rules have been placed.
  const wantedRules = await stageWantedRules(trx, wanted, options.origin === 'import');
  const { counts, staged } = await stageRuleChanges(trx, wantedRules, options);
  const ids = counts.ended === 0 ? new Set<number>() : await selectEndingRules(trx, wantedRules, staged);
  const ending =
    ids.size === 0 ? [] : (await readRules(trx)).filter((rule) => ids.has(rule.ruleId) && lasts(rule, options.now));
  if (counts.added + counts.changed + counts.ended > 0) await writeStagedRules(trx, staged, options.now);
  return { counts, ending };
}

function lasts({ to }: Rule, now: Temporal.Instant): boolean {
  return to === null || Temporal.Instant.compare(to, now) > 0;
}

/** Errors: too_costly. */
async function assertAffordable(trx: UnitOfWork, rules: readonly DeclaredRule[]): Promise<void> {
  const patterns = rules.filter(({ kind }) => kind === 'name').map(({ subject }) => subject);
  if (patterns.length === 0) return;
  const { states, lengths, pairs } = await countComparisons(trx, patterns, comparisonsMax);
  const comparisons = pairs ?? states * lengths;
  if (pairs !== null && comparisons <= comparisonsMax) return;
  throw new ArcadiaError(
    'too_costly',
    `${patterns.length} rules by name would compare names ${comparisons} times with the ${states} states of resources; ` +
      `${comparisonsMax} are done at most.`,
    { todo: 'Begin patterns with letters instead of * where you can, or use tags and projects in place of names.' },
  );
}

/** How rules are applied. */
export interface ApplyOptions {
  /** Whether rules that are left out stay; else they end. */
  readonly keepOthers?: boolean;
  /** Whether somebody has agreed that rules end. */
  readonly mayEnd?: boolean;
}

/** Who decides, and when. */
export interface Decided {
  readonly by: string;
  readonly now: Temporal.Instant;
}

/** applyRules within a transaction, for a preview that rolls it back. */
export async function writeDeclaredRules(
  trx: UnitOfWork,
  declared: unknown,
  { keepOthers = false, mayEnd = true }: ApplyOptions,
  { by, now }: Decided,
): Promise<RuleChanges> {
  const rules = parseDeclaredRules(declared);
  await assertAffordable(trx, rules);
  const wanted = await resolveRules(trx, rules, !keepOthers);
  const changes = await writeRules(trx, wanted, { origin: 'declared', endOthers: !keepOthers, by, now });
  if (changes.ending.length > 0 && !mayEnd) throw refuseToEnd(changes);
  return changes;
}

/** How many of the rules that would end an error names. */
const namedMax = 20;

function refuseToEnd({ counts, ending }: RuleChanges): ArcadiaError {
  const named = ending
    .slice(0, namedMax)
    .map((rule) => `${rule.ruleId} (${rule.kind} ${rule.project ?? rule.pattern})`);
  const more = ending.length > namedMax ? ` and ${ending.length - namedMax} more` : '';
  const rules =
    counts.ended === 1 ? '1 rule that is left out would end' : `${counts.ended} rules that are left out would end`;
  return rulesWouldEnd(`${rules}: ${named.join(', ')}${more}.`, {
    next: { operation: 'rule preview' },
    details: { ended: counts.ended, rules: ending.slice(0, namedMax).map(({ ruleId }) => ruleId) },
  });
}

/**
 * Ends a rule that somebody declared or imported: from now on it says nothing; what it said before stays.
 * @throws ArcadiaError not_found; conflict: it is built in
 */
export async function writeRuleEnd(trx: UnitOfWork, ruleId: number, now: Temporal.Instant): Promise<RuleChanges> {
  await lockRules(trx);
  const rows = (await readRules(trx)).filter((rule) => rule.ruleId === ruleId);
  if (rows.length === 0) throw notFound('rule', String(ruleId));
  if (rows.some(({ origin }) => origin === 'built in'))
    throw new ArcadiaError('conflict', `Rule ${ruleId} is built in: it can be placed elsewhere, and never ends.`);
  const ending = rows.filter((rule) => lasts(rule, now));
  if (ending.length > 0) await writeStagedRules(trx, await stageRuleEnd(trx, ruleId, now), now);
  const ended = ending.length > 0 ? 1 : 0;
  return { counts: { added: 0, changed: 0, ended, unchanged: 1 - ended }, ending };
}

/**
 * Makes the operator's rules those of a rules file (DeclaredRulesInput), all or nothing. A rule is
 * its subject (kind, pattern or project, kinds of resource): new ones are added, others say from
 * their `from` on what is declared, and nothing from their `to` on; what they said before stays.
 * Declared rules that the file leaves out end now. Built-in rules and imported project links stay.
 * Applying the same again writes nothing; attributions follow with bringAttributionsUpToDate.
 * Throws invalid_argument, which names each rule and field that is wrong; rules_would_end unless `mayEnd`.
 */
export async function applyRules(
  db: Database,
  declared: unknown,
  by: string,
  now: Temporal.Instant,
  options: ApplyOptions = {},
): Promise<RuleCounts> {
  const { counts } = await db.transaction().execute((trx) => writeDeclaredRules(trx, declared, options, { by, now }));
  return counts;
}

/** Ends a rule (`writeRuleEnd`). */
export async function endRule(db: Database, ruleId: number, now: Temporal.Instant): Promise<RuleCounts> {
  const { counts } = await db.transaction().execute((trx) => writeRuleEnd(trx, ruleId, now));
  return counts;
}

/** The rules that somebody declared, as a rules file says them: applied again it changes nothing. */
export async function exportRules(db: Queryable): Promise<DeclaredRuleFile[]> {
  return (await readRules(db)).flatMap((rule) => {
    const { kind, origin, owners, resourceKinds: kinds } = rule;
    if (origin !== 'declared' || owners === null) return [];
    const [only, ...others] = owners;
    const owner =
      only !== undefined && others.length === 0
        ? { deployment: only.slug }
        : { shares: Object.fromEntries(owners.map(({ slug, weight }) => [slug, weight])) };
    return [
      {
        [kind]: rule.project ?? rule.pattern ?? '',
        ...owner,
        ...(rule.from !== null && { from: rule.from.toString() }),
        ...(rule.to !== null && { to: rule.to.toString() }),
        ...(kinds !== null && { kinds }),
        position: Number(rule.position),
      },
    ];
  });
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
