import { z } from 'zod';
import { externalId } from '../../deployments/index.ts';
import { openSecretKey } from '../../inventory/index.ts';
import {
  declareList,
  declareOperation,
  moneyRoles,
  type Operation,
  type OperationCall,
  type Role,
  staff,
} from '../../platform/declare/operation.ts';
import { decimalOut, instantOut, line, recordOf, slug } from '../../platform/declare/schemas.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { proposalBlocked, proposalClosed, proposalNotApproved, proposalStale } from '../errors.ts';
import type { Looking } from '../facts.ts';
import { assertFresh } from '../freshness.ts';
import type { CustomersMoney, ProposalDocument } from '../proposal-document.ts';
import { type MadeProposal, proposeChange, proposeCreation, proposeDestruction, storeProposal } from '../proposing.ts';
import * as proposals from '../proposals.ts';
import type { ProposalHead, ProposalRow } from '../proposals.store.ts';
import { rolloutUnderWay } from '../rollout-errors.ts';
import { beginRollout } from '../rollouts.ts';
import { provisioningSettings } from '../settings.ts';

const deciders: readonly Role[] = ['owner', 'operator'];

const hash = z
  .string()
  .regex(/^[0-9a-f]{64}$/, { error: 'is not the hash of a proposal: 64 hexadecimal digits' })
  .meta({
    description: 'SHA-256 of all that the proposal says',
    examples: ['5f3a0c91d2be4e67a8c01b95d7f3620e8a41c6b9d0e57f2384ba69c1e0d7352f'],
  });

const head = {
  hash,
  deployment: slug,
  purpose: z.enum(['create', 'change', 'destroy']),
  customer: z.string(),
  account: slug,
  state: z.enum(proposals.proposalStates).meta({
    description: 'blocked: something keeps it from being approved. rolled_out: its rollout has begun.',
  }),
  blueprint: z.string().nullable().meta({ description: 'null: of a proposal of destroying' }),
  version: z.int().nullable().meta({ description: 'Of the blueprint' }),
  steps: z.int(),
  currency: z.string(),
  difference: decimalOut.meta({ description: 'What it adds to our cost of a month, by list prices' }),
  customersDifference: decimalOut.nullable().meta({
    description: 'What it adds to what the customer pays for the last month that is named; null: it is on no plan',
  }),
  customersCurrency: z.string().nullable(),
  proposedAt: instantOut,
  proposedBy: z.string(),
  expiresAt: instantOut,
  rollout: z.int().nullable().meta({ description: 'The rollout that has begun of it; null: none' }),
};

const proposalOut = z
  .object(head)
  .meta({ id: 'Proposal', description: 'What would be done to a deployment, and what it costs' });

const many = <Item extends z.ZodType>(item: Item) => z.array(item).readonly();

