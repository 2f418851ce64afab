import { verifyAuditLog } from '../../flows/operations/audit.ts';
import { listAuditLog } from '../../platform/operations/audit.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { type Column, count, moment, plural } from '../engine/output.ts';
import { type AnswerOf, actionView, listView, type Noun, type RowOf } from '../engine/views.ts';

type Entry = RowOf<typeof listAuditLog>;
type Verification = AnswerOf<typeof verifyAuditLog>;

const columns: readonly Column<Entry>[] = [
  { header: 'position', value: ({ position }) => count(position), align: 'right' },
  { header: 'when', value: ({ recordedAt }) => moment(recordedAt) },
  { header: 'who', value: ({ actor }) => actor },
  { header: 'from', value: ({ origin }) => origin },
  { header: 'what', value: ({ operation, table }) => `${operation} ${table}` },
  { header: 'key', value: ({ key }) => JSON.stringify(key) },
  { header: 'changed', value: (entry) => changedColumns(entry).join(', ') },
];

function changedColumns({ before, after }: Entry): string[] {
  const [was, is] = [before ?? {}, after ?? {}];
  return Object.keys({ ...was, ...is }).filter((name) => JSON.stringify(was[name]) !== JSON.stringify(is[name]));
}

function intactText({ intact, head }: Verification): string {
  if (!intact) return '';
  if (head === null) return 'The log is empty.';
  return `The log is intact: ${plural(head.position, 'entry', 'entries')}.\nHead: ${head.position}:${head.hash}`;
}

const breaks: Record<Verification['broken'][number]['what'], string> = {
  changed: 'was changed after it was written',
  unlinked: 'does not follow the one before it',
  missing: 'stands where entries before it are missing',
};

function brokenText({ broken, faults, notedHolds, anchors }: Verification): string {
  const sentences = [
    ...broken.map(({ position, what }) => `Entry ${position} ${breaks[what]}.`),
    ...(notedHolds === false ? ['The head that was noted down is not in it.'] : []),
    ...anchors.flatMap(anchorFaults),
    ...faults.map((fault) => `${faultText(fault)} ${sinceText(fault.since)}`),
  ];
  const isLogBroken = sentences.length > faults.length;
  const first = isLogBroken
    ? 'The audit log has been altered.'
    : faults.every(({ what }) => what === 'rewritten')
      ? 'Guards of the database were written anew.'
      : 'The database is missing guards.';
  return [first, ...sentences].join('\n');
}

type Fault = Verification['faults'][number];

function faultText({ what, kind, relation, name, expected, found }: Fault): string {
  const thing =
    kind === 'relation'
      ? `The table or view ${relation}`
      : kind === 'grant'
        ? `The rights of ${name} (table ${relation})`
        : `The ${kind} ${name}${relation === null ? '' : ` of ${relation}`}`;
  switch (what) {
    case 'missing':
      return `${thing} is missing.`;
    case 'unexpected':
      return `${thing} is none of ours.`;
    case 'disabled':
      return `${thing} is switched off.`;
    case 'replica_only':
      return `${thing} is switched off but for replication.`;
    case 'not_always':
      return `${thing} is switched off by session_replication_role.`;
    case 'replication_role':
      return `The ${kind} ${name} is ${found}.`;
    case 'rewritten':
      return `${thing} was written anew after the last recording; it may have been lifted in between.`;
    case 'unrecorded':
      return 'The log does not say who wrote the guards.';
    case 'changed':
      return kind === 'function' ? `${thing} was replaced.` : `${thing} was changed, from "${expected}" to "${found}".`;
  }
}

function sinceText({ at, after, afterEntry, before }: Fault['since']): string {
  if (at !== null) return `Since ${moment(at)}.`;
  const source = afterEntry === null ? 'an anchor' : `entry ${afterEntry}`;
  const bounds = [
    ...(after === null ? [] : [`after ${moment(after)} (${source})`]),
    ...(before === null ? [] : [`before ${moment(before)}`]),
  ];
  return bounds.length === 0 ? 'Since when is unknown.' : `Since a time ${bounds.join(' and ')}.`;
}

