import type { RawInput } from '../../platform/declare/input.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { createDeployment } from '../../deployments/operations/deployments.ts';
import {
  beginRolloutOperation,
  getProposal,
  proposeChangeOperation,
  proposeCreationOperation,
  proposeDestructionOperation,
} from '../../provisioning/operations/proposals.ts';
import { fieldsOf } from '../engine/fields.ts';
import { readInput } from '../engine/input.ts';
import { moment } from '../engine/output.ts';
import { noInput } from '../engine/surface.ts';
import { readValue } from '../engine/values.ts';
import { type AnswerOf, actionView, type BoundView, type OwnArguments, type RunTools } from '../engine/views.ts';
import { nextText, type Proposal, proposalText, shortHash } from './proposal-text.ts';

// A deployment is created, changed and taken down in two calls of one command: the first proposes, and prints the hash of
// what it proposes; the second, with that hash, has it done.

type Begun = AnswerOf<typeof beginRolloutOperation>;
type Created = AnswerOf<typeof createDeployment>;
type Answer = Proposal | Begun | Created;

const slug = { name: 'deployment', description: 'its slug: lower-case letters, digits and hyphens' } as const;
const dryRun = { flags: '--dry-run', description: 'propose it: print what would be done, and the hash for --hash' };
const hash = { flags: '--hash <hash>', description: 'do what this proposal says, once it is approved' };
const set = { flags: '--set <name=value>', description: 'a parameter of the blueprint', isList: true } as const;
const setFile = {
  flags: '--set-file <name=file>',
  description: 'a parameter from a file, such as a secret; - is standard input',
  isList: true,
} as const;
const unmetered = {
  flags: '--accept-unmetered',
  description: 'also where the plan has prices for what nothing meters',
};
const blueprint = { flags: '--blueprint <slug>', description: 'the blueprint that it is made by' };