const proposalDetail = z
  .object({
    ...head,
    plan: slug.nullable().meta({ description: 'That it is on, or comes onto; null: none' }),
    parameters: z.record(z.string(), z.string()).meta({ description: 'Of a secret hmac: and digits' }),
    stepList: many(
      z.object({
        key: z.string().meta({ examples: ['droplet web-1'] }),
        says: z.string(),
        request: z.record(z.string(), z.unknown()).meta({
          description:
            'What it does, in the words of the program. A value that is known only later is an object: { $id: … }',
        }),
        scopes: many(z.string()).meta({ description: 'What the write token needs for it' }),
        undo: z.enum(['destroy', 'reverse', 'nothing']),
        loses: z.string().nullable().meta({ description: 'What is lost by it; null: nothing' }),
      }),
    ),
    scopes: many(z.string()).meta({ description: 'All that the write token needs' }),
    ours: z
      .object({
        currency: z.string(),
        monthly: z.object({ before: decimalOut, after: decimalOut, difference: decimalOut }),
        restOfMonth: decimalOut.meta({ description: 'Of the difference, from the proposal to the end of its month' }),
        lines: many(z.object({ what: z.string(), quantity: z.string(), amount: decimalOut })),
        unknown: many(z.string()).meta({ description: 'What has no known price' }),
      })
      .meta({ description: 'What it costs us a month, by list prices of the day' }),
    customers: z
      .object({
        currency: z.string(),
        months: many(
          z.object({
            month: z.string(),
            plan: slug.meta({ description: "That it is on at the month's end" }),
            version: z.string().meta({ description: "Digits of a digest of the plan's prices as they hold then" }),
            before: decimalOut.nullable(),
            after: decimalOut,
            difference: decimalOut,
          }),
        ).meta({ description: 'Each as a whole one; not one at whose end it is on no plan' }),
        margin: decimalOut.nullable().meta({
          description:
            'Of the last of the months, for the roles owner and finance; null: in two currencies, or the plan passes cost on',
        }),
        restOfMonth: z
          .object({
            from: instantOut.meta({ description: 'What is created is on its plan from the next day' }),
            difference: decimalOut.meta({ description: 'By the days that are left, as the invoice rates them' }),
            margin: decimalOut.nullable().meta({
              description: 'For the roles owner and finance; null: in two currencies, or the plan passes cost on',
            }),
          })
          .nullable()
          .meta({ description: 'What it changes of the month in which it is proposed; null: it is on no plan in it' }),
      })
      .nullable()
      .meta({ description: 'What the customer pays without tax; null: it is on no plan, or is destroyed' }),
    notMetered: many(z.string()).meta({ description: 'Meters that the plan has prices for, and that are disabled' }),
    problems: many(z.string()).meta({ description: 'Why it cannot be approved' }),
    notes: many(z.string()),
    stays: many(z.object({ what: z.string(), why: z.string(), monthly: decimalOut.nullable() })).meta({
      description: 'What is there after it was taken down, with what it may cost a month at most',
    }),
    approvals: many(z.object({ by: z.string(), at: z.string() })),
  })
  .meta({ id: 'ProposalDetail', description: 'A proposal with its steps, and the money of both sides' });

function headAnswer(
  { proposalId: _, isBlocked: __, approvals: ___, discardedAt: ____, rolloutId, ...head }: ProposalHead,
  state: proposals.ProposalState,
): z.input<typeof proposalOut> {
  return { ...head, state, rollout: rolloutId };
}

function partsOf({ plan, parameters, scopes, ours, notMetered, problems, notes, stays }: ProposalDocument) {
  return { plan, parameters: { ...parameters }, scopes, ours, notMetered, problems, notes, stays };
}

type Call = Pick<OperationCall, 'db' | 'config' | 'signal'>;

async function lookingOf({ db, config, signal }: Call): Promise<Looking> {
  return { db, secretKey: await openSecretKey(db, config), signal };
}

function approvalsNeeded({ config }: Pick<OperationCall, 'config'>): number {
  return provisioningSettings.of(config).provisioningSecondApprover ? 2 : 1;
}

type Showing = Pick<OperationCall, 'config' | 'now' | 'principal'>;

/** What we earn is for the owner and finance alone. */
const seesMargin = (role: Role) => moneyRoles.includes(role);

function shown(call: Showing, row: ProposalRow): z.input<typeof proposalDetail> {
  const { document, approvals } = row;
  const { customers } = document;
  return {
    ...headShown(call, proposals.headOf(row)),
    ...partsOf(document),
    customers: customers && customersShown(customers, call.principal.role),
    stepList: document.steps.map(({ work, ...step }) => ({ ...step, request: { ...work } })),
    approvals,
  };
}

function customersShown({ margin, restOfMonth, ...customers }: CustomersMoney, role: Role) {
  const own = (amount: string | null) => (seesMargin(role) ? amount : null);
  return {
    ...customers,
    margin: own(margin),
    restOfMonth: restOfMonth && {
      from: Temporal.Instant.from(restOfMonth.from),
      difference: restOfMonth.difference,
      margin: own(restOfMonth.margin),
    },
  };
}

function headShown(call: Pick<OperationCall, 'config' | 'now'>, row: ProposalHead): z.input<typeof proposalOut> {
  return headAnswer(row, proposals.stateOf(row, call.now, approvalsNeeded(call)));
}

/** Stores what was made, and answers it. */
async function kept(
  call: Pick<OperationCall, 'db' | 'config' | 'now' | 'principal'>,
  made: MadeProposal & { readonly secretKey: Looking['secretKey'] },
): Promise<z.input<typeof proposalDetail>> {
  const { db, now, principal } = call;
  await storeProposal(db, made, { secretKey: made.secretKey, by: principal.subject, now });
  return shown(call, await proposals.getProposal(db, made.hash));
}

