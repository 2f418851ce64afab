import {
  ackFinding,
  checkDrift,
  getFinding,
  ignoreFinding,
  listDriftCoverage,
  listFindingGroups,
  listFindings,
  reopenFinding,
  sweepDrift,
} from '../../drift/operations/findings.ts';
import { listDriftRules, resetDriftRule, setDriftRule } from '../../drift/operations/rules.ts';
import { type Column, count, fields, moment, plural, table } from '../engine/output.ts';
import { type AnswerOf, actionView, listView, type Noun, type OwnArguments, type RowOf } from '../engine/views.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { providerAccountOption, readDocument } from './declaration-import.ts';
import { type Finding, findingColumns, monthlyText, valueText } from './drift-text.ts';

type Group = RowOf<typeof listFindingGroups>;
type Coverage = RowOf<typeof listDriftCoverage>;
type Detail = AnswerOf<typeof getFinding>;
type Rule = RowOf<typeof listDriftRules>;

const groupColumns: readonly Column<Group>[] = [
  { header: 'severity', value: (row) => row.severity },
  { header: 'rule', value: (row) => row.rule.replaceAll('_', ' ') },
  { header: 'deployment', value: (row) => row.deployment },
  { header: 'findings', value: (row) => count(row.findings), align: 'right' },
  { header: 'per month', value: groupMoney, align: 'right' },
];

/** `at least +24.00 USD` where some have no known price. */
function groupMoney({ monthly, unpriced }: Group): string {
  if (monthly.length === 0) return unpriced === 0 ? '-' : 'not known';
  const amounts = monthly.map(({ currency, amount }) => monthlyText({ monthly: amount, currency })).join(', ');
  return unpriced === 0 ? amounts : `at least ${amounts}`;
}

const coverageColumns: readonly Column<Coverage>[] = [
  { header: 'account', value: (row) => row.account },
  { header: 'kind', value: (row) => row.kind },
  { header: 'field', value: (row) => row.field },
  { header: 'since (utc)', value: (row) => moment(row.since) },
  { header: 'resources', value: (row) => count(row.resources), align: 'right' },
  { header: 'declared', value: (row) => count(row.declared), align: 'right' },
  { header: 'reason', value: (row) => row.reason },
];

const causeColumns: readonly Column<Detail['causes'][number]>[] = [
  { header: 'action', value: (row) => row.type },
  { header: 'status', value: (row) => row.status },
  { header: 'started (utc)', value: (row) => moment(row.startedAt) },
  { header: 'completed (utc)', value: (row) => moment(row.completedAt) },
];

const fieldColumns: readonly Column<Detail['fields'][number]>[] = [
  { header: 'field', value: (row) => row.field },
  { header: 'declared', value: (row) => valueText(row.declared) },
  { header: 'actual', value: (row) => valueText(row.actual) },
  { header: 'agrees', value: (row) => (row.agrees === null ? 'not seen' : row.agrees ? 'yes' : 'no') },
];

const decisionColumns: readonly Column<Detail['decisions'][number]>[] = [
  { header: 'decision', value: (row) => row.decision },
  { header: 'at (utc)', value: (row) => moment(row.recordedAt) },
  { header: 'by', value: (row) => row.recordedBy },
  { header: 'until (utc)', value: (row) => moment(row.until) },
  { header: 'reason', value: (row) => row.reason || null },
];

const ruleColumns: readonly Column<Rule>[] = [
  { header: 'rule', value: (row) => row.rule },
  { header: 'of', value: (row) => row.deployment ?? row.account ?? 'all' },
  { header: 'on', value: (row) => (row.enabled ? 'yes' : 'no') },
  { header: 'severity', value: (row) => row.severity },
  { header: 'parameters', value: (row) => parametersText(row.parameters) },
  { header: 'finds', value: (row) => row.finds },
];

function parametersText(parameters: Rule['parameters']): string | null {
  const texts = Object.entries(parameters).map(
    ([name, value]) => `${name}=${Array.isArray(value) ? value.map(String).join('+') : valueText(value)}`,
  );
  return texts.join(' ') || null;
}

const wholeMax = 400;

