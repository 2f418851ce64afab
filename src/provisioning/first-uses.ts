import type { MadeKind } from '../cloud/index.ts';
import type { Step } from './attempt.ts';

/** What costs from the moment at which it is there. */
const billable: ReadonlySet<MadeKind> = new Set(['droplet', 'volume', 'load_balancer', 'reserved_ip', 'snapshot']);

/** What needs no scope of its own: what it is part of is created before it. */
const included: ReadonlySet<MadeKind> = new Set(['dns_record', 'snapshot']);

/**
 * The kinds that a rollout creates for the first time after the first thing that costs, if that is the step which is
 * begun now; none otherwise.
 */
export function creationsToCome(steps: readonly Step[], begun: Step): readonly MadeKind[] {
  if (begun.record.history.sentOnce) return [];
  const created = steps.flatMap((step) => {
    const { work } = step.proposed;
    return work.do === 'create' ? [{ step, kind: work.kind }] : [];
  });
  const first = created.findIndex(({ kind }) => billable.has(kind));
  if (created[first]?.step.stepId !== begun.stepId) return [];
  const before = new Set(created.slice(0, first + 1).map(({ kind }) => kind));
  const later = new Set(created.slice(first + 1).map(({ kind }) => kind));
  return [...later].filter((kind) => !before.has(kind) && !included.has(kind));
}