function pairsOf(given: unknown, flag: string): [string, string][] {
  return ((given ?? []) as readonly string[]).map((pair) => {
    const at = pair.indexOf('=');
    if (at < 1) throw new ArcadiaError('invalid_argument', `${flag} "${pair}" is not name=value.`);
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
}

async function parametersOf(options: Readonly<Record<string, unknown>>): Promise<Record<string, string>> {
  const parameters = Object.fromEntries(pairsOf(options['set'], '--set'));
  for (const [name, file] of pairsOf(options['setFile'], '--set-file'))
    parameters[name] = (await readInput(file)).replace(/\r?\n$/, '');
  return parameters;
}

/** Without what is not given. */
function given(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function own(
  options: OwnArguments['options'],
  fields: (options: Readonly<Record<string, unknown>>) => object | Promise<object>,
) {
  return {
    positional: [slug],
    options: [...options, dryRun, hash],
    async read({ positional: [deployment = ''], options: said }): Promise<RawInput> {
      const isDry = said['dryRun'] === true;
      if (isDry && said['hash'] !== undefined)
        throw new ArcadiaError('invalid_argument', 'Give --dry-run to propose, or --hash to do what was proposed.');
      const parameters = await parametersOf(said);
      const body = given({
        ...(await fields(said)),
        parameters: Object.keys(parameters).length > 0 ? parameters : undefined,
      });
      return { params: { deployment }, query: given({ hash: said['hash'], isDry: isDry || undefined }), body };
    },
  } satisfies OwnArguments;
}

/** Has a proposal carried out that is of this deployment and for this purpose. */
async function begin(
  { surface, input, isSure, ask }: RunTools,
  purpose: Proposal['purpose'],
  proposal: string,
): Promise<Begun> {
  const found = (await surface.act(getProposal, { ...noInput, params: { hash: proposal } })) as Proposal;
  const deployment = String(input.params['deployment']);
  if (found.deployment !== deployment || found.purpose !== purpose)
    throw new ArcadiaError(
      'invalid_argument',
      `Proposal ${shortHash(proposal)} is to ${found.purpose} ${found.deployment}, not to ${purpose} ${deployment}.`,
    );
  if (!isSure) await ask(`Do what proposal ${shortHash(proposal)} says: ${purpose} ${deployment}?`);
  return (await surface.act(beginRolloutOperation, { ...noInput, body: { proposal } })) as Begun;
}

/** What a deployment that is there is proposed for: with a hash it is done. */
function proposeOrBegin(
  operation: typeof proposeChangeOperation | typeof proposeDestructionOperation,
  purpose: Proposal['purpose'],
) {
  return async (tools: RunTools): Promise<Proposal> => {
    const { params, query, body } = tools.input;
    // One command prints two sorts of answers.
    if (typeof query['hash'] === 'string') return (await begin(tools, purpose, query['hash'])) as unknown as Proposal;
    return (await tools.surface.act(operation, { ...noInput, params, body })) as Proposal;
  };
}

function text(answer: Answer): string {
  if ('hash' in answer) return proposalText(answer);
  if ('rollout' in answer)
    return answer.begun ? `Begun: rollout ${answer.rollout}.` : `Rollout ${answer.rollout} had begun before.`;
  return `Created ${answer.deployment} of ${answer.customer}. Nothing before ${moment(answer.startsAt)} is metered for it.`;
}

function notes(answer: Answer): readonly string[] {
  if ('hash' in answer) return nextText(answer);
  if ('rollout' in answer) return [`Next: arcadia rollout show ${answer.rollout}`];
  return [
    'Next: give it what it owns, with a rule (arcadia rule --help) or manually (arcadia deployment assign --help)',
  ];
}

async function createOrPropose(tools: RunTools): Promise<Answer> {
  const { surface, input } = tools;
  const { hash: proposal, isDry } = input.query;
  const body = { ...(input.body as object), deployment: input.params['deployment'] } as Record<string, unknown>;
  if (typeof proposal === 'string') return begin(tools, 'create', proposal);
  if (body['like'] === undefined && body['blueprint'] === undefined) {
    if (isDry === true || body['parameters'] !== undefined)
      throw new ArcadiaError('invalid_argument', 'Say what it is created by: --like or --blueprint.');
    return (await surface.act(createDeployment, { ...noInput, body })) as Created;
  }
  const { startsAt, ...asked } = body;
  if (startsAt !== undefined)
    throw new ArcadiaError('invalid_argument', '--starts-at is of a deployment that nothing is created for.');
  return (await surface.act(proposeCreationOperation, { ...noInput, body: asked })) as Proposal;
}

/** A moment, or a day, which is its first one. */
async function momentOf(text: string | undefined): Promise<unknown> {
  const field = fieldsOf(createDeployment).find(({ path }) => path.join('.') === 'startsAt');
  return text === undefined || field === undefined ? undefined : readValue(field, [text]);
}

const createOptions = [
  { flags: '--customer <customer>', description: 'the customer who pays for it, by its id' },
  { flags: '--name <name>', description: 'the slug unless given' },
  { flags: '--starts-at <moment>', description: 'nothing before it is metered; now unless given' },
  { flags: '--like <slug>', description: 'a deployment that it is to be like: its system is proposed, and created' },
  blueprint,
  { flags: '--account <slug>', description: 'where there are several: in which it is created' },
  set,
  setFile,
  unmetered,
];

export const createDeploymentView: BoundView = actionView(createDeployment, {
  details: `Without --like and --blueprint it is written down here alone. With one of them its system is proposed: what would
be created, with the money for both sides. Nothing is created until the proposal is approved and its hash is given.`,
  own: own(createOptions, async (said) => ({
    customer: said['customer'],
    name: said['name'],
    startsAt: await momentOf(said['startsAt'] as string | undefined),
    like: said['like'],
    blueprint: said['blueprint'],
    account: said['account'],
    acceptUnmetered: said['acceptUnmetered'],
  })),
  example: `
$ arcadia deployment create acme --customer c-17 --name 'Acme shop' --starts-at 2026-05-01
Created acme of c-17. Nothing before 2026-05-01 00:00:00Z is metered for it.
Next: give it what it owns, with a rule (arcadia rule --help) or manually (arcadia deployment assign --help)

$ arcadia deployment create beta-shop --like acme-shop --customer cus-88 --set domain=beta.example --dry-run
proposal  5f3a0c91d2be to create beta-shop of cus-88
ours      70.00 USD a month (0.00 now, difference 70.00)
...
$ arcadia deployment create beta-shop --yes --hash 5f3a0c91d2be4e67a8c01b95d7f3620e8a41c6b9d0e57f2384ba69c1e0d7352f
Begun: rollout 3.
Next: arcadia rollout show 3`,
  // One command prints three sorts of answers.
  run: (tools) => createOrPropose(tools) as Promise<Created>,
  text,
  notes,
});

export const changeDeploymentView: BoundView = actionView(proposeChangeOperation, {
  name: 'deployment change',
  summary: 'propose what a deployment lacks of its blueprint, and have it done',
  own: own([blueprint, set, setFile, unmetered], (said) => ({
    blueprint: said['blueprint'],
    acceptUnmetered: said['acceptUnmetered'],
  })),
  example: `
$ arcadia deployment change beta-shop --set count=3 --dry-run
proposal  90be6c13aa04 to change beta-shop of cus-88
...
$ arcadia deployment change beta-shop --yes --hash 90be6c13aa044e67a8c01b95d7f3620e8a41c6b9d0e57f2384ba69c1e0d7352f
Begun: rollout 4.`,
  run: proposeOrBegin(proposeChangeOperation, 'change'),
  text,
  notes,
});

export const destroyDeploymentView: BoundView = actionView(proposeDestructionOperation, {
  name: 'deployment destroy',
  summary: 'propose to take a deployment down, and have it done',
  details: 'Who approves types its slug: arcadia proposal approve --type-name.',
  own: own([{ flags: '--no-snapshots', description: 'keep nothing of what is on droplets and volumes' }], (said) => ({
    snapshots: said['snapshots'],
  })),
  example: `
$ arcadia deployment destroy beta-shop --dry-run
proposal  c2e90f4471d8 to destroy beta-shop of cus-88
...
$ arcadia deployment destroy beta-shop --yes --hash c2e90f4471d84e67a8c01b95d7f3620e8a41c6b9d0e57f2384ba69c1e0d7352f
Begun: rollout 5.`,
  run: proposeOrBegin(proposeDestructionOperation, 'destroy'),
  text,
  notes,
});
