import { z } from 'zod';
import { declareList, declareOperation, type Operation, type Role } from '../../platform/declare/operation.ts';
import { pageOfAll } from '../../platform/declare/pages.ts';
import { decimalOut, id, instantOut, slug } from '../../platform/declare/schemas.ts';
import { extrasOf } from '../extras.ts';
import { rolloutEnded, rolloutUnderWay } from '../rollout-errors.ts';
import * as rollouts from '../rollouts.ts';
import { type RolloutRow, rolloutStates } from '../rollouts.store.ts';

const readers: readonly Role[] = ['owner', 'finance', 'operator', 'viewer'];
const deciders: readonly Role[] = ['owner', 'operator'];
/** What destroys is the owner's. */
const destroyers: readonly Role[] = ['owner'];

const which = z.object({ rollout: id });

const rolloutOut = z
  .object({
    rollout: z.int().meta({ description: 'Its number' }),
    deployment: slug,
    account: slug,
    purpose: z.enum(['create', 'change', 'destroy']),
    proposal: z.string().meta({ description: 'The hash of the proposal that it carries out' }),
    state: z.enum(rolloutStates).meta({
      description:
        'waiting: another rollout of the account is under way. held: a person has to look. cancelled: nothing more is sent.',
    }),
    reason: z
      .string()
      .nullable()
      .meta({ description: 'Why it is held or has failed, or what stays after it was undone' }),
    steps: z.int(),
    done: z.int().meta({ description: 'How many of the steps are done' }),
    begunAt: instantOut,
    begunBy: z.string(),
    undoBy: z.string().nullable().meta({ description: 'Who has asked for it to be undone' }),
    changedAt: instantOut.meta({ description: 'When it, or one of its steps, last changed' }),
    endedAt: instantOut.nullable(),
  })
  .meta({ id: 'Rollout', description: 'A proposal that is carried out, once' });

function rolloutAnswer({
  rolloutId,
  proposalId: _,
  accountId: __,
  hash,
  ...rest
}: RolloutRow): z.input<typeof rolloutOut> {
  return { rollout: rolloutId, proposal: hash, ...rest };
}

export const listRollouts = declareList({
  path: '/rollouts',
  name: 'rollout list',
  operationId: 'listRollouts',
  tag: 'provisioning',
  summary: 'What is being carried out, and what was',
  roles: readers,
  query: z.object({ state: z.enum(rolloutStates).optional() }),
  row: rolloutOut,
  search: { in: 'the deployment, the account and the proposal' },
  sort: { by: ['rollout', 'deployment', 'begunAt', 'changedAt'], newestFirst: true },
  total: true,
  async run({ db, query }, page) {
    const rows = (await rollouts.listRollouts(db)).filter(
      ({ state }) => query.state === undefined || state === query.state,
    );
    return pageOfAll(rows.map(rolloutAnswer), page, (row) => [row.rollout], {
      texts: (row) => [row.deployment, row.account, row.proposal],
      sorts: {
        deployment: (row) => row.deployment,
        begunAt: (row) => row.begunAt,
        changedAt: (row) => row.changedAt,
      },
    });
  },
});

const stepOut = z.object({
  key: z.string().meta({ examples: ['droplet web-1'] }),
  says: z.string().meta({ description: 'What it does' }),
  state: z.string().meta({ description: 'new, intended, accepted, done, failed or held' }),
  reason: z.string().nullable(),
  externalId: z.string().nullable().meta({ description: "The provider's id of what it has made or taken over" }),
  adopted: z.boolean().meta({ description: 'It was there before' }),
  undo: z.string().nullable().meta({ description: 'How far it is undone; stays: what it made is not destroyed' }),
  changedAt: instantOut,
});

