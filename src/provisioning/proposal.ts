import { billableOf, billablesOf, type Billable } from './billables.ts';
import { canonicalJson, digestOf } from './canonical.ts';
import { customersMoney, type MonthUnderWay, ourMoney, passesOn, type PlanOfMonth, type PriceList } from './money.ts';
import { preflight } from './preflight.ts';
import type { ProposalDocument, ProposedStep, StayingThing } from './proposal-document.ts';
import { nameOf, proposeSteps, referenceOf, seenThing } from './propose.ts';
import type { SeenAccount } from './seen.ts';
import type { OfDeployment, ReadSystem } from './system.ts';
import { proposeTeardown } from './teardown.ts';

/** A proposal holds for so long. */
const holdsHours = 24;

/** A resource of which no more is known than the inventory has. */
export interface KnownThing {
  readonly kind: string;
  readonly externalId: string;
  readonly name: string;
}

/** All that a proposal is made from. */
export interface Facts {
  readonly purpose: ProposalDocument['purpose'];
  readonly deployment: OfDeployment;
  readonly account: string;
  /** The plan that it is on, or comes onto; null: none. */
  readonly plan: string | null;
  readonly blueprint: ProposalDocument['blueprint'];
  readonly parameters: Readonly<Record<string, string>>;
  readonly sealed: Readonly<Record<string, string>>;
  /** What the blueprint comes to; null: of a proposal of destroying. */
  readonly wanted: ReadSystem | null;
  /** By the droplet's key. */
  readonly userData: ReadonlyMap<string, string>;
  readonly seen: SeenAccount;
  /** What is the deployment's alone, by `kind:id`. */
  readonly owned: ReadonlySet<string>;
  /** What is the deployment's and could not be listed: it may be there. */
  readonly unseen: readonly KnownThing[];
  /** What it shares, by `kind:id`: with whom. */
  readonly shared: ReadonlyMap<string, string>;
  readonly project: string | null;
  readonly protections: ReadonlyMap<string, string>;
  readonly snapshots: boolean;
  readonly prices: PriceList;
  /** The plan in the month of the proposal and in the one after it, but for one at whose end it is on none. */
  readonly months: readonly PlanOfMonth[];
  /** The month of the proposal; null: it is on no plan in it. */
  readonly underWay: MonthUnderWay | null;
  readonly acceptUnmetered: boolean;
  /** What else is wrong, and what else is to be known. */
  readonly problems: readonly string[];
  readonly notes: readonly string[];
  /** When it is proposed. */
  readonly now: Temporal.Instant;
}

/** The proposal of these facts. Pure: the same facts are the same proposal. */
export function makeProposal(facts: Facts): ProposalDocument {
  const { purpose, deployment, seen, wanted, prices, now } = facts;
  // Whatever the order in which they were listed.
  const resources = seen.resources.toSorted((a, b) => (referenceOf(a) < referenceOf(b) ? -1 : 1));
  const owned = resources.filter((each) => facts.owned.has(referenceOf(each)));
  const others = resources.filter((each) => !facts.owned.has(referenceOf(each)));
  const nothingChanges = { resized: new Map<string, string>(), backups: new Map(), sizes: seen.sizes };
  const before = owned.map((each) => billableOf(each, nothingChanges));
  const made: Made =
    wanted === null ? takenDown(facts, { owned, others, before }) : changed(facts, wanted, { owned, others });
  const ours = ourMoney({ before, after: made.after }, prices, now);
  const rated =
    (facts.months.length === 0 && facts.underWay === null) || purpose === 'destroy'
      ? null
      : customersMoney({ before: purpose === 'create' ? null : before, after: made.after }, facts, { ours, now });
  const notMetered = rated?.notMetered ?? [];
  const unmetered =
    notMetered.length === 0 || facts.acceptUnmetered
      ? []
      : [
          `Plan ${[...new Set(facts.months.map(({ version }) => version.plan))].join(' or ')} has a price for ${notMetered.join(', ')}, and nothing meters it: it would be quoted and never billed. Enable the meters (kind enable), or accept it.`,
        ];
  const document: ProposalDocument = {
    schema: 1,
    purpose,
    deployment: deployment.slug,
    name: deployment.name,
    customer: deployment.customer,
    account: facts.account,
    plan: facts.plan,
    blueprint: facts.blueprint,
    parameters: facts.parameters,
    sealed: facts.sealed,
    acceptUnmetered: facts.acceptUnmetered,
    snapshots: facts.snapshots,
    proposedAt: now.toString(),
    expiresAt: now.add({ hours: holdsHours }).toString(),
    steps: made.steps,
    scopes: [...new Set(made.steps.flatMap(({ scopes }) => scopes))].sort(),
    ours,
    customers: rated?.money ?? null,
    notMetered,
    problems: [...facts.problems, ...made.problems, ...unmetered],
    notes: [
      ...facts.notes,
      ...passedOn(facts),
      ...sharedNotes(facts),
      ...made.notes,
      ...(made.hasBackups ? [backupsNote] : []),
    ],
    seen: owned.map(seenThing),
    stays: made.stays,
  };
  // As it will be read again: what is undefined is not there.
  return JSON.parse(canonicalJson(document)) as ProposalDocument;
}

