import { findDeployment } from '../deployments/index.ts';
import { cursorOf } from '../platform/database/keyset.ts';
import type { Database, Queryable, UnitOfWork } from '../platform/database/database.ts';
import type { Page, PageRequest } from '../platform/declare/operation.ts';
import { pageOf } from '../platform/declare/pages.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import { formatMoney } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import { driftBlind } from './errors.ts';
import {
  type CauseRow,
  type ComparedField,
  countFindings,
  type CoverageRow,
  type DecisionRow,
  type FindingFilters,
  type FindingGroup,
  type FindingRow,
  type FindingSort,
  type FindingTotals,
  insertDecision,
  selectCauses,
  selectCompared,
  selectCoverage,
  selectDecisions,
  selectFindings,
  selectGroups,
  selectTotals,
  type Severity,
} from './findings.store.ts';
import { readProgress } from './sweep/actual.store.ts';
import { sweep, verifyFindings } from './sweep/sweep.ts';
import type { Difference } from './sweep/write.store.ts';

export type Finding = FindingRow;

/** What is yet to be decided; what settles is not counted. */
const undecided = ['open', 'flapping'] as const;

/** Those that there are, the most severe first: settling ones among them, what people have decided of left out. */
export async function openFindings(
  db: Queryable,
  filters: FindingFilters,
  limit: number,
): Promise<{ items: Finding[]; total: number }> {
  const asked = { state: [...undecided, 'settling'] as const, ...filters };
  const items =
    limit === 0 ? [] : await selectFindings(db, asked, { limit, cursor: null, sort: 'severity', order: 'asc' });
  return { items: items.map(withMoney), total: await countFindings(db, asked) };
}

/** A page of findings, and how many there are in all. */
export async function findingPage(
  db: Queryable,
  filters: Omit<FindingFilters, 'q'>,
  page: PageRequest<FindingSort>,
): Promise<Required<Page<Finding>>> {
  const asked = { ...filters, q: page.q };
  const rows = await selectFindings(db, asked, { ...page, limit: page.limit + 1 });
  const { items, nextCursor } = pageOf(rows, page.limit, cursorOf);
  return { items: items.map(withMoney), nextCursor, total: await countFindings(db, asked) };
}

function withMoney(row: Finding): Finding {
  const { currency, monthly, remedyMonthly } = row;
  const money = (amount: string | null) =>
    amount === null || currency === null ? amount : formatMoney(new Decimal(amount), currency);
  return { ...row, monthly: money(monthly), remedyMonthly: money(remedyMonthly) };
}

/** By deployment and rule. */
export async function findingGroups(db: Queryable, filters: FindingFilters): Promise<FindingGroup[]> {
  return (await selectGroups(db, filters)).map((group) => ({ ...group, monthly: amountsOf(group.monthly) }));
}

function amountsOf(amounts: FindingGroup['monthly']): FindingGroup['monthly'] {
  return amounts.map(({ currency, amount }) => ({ currency, amount: formatMoney(new Decimal(amount), currency) }));
}

export interface FindingFigures {
  readonly totals: FindingTotals;
  /** null: nothing has been compared yet. */
  readonly sweptAt: Temporal.Instant | null;
}

/** Of all that is asked for, whatever a page of it shows; and when it was compared last. */
export async function findingFigures(db: Queryable, filters: FindingFilters): Promise<FindingFigures> {
  const totals = await selectTotals(db, filters);
  const { sweptAt } = await readProgress(db);
  return { totals: { ...totals, monthly: amountsOf(totals.monthly) }, sweptAt };
}

export interface FindingDetail {
  readonly finding: Finding;
  readonly parts: readonly Finding[];
  /** All that is declared of its resource beside what there is; of what needs no declaration nothing. */
  readonly fields: readonly ComparedField[];
  readonly decisions: readonly DecisionRow[];
  /** Actions of the provider's log that may have brought it about: several are all named. */
  readonly causes: readonly CauseRow[];
  /** Why none can be named; null: the log would name it. */
  readonly causesUnknown: string | null;
}

/** What the provider's log of actions knows nothing of. */
const unloggedKinds = new Set([
  'firewall',
  'load_balancer',
  'dns_zone',
  'project',
  'vpc',
  'certificate',
  'app',
  'database',
  'kubernetes_cluster',
  'spaces_bucket',
]);
const unloggedFields = new Set(['tags', 'project']);