const parameters = recordOf(
  z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, { error: 'is not the name of a parameter' }),
  z.string().max(16_384).meta({ contentMediaType: 'text/plain' }),
  50,
)
  .default({})
  .meta({ description: 'Values of parameters of the blueprint', examples: [{ size: 's-4vcpu-8gb' }] });

const acceptUnmetered = z
  .boolean()
  .default(false)
  .meta({ description: 'Also where the plan has prices for what nothing meters: it is not billed' });

const location = (made: { readonly hash: string }) => `/proposals/${made.hash}`;

const about =
  'The provider is asked for what there is, and nothing is written to it. The proposal holds for 24 hours, and is refused once anything that it was made from has changed.';

export const proposeCreationOperation = declareOperation({
  method: 'POST',
  path: '/proposals/creations',
  name: 'proposal create',
  operationId: 'proposeCreation',
  tag: 'provisioning',
  summary: 'Propose a new deployment, with the money for both sides',
  description: about,
  command: { positional: ['deployment'], flags: { parameters: 'set' } },
  roles: deciders,
  asksProvider: true,
  body: z.strictObject({
    deployment: slug,
    customer: externalId,
    name: line.optional().meta({ description: 'The slug unless given' }),
    like: slug.optional().meta({ description: 'A deployment whose blueprint it is created by' }),
    blueprint: slug.optional().meta({ description: 'The blueprint, in place of like' }),
    account: slug.optional().meta({ description: 'Where there are several: in which it is created' }),
    parameters,
    acceptUnmetered,
  }),
  response: proposalDetail,
  status: 201,
  location,
  async prepare(call) {
    const { deployment, name = deployment, like = null, blueprint = null, account = null, ...rest } = call.body;
    const looking = await lookingOf(call);
    const request = { deployment, name, like, blueprint, account, ...rest };
    return { ...(await proposeCreation(looking, request, call.now)), secretKey: looking.secretKey };
  },
  run: kept,
});

const ofDeployment = z.object({ deployment: slug });

export const proposeChangeOperation = declareOperation({
  method: 'POST',
  path: '/deployments/:deployment/proposals/changes',
  name: 'proposal change',
  operationId: 'proposeChange',
  tag: 'provisioning',
  summary: 'Propose what a deployment lacks of its blueprint',
  description: `${about} Parameters keep the values with which it was created.`,
  command: { flags: { parameters: 'set' } },
  roles: deciders,
  asksProvider: true,
  params: ofDeployment,
  body: z.strictObject({
    blueprint: slug.optional().meta({ description: 'The one by which it was created, unless given' }),
    parameters,
    acceptUnmetered,
  }),
  response: proposalDetail,
  status: 201,
  location,
  async prepare(call) {
    const { blueprint = null, ...rest } = call.body;
    const looking = await lookingOf(call);
    const request = { ...call.params, blueprint, ...rest };
    return { ...(await proposeChange(looking, request, call.now)), secretKey: looking.secretKey };
  },
  run: kept,
});

export const proposeDestructionOperation = declareOperation({
  method: 'POST',
  path: '/deployments/:deployment/proposals/destructions',
  name: 'proposal destroy',
  operationId: 'proposeDestruction',
  tag: 'provisioning',
  summary: 'Propose to take a deployment down, with what stays and costs',
  description: `${about} Each droplet and volume is kept as a snapshot, unless that is declined.`,
  roles: ['owner'],
  asksProvider: true,
  params: ofDeployment,
  body: z.strictObject({
    snapshots: z.boolean().default(true).meta({ description: 'Keep a last snapshot of each droplet and volume' }),
  }),
  response: proposalDetail,
  status: 201,
  location,
  async prepare(call) {
    const looking = await lookingOf(call);
    const request = { ...call.params, ...call.body };
    return { ...(await proposeDestruction(looking, request, call.now)), secretKey: looking.secretKey };
  },
  run: kept,
});

export const listProposals = declareList({
  path: '/proposals',
  name: 'proposal list',
  operationId: 'listProposals',
  tag: 'provisioning',
  summary: 'Proposals, the newest first',
  roles: staff,
  query: z.object({ deployment: slug.optional() }),
  row: proposalOut,
  search: { in: 'the deployment and who proposed it' },
  sort: { none: 'the newest first' },
  total: true,
  async run(call, page) {
    const { items, ...rest } = await proposals.proposalPage(call.db, call.query.deployment ?? null, page);
    return { items: items.map((row) => headShown(call, row)), ...rest };
  },
});