export const getRollout = declareOperation({
  method: 'GET',
  path: '/rollouts/:rollout',
  name: 'rollout show',
  operationId: 'getRollout',
  tag: 'provisioning',
  summary: 'One rollout, step by step',
  roles: readers,
  params: which,
  response: rolloutOut.extend({
    stepList: z.array(stepOut).readonly(),
    extras: z
      .array(
        z.object({
          key: z.string().meta({ description: 'The step that has made it a second time' }),
          externalId: z.string(),
          foundAt: instantOut,
          monthly: decimalOut.nullable().meta({ description: 'What it costs in a month; null: nobody knows' }),
          currency: z.string().nullable(),
        }),
      )
      .readonly()
      .meta({ description: 'What carries the mark of a step beside what the step knows: it costs, and is not used' }),
    requests: z.int().meta({ description: 'Requests to the provider so far' }),
    writes: z.int().meta({ description: 'Those of them that were to change something' }),
  }),
  async run({ db, params, now }) {
    const { rollout, steps, requests, writes } = await rollouts.showRollout(db, params.rollout);
    return { ...rolloutAnswer(rollout), stepList: steps, extras: await extrasOf(db, rollout, now), requests, writes };
  },
});

const decided = z.object({ rollout: z.int(), state: z.enum(rolloutStates) });

async function stateOf(db: Parameters<typeof rollouts.getRollout>[0], rollout: number) {
  return { rollout, state: (await rollouts.getRollout(db, rollout)).state };
}

export const resumeRollout = declareOperation({
  method: 'POST',
  path: '/rollouts/:rollout/resume',
  name: 'rollout resume',
  operationId: 'resumeRollout',
  tag: 'provisioning',
  summary: 'Have a rollout go on that is held or has failed',
  description:
    'What it was held for is tried anew: what it may have made is looked for before anything is sent. One that destroys, or is being undone, goes on by an owner alone.',
  refuses: [rolloutEnded, rolloutUnderWay],
  roles: deciders,
  params: which,
  response: decided,
  status: 202,
  async run({ db, params, now, enqueue, principal: { role } }) {
    await db.transaction().execute((trx) => rollouts.resumeRollout({ trx, enqueue, now, role }, params.rollout));
    return stateOf(db, params.rollout);
  },
});

export const undoRollout = declareOperation({
  method: 'POST',
  path: '/rollouts/:rollout/undo',
  name: 'rollout undo',
  operationId: 'undoRollout',
  tag: 'provisioning',
  summary: 'Destroy what a rollout has created, the last first',
  description:
    'Only what the rollout itself has recorded, by its id, and once its mark is read again. What it took over, what is ' +
    'protected, and a volume that was in use stays, and is listed.',
  command: { confirm: 'Destroy everything that rollout {rollout} has created?' },
  refuses: [rolloutEnded, rolloutUnderWay],
  roles: destroyers,
  params: which,
  response: decided,
  status: 202,
  async run({ db, params, now, enqueue, principal: { subject: by } }) {
    await db.transaction().execute((trx) => rollouts.undoRollout({ trx, enqueue, now, by }, params.rollout));
    return stateOf(db, params.rollout);
  },
});

export const cancelRollout = declareOperation({
  method: 'POST',
  path: '/rollouts/:rollout/cancel',
  name: 'rollout cancel',
  operationId: 'cancelRollout',
  tag: 'provisioning',
  summary: 'Have nothing more sent for a rollout',
  description: 'What is under way is followed to its end. What it has made stays, and can be undone.',
  command: { confirm: 'Cancel rollout {rollout}? What it has made stays, and costs.' },
  refuses: [rolloutEnded],
  roles: deciders,
  params: which,
  response: decided,
  status: 202,
  async run({ db, params, now, enqueue }) {
    await db.transaction().execute((trx) => rollouts.cancelRollout({ trx, enqueue, now }, params.rollout));
    return stateOf(db, params.rollout);
  },
});

export const rolloutOperations: readonly Operation[] = [
  listRollouts,
  getRollout,
  resumeRollout,
  undoRollout,
  cancelRollout,
];
