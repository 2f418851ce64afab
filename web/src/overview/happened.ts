import { api, bodyOf } from '../api/client.ts';

export function readHappened(signal: AbortSignal) {
  return bodyOf(
    api.GET('/happened', { params: { query: { limit: 100 } }, headers: { accept: 'application/json' }, signal }),
  );
}

export type Happened = Awaited<ReturnType<typeof readHappened>>['items'][number];

/** Events of one type that followed each other, in words. */
export interface Line {
  /** Of the newest of them. */
  readonly id: number;
  readonly at: string;
  readonly text: string;
}

/** One, several: `#` is how many, `*` what it is about. */
const words: Readonly<Record<string, readonly [one: string, several: string]>> = {
  'account.changed': ['Account * was connected or edited', '# accounts were connected or edited'],
  'alert.changed': ['An alert of * was added or removed', '# alerts were added or removed'],
  'alert.fired': ['An alert of * fired', '# alerts fired'],
  'assignment.changed': ['Resource * was assigned manually', '# resources were assigned manually'],
  'attribution.changed': ['Ownership of * changed', 'Ownership of # deployments changed'],
  'balance.changed': ['A new balance of *', '# new balances'],
  'bill.changed': ['Provider bill * has a new version', '# provider bills have new versions'],
  'bill.reconciled': ['Provider bill * was reconciled or signed', '# provider bills were reconciled or signed'],
  'billing.changed': ['Billing of * was edited', 'Billing of # customers was edited'],
  'confirmation.changed': ['Usage of * was confirmed manually', 'Usage was confirmed manually, # times'],
  'correction.changed': ['A correction of * was found or decided', '# corrections were found or decided'],
  'customer.changed': ['Customer * was created or edited', '# customers were created or edited'],
  'day.metered': ['* was metered', '# days were metered'],
  'declaration.changed': ['Declaration * was applied or ended', '# declarations were applied or ended'],
  'deployment.changed': ['Deployment * was created or edited', '# deployments were created or edited'],
  'drift.decided': [
    'An unexpected change was acknowledged, ignored or reopened',
    '# unexpected changes were acknowledged, ignored or reopened',
  ],
  'drift.found': ['An unexpected change was found', '# unexpected changes were found'],
  'drift.resolved': ['An unexpected change was resolved', '# unexpected changes were resolved'],
  'drift_rule.changed': ['What counts as an unexpected change was edited', 'What counts was edited, # times'],
  'entity.changed': ['Seller * was edited', '# sellers were edited'],
  'figures.changed': ['* was rated', '# months were rated'],
  'invoice.changed': ['Invoice * changed', '# invoices changed'],
  'job.changed': ['Jobs of queue * ran', 'Jobs of # queues ran'],
  'kind.changed': ['Meter * was changed', '# meters were changed'],
  'plan.changed': ['Plan * has a new version', '# plans have new versions'],
  'price.changed': ['The price of * changed', '# prices changed'],
  'queue.changed': ['Queue * was paused, resumed or scaled', '# queues were paused, resumed or scaled'],
  'rule.changed': ['Rule * was changed', '# rules were changed'],
  'subscription.changed': ['* is on another plan', '# deployments are on another plan'],
  'sync.ended': ['* was listed', '# kinds were listed'],
  'sync.reverted': ['A sync of * was reverted', '# syncs were reverted'],
};

/** As many lines as are shown, the newest first; what follows each other and is of one type is one. */
export function linesOf(items: readonly Happened[], max: number): readonly Line[] {
  const runs: Happened[][] = [];
  for (const item of items) {
    const last = runs.at(-1);
    if (last?.[0]?.type === item.type) last.push(item);
    else runs.push([item]);
  }
  return runs.slice(0, max).flatMap((run) => {
    const [newest] = run;
    return newest === undefined ? [] : [{ id: newest.eventId, at: newest.at, text: textOf(newest, run) }];
  });
}

function textOf({ type, describes }: Happened, run: readonly Happened[]): string {
  const about = new Set(run.map(({ subject }) => subject).filter((subject) => subject !== ''));
  const [only] = about;
  const [one, several] = words[type] ?? [`*: ${describes}`, `# times: ${describes}`];
  if (about.size === 1 && only !== undefined) return one.replace('*', subjectOf(only));
  return several.replace('#', String(Math.max(about.size, run.length)));
}

/** `agency/droplet` is a kind of an account; a month is by its first day. */
function subjectOf(subject: string): string {
  const [account, kind] = subject.split('/');
  return kind === undefined ? subject : `${kind.replaceAll('_', ' ')} of ${account}`;
}