function findingText(one: Finding): string {
  const since =
    one.sinceAfter === null
      ? `by ${moment(one.sinceBefore)}`
      : `between ${moment(one.sinceAfter)} and ${moment(one.sinceBefore)}`;
  return fields([
    ['finding', one.finding],
    ['what', `${one.category}, by rule ${one.rule}`],
    ['severity', one.severity],
    ['state', one.stale ? `${one.state}; it cannot be seen now` : one.state],
    ['deployment', one.deployment],
    ['declared in', one.declaration === null ? null : `${one.declaration}, ${one.address ?? 'which covers it'}`],
    ['resource', `${one.kind} ${one.name}, account ${one.account ?? 'not known'}`],
    ['field', one.field],
    ['declared', one.declaration === null ? null : valueText(one.declared, wholeMax)],
    ['actual', valueText(one.actual, wholeMax)],
    ['per month', one.priceSource === null ? monthlyText(one) : `${monthlyText(one)}: ${one.priceSource}`],
    [
      'to mend it',
      one.remedyMonthly === null ? null : `${monthlyText({ ...one, monthly: one.remedyMonthly })} a month`,
    ],
    ['began', since],
    ['reason', one.reason],
    ['until', moment(one.until)],
  ]);
}

function detailText({ finding, parts, fields: compared, decisions, causes, causesUnknown }: Detail): string {
  return [
    findingText(finding),
    ...(parts.length === 0 ? [] : [`Parts of it:\n${table(parts, findingColumns)}`]),
    ...(compared.length === 0 ? [] : [`Declared of it:\n${table(compared, fieldColumns)}`]),
    ...(causes.length === 0 ? [] : [`What may have caused it:\n${table(causes, causeColumns)}`]),
    ...(causesUnknown === null ? [] : [`No cause can be named: ${causesUnknown}`]),
    ...(decisions.length === 0 ? [] : [`Decided:\n${table(decisions, decisionColumns)}`]),
  ].join('\n\n');
}

function checkText({ findings, groups, blind }: AnswerOf<typeof checkDrift>): string {
  return [
    findings === 0 ? 'All that could be seen agrees.' : `${plural(findings, 'finding')}.`,
    ...(groups.length === 0 ? [] : [table(groups, groupColumns)]),
    ...(blind.length === 0 ? [] : [`Not seen:\n${table(blind, coverageColumns)}`]),
  ].join('\n\n');
}

/** What a check of a file is called while it lasts. */
const checked = 'check';

const checkArguments: OwnArguments = {
  positional: [],
  options: [
    { flags: '--deployment <slug>', description: 'only its findings; of a file: the deployment that it is about' },
    { flags: '--severity <severity>', description: 'at or above it: low, medium, high or critical; low unless given' },
    { flags: '--allow-blind', description: 'also where something cannot be seen' },
    { flags: '--from <file>', description: 'a plan or state to compare with; - is standard input' },
    {
      flags: '--account <slug>',
      description: 'of a file: the account that it is about, where it is about no deployment',
    },
    providerAccountOption,
  ],
  async read({ options }, note) {
    const { deployment, severity, allowBlind, from, account, providerAccount } = options;
    const asked = { ...(severity !== undefined && { severity }), ...(allowBlind === true && { allowBlind }) };
    if (from !== undefined)
      return { params: {}, query: {}, body: { ...asked, document: await readDocument(checked, options, note) } };
    if (account !== undefined || providerAccount !== undefined)
      throw new ArcadiaError('invalid_argument', '--account and --provider-account are of a file: give --from.');
    return { params: {}, query: {}, body: { ...asked, ...(deployment !== undefined && { deployment }) } };
  },
};

function sweptText({ job, difference }: AnswerOf<typeof sweepDrift>): string {
  if (job !== null) return 'Swept.';
  if (difference === null) return 'Derived again: every finding is the same.';
  const { finding, what, rule, kind, name, field } = difference;
  const of = field === null ? `${kind} ${name}` : `${field} of ${kind} ${name}`;
  return `Derived again, finding ${finding} (${rule}, ${of}) would be ${what}.`;
}

const decided = ({ finding, state }: Finding) => `Finding ${finding} is ${state}.`;

