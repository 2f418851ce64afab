import { z } from 'zod';
import { pageOfAll } from '../../platform/declare/pages.ts';
import { declareList, declareOperation, staff, type Operation } from '../../platform/declare/operation.ts';
import { day, dayOut, id, instant, instantOut, line, slug } from '../../platform/declare/schemas.ts';
import * as attestations from '../finality/attestations.ts';
import { dayOf } from '../period.ts';
import { resourceKind } from './schemas.ts';

const confirmation = z
  .object({
    confirmationId: id.meta({ examples: [4] }),
    account: slug,
    resourceKind,
    through: instantOut,
    reason: z.string(),
    recordedAt: instantOut,
    recordedBy: z.string(),
    withdrawnAt: instantOut.nullable().meta({ description: 'null: it stands' }),
    withdrawnBy: z.string().nullable(),
  })
  .meta({ id: 'UsageAttestation', description: "An operator's attestation that what is recorded is right" });

export const listUsageAttestations = declareList({
  path: '/usage/confirmations',
  name: 'usage confirmation list',
  operationId: 'listUsageAttestations',
  tag: 'usage',
  summary: "Operators' words on usage that no listing confirms, newest first",
  roles: staff,
  row: confirmation,
  search: { none: 'filters by account and kind say more' },
  sort: { none: 'the newest first, as it is indexed' },
  total: { none: 'years of decisions' },
  run: ({ db }, page) => attestations.listConfirmations(db, page),
});

export const confirmUsage = declareOperation({
  method: 'POST',
  path: '/usage/confirmations',
  name: 'usage confirm',
  operationId: 'confirmUsage',
  tag: 'usage',
  summary: 'Confirm what is recorded of an account and kind, up to a moment',
  description: 'It counts as a complete listing that began then. No usage changes.',
  roles: ['owner', 'operator'],
  command: { flags: { resourceKind: 'kind' } },
  body: z.strictObject({
    account: slug,
    resourceKind,
    through: instant,
    reason: line.meta({ description: 'How it is known' }),
  }),
  response: z.object({ confirmationId: id.meta({ examples: [4] }) }),
  status: 201,
  location: ({ confirmationId }) => `/usage/confirmations/${confirmationId}`,
  run: ({ db, body, now, principal }) => attestations.confirmUsage(db, body, principal.subject, now),
});

export const withdrawUsageAttestation = declareOperation({
  method: 'DELETE',
  path: '/usage/confirmations/:confirmation',
  name: 'usage confirmation withdraw',
  operationId: 'withdrawUsageAttestation',
  tag: 'usage',
  summary: 'Withdraw a confirmation; it stays on record',
  roles: ['owner', 'operator'],
  params: z.object({ confirmation: id }),
  run: ({ db, params, now, principal }) =>
    attestations.withdrawConfirmation(db, params.confirmation, principal.subject, now),
});

const hours = z.int().min(1).max(8784);

const observationLimit = z
  .object({
    resourceKind: z.string().meta({ description: '*: every kind without limits of its own', examples: ['droplet'] }),
    fromDay: dayOut,
    gapAfterHours: hours.meta({ description: 'So long without a complete listing is a gap', examples: [6] }),
    carryForwardHours: hours.meta({ description: 'For how long usage is estimated', examples: [72] }),
  })
  .meta({ id: 'ObservationLimit', description: 'How long metering goes on without seeing' });

export const listObservationLimits = declareList({
  path: '/usage/limits',
  name: 'usage limit list',
  operationId: 'listObservationLimits',
  tag: 'usage',
  summary: 'After how long without a listing there is a gap, and for how long usage is estimated',
  roles: staff,
  row: observationLimit,
  search: { none: 'a kind of resource has few' },
  sort: { none: 'by kind and day' },
  total: true,
  async run({ db }, page) {
    return pageOfAll(await attestations.listObservationLimits(db), page, (row) => [row.resourceKind, row.fromDay]);
  },
});

export const setObservationLimit = declareOperation({
  method: 'POST',
  path: '/usage/limits',
  name: 'usage limit set',
  operationId: 'setObservationLimit',
  tag: 'usage',
  summary: 'Set those limits of a kind of resource, from a day on',
  description: 'Omitted fields keep their value.',
  roles: ['owner', 'operator'],
  command: { positional: ['resourceKind'], flags: { resourceKind: 'kind', fromDay: 'from' } },
  body: z.strictObject({
    resourceKind: z
      .union([resourceKind, z.literal('*')])
      .meta({ description: 'A kind of resource; *: every kind without limits of its own', examples: ['droplet'] }),
    fromDay: day.optional().meta({ description: 'The first UTC day on which it applies; today unless given' }),
    gapAfterHours: hours.optional(),
    carryForwardHours: hours.optional(),
  }),
  response: observationLimit,
  run: ({ db, body, now }) => attestations.setObservationLimit(db, { ...body, fromDay: body.fromDay ?? dayOf(now) }),
});

export const attestationOperations: readonly Operation[] = [
  listUsageAttestations,
  confirmUsage,
  withdrawUsageAttestation,
  listObservationLimits,
  setObservationLimit,
];
