import { grouped } from '../ui/decimal.ts';
import { spanText } from '../ui/time.ts';
import type { AccountRow, KindRow, MissingMoney, Status } from './read.ts';

export function kindName(kind: string): string {
  return kind.replaceAll('_', ' ');
}

/** How a kind stands, by a shape, a word and what it says when asked. */
export function stateOf({ lastRun, lastComplete, gapSince, running }: KindRow): {
  readonly state: 'whole' | 'gap' | 'partial' | 'failed' | 'running' | 'never';
  readonly word: string;
} {
  if (running !== null) return { state: 'running', word: `reading, ${grouped(String(running.seen))} seen` };
  if (lastRun === null) return { state: 'never', word: 'never read' };
  if (gapSince !== null) return { state: 'gap', word: lastComplete === null ? 'never whole' : 'gap' };
  if (lastRun.outcome === 'complete') return { state: 'whole', word: 'whole' };
  return { state: lastRun.outcome === 'partial' ? 'partial' : 'failed', word: lastRun.outcome };
}

/** The age of the last whole listing. */
export function ageOf({ ageSeconds }: KindRow): string {
  if (ageSeconds === null) return '?';
  if (ageSeconds < 60) return 'just now';
  if (ageSeconds < 3_600) return `${Math.floor(ageSeconds / 60)} min`;
  if (ageSeconds < 48 * 3_600) return `${Math.floor(ageSeconds / 3_600)} h`;
  return spanText(ageSeconds);
}

/** What a missing scope hides of a kind or field, with its money. */
export function hiddenText({ kind, field, resources, unknown, monthly }: MissingMoney): string {
  const what = field === null ? `${kindName(kind)}` : `${kindName(kind)}: ${field}`;
  if (resources === 0) return `${what} (none known)`;
  const known = monthly.map(({ currency, amount }) => `${grouped(amount)} ${currency}`).join(' and ');
  const money = [known, unknown === 0 ? '' : `${unknown} of unknown price`].filter((part) => part !== '').join(' and ');
  return `${what}: ${grouped(String(resources))} known${money === '' ? '' : `, ${money} a month`}`;
}

export function sentenceOf({ accounts, incomplete, gaps, kinds }: Status): string {
  const connected = accounts.filter(({ disconnectedAt }) => disconnectedAt === null);
  if (connected.length === 0) return 'No account is connected.';
  const all = `${kinds} kinds of ${connected.length} ${connected.length === 1 ? 'account' : 'accounts'}`;
  const missing = connected.filter(({ token }) => token !== null && token.missing.length > 0).length;
  const wrong = [
    incomplete === 0 ? '' : `${incomplete} of ${all} ${incomplete === 1 ? 'was' : 'were'} not read whole`,
    gaps === 0 ? '' : `${gaps} ${gaps === 1 ? 'has' : 'have'} a gap`,
    missing === 0 ? '' : `${missing} ${missing === 1 ? 'token lacks' : 'tokens lack'} scopes`,
  ].filter((part) => part !== '');
  return wrong.length === 0 ? `Everything can be seen: ${all} are read whole.` : `${wrong.join(', ')}.`;
}

export function requestsText({ requests }: AccountRow): string {
  if (requests === null) return '?';
  const left = grouped(String(requests.remaining));
  return requests.limit === null ? left : `${left} of ${grouped(String(requests.limit))}`;
}