/** A teardown names what is shared among what stays. */
function sharedNotes({ purpose, seen, shared }: Facts): string[] {
  if (purpose !== 'change') return [];
  const names = new Map(seen.resources.map((each) => [referenceOf(each), nameOf(each)]));
  return [...shared]
    .map(
      ([reference, others]) =>
        `${names.get(reference) ?? reference} is of ${others} too: no figure has its share of it.`,
    )
    .sort();
}

/** Plans that have the customer pay what the provider's bill says. */
function passedOn({ months, underWay }: Facts): string[] {
  const versions = [...months, ...(underWay?.segments ?? [])].flatMap(({ version }) => version ?? []);
  const plans = [...new Set(versions.filter(passesOn).map(({ plan }) => plan))];
  return plans.map(
    (plan) =>
      `Plan ${plan} passes on what the provider charges, which only its bill says: no figure of what the customer pays has it, and the margin is not known.`,
  );
}

const backupsNote = 'How much backups will hold cannot be known before: what the customer pays for them is left out.';

interface Made {
  readonly steps: readonly ProposedStep[];
  readonly problems: readonly string[];
  readonly notes: readonly string[];
  readonly stays: readonly StayingThing[];
  readonly after: readonly Billable[];
  readonly hasBackups: boolean;
}

type Living = { readonly owned: SeenAccount['resources']; readonly others: SeenAccount['resources'] };

function changed(
  { purpose, ...facts }: Facts,
  { system, problems, givenBy }: ReadSystem,
  { owned, others }: Living,
): Made {
  const { deployment, seen, project, userData, now } = facts;
  const subscriptionFrom = now.toZonedDateTimeISO('UTC').toPlainDate().add({ days: 1 });
  const isNew = purpose === 'create';
  const proposed = proposeSteps({
    purpose: isNew ? 'create' : 'change',
    deployment,
    system,
    owned,
    others,
    project,
    subscriptionFrom,
  });
  const { resized, backups, created } = proposed;
  const after = [
    ...owned.map((each) => billableOf(each, { resized, backups, sizes: seen.sizes })),
    ...billablesOf(created, seen.sizes),
  ];
  const sizes = new Set(resized.values());
  const unknown = [...sizes].filter((slug) => !seen.sizes.some((each) => each.slug === slug));
  const smaller = owned.flatMap(({ kind, externalId, name, attributes }) => {
    const size = kind === 'droplet' ? seen.sizes.find(({ slug }) => slug === resized.get(externalId)) : undefined;
    const disk = Number(attributes['disk_gb'] ?? 0);
    return size !== undefined && size.diskGb < disk
      ? [`Droplet ${name} has a disk of ${disk} GB, and ${size.slug} one of ${size.diskGb}: no disk shrinks.`]
      : [];
  });
  return {
    steps: proposed.steps,
    problems: [
      ...problems,
      ...proposed.problems,
      ...preflight(created, seen, { isNew, userData, givenBy }),
      ...unknown.map((slug) => `The provider has no size ${slug}.`),
      ...smaller,
    ],
    notes: proposed.notes,
    stays: [],
    after,
    hasBackups: created.droplets.some((each) => each.backups !== null) || backups.size > 0,
  };
}

