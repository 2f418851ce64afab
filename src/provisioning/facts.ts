import { findDeployment, getCustomer, listDeployments } from '../deployments/index.ts';
import { type Account, connectedAccounts, listProviderPrices, openAccount } from '../inventory/index.ts';
import { dayOf, listKinds, startOfDay } from '../metering/index.ts';
import type { Queryable } from '../platform/database/database.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import type { SecretKey } from '../platform/secrets/crypto.ts';
import {
  currentSubscriptions,
  getPlan,
  listPlanVersions,
  otherCurrency,
  retiredPlans,
  segmentsOfDeployment,
  segmentsOnPlan,
} from '../pricing/index.ts';
import { blueprintSchema } from './blueprint.ts';
import type { ReadBlueprint } from './blueprint-problems.ts';
import { hmacs } from './blueprints.ts';
import type { MonthUnderWay, PlanOfMonth } from './money.ts';
import { hasTag } from './living.ts';
import { selectOwned, selectOwners, selectProjects, selectProtections } from './owned.store.ts';
import { readParameters } from './parameters.ts';
import { blueprintFrom, type WrittenBlueprint } from './blueprint-from.ts';
import type { ProposalDocument } from './proposal-document.ts';
import { deploymentTag, nameOf, referenceOf, userDataName } from './propose.ts';
import type { Facts, KnownThing } from './proposal.ts';
import { type SeenAccount, seeAccount } from './seen.ts';
import { type System, systemOf, valuesOf } from './system.ts';
import { filled } from './templates.ts';

/** Who looks, and with what. */
export interface Looking {
  readonly db: Queryable;
  readonly secretKey: SecretKey;
  readonly signal?: AbortSignal;
}

