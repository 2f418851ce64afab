import { findDeployment } from '../deployments/index.ts';
import type { Database, Queryable } from '../platform/database/database.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import type { Severity } from './findings.store.ts';
import { markEnabled, rewriteRule, type RuleRow, selectRules } from './rules.store.ts';
import { lockDrift, selectAccounts } from './sweep/actual.store.ts';

/** What each rule finds; what is shipped of it is in the module's migration. */
const ruleTexts: Readonly<Record<string, string>> = {
  missing: 'A declared resource ended, or a whole listing does not show it',
  replaced: 'A declared resource ended, and one of the same name and kind lives',
  unmanaged: 'A resource lives in what a declaration covers, and is not declared',
  changed: 'A declared field differs; low, high and critical name fields of that severity',
  ambiguous: 'Several resources match one that is declared',
  misattributed: 'A resource is declared of one deployment and owned by another',
  disputed_owner: 'The project and a tag of a resource name different deployments, and nobody assigned it',
  exposed_ports: 'A firewall lets the world in; low to critical name ports of that severity',
  exposed_database: 'A database has no trusted sources: the world may connect',
  exposed_bucket: 'Anybody may read or write a bucket',
  unprotected_firewall: 'A droplet is behind no firewall',
  unprotected_backups: 'A droplet has no backups, and no snapshot of the last snapshot_days days',
  idle_volume: 'A volume has been attached to nothing for more than days days',
  idle_reserved_ip: 'An address has been unassigned for more than days days',
  idle_load_balancer: 'A load balancer has had no droplets for more than days days',
  idle_droplet: 'A droplet has been off for more than days days, and is billed',
  orphaned_snapshot: 'A snapshot is older than days days',
  orphaned_source: 'The source of a snapshot or backup has been gone for more than days days',
  orphaned_leftover: 'A deleted cluster left it behind',
  orphaned_firewall: 'A firewall is for no droplet',
  ending_database: 'The version of a database is past its end of life, by engine and major version',
};

export interface Rule extends RuleRow {
  readonly finds: string;
}

/** What holds now: of each rule what is of all, then what is of accounts and deployments. */
export async function listRules(db: Queryable): Promise<Rule[]> {
  return (await selectRules(db)).map((row) => ({ ...row, finds: ruleTexts[row.rule] ?? row.rule }));
}

export interface RuleChange {
  readonly rule: string;
  readonly account?: string | undefined;
  readonly deployment?: string | undefined;
  readonly enabled?: boolean | undefined;
  readonly severity?: Severity | undefined;
  /** Those that are not named stay. */
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
}

const daysMax = 3_660;

/**
 * Changes a rule from now on: of all, of an account, or of a deployment. What is not given is as it was there, or as it
 * is of all. The same again writes nothing.
 * @throws ArcadiaError not_found; invalid_argument: a parameter that the rule has not, or that is none
 */
export async function changeRule(db: Database, change: RuleChange, by: string, now: Temporal.Instant): Promise<Rule> {
  const { rule, account, deployment, enabled, severity, parameters = {} } = change;
  return db.transaction().execute(async (trx) => {
    await lockDrift(trx);
    const key = await keyOf(trx, change);
    const rules = (await listRules(trx)).filter((one) => one.rule === rule);
    const general = rules.find((one) => one.account === null && one.deployment === null)!;
    const held =
      rules.find((one) => one.account === (account ?? null) && one.deployment === (deployment ?? null)) ?? general;
    for (const [name, value] of Object.entries(parameters)) assertParameter(rule, general.parameters, name, value);
    const says = {
      enabled: enabled ?? held.enabled,
      severity: severity ?? held.severity,
      parameters: { ...held.parameters, ...parameters },
    };
    await rewriteRule(trx, key, says, by, now);
    if (!held.enabled && says.enabled) await markEnabled(trx, key, now);
    const after = (await listRules(trx)).filter((one) => one.rule === rule);
    return after.find((one) => one.account === (account ?? null) && one.deployment === (deployment ?? null))!;
  });
}

/** Has what is of all hold again for an account or a deployment. Throws not_found; invalid_argument: neither is given. */
export async function resetRule(
  db: Database,
  which: Pick<RuleChange, 'rule' | 'account' | 'deployment'>,
  by: string,
  now: Temporal.Instant,
): Promise<void> {
  if (which.account === undefined && which.deployment === undefined)
    throw new ArcadiaError('invalid_argument', 'Give the account or the deployment whose own rule is to end.');
  await db.transaction().execute(async (trx) => {
    await lockDrift(trx);
    const key = await keyOf(trx, which);
    const own = (await selectRules(trx)).find(
      ({ rule, account, deployment }) =>
        rule === which.rule && account === (which.account ?? null) && deployment === (which.deployment ?? null),
    );
    const ended = await rewriteRule(trx, key, null, by, now);
    if (own?.enabled === false) await markEnabled(trx, key, now);
    if (!ended) throw notFound('drift rule', `${which.rule} of ${which.deployment ?? which.account}`);
  });
}

async function keyOf(
  db: Queryable,
  { rule, account, deployment }: Pick<RuleChange, 'rule' | 'account' | 'deployment'>,
) {
  if (!Object.hasOwn(ruleTexts, rule)) throw notFound('drift rule', rule);
  if (account !== undefined && deployment !== undefined)
    throw new ArcadiaError('invalid_argument', 'A rule is of an account or of a deployment: give one of them.');
  const accountId =
    account === undefined ? 0 : (await selectAccounts(db)).find(({ slug }) => slug === account)?.accountId;
  if (accountId === undefined) throw notFound('account', account ?? '');
  const deploymentId = deployment === undefined ? 0 : (await findDeployment(db, deployment)).deploymentId;
  return { rule, accountId, deploymentId };
}

function assertParameter(rule: string, shipped: Readonly<Record<string, unknown>>, name: string, value: unknown): void {
  const refuse = (reason: string) => new ArcadiaError('invalid_argument', `Parameter ${name} of ${rule} ${reason}.`);
  const listsFields = rule === 'changed' || rule === 'exposed_ports';
  const isKnown =
    name in shipped ||
    (listsFields && ['low', 'medium', 'high', 'critical'].includes(name)) ||
    rule === 'ending_database';
  if (!isKnown) throw refuse('is not known');
  if (name.endsWith('days')) {
    if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > daysMax)
      throw refuse(`is not a whole number from 0 to ${daysMax}`);
  } else if (rule === 'ending_database') {
    const isDays = typeof value === 'object' && value !== null && Object.values(value).every(isDay);
    if (!isDays) throw refuse('is not the day on which each major version ends, such as {"13": "2025-11-13"}');
  } else if (!Array.isArray(value) || !value.every((one) => typeof one === 'string'))
    throw refuse('is not a list of texts');
}

/** A day as the database reads it too: one that there is not would stop every sweep. */
function isDay(text: unknown): boolean {
  if (typeof text !== 'string' || !/^[12]\d{3}-\d{2}-\d{2}$/.test(text)) return false;
  try {
    return Temporal.PlainDate.from(text).toString() === text;
  } catch {
    return false;
  }
}
