import { isNegative, isZero, money } from '../ui/decimal.ts';
import { moment } from '../ui/time.ts';
import type { Coverage, Finding, Group, Totals } from './read.ts';
import { type Category, type DriftSearch, filters } from './search.ts';

// What differs, in words.

export const categoryWords: Readonly<Record<Category, string>> = {
  missing: 'Missing',
  unmanaged: 'Not declared',
  replaced: 'Replaced',
  changed: 'Changed',
  ambiguous: 'Several match',
  misattributed: 'Of another owner',
  exposed: 'Open to the world',
  unprotected: 'Unprotected',
  idle: 'Idle',
  orphaned: 'Left behind',
  ending: 'End of life',
};

const ruleWords: Readonly<Record<string, string>> = {
  missing: 'Declared and not there',
  unmanaged: 'There and not declared',
  replaced: 'Replaced by one of the same name',
  changed: 'Set differently than declared',
  ambiguous: 'Several match one that is declared',
  misattributed: 'Declared of one deployment, owned by another',
  disputed_owner: 'Project and tag name different deployments',
  exposed_ports: 'Ports open to the world',
  exposed_database: 'Databases without trusted sources',
  exposed_bucket: 'Buckets that anybody reads or writes',
  unprotected_firewall: 'Droplets behind no firewall',
  unprotected_backups: 'Droplets without backups',
  idle_volume: 'Volumes attached to nothing',
  idle_reserved_ip: 'Unassigned addresses',
  idle_load_balancer: 'Load balancers without droplets',
  idle_droplet: 'Droplets that are off and billed',
  orphaned_snapshot: 'Old snapshots',
  orphaned_source: 'Snapshots and backups of what is gone',
  orphaned_leftover: 'Left behind by a deleted cluster',
  orphaned_firewall: 'Firewalls for no droplet',
  ending_database: 'Databases past their end of life',
};

export function ruleText(rule: string): string {
  return ruleWords[rule] ?? rule.replaceAll('_', ' ');
}

export const sourceWords: Readonly<Record<string, string>> = {
  written: 'written',
  adopted: 'adopted from what was there',
  terraform_state: 'a Terraform state',
  terraform_show: 'a Terraform state, as shown',
  terraform_plan: 'a Terraform plan',
};

export function coversText(covers: string): string {
  if (covers === 'deployment') return 'all that the deployment owns';
  if (covers === 'nothing') return 'what it names';
  return covers.replace(':', ' ');
}

/** A value of a setting, or a bound, on one line. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (Array.isArray(value))
    return value.length === 0 ? 'an empty list' : value.map((each) => valueText(each)).join(', ');
  if (typeof value === 'string') return value === '' ? 'an empty text' : value;
  if (typeof value !== 'object') return JSON.stringify(value);
  const { min, max, includes, ...rest } = value as Readonly<Record<string, unknown>>;
  if (includes !== undefined) return `at least ${valueText(includes)}`;
  if (min !== undefined && max !== undefined) return `${valueText(min)} to ${valueText(max)}`;
  if (min !== undefined) return `at least ${valueText(min)}`;
  if (max !== undefined) return `at most ${valueText(max)}`;
  return Object.entries(rest)
    .map(([name, each]) => `${name}: ${valueText(each)}`)
    .join('; ');
}

export function fieldText(field: string): string {
  return field.replaceAll('_', ' ');
}

/** What it is about: `web-1`, `web-1, size`. */
export function titleOf({ name, field }: Finding): string {
  return field === null ? name : `${name}, ${fieldText(field)}`;
}

export function sinceText({ sinceAfter, sinceBefore }: Finding, now: string): string {
  if (sinceAfter === null) return `by ${moment(sinceBefore, now)}`;
  return sinceAfter === sinceBefore
    ? moment(sinceBefore, now)
    : `between ${moment(sinceAfter, now)} and ${moment(sinceBefore, now)}`;
}

export function stateText({ state, until, stale }: Finding, now: string): string {
  const end = state !== 'ignored' ? '' : until === null ? ' without end' : ` until ${moment(until, now)}`;
  return `${state}${end}${stale ? ', cannot be seen now' : ''}`;
}

/** `add at least 41.00 USD a month`, or `adds` of one; an empty text where it is nothing. */
export function monthlyText({ monthly, unpriced }: Pick<Group, 'monthly' | 'unpriced'>, isOne: boolean): string {
  return monthly
    .filter(({ amount }) => !isZero(amount))
    .map(({ currency, amount }) => {
      const way = isNegative(amount) ? 'save' : 'add';
      return `${way}${isOne ? 's' : ''} ${unpriced > 0 ? 'at least ' : ''}${money(amount.replace('-', ''))} ${currency} a month`;
    })
    .join(' and ');
}

/** Why something is not seen: a code, or what the provider answered. */
export function reasonText(reason: string): string {
  return /^[a-z_]+$/.test(reason) ? reason.replaceAll('_', ' ') : reason;
}

/** `size of droplet`; of a kind as a whole its name alone. */
export function unseenText({ kind, field }: Pick<Coverage['items'][number], 'kind' | 'field'>): string {
  const what = kind.replaceAll('_', ' ');
  return field === null ? what : `${fieldText(field)} of ${what}`;
}

export interface Compared {
  readonly totals: Totals;
  /** null: nothing has been compared yet. */
  readonly sweptAt: string | null;
}

export function isFiltered(search: DriftSearch): boolean {
  return [...filters, 'q', 'severity', 'category'].some((name) => name in search);
}

/** Why there is none, of what is chosen, without its full stop. */
export function noneText({ sweptAt }: Compared, search: DriftSearch, isBlind: boolean): string {
  if (isFiltered(search)) return 'No unexpected change matches';
  if (search.decided !== undefined) return `Nothing is ${search.decided}`;
  if (sweptAt === null) return 'Nothing has been compared yet';
  return isBlind ? 'Nothing differs of what can be seen' : 'Nothing differs';
}

/** The first line: how many, what they cost, and how many of them somebody has to look at. */
export function sentenceOf(compared: Compared, search: DriftSearch, isBlind: boolean): string {
  const { findings: count, settling, severe } = compared.totals;
  const more =
    settling === 0 ? '' : `; ${settling}${count === 0 ? '' : ' more'} ${settling === 1 ? 'is' : 'are'} settling`;
  if (count === 0)
    return settling === 0 ? `${noneText(compared, search, isBlind)}.` : `No unexpected change is open${more}.`;
  const costs = monthlyText(compared.totals, count === 1);
  const worst = severe === 0 ? '' : `; ${severe} ${severe === 1 ? 'is' : 'are'} high or critical`;
  return `${count} unexpected ${count === 1 ? 'change' : 'changes'}${costs === '' ? '' : `: ${costs}`}${worst}${more}.`;
}