/** What is asked to be proposed. */
export interface Asked {
  readonly purpose: ProposalDocument['purpose'];
  readonly slug: string;
  readonly name: string;
  readonly customer: string;
  /** null: the only one that is connected, or the deployment's. */
  readonly account: string | null;
  /** null: of a proposal of destroying. */
  readonly blueprint: (ReadBlueprint & { readonly version: number; readonly digest: string }) | null;
  /** Values of its parameters, secret ones among them. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly acceptUnmetered: boolean;
  readonly snapshots: boolean;
}

interface GatheredFacts {
  readonly facts: Facts;
  readonly accountId: number;
  /** To be sealed, by name: secret parameters as `parameter <name>`, user data as the steps name it. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** What is a deployment's, and in which account. */
interface Ownership {
  readonly account: Account;
  readonly owned: ReadonlySet<string>;
  readonly shared: ReadonlyMap<string, string>;
  readonly project: string | null;
  /** What it has a share of, as it is known here. */
  readonly known: readonly KnownThing[];
}

/** The slugs of connected accounts in which a deployment owns something, sorted. */
export async function placesOf(db: Queryable, slug: string): Promise<readonly string[]> {
  return placesAmong(await connectedAccounts(db), await selectOwned(db, slug));
}

function placesAmong(
  accounts: readonly { readonly slug: string }[],
  rows: readonly { readonly account: string }[],
): readonly string[] {
  const owning = new Set(rows.map(({ account }) => account));
  return accounts
    .map(({ slug }) => slug)
    .filter((slug) => owning.has(slug))
    .sort();
}

async function ownershipOf(
  db: Queryable,
  slug: string,
  wanted: string | null,
  now: Temporal.Instant,
): Promise<Ownership> {
  const accounts = await connectedAccounts(db);
  const rows = await selectOwned(db, slug);
  const places = placesAmong(accounts, rows);
  if (places.length > 1)
    throw new ArcadiaError(
      'conflict',
      `Deployment ${slug} owns things in ${places.length} accounts (${places.join(', ')}), and a proposal is of one.`,
    );
  const [only] = accounts;
  const name = wanted ?? places[0] ?? (accounts.length === 1 ? only?.slug : undefined);
  if (name === undefined) {
    const slugs = accounts.map((each) => each.slug).sort();
    if (slugs.length === 0)
      throw new ArcadiaError('not_found', 'No account is connected.', { next: { operation: 'account connect' } });
    throw new ArcadiaError('invalid_argument', `Say in which account it is to be: ${slugs.join(' or ')}.`, {
      details: { accounts: slugs },
    });
  }
  const account = accounts.find((each) => each.slug === name);
  if (account === undefined) throw notFound('account', name);
  const here = rows.filter((row) => row.account === name);
  const reference = ({ kind, externalId }: (typeof rows)[number]) => `${kind}:${externalId}`;
  const projects = await selectProjects(db, slug, now);
  return {
    account,
    owned: new Set(here.filter(({ sharedWith }) => sharedWith === null).map(reference)),
    shared: new Map(
      here.flatMap((row) => (row.sharedWith === null ? [] : [[reference(row), row.sharedWith] as const])),
    ),
    project: projects.find((each) => each.account === name)?.project ?? null,
    known: here,
  };
}

interface Looked {
  readonly seen: SeenAccount;
  readonly owned: ReadonlySet<string>;
  /** What is its own and could not be listed: it may be there. */
  readonly unseen: readonly KnownThing[];
  /** What carries its tag and is another deployment's, in words. */
  readonly ofOthers: readonly string[];
}

/**
 * Lists the account anew. What carries the deployment's tag and is nobody's yet is its own too. An assignment and a
 * project count for more than the tag: what they make another deployment's is not taken for it.
 */
async function look({ db, secretKey, signal }: Looking, slug: string, ownership: Ownership): Promise<Looked> {
  const { account, owned, shared, project, known } = ownership;
  const idsOf = (kind: string) =>
    new Set([...owned].filter((each) => each.startsWith(`${kind}:`)).map((each) => each.slice(kind.length + 1)));
  const provider = await openAccount(db, account, secretKey);
  try {
    const wanted = { zones: idsOf('dns_zone'), droplets: idsOf('droplet'), project };
    const seen = await seeAccount(provider, wanted, signal);
    const tag = deploymentTag(slug);
    const tagged = seen.resources.filter(
      (each) => !owned.has(referenceOf(each)) && !shared.has(referenceOf(each)) && hasTag(each, tag),
    );
    const rows = await selectOwners(db, account.accountId, tagged);
    const ownersOf = new Map(rows.map(({ kind, externalId, owners }) => [`${kind}:${externalId}`, owners]));
    const [free, taken] = [false, true].map((is) => tagged.filter((each) => ownersOf.has(referenceOf(each)) === is));
    return {
      seen,
      owned: new Set([...owned, ...(free ?? []).map(referenceOf)]),
      unseen: known.filter(({ kind }) => !seen.listed.has(kind)),
      ofOthers: (taken ?? []).map(
        (each) =>
          `${nameOf(each)} carries the tag ${tag} and is of ${ownersOf.get(referenceOf(each))}: take the tag from it, or assign it to ${slug}.`,
      ),
    };
  } finally {
    await provider.close();
  }
}

/**
 * Gathers all that a proposal is made from, with a listing that is made anew.
 * @param proposedAt the instant by which the proposal dates what it says; prices, rules and plans are those of now
 * @throws ArcadiaError not_found; conflict; invalid_argument; what opening an account and asking its provider throw
 */
export async function gatherFacts(
  looking: Looking,
  asked: Asked,
  now: Temporal.Instant,
  proposedAt: Temporal.Instant = now,
): Promise<GatheredFacts> {
  const { db, secretKey } = looking;
  const { purpose, slug, blueprint } = asked;
  const { customer } = await getCustomer(db, asked.customer);
  const ownership = await ownershipOf(db, slug, asked.account, now);
  const { account, shared, project } = ownership;
  const given = readParameters(blueprint?.blueprint.parameters ?? {}, asked.parameters);
  if (given.problems.length > 0)
    throw new ArcadiaError('invalid_argument', given.problems.join(' '), { details: { problems: given.problems } });
  const of = { slug, name: asked.name, customer: customer.externalId };
  const wanted = blueprint && systemOf(blueprint.blueprint, given.open, of);
  const values = { ...given.open, ...given.secret, ...valuesOf(of) };
  const userData = userDataOf(wanted?.system ?? null, blueprint?.userData ?? {}, values);
  const { seen, owned, unseen, ofOthers } = await look(looking, slug, ownership);
  const book = await listProviderPrices(db, dayOf(now), { account: account.slug });
  const { months, problems, notes } = await planFacts(db, {
    slug,
    system: wanted?.system ?? null,
    purpose,
    day: dayOf(proposedAt),
    currency: customer.currency,
  });
  const underWay = await monthUnderWay(db, { purpose, slug, plan: wanted?.system.plan ?? null, now: proposedAt });
  const secretParameters = Object.fromEntries(
    Object.entries(given.secret).map(([name, value]) => [parameterName(name), value]),
  );
  const secrets = {
    ...secretParameters,
    ...Object.fromEntries([...userData].map(([key, text]) => [userDataName(key), text])),
  };
  const marks = hmacs(given.secret, secretKey);
  const facts: Facts = {
    purpose,
    deployment: of,
    account: account.slug,
    plan: purpose === 'create' ? (wanted?.system.plan ?? null) : await planOf(db, slug, proposedAt),
    blueprint: blueprint && {
      blueprint: blueprint.blueprint.blueprint,
      version: blueprint.version,
      digest: blueprint.digest,
    },
    parameters: {
      ...given.open,
      ...Object.fromEntries(Object.entries(marks).map(([name, mark]) => [name, `hmac:${mark}`])),
    },
    sealed: hmacs(secrets, secretKey),
    wanted,
    userData,
    seen,
    owned,
    unseen,
    shared,
    project,
    protections: await protectionsOf(db, slug),
    snapshots: asked.snapshots,
    prices: { book: new Map(book.map((price) => [price.subject, price])), sizes: seen.sizes },
    months,
    underWay,
    acceptUnmetered: asked.acceptUnmetered,
    problems: [...(await thereAlready(db, asked)), ...ofOthers, ...problems],
    notes,
    now: proposedAt,
  };
  return { facts, accountId: account.accountId, secrets };
}

/** What is created is of nobody yet: somebody may have created the deployment since it was proposed. */
async function thereAlready(db: Queryable, { purpose, slug }: Asked): Promise<string[]> {
  if (purpose !== 'create') return [];
  const isThere = (await listDeployments(db)).some((each) => each.slug === slug);
  return isThere ? [`There is a deployment ${slug} already.`] : [];
}

async function protectionsOf(db: Queryable, slug: string): Promise<ReadonlyMap<string, string>> {
  return new Map((await selectProtections(db, slug)).map(({ what, reason }) => [what, reason]));
}

/** By the droplet's key, with the parameters in place. */
function userDataOf(
  system: System | null,
  files: ReadBlueprint['userData'],
  values: Readonly<Record<string, string>>,
): ReadonlyMap<string, string> {
  return new Map(
    (system?.droplets ?? []).flatMap(({ key, userData: name }) => {
      const text = name === null ? undefined : files[name];
      return text === undefined ? [] : [[key, filled(text, values)] as const];
    }),
  );
}

const parameterPrefix = 'parameter ';

function parameterName(name: string): string {
  return `${parameterPrefix}${name}`;
}

/** The values of secret parameters among the sealed values of a proposal. */
export function secretParametersOf(secrets: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries(
    [...secrets].flatMap(([name, value]) =>
      name.startsWith(parameterPrefix) ? [[name.slice(parameterPrefix.length), value]] : [],
    ),
  );
}

/** The plan that it is on, or will be tomorrow: a subscription begins the day after its deployment. null: none. */
async function planOf(db: Queryable, slug: string, now: Temporal.Instant): Promise<string | null> {
  return (await planAt(db, slug, now)) ?? planAt(db, slug, now.add({ hours: 24 }));
}

async function planAt(db: Queryable, slug: string, at: Temporal.Instant): Promise<string | null> {
  return (await currentSubscriptions(db, at)).find((each) => each.deployment === slug)?.plan ?? null;
}

/** The plan of the month of a day and of the one after it, each by what it is on at the month's end. */
async function planFacts(
  db: Queryable,
  of: {
    readonly slug: string;
    readonly system: System | null;
    readonly purpose: Asked['purpose'];
    readonly day: Temporal.PlainDate;
    /** In which the customer pays. */
    readonly currency: string;
  },
): Promise<{ months: PlanOfMonth[]; problems: string[]; notes: string[] }> {
  const { slug, system, purpose, day, currency } = of;
  if (purpose === 'destroy') return { months: [], problems: [], notes: [] };
  const wanted = system?.plan ?? null;
  const months: PlanOfMonth[] = [];
  const first = day.toPlainYearMonth();
  for (const month of [first, first.add({ months: 1 })]) {
    const last = month.toPlainDate({ day: month.daysInMonth });
    const plan = purpose === 'create' ? wanted : await planAt(db, slug, startOfDay(last));
    if (plan === null) continue;
    months.push({ month: month.toString(), version: await getPlan(db, plan, last), kinds: await listKinds(db, last) });
  }
  const plan = months.at(-1)?.version.plan;
  if (plan === undefined) {
    const ending = purpose === 'change' ? await planOf(db, slug, startOfDay(day)) : null;
    const note =
      ending === null
        ? 'It is on no plan: nobody pays for it.'
        : `It is on plan ${ending}, and from next month on none.`;
    return { months, problems: [], notes: [note] };
  }
  const problems: string[] = [];
  const notes: string[] = [];
  if (purpose === 'create') {
    if ((await retiredPlans(db)).has(plan)) problems.push(`Plan ${plan} is retired.`);
    // Its subscription begins the day after.
    const other = otherCurrency(await listPlanVersions(db, plan), day.add({ days: 1 }), currency);
    if (other !== undefined)
      problems.push(`The customer pays in ${currency}, and plan ${plan} is in ${other}: take a plan in ${currency}.`);
  } else if (wanted !== null && wanted !== plan)
    notes.push(`It is on plan ${plan}, and the blueprint says ${wanted}: change its subscription for that.`);
  return { months, problems, notes };
}

/** The month of a proposal by the plans of its days. null: there is none, or nothing is foreseen for it. */
async function monthUnderWay(
  db: Queryable,
  {
    purpose,
    slug,
    plan,
    now,
  }: {
    readonly purpose: Asked['purpose'];
    readonly slug: string;
    /** The blueprint's. */
    readonly plan: string | null;
    readonly now: Temporal.Instant;
  },
): Promise<MonthUnderWay | null> {
  const day = dayOf(now);
  const month = day.toPlainYearMonth();
  const kinds = await listKinds(db, month.toPlainDate({ day: month.daysInMonth }));
  if (purpose === 'create' && plan !== null) {
    const next = day.add({ days: 1 });
    const segments = await segmentsOnPlan(db, plan, next, month);
    return { month: month.toString(), from: startOfDay(next), segments, kinds };
  }
  if (purpose !== 'change') return null;
  const segments = await segmentsOfDeployment(db, (await findDeployment(db, slug)).deploymentId, month);
  return segments.every(({ version }) => version === null)
    ? null
    : { month: month.toString(), from: now, segments, kinds };
}

/**
 * A blueprint of what a deployment has now, by a listing that is made anew.
 * @throws ArcadiaError as gatherFacts
 */
export async function writeBlueprint(
  looking: Looking,
  { slug, blueprint }: { readonly slug: string; readonly blueprint: string },
  now: Temporal.Instant,
): Promise<WrittenBlueprint & { readonly account: string }> {
  const { db } = looking;
  const { name } = await findDeployment(db, slug);
  const ownership = await ownershipOf(db, slug, null, now);
  const { seen, owned: ours, unseen, ofOthers } = await look(looking, slug, ownership);
  const owned = seen.resources.filter((each) => ours.has(referenceOf(each)));
  const others = seen.resources.filter((each) => !ours.has(referenceOf(each)));
  const plan = await planOf(db, slug, now);
  const { project, account } = ownership;
  const protections = await protectionsOf(db, slug);
  const { document, leftOut } = blueprintFrom({ slug, name, blueprint, owned, others, project, plan, protections });
  const { error } = blueprintSchema.safeParse(document);
  if (error !== undefined)
    throw new ArcadiaError(
      'conflict',
      `What ${slug} has cannot be written as a blueprint: ${error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')}. Write one yourself, and apply it.`,
    );
  return {
    document,
    leftOut: [
      ...ofOthers,
      ...leftOut,
      ...unseen.map((each) => `${nameOf(each)} could not be listed, and is left out.`),
    ],
    account: account.slug,
  };
}
