import type { Proposal, Rollout, RolloutDetail } from './read.ts';

export const purposeWords: Readonly<Record<Proposal['purpose'], string>> = {
  create: 'Create',
  change: 'Change',
  destroy: 'Destroy',
};

export const proposalWords: Readonly<Record<Proposal['state'], string>> = {
  proposed: 'waits for approval',
  blocked: 'blocked',
  approved: 'approved, not begun',
  rolled_out: 'begun',
  expired: 'expired',
  discarded: 'discarded',
};

/** As the table of rollouts and a rollout's note say it. */
export const rolloutWords: Readonly<Record<Rollout['state'], string>> = {
  waiting: 'waiting to begin',
  running: 'running',
  held: 'held',
  done: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
  undoing: 'being undone',
  undone: 'undone',
};

const stepWords: Readonly<Record<string, string>> = {
  new: 'not begun',
  intended: 'sent, no clear answer yet',
  accepted: 'accepted by the provider, not ready yet',
  done: 'done',
  failed: 'failed',
  held: 'held',
};

const undoWords: Readonly<Record<string, string>> = {
  new: 'to be undone',
  intended: 'undo sent, no clear answer yet',
  accepted: 'undo accepted by the provider',
  done: 'undone',
  held: 'undo held',
  failed: 'undo failed',
  stays: 'stays',
};

type Step = RolloutDetail['stepList'][number];

export function stepText({ state, undo, adopted }: Step): string {
  if (undo === 'done' && state === 'new') return 'nothing to undo';
  if (undo !== null) return undoWords[undo] ?? undo;
  const text = stepWords[state] ?? state;
  return adopted && state === 'done' ? 'done: it was there before' : text;
}

/** A person has to look. */
export function isWrong({ state, undo }: Step): boolean {
  return state === 'held' || state === 'failed' || undo === 'held' || undo === 'failed';
}

export function titleOf({ purpose, deployment, state, done, steps }: Rollout): string {
  const what = `${purposeWords[purpose]} ${deployment}`;
  if (state === 'running' || state === 'held' || state === 'failed')
    return `${what}: ${rolloutWords[state]}, ${done} of ${steps} steps done.`;
  return `${what}: ${rolloutWords[state]}.`;
}

/** The first digits, by which people tell proposals apart. */
export function shortHash(hash: string): string {
  return hash.slice(0, 12);
}

export const undoOfStep: Readonly<Record<string, string>> = {
  destroy: 'destroys what it created',
  reverse: 'turned back',
  nothing: 'left as it is',
};

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
