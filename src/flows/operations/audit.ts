import { z } from 'zod';
import { declareOperation, type Operation } from '../../platform/declare/operation.ts';
import { instantOut, line } from '../../platform/declare/schemas.ts';
import { verifyAnchoredAudit } from '../audit-anchors.ts';

const head = z
  .string()
  .regex(/^\d{1,15}:[0-9a-f]{64}$/, { error: 'is not a position, a colon and 64 hexadecimal digits', abort: true })
  .meta({ description: 'An earlier head as position:hash, which must still be there' })
  .transform((text) => {
    const [position = '', hash = ''] = text.split(':');
    return { position: Number(position), hash };
  });

const fault = z
  .object({
    what: z
      .enum([
        'missing',
        'changed',
        'unexpected',
        'disabled',
        'replica_only',
        'not_always',
        'replication_role',
        'rewritten',
        'unrecorded',
      ])
      .meta({
        description:
          'not_always: session_replication_role switches it off. rewritten: valid, and written anew after the last recording; it may have been lifted in between. unrecorded: the log does not say who wrote the guards',
      }),
    kind: z.string().meta({
      description: 'trigger, function, policy, relation, rule, role, grant, reference, setting or recording',
    }),
    relation: z.string().nullable().meta({ description: 'The table or view; null for what stands on none' }),
    name: z.string(),
    expected: z.string().nullable().meta({ description: 'As the migrations made it; of a function with its SHA-256' }),
    found: z.string().nullable(),
    since: z
      .object({
        at: instantOut.nullable().meta({ description: 'When what is there was written; null: not known' }),
        after: instantOut.nullable().meta({ description: 'The last time before; null: not known' }),
        afterEntry: z
          .int()
          .nullable()
          .meta({ description: 'The entry of the log that shows this; null: an anchor does' }),
        before: instantOut.nullable().meta({ description: 'The first time at which it was seen to be so; null: now' }),
      })
      .meta({ description: 'Since when, as far as it can be known' }),
  })
  .meta({ id: 'GuardFault', description: 'What no longer records, refuses or hides as it was made to' });

const rewriting = z
  .object({
    position: z.int().meta({ description: 'The entry of the log' }),
    recordedAt: instantOut,
    actor: z.string(),
    cause: z.string().meta({
      description:
        'restore, access (rights were missing, and all were given again), unknown, or migration, where migrations are named that had been applied before',
    }),
    writtenAfter: instantOut.nullable().meta({ description: 'A time before all of it was written; null: not known' }),
    count: z.int().meta({ description: 'How many triggers, functions and policies' }),
    guards: z.array(z.string()).readonly().meta({ description: 'The first twenty of them' }),
  })
  .meta({ id: 'GuardRewriting', description: 'Guards that were written anew without a migration: to be explained' });

const pastFault = z
  .object({
    fault: z.string().meta({ examples: ['disabled trigger customers audit_update'] }),
    after: instantOut.nullable().meta({ description: 'The last anchor before it; null: there is none' }),
    firstSeenAt: instantOut,
    lastSeenAt: instantOut,
    goneAt: instantOut.nullable().meta({ description: 'The first anchor after it; null: there is none' }),
  })
  .meta({ id: 'PastGuardFault', description: 'A fault that anchors name and that is gone: to be explained' });

const place = z
  .object({
    place: z.string(),
    problem: z.string().nullable().meta({ description: 'Why it could not be read; null: it was' }),
    checked: z.int().meta({ description: 'How many anchors of this database it has, with our signature' }),
    newestAt: instantOut.nullable(),
    broken: z
      .array(z.object({ position: z.int(), at: instantOut, what: z.enum(['cut', 'remade']) }))
      .readonly()
      .meta({ description: 'Anchors that the log no longer holds to, the oldest first; a hundred at most' }),
    altered: z.array(z.int()).readonly().meta({ description: 'Numbers of lines that are no anchors, or were altered' }),
    otherKey: z.int().meta({ description: 'Anchors that are signed with another secret key: they prove nothing' }),
  })
  .meta({ id: 'AnchorPlace', description: 'What a place outside of the database says of the log' });

export const verifyAuditLog = declareOperation({
  method: 'POST',
  asks: true,
  path: '/audit-log/verification',
  name: 'audit verify',
  operationId: 'verifyAuditLog',
  tag: 'audit',
  summary: 'Check that nothing in the audit log was changed, and that all that guards it is in place',
  description: `Each entry holds the hash of the one before. The triggers that record and refuse, their functions and the row policies
are held against what this version's migrations make. Whoever has all rights on the database could still write the whole
log anew, or cut off its end: that shows by anchors, which are read from the configured place, and by an earlier head.
With \`recent\`, entries that held when they were verified last are passed over (\`since\`). The job \`anchor_audit\` verifies
all of them each day.`,
  roles: ['owner'],
  command: { files: ['anchors'], flags: { anchors: 'anchor' }, asItIs: true },
  body: z.strictObject({
    head: head.optional(),
    recent: z
      .boolean()
      .default(false)
      .meta({ description: 'Pass over the entries that held when they were verified last' }),
    anchors: z
      .array(z.strictObject({ name: line, text: z.string().max(900_000) }))
      .max(20)
      .optional()
      .meta({ description: 'Files with anchors from elsewhere' }),
  }),
  response: z.object({
    intact: z.boolean(),
    head: z
      .object({ position: z.int(), hash: z.string() })
      .nullable()
      .meta({ description: 'The last entry, to be noted down; null: there is none' }),
    broken: z
      .array(z.object({ position: z.int(), what: z.enum(['changed', 'unlinked', 'missing']) }))
      .readonly()
      .meta({ description: 'Entries at which the chain does not hold, the oldest first; a hundred at most' }),
    since: z
      .object({
        position: z.int(),
        hash: z.string(),
        verifiedAt: instantOut.meta({ description: 'When all entries up to there were verified last' }),
      })
      .nullable()
      .meta({ description: 'The entries up to here were passed over; null: all were verified' }),
    faults: z.array(fault).readonly(),
    rewritings: z
      .array(rewriting)
      .readonly()
      .meta({ description: 'The newest first, a hundred at most; they do not make the log less intact' }),
    pastFaults: z
      .array(pastFault)
      .readonly()
      .meta({ description: 'The newest first, a hundred at most; they do not make the log less intact' }),
    notedHolds: z
      .boolean()
      .nullable()
      .meta({ description: 'Whether the given head is still there; null: none was given' }),
    anchors: z.array(place).readonly().meta({ description: 'Empty: no place is configured, and none was given' }),
  }),
  run: ({ db, body, config, signal }) =>
    verifyAnchoredAudit(db, config, {
      noted: body.head ?? null,
      given: body.anchors ?? [],
      isWhole: !body.recent,
      signal,
    }),
});

export const auditOperations: readonly Operation[] = [verifyAuditLog];
