import { listAuditLog, verifyAuditLog } from '../../platform/operations/audit.ts';
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

const faults: Record<Verification['broken'][number]['what'], string> = {
  changed: 'was changed after it was written',
  unlinked: 'does not follow the one before it',
  missing: 'stands where entries before it are missing',
};

function brokenText({ broken, disabled, notedHolds }: Verification): string {
  return [
    'The audit log is not as it was written.',
    ...broken.map(({ position, what }) => `Entry ${position} ${faults[what]}.`),
    ...disabled.map((table) => `A trigger of the log is switched off on the table ${table}.`),
    ...(notedHolds === false ? ['The head that was noted down is not in it.'] : []),
  ].join('\n');
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
$ arcadia audit verify --head 212:9f2c5a...e1`,
      text: intactText,
      failure: (found) =>
        found.intact ? null : new ArcadiaError('audit_broken', brokenText(found), { details: { ...found } }),
    }),
  ],
};