/** Throws not_found: there is none of this key now. */
export async function getFinding(db: Queryable, key: string, now: Temporal.Instant): Promise<FindingDetail> {
  const finding = await readFinding(db, key, now);
  const ofIt = { now, parts: true, partOf: key };
  const parts = await selectFindings(db, ofIt, { limit: 1_000, cursor: null, sort: 'name', order: 'asc' });
  const isUnlogged = unloggedKinds.has(finding.kind) || unloggedFields.has(finding.field ?? '');
  return {
    finding,
    parts: parts.map(withMoney),
    fields: await selectCompared(db, key),
    decisions: await selectDecisions(db, key),
    causes: isUnlogged ? [] : await selectCauses(db, key),
    causesUnknown: isUnlogged
      ? "DigitalOcean's log of actions names no person, and has no changes of tags, projects, firewalls, DNS, load balancers, databases, clusters, apps or buckets."
      : null,
  };
}

async function readFinding(db: Queryable, key: string, now: Temporal.Instant): Promise<Finding> {
  const [finding] = await selectFindings(
    db,
    { now, finding: key },
    { limit: 1, cursor: null, sort: 'severity', order: 'asc' },
  );
  if (finding === undefined) throw notFound('finding', key);
  return withMoney(finding);
}

export type Decision =
  | { readonly decision: 'ack'; readonly reason: string }
  | { readonly decision: 'ignore'; readonly reason: string; readonly until: Temporal.Instant | null }
  | { readonly decision: 'reopen'; readonly reason: string };

/**
 * Records what somebody decided of a finding: `ack` holds for its values as they are, and ends where others appear;
 * `ignore` for all of it until it ends; `reopen` takes both back.
 * @throws ArcadiaError not_found; invalid_argument: an end that is not to come
 */
export async function decide(
  db: Database,
  key: string,
  decision: Decision,
  by: string,
  now: Temporal.Instant,
): Promise<Finding> {
  return db.transaction().execute(async (trx) => {
    const { valuesDigest } = await readFinding(trx, key, now);
    const until = decision.decision === 'ignore' ? decision.until : null;
    if (until !== null && Temporal.Instant.compare(until, now) <= 0)
      throw new ArcadiaError('invalid_argument', `until: ${until.toString()} is not to come.`);
    const { decision: what, reason } = decision;
    const row = { finding: key, decision: what, reason, until, valuesDigest: what === 'ack' ? valuesDigest : null };
    await insertDecision(trx, row, by, now);
    return readFinding(trx, key, now);
  });
}

/** Sweeps, derives all findings again, and says which is the first that is otherwise; null: none. */
export async function verifyDrift(db: Database, now: Temporal.Instant): Promise<Difference | null> {
  return verifyFindings(db, now);
}

/** What cannot be seen, of which nothing opens and nothing is resolved. */
export async function driftCoverage(db: Queryable): Promise<CoverageRow[]> {
  return selectCoverage(db);
}

export interface DriftCheck {
  readonly findings: number;
  readonly groups: readonly FindingGroup[];
  readonly blind: readonly CoverageRow[];
  readonly sweptAt: Temporal.Instant | null;
}

interface CheckAsked {
  readonly deployment?: string | undefined;
  readonly severity: Severity;
  readonly allowBlind: boolean;
}

/**
 * Sweeps, and says whether all agrees: at or above a severity, of a deployment or of all.
 * @throws ArcadiaError drift_blind: something that matters cannot be seen, unless that is allowed; not_found
 */
export async function checkDrift(db: Database, asked: CheckAsked, now: Temporal.Instant): Promise<DriftCheck> {
  // A deployment that is not there would agree with everything.
  if (asked.deployment !== undefined) await findDeployment(db, asked.deployment);
  await sweep(db, now);
  const { deployment } = asked;
  const seen = await selectCoverage(db, deployment === undefined ? null : { deployment, now });
  const blind = seen.filter(({ field, declared }) => field === null || declared > 0);
  return answerCheck(db, asked, blind, { now, deployment });
}

/** The same of a document in place of what is declared, once that was applied to be rolled back as this declaration. */
export async function checkDeclaration(
  trx: UnitOfWork,
  asked: CheckAsked,
  declaration: string,
  now: Temporal.Instant,
): Promise<DriftCheck> {
  const blind = await selectCoverage(trx, { declaration });
  return answerCheck(trx, asked, blind, { now, declaration });
}

async function answerCheck(
  db: Queryable,
  { severity, allowBlind }: CheckAsked,
  blind: readonly CoverageRow[],
  of: FindingFilters,
): Promise<DriftCheck> {
  if (blind.length > 0 && !allowBlind) {
    const [first] = blind;
    const what = `${first!.kind}${first!.field === null ? '' : ` ${first!.field}`} of account ${first!.account} (${first!.reason})`;
    const others = blind.length === 1 ? '' : `, and ${blind.length - 1} more`;
    throw driftBlind(`Not all could be seen: ${what}${others}.`, { details: { blind } });
  }
  const filters = { ...of, severity, state: undecided };
  const groups = await findingGroups(db, filters);
  const { sweptAt } = await readProgress(db);
  return { findings: await countFindings(db, filters), groups, blind, sweptAt };
}
