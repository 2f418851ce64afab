import type { Database, UnitOfWork } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { deriveChanges, writeChanges } from './attribution.ts';
import { limitStatements, lockAttributions, readLastChange, readProgress } from './attribution/store.ts';
import { type Rule, type RuleChanges, writeDeclaredRules, writeRuleEnd } from './rules.ts';
import { type PreviewRow, type PreviewTotal, type RuleCounts, readPreview, readPreviewTotals } from './rules/store.ts';

/** One resource over one interval: whose it was, whose it would be. An empty list of owners: nobody's. */
export type PreviewedChange = PreviewRow;

export interface RulesPreview {
  /** What would happen to the rules themselves. */
  readonly rules: RuleCounts;
  /** Those that would end, with what they say until then. */
  readonly ending: readonly Rule[];
  /** Resources that would change owner over some interval. */
  readonly resources: number;
  /** Per deployment (`unattributed` among them), how many resources it would gain and lose over some interval. */
  readonly totals: PreviewTotal[];
  /** By resource and time. */
  readonly changes: PreviewedChange[];
  readonly changesTotal: number;
}

/** Whoever asks waits, and others' requests with them: a derivation of minutes is the job's. */
const statementMsMax = 10_000;

function isTimeout(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === '57014';
}

/** Carries a preview out of the transaction that must not be committed. */
class RolledBack extends Error {
  readonly preview: RulesPreview;
  constructor(preview: RulesPreview) {
    super('rolled back');
    this.preview = preview;
  }
}

/**
 * What a change of rules would do to ownership: it is made and derived in a transaction that is rolled
 * back, so the answer is the derivation's own and nothing is written. Facts that no attribution
 * follows yet are taken into account first, so that only the rules' effect is shown. Throws what the change
 * throws, and too_costly where a step of it takes too long.
 * @param change makes the change
 */
async function previewChange(
  db: Database,
  change: (trx: UnitOfWork) => Promise<RuleChanges>,
  now: Temporal.Instant,
  page: PreviewPage,
  signal?: AbortSignal,
): Promise<RulesPreview> {
  try {
    return await db
      .transaction()
      .setIsolationLevel('repeatable read')
      .execute(async (trx) => {
        await limitStatements(trx, statementMsMax);
        await lockAttributions(trx);
        const before = await readLastChange(trx);
        const outstanding = await deriveChanges(trx, await readProgress(trx), before);
        if (outstanding) await writeChanges(trx, outstanding, now);
        const reached = await readLastChange(trx);
        const { counts: rules, ending } = await change(trx);
        const changes = await deriveChanges(trx, reached, await readLastChange(trx));
        if (!changes) throw new RolledBack({ rules, ending, resources: 0, totals: [], changes: [], changesTotal: 0 });
        const totals = await readPreviewTotals(trx, changes.owners);
        const { rows, total } = await readPreview(trx, changes.owners, page.limit ?? 100, page.offset ?? 0);
        const { resources } = changes;
        throw new RolledBack({ rules, ending, resources, totals, changes: rows, changesTotal: total });
      });
  } catch (error) {
    if (error instanceof RolledBack) return error.preview;
    if (isTimeout(error) && signal?.aborted !== true) {
      throw new ArcadiaError(
        'too_costly',
        `To preview these rules takes longer than ${statementMsMax / 1_000} s a step.`,
        {
          cause: error,
          todo: 'Preview fewer rules at a time, or rules that match fewer resources.',
        },
      );
    }
    throw error;
  }
}

interface PreviewPage {
  readonly limit?: number;
  readonly offset?: number;
  /** As of `applyRules`. */
  readonly keepOthers?: boolean;
}

/** What applyRules would do to ownership. Throws as applyRules does, and too_costly where a step of it takes too long. */
export async function previewRules(
  db: Database,
  declared: unknown,
  now: Temporal.Instant,
  { keepOthers = false, ...page }: PreviewPage = {},
  signal?: AbortSignal,
): Promise<RulesPreview> {
  const by = 'preview';
  return previewChange(db, (trx) => writeDeclaredRules(trx, declared, { keepOthers }, { by, now }), now, page, signal);
}

/** What endRule would do to ownership. Throws as endRule does, and too_costly. */
export async function previewRuleEnd(
  db: Database,
  ruleId: number,
  now: Temporal.Instant,
  page: PreviewPage = {},
  signal?: AbortSignal,
): Promise<RulesPreview> {
  return previewChange(db, (trx) => writeRuleEnd(trx, ruleId, now), now, page, signal);
}
