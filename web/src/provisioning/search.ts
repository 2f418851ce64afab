import { textOf } from '../app/address.ts';
import { type ListSearch, listSearch } from '../lists/search.ts';

export const tabs = ['rollouts', 'blueprints', 'protections'] as const;
export type Tab = (typeof tabs)[number];

export const rolloutStates = [
  'waiting',
  'running',
  'held',
  'done',
  'failed',
  'cancelled',
  'undoing',
  'undone',
] as const;
export type RolloutState = (typeof rolloutStates)[number];

export interface ProvisioningSearch extends ListSearch {
  /** undefined: proposals. */
  readonly tab?: Tab;
  /** Of rollouts. */
  readonly state?: RolloutState;
  /** Of proposals. */
  readonly deployment?: string;
}

export function provisioningSearch(search: Record<string, unknown>): ProvisioningSearch {
  const tab = tabs.find((each) => each === search.tab);
  const state = rolloutStates.find((each) => each === search.state);
  const deployment = textOf(search.deployment)?.slice(0, 63);
  return {
    ...listSearch(search, []),
    ...(tab === undefined ? {} : { tab }),
    ...(state === undefined ? {} : { state }),
    ...(deployment === undefined ? {} : { deployment }),
  };
}

export interface BlueprintSearch {
  /** undefined: the newest. */
  readonly version?: string;
}

export function blueprintSearch({ version }: Record<string, unknown>): BlueprintSearch {
  return typeof version === 'string' && /^[1-9]\d{0,8}$/.test(version) ? { version } : {};
}

export interface NewDeploymentSearch {
  readonly blueprint?: string;
  /** The hash of a proposal that is proposed again. */
  readonly from?: string;
}

export function newDeploymentSearch(search: Record<string, unknown>): NewDeploymentSearch {
  const blueprint = textOf(search.blueprint)?.slice(0, 63);
  const from = textOf(search.from);
  return {
    ...(blueprint === undefined ? {} : { blueprint }),
    ...(from !== undefined && /^[0-9a-f]{64}$/.test(from) ? { from } : {}),
  };
}