type Rewriting = Verification['rewritings'][number];

const causes: Readonly<Record<string, string>> = {
  restore: 'by a restore from a backup',
  access: 'because rights were missing',
  migration: 'by migrations that had been applied before',
  unknown: 'without a migration, perhaps lifted in between',
};

function rewritingText({ position, recordedAt, cause, writtenAfter, count: number, guards }: Rewriting): string {
  const from = writtenAfter === null ? '' : `after ${moment(writtenAfter)} and `;
  const more = number > guards.length ? ` and ${number - guards.length} more` : '';
  return `To explain, entry ${position}: ${plural(number, 'guard was', 'guards were')} written anew ${from}before ${moment(recordedAt)} ${causes[cause] ?? causes.unknown} (${guards.join(', ')}${more}).`;
}

function pastFaultText({ fault, after, firstSeenAt, lastSeenAt, goneAt }: Verification['pastFaults'][number]): string {
  const [first, last] = [moment(firstSeenAt), moment(lastSeenAt)];
  const span = first === last ? first : `${first} to ${last}`;
  const bounds = [
    ...(after === null ? [] : [`not at ${moment(after)}`]),
    goneAt === null ? 'not now' : `not at ${moment(goneAt)}`,
  ];
  return `To explain, anchors of ${span}: ${fault} (${bounds.join(', ')}).`;
}

function notes(verified: Verification): string[] {
  return [
    ...verified.rewritings.map(rewritingText),
    ...verified.pastFaults.map(pastFaultText),
    ...anchorNotes(verified),
  ];
}

type Place = Verification['anchors'][number];

function anchorFaults({ place, broken, altered }: Place): string[] {
  return [
    ...broken.map(({ position, at, what }) =>
      what === 'cut'
        ? `The log ends before entry ${position}, which it had at ${moment(at)} (${place}).`
        : `Entry ${position} is not the one that it was at ${moment(at)} (${place}).`,
    ),
    ...(altered.length === 0
      ? []
      : [`${place} was altered in ${altered.length === 1 ? 'line' : 'lines'} ${altered.join(', ')}.`]),
  ];
}

function anchorNotes({ anchors }: Verification): string[] {
  if (anchors.length === 0)
    return [
      'No anchor is configured: a cut end of the log would not show. See ARCADIA_AUDIT_ANCHOR in docs/security.md.',
    ];
  return anchors.flatMap(({ place, problem, checked, newestAt, otherKey }) => [
    problem === null
      ? `${place}: ${plural(checked, 'anchor')}${newestAt === null ? '' : `, the newest of ${moment(newestAt)}`}.`
      : problem,
    ...(otherKey === 0
      ? []
      : [
          `${place}: ${plural(otherKey, 'anchor')} signed with another secret key, which ${otherKey === 1 ? 'proves' : 'prove'} nothing.`,
        ]),
  ]);
}

export const auditNoun: Noun = {
  name: 'audit',
  summary: 'who decided what',
  description: 'Who decided what: the log of changes that people made, and whether it is intact.',
  views: [
    listView(listAuditLog, {
      details: 'With --json each has the whole row before and after. Times are real ones, of a simulated database too.',
      example: `
$ arcadia audit list --table subscriptions --limit 1
POSITION  WHEN                  WHO    FROM  WHAT                  KEY                     CHANGED
     212  2026-05-04 09:12:07Z  maria  api   insert subscriptions  {"subscription_id":14}  deployment_id, plan_id, ...`,
      columns,
      empty: 'No matching changes.',
    }),
    actionView(verifyAuditLog, {
      example: `
$ arcadia audit verify
The log is intact: 212 entries.
Head: 212:9f2c5a...e1
$ arcadia audit verify --head 212:9f2c5a...e1
$ arcadia audit verify --anchor /mnt/vault/audit-anchors-arcadia.jsonl`,
      details:
        'Held against what this version makes, against the anchors of ARCADIA_AUDIT_ANCHOR, and against what is given.',
      text: intactText,
      notes,
      failure: (found) =>
        found.intact ? null : new ArcadiaError('audit_broken', brokenText(found), { details: { ...found } }),
    }),
  ],
};