const which = z.object({ hash });

export const getProposal = declareOperation({
  method: 'GET',
  path: '/proposals/:hash',
  name: 'proposal show',
  operationId: 'getProposal',
  tag: 'provisioning',
  summary: 'A proposal with its steps, and the money of both sides',
  roles: staff,
  params: which,
  response: proposalDetail,
  run: async (call) => shown(call, await proposals.getProposal(call.db, call.params.hash)),
});

export const approveProposal = declareOperation({
  method: 'POST',
  path: '/proposals/:hash/approvals',
  name: 'proposal approve',
  operationId: 'approveProposal',
  tag: 'provisioning',
  summary: 'Approve a proposal',
  description:
    'It is made anew first, and refused where it would say something else by now. Owners approve; operators what adds no more a month than provisioningOperatorLimit. Of what destroys, the slug of its deployment has to be given.',
  roles: deciders,
  refuses: [proposalStale, proposalClosed, proposalBlocked],
  asksProvider: true,
  params: which,
  body: z.strictObject({
    typeName: slug.optional().meta({ description: 'The slug of the deployment that it destroys, as a confirmation' }),
  }),
  response: proposalDetail,
  prepare: async (call) => assertFresh(await lookingOf(call), call.params.hash, call.now),
  async run(call) {
    const { db, params, body, principal, now, config } = call;
    const { role, subject } = principal;
    if (role !== 'owner' && role !== 'operator')
      throw new ArcadiaError('forbidden', 'Owners and operators approve proposals.');
    const row = await proposals.approve(db, params.hash, {
      by: subject,
      role,
      operatorLimit: provisioningSettings.of(config).provisioningOperatorLimit,
      typed: body.typeName ?? null,
      now,
    });
    return shown(call, row);
  },
});

export const discardProposal = declareOperation({
  method: 'POST',
  path: '/proposals/:hash/discard',
  name: 'proposal discard',
  operationId: 'discardProposal',
  tag: 'provisioning',
  summary: 'Discard a proposal',
  roles: deciders,
  refuses: [proposalClosed],
  params: which,
  response: proposalOut,
  async run(call) {
    const row = await proposals.discard(call.db, call.params.hash, call.principal.subject, call.now);
    return headShown(call, proposals.headOf(row));
  },
});

export const beginRolloutOperation = declareOperation({
  method: 'POST',
  path: '/rollouts',
  name: 'rollout begin',
  operationId: 'beginRollout',
  tag: 'provisioning',
  summary: 'Roll an approved proposal out, once',
  description:
    'It is made anew first, and refused where it would say something else by now. Begun again it is the same rollout. What destroys is begun by owners.',
  command: { positional: ['proposal'] },
  roles: deciders,
  refuses: [proposalStale, proposalClosed, proposalBlocked, proposalNotApproved, rolloutUnderWay],
  asksProvider: true,
  body: z.strictObject({ proposal: hash }),
  response: z.object({
    rollout: z.int().meta({ description: 'Its number' }),
    begun: z.boolean().meta({ description: 'false: it had begun before' }),
  }),
  status: 202,
  location: (made) => `/rollouts/${made.rollout}`,
  async prepare(call) {
    const looking = await lookingOf(call);
    const { document } = await proposals.getProposal(call.db, call.body.proposal);
    if (document.purpose === 'destroy' && call.principal.role !== 'owner')
      throw new ArcadiaError('forbidden', `The proposal destroys ${document.deployment}: an owner has to begin it.`);
    await assertFresh(looking, call.body.proposal, call.now);
    return looking.secretKey;
  },
  async run(call, secretKey) {
    const { db, enqueue, principal, now, body } = call;
    const begun = await db
      .transaction()
      .execute((trx) =>
        beginRollout(
          { trx, enqueue, secretKey, by: principal.subject, now, approvalsNeeded: approvalsNeeded(call) },
          body.proposal,
        ),
      );
    return { rollout: begun.rolloutId, begun: begun.begun };
  },
});

export const proposalOperations: readonly Operation[] = [
  listProposals,
  getProposal,
  proposeCreationOperation,
  proposeChangeOperation,
  proposeDestructionOperation,
  approveProposal,
  discardProposal,
  beginRolloutOperation,
];
