import { beginRolloutOperation } from '../../provisioning/operations/proposals.ts';
import {
  cancelRollout,
  getRollout,
  listRollouts,
  resumeRollout,
  undoRollout,
} from '../../provisioning/operations/rollouts.ts';
import { type Column, fields, moment, table } from '../engine/output.ts';
import { type AnswerOf, actionView, listView, type Noun, type RowOf } from '../engine/views.ts';

type Rollout = RowOf<typeof listRollouts>;
type Detail = AnswerOf<typeof getRollout>;
type Step = Detail['stepList'][number];
type Extra = Detail['extras'][number];

const rolloutColumns: readonly Column<Rollout>[] = [
  { header: 'rollout', value: (row) => String(row.rollout), align: 'right' },
  { header: 'purpose', value: (row) => row.purpose },
  { header: 'deployment', value: (row) => row.deployment },
  { header: 'account', value: (row) => row.account },
  { header: 'state', value: (row) => row.state },
  { header: 'steps', value: (row) => `${row.done}/${row.steps}`, align: 'right' },
  { header: 'begun (utc)', value: (row) => moment(row.begunAt) },
  { header: 'by', value: (row) => row.begunBy },
];

const stepColumns: readonly Column<Step>[] = [
  { header: 'step', value: (row) => row.key },
  { header: 'state', value: (row) => (row.undo === null ? row.state : `undo: ${row.undo}`) },
  { header: 'id', value: (row) => row.externalId },
  { header: 'why', value: (row) => row.reason ?? (row.adopted ? 'was there before' : null) },
];

const extraColumns: readonly Column<Extra>[] = [
  { header: 'step', value: (row) => row.key },
  { header: 'id', value: (row) => row.externalId },
  { header: 'found (utc)', value: (row) => moment(row.foundAt) },
  {
    header: 'a month',
    value: ({ monthly, currency }) => (monthly === null ? 'unknown' : `${monthly} ${currency}`),
    align: 'right',
  },
];

function rolloutText(found: Detail): string {
  const head = fields([
    ['rollout', String(found.rollout)],
    ['does', `${found.purpose} ${found.deployment} in ${found.account}`],
    ['proposal', found.proposal.slice(0, 12)],
    ['state', found.state],
    ...(found.reason === null ? [] : [['because', found.reason] as const]),
    ['begun', `${moment(found.begunAt)} by ${found.begunBy}`],
    ...(found.undoBy === null ? [] : [['undo asked for', `by ${found.undoBy}`] as const]),
    ['ended', found.endedAt === null ? null : moment(found.endedAt)],
    ['requests', `${found.requests}, ${found.writes} of them to change something`],
  ]);
  const extras = found.extras.length === 0 ? [] : [`Made more than once:\n${table(found.extras, extraColumns)}`];
  return [head, table(found.stepList, stepColumns), ...extras].join('\n\n');
}

/** What somebody can do with one that does not go on by itself. */
const nextOf = ({ rollout, state }: Detail): readonly string[] =>
  state === 'held' || state === 'failed'
    ? [
        `Next: put right what it says, then arcadia rollout resume ${rollout}; arcadia rollout undo ${rollout} destroys what it has created`,
      ]
    : [];

const next = ({ rollout }: { readonly rollout: number }) => [`Next: arcadia rollout show ${rollout}`];

export const rolloutNoun: Noun = {
  name: 'rollout',
  summary: 'proposals that are carried out',
  description: 'Approved proposals that are carried out at the provider, each once. See docs/rollouts.md.',
  views: [
    actionView(beginRolloutOperation, {
      summary: 'carry out an approved proposal, once',
      example: `
$ arcadia rollout begin 5f3a0c91d2be4b7a6c01e8d9f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5
Begun: rollout 7.`,
      text: ({ rollout, begun }) => (begun ? `Begun: rollout ${rollout}.` : `Rollout ${rollout} had begun before.`),
      notes: next,
    }),
    listView(listRollouts, {
      summary: 'what is carried out, and what was',
      example: `
$ arcadia rollout list
ROLLOUT  PURPOSE  DEPLOYMENT  ACCOUNT  STATE    STEPS  BEGUN (UTC)           BY
      7  create   beta-shop   acme     running   6/12  2026-06-11 06:00:00Z  owner`,
      columns: rolloutColumns,
      empty: 'Nothing has been carried out yet. See: arcadia deployment create --help',
    }),
    actionView(getRollout, {
      summary: 'one rollout, step by step',
      example: `
$ arcadia rollout show 7
rollout   7
does      create beta-shop in acme
proposal  5f3a0c91d2be
state     held
because   droplet web-2: this would exceed your droplet limit
begun     2026-06-11 06:00:00Z by owner
requests  31, 8 of them to change something

STEP           STATE  ID         WHY
project        done   7e1c...    -
droplet web-1  done   480000123  -
droplet web-2  held   -          this would exceed your droplet limit`,
      text: rolloutText,
      notes: nextOf,
    }),
    actionView(resumeRollout, {
      summary: 'have a rollout go on that is held or has failed',
      details: 'What it may have made meanwhile is looked for before anything is sent.',
      example: `
$ arcadia rollout resume 7
Rollout 7 is running.`,
      text: ({ rollout, state }) => `Rollout ${rollout} is ${state}.`,
      notes: next,
    }),
    actionView(undoRollout, {
      summary: 'destroy what a rollout has created, the last first',
      details: `Only what it has recorded itself, by its id, once its mark is read again. What it took over, what is
protected, and a volume that was in use, stays and is listed.`,
      example: `
$ arcadia rollout undo 7 --yes
Rollout 7 is undoing.`,
      text: ({ rollout, state }) => `Rollout ${rollout} is ${state}.`,
      notes: next,
    }),
    actionView(cancelRollout, {
      summary: 'have nothing more sent for a rollout',
      details:
        'What is under way is followed to its end. What was made stays, and costs: arcadia rollout undo destroys it.',
      example: `
$ arcadia rollout cancel 7 --yes
Rollout 7 is cancelled.`,
      text: ({ rollout, state }) => `Rollout ${rollout} is ${state}.`,
      notes: next,
    }),
  ],
};
