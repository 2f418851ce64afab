import type { Command } from 'commander';
import type { AuditEntry, AuditHead, AuditVerification } from '../../platform/audit.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { defaultLimit, whole } from '../engine/arguments.ts';
import { addCommand, withSession } from '../engine/command.ts';
import { type Column, count, moment, plural } from '../engine/output.ts';

interface ListOptions {
  readonly table?: string;
  readonly actor?: string;
  readonly limit: number;
}

export function addAuditCommands(program: Command): void {
  const audit = program
    .command('audit')
    .summary('who decided what')
    .description('Who decided what: the log of changes that people made, and whether it is whole.');

  addCommand(audit, 'list', {
    summary: 'changes that people made, the newest first',
    details: 'With --json each has the whole row before and after. Times are real ones, of a simulated database too.',
    example: `
$ arcadia audit list --table subscriptions --limit 1
POSITION  WHEN              WHO    FROM  WHAT                  KEY                      CHANGED
     212  2026-05-04 09:12  maria  api   insert subscriptions  {"subscription_id":14}   deployment_id, plan_id, ...`,
  })
    .option('--table <name>', 'changes of this table only')
    .option('--actor <name>', 'changes by this person only')
    .option('--limit <n>', 'how many at most', whole('--limit', 1, 10_000), defaultLimit)
    .action(
      withSession(async (session, { table, actor, limit }: ListOptions) => {
        const { listAudit } = await import('../../platform/audit.ts');
        const { db } = await session.database();
        const entries = await listAudit(db, { table, actor }, { limit, before: null });
        await session.output.list(entries, columns, 'No change is recorded that is like that.');
      }),
    );

  addCommand(audit, 'verify', {
    summary: 'check that nothing in the log was changed, left out or slipped in',
    details: `Each entry holds the hash of the one before. Who has all rights on the database could still write the
whole log anew: note the head down somewhere else now and then, and give it with --head later.`,
    example: `
$ arcadia audit verify
The log is whole: 212 entries.
Head: 212:9f2c5a...e1
$ arcadia audit verify --head 212:9f2c5a...e1`,
  })
    .option('--head <position:hash>', 'an earlier head, which must still be there', parseHead)
    .action(
      withSession(async (session, options: { head?: AuditHead }) => {
        const { verifyAudit } = await import('../../platform/audit.ts');
        const { db } = await session.database();
        const found = await verifyAudit(db, options.head ?? null);
        if (session.output.json) await session.output.value(found);
        else if (found.intact) await session.output.text(describeIntact(found));
        if (!found.intact) throw new ArcadiaError('audit_broken', describeBroken(found), { details: { ...found } });
      }),
    );
}

const columns: readonly Column<AuditEntry>[] = [
  { header: 'position', value: ({ position }) => count(position), align: 'right' },
  { header: 'when', value: ({ recordedAt }) => moment(recordedAt) },
  { header: 'who', value: ({ actor }) => actor },
  { header: 'from', value: ({ origin }) => origin },
  { header: 'what', value: ({ operation, table }) => `${operation} ${table}` },
  { header: 'key', value: ({ key }) => JSON.stringify(key) },
  { header: 'changed', value: (entry) => changedColumns(entry).join(', ') },
];

function changedColumns({ before, after }: AuditEntry): string[] {
  const [was, is] = [before ?? {}, after ?? {}];
  return Object.keys({ ...was, ...is }).filter((name) => JSON.stringify(was[name]) !== JSON.stringify(is[name]));
}

function parseHead(text: string): AuditHead {
  const [, position, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (position === undefined || hash === undefined)
    throw new ArcadiaError(
      'invalid_argument',
      '--head has to be what verify printed: a position, a colon, 64 hexadecimal digits.',
    );
  return { position: Number(position), hash };
}

function describeIntact({ head }: AuditVerification): string {
  if (head === null) return 'The log is empty.';
  return `The log is whole: ${plural(head.position, 'entry', 'entries')}.\nHead: ${head.position}:${head.hash}`;
}

function describeBroken({ broken, disabled, notedHolds }: AuditVerification): string {
  const words = {
    changed: 'was changed after it was written',
    unlinked: 'does not follow the one before it',
    missing: 'stands where entries before it are missing',
  };
  return [
    'The audit log is not as it was written.',
    ...broken.map(({ position, what }) => `Entry ${position} ${words[what]}.`),
    ...disabled.map((table) => `A trigger of the log is switched off on the table ${table}.`),
    ...(notedHolds === false ? ['The head that was noted down is not in it.'] : []),
  ].join('\n');
}