function takenDown(facts: Facts, { owned, others, before }: Living & { readonly before: readonly Billable[] }): Made {
  const { deployment, seen, unseen, shared, project, protections, snapshots, prices, now } = facts;
  const day = now.toZonedDateTimeISO('UTC').toPlainDate();
  const { slug } = deployment;
  const { members } = seen;
  const input = { slug, owned, unseen, shared, others, project, members, protections, snapshots, day };
  const { goes, ...teardown } = proposeTeardown(input, prices);
  const after = before.filter((_, index) => !goes.has(referenceOf(owned[index] as SeenAccount['resources'][number])));
  return { ...teardown, notes: [], after, hasBackups: false };
}

/** The hash of a proposal: of everything that it says. */
export function hashOf(document: ProposalDocument): string {
  return digestOf(document);
}

/** What is otherwise now than a proposal says, in words; empty: nothing. What is only noted does not count. */
export function differencesOf(was: ProposalDocument, is: ProposalDocument): string[] {
  if (canonicalJson({ ...was, notes: [] }) === canonicalJson({ ...is, notes: [] })) return [];
  const [before, now] = [was, is].map(({ seen }) => new Map(seen.map((each) => [each.what, each.is])));
  const found: string[] = [];
  for (const [what, fields] of before ?? []) {
    const other = now?.get(what);
    if (other === undefined) found.push(`${what} is gone`);
    for (const field of other === undefined ? [] : new Set([...Object.keys(fields), ...Object.keys(other)]))
      if (fields[field] !== other?.[field])
        found.push(`${what}: ${field} was ${fields[field] ?? 'not there'}, and is ${other?.[field] ?? 'not there'}`);
  }
  for (const what of now?.keys() ?? []) if (before?.has(what) !== true) found.push(`${what} is new`);
  const cost = ({ ours }: ProposalDocument) => `${ours.monthly.after} ${ours.currency} a month`;
  if (cost(was) !== cost(is)) found.push(`it cost us ${cost(was)}, and costs ${cost(is)}`);
  const priceOf = ({ customers }: ProposalDocument) =>
    customers?.months
      .map(({ month, after, plan }) => `${after} ${customers.currency} in ${month} (plan ${plan})`)
      .join(', ') ?? 'nothing';
  if (priceOf(was) !== priceOf(is)) found.push(`the customer was to pay ${priceOf(was)}, and now ${priceOf(is)}`);
  const restOf = ({ customers }: ProposalDocument) =>
    customers?.restOfMonth ? `${customers.restOfMonth.difference} ${customers.currency}` : 'nothing';
  if (restOf(was) !== restOf(is))
    found.push(`the rest of the month was to be ${restOf(was)} more for the customer, and now ${restOf(is)}`);
  if (was.plan !== is.plan) found.push(`it was on plan ${was.plan ?? 'none'}, and is on ${is.plan ?? 'none'}`);
  const versionsOf = ({ customers }: ProposalDocument) => customers?.months.map(({ version }) => version).join();
  if (priceOf(was) === priceOf(is) && versionsOf(was) !== versionsOf(is))
    found.push("the prices of the customer's plan have changed");
  found.push(...is.problems.filter((problem) => !was.problems.includes(problem)));
  return found.length > 0 ? found : ['what it would do'];
}
