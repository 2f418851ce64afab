import { groupOfOne, type PricedGroup, priceGroups } from '../inventory/index.ts';
import type { Queryable } from '../platform/database/database.ts';
import type { StepWork } from './proposal-document.ts';
import { selectProposal } from './proposals.store.ts';
import { type ExtraRow, type RolloutRow, selectExtras } from './rollouts.store.ts';

/** Something that a step has made a second time, and what it costs as what it made first does. */
interface Extra extends Omit<ExtraRow, 'stepId'> {
  /** Exact decimal; null: nobody knows. */
  readonly monthly: string | null;
  readonly currency: string | null;
}

/** What is there more than once of a rollout, priced by the price book of today. */
export async function extrasOf(db: Queryable, rollout: RolloutRow, now: Temporal.Instant): Promise<readonly Extra[]> {
  const rows = await selectExtras(db, rollout.rolloutId);
  if (rows.length === 0) return [];
  const proposal = await selectProposal(db, { proposalId: rollout.proposalId });
  const day = now.toZonedDateTimeISO('UTC').toPlainDate();
  const extras: Extra[] = [];
  for (const { key, externalId, foundAt } of rows) {
    const work = proposal?.document.steps.find((step) => step.key === key)?.work;
    const group = work === undefined ? null : groupOf(work, rollout.account);
    const [sum] = group === null ? [] : (await priceGroups(db, [group], day)).monthly;
    extras.push({ key, externalId, foundAt, monthly: sum?.amount ?? null, currency: sum?.currency ?? null });
  }
  return extras;
}

/** One thing as it is charged; null: its kind costs nothing, or is charged by what only the provider knows. */
function groupOf(work: StepWork, account: string): PricedGroup | null {
  const attributes = work.do === 'create' ? attributesOf(work) : null;
  if (work.do !== 'create' || attributes === null) return null;
  return { account, ...groupOfOne({ kind: work.kind, parents: [], attributes }) };
}

function attributesOf(work: Extract<StepWork, { do: 'create' }>): Readonly<Record<string, unknown>> | null {
  switch (work.kind) {
    case 'droplet':
      return typeof work.spec.size === 'string' ? { size_slug: work.spec.size } : null;
    case 'volume':
      return { size_gb: work.spec.sizeGb };
    case 'load_balancer':
      return { type: 'regional', nodes: work.spec.nodes };
    case 'reserved_ip':
      return { ip_version: 4, assigned: true };
    default:
      return null;
  }
}