export const driftNoun: Noun = {
  name: 'drift',
  summary: 'what differs from what was declared',
  description:
    'What differs from what was declared, and what is exposed, unprotected, idle or orphaned, with what it adds to a month.',
  defaultVerb: 'groups',
  views: [
    listView(listFindingGroups, {
      example: `
$ arcadia drift groups
SEVERITY  RULE         DEPLOYMENT  FINDINGS     PER MONTH
high      missing      acme               1    -24.00 USD
medium    idle volume  acme               2    +15.00 USD`,
      columns: groupColumns,
      empty: 'All that could be seen agrees.',
      notes: () => ['One by one: arcadia drift list. What cannot be seen: arcadia drift coverage'],
    }),
    listView(listFindings, {
      example: `
$ arcadia drift list --deployment acme
FINDING               SEVERITY  WHAT     DEPLOYMENT  RESOURCE     FIELD  DECLARED -> ACTUAL          PER MONTH   STATE
3f0a9c21d4b87e65a1c0  medium    changed  acme        droplet web  size   s-1vcpu-1gb -> s-1vcpu-2gb  +6.00 USD  open`,
      columns: findingColumns,
      empty: 'All that could be seen agrees.',
      differs: ({ items }) => items.length > 0,
    }),
    actionView(getFinding, {
      example: `
$ arcadia drift show 3f0a9c21d4b87e65a1c0
finding     3f0a9c21d4b87e65a1c0
what        changed, by rule changed
...`,
      text: detailText,
    }),
    actionView(ackFinding, {
      example: `
$ arcadia drift ack 3f0a9c21d4b87e65a1c0 --reason 'resized for the sale'
Finding 3f0a9c21d4b87e65a1c0 is acknowledged.`,
      text: decided,
    }),
    actionView(ignoreFinding, {
      example: `
$ arcadia drift ignore 3f0a9c21d4b87e65a1c0 --reason 'until the move' --to 2026-09-01T00:00:00Z
Finding 3f0a9c21d4b87e65a1c0 is ignored.`,
      text: decided,
    }),
    actionView(reopenFinding, {
      example: `
$ arcadia drift reopen 3f0a9c21d4b87e65a1c0
Finding 3f0a9c21d4b87e65a1c0 is open.`,
      text: decided,
    }),
    actionView(checkDrift, {
      details: `With --exit-code: 3 where there are findings, 0 where all was seen and agrees. 1 where something could not be
seen, unless --allow-blind is given.

With --from it compares with a plan (or a state) of Terraform or OpenTofu, and writes nothing: what is read of the file
is what an import would declare.`,
      example: `
$ arcadia drift check --severity high --exit-code
All that could be seen agrees.`,
      own: checkArguments,
      text: checkText,
      differs: ({ findings }) => findings > 0,
    }),
    actionView(sweepDrift, {
      example: `
$ arcadia drift sweep
Swept.`,
      text: sweptText,
      notes: ({ job }) => (job === null ? [] : ['What differs: arcadia drift list']),
      differs: ({ difference }) => difference !== null,
    }),
    listView(listDriftCoverage, {
      example: `
$ arcadia drift coverage
ACCOUNT  KIND      FIELD  SINCE (UTC)           RESOURCES  DECLARED  REASON
acme     firewall  -      2026-05-01 00:00:00Z         28         4  403 Forbidden`,
      columns: coverageColumns,
      empty: 'All can be seen.',
    }),
  ],
};

export const driftRuleNoun: Noun = {
  name: 'drift rule',
  summary: 'what is a finding, and how severe',
  views: [
    listView(listDriftRules, {
      example: `
$ arcadia drift rule list
RULE         OF   ON   SEVERITY  PARAMETERS  FINDS
idle_volume  all  yes  medium    days=7      A volume has been attached to nothing for more than days days`,
      columns: ruleColumns,
    }),
    actionView(setDriftRule, {
      example: `
$ arcadia drift rule set idle_volume --deployment acme --no-enabled
idle_volume of acme: off, medium.`,
      text: ({ rule, account, deployment, enabled, severity }) =>
        `${rule} of ${deployment ?? account ?? 'all'}: ${enabled ? 'on' : 'off'}, ${severity}.`,
    }),
    actionView(resetDriftRule, {
      example: `
$ arcadia drift rule reset idle_volume --deployment acme
What is of all holds again.`,
      text: () => 'What is of all holds again.',
    }),
  ],
};
