import {
  type Rule,
  type RuleChanges,
  type RuleCounts,
  writeDeclaredRules,
  writeRuleEnd,
} from '../deployments/index.ts';
import type { Database, UnitOfWork } from '../platform/database/database.ts';
import { type OwnershipPreview, type PreviewContext, previewOwnership } from './preview-ownership.ts';

/** What a change of rules would do to the rules, to ownership, and to what months come to. */
export interface RulesPreview extends OwnershipPreview {
  readonly rules: RuleCounts;
  /** Rules that would end, with what they say until then. */
  readonly ending: readonly Rule[];
}

/**
 * What `applyRules` would do.
 * @param keepOthers as of `applyRules`
 * @throws ArcadiaError as `applyRules` does; too_costly
 */
export async function previewRules(
  db: Database,
  declared: unknown,
  keepOthers: boolean,
  context: PreviewContext,
): Promise<RulesPreview> {
  const decided = { by: 'preview', now: context.now };
  return previewChange(db, (trx) => writeDeclaredRules(trx, declared, { keepOthers }, decided), context);
}

/** What `endRule` would do. Throws as it does; too_costly. */
export async function previewRuleEnd(db: Database, ruleId: number, context: PreviewContext): Promise<RulesPreview> {
  return previewChange(db, (trx) => writeRuleEnd(trx, ruleId, context.now), context);
}

async function previewChange(
  db: Database,
  change: (trx: UnitOfWork) => Promise<RuleChanges>,
  context: PreviewContext,
): Promise<RulesPreview> {
  const words = {
    what: 'To preview these rules',
    todo: 'Preview fewer rules at a time, or rules that match fewer resources.',
  };
  const { made, ...moved } = await previewOwnership(db, change, { ...context, words });
  return { rules: made.counts, ending: made.ending, ...moved };
}
