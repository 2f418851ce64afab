import { findDeployment, listDeployments } from '../deployments/index.ts';
import type { Database } from '../platform/database/database.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import { type SecretKey, seal, unseal } from '../platform/secrets/crypto.ts';
import { blueprintSchema } from './blueprint.ts';
import type { ReadBlueprint } from './blueprint-problems.ts';
import { applyBlueprint, blueprintDigest, getBlueprint, readStored, userDataOf } from './blueprints.ts';
import { type BlueprintRow, selectBlueprints } from './blueprints.store.ts';
import { type Asked, gatherFacts, type Looking, placesOf, secretParametersOf, writeBlueprint } from './facts.ts';
import type { ProposalDocument } from './proposal-document.ts';
import { differencesOf, hashOf, makeProposal } from './proposal.ts';
import { insertProposal, type ProposalRow, selectRolledOut } from './proposals.store.ts';
import { proposalPurpose } from './proposals.ts';

// Proposals are made outside of a transaction, because the provider is asked, and stored in one.

export interface MadeProposal {
  readonly document: ProposalDocument;
  readonly hash: string;
  readonly accountId: number;
  readonly secrets: Readonly<Record<string, string>>;
  /** A version that is there, one that is to be stored with the proposal, or none. */
  readonly blueprint: { readonly versionId: number } | { readonly written: ReadBlueprint } | null;
}

type WithBlueprint = NonNullable<Asked['blueprint']>;

interface ChosenBlueprint {
  readonly asked: WithBlueprint;
  readonly stored: MadeProposal['blueprint'];
  /** What it does not say of the deployment that it was written from. */
  readonly notes: readonly string[];
}

function chosen(row: BlueprintRow, secretKey: SecretKey): ChosenBlueprint {
  const { version, digest } = row;
  const read = { blueprint: readStored(row), userData: userDataOf(row, secretKey) };
  return { asked: { ...read, version, digest }, stored: { versionId: row.blueprintVersionId }, notes: [] };
}

/** Of a deployment: that of its last rollout, that of its name, or one that is written from what it has. */
async function blueprintLike(looking: Looking, slug: string, now: Temporal.Instant): Promise<ChosenBlueprint> {
  const { db, secretKey } = looking;
  const last = await selectRolledOut(db, slug);
  const [ofRollout] =
    last?.blueprintVersionId == null ? [] : await selectBlueprints(db, { versionId: last.blueprintVersionId });
  const name = ofRollout?.blueprint ?? slug;
  // What its blueprint says now counts, not what it said then.
  const [named] = await selectBlueprints(db, { blueprint: name });
  if (named !== undefined) return chosen(named, secretKey);
  const { document, leftOut } = await writeBlueprint(looking, { slug, blueprint: slug }, now);
  const written = { blueprint: blueprintSchema.parse(document), userData: {} };
  const digest = blueprintDigest(written, secretKey);
  return { asked: { ...written, version: 1, digest }, stored: { written }, notes: leftOut };
}

interface CreationRequest {
  readonly deployment: string;
  readonly name: string;
  readonly customer: string;
  readonly account: string | null;
  /** One of the two. */
  readonly like: string | null;
  readonly blueprint: string | null;
  readonly parameters: Readonly<Record<string, string>>;
  readonly acceptUnmetered: boolean;
}

/** Proposes a new deployment. @throws ArcadiaError already_exists; not_found; invalid_argument; those of gatherFacts */
export async function proposeCreation(
  looking: Looking,
  request: CreationRequest,
  now: Temporal.Instant,
): Promise<MadeProposal> {
  const { db, secretKey } = looking;
  const { like, blueprint, deployment: slug, account, ...rest } = request;
  const deployments = await listDeployments(db);
  if (deployments.some((each) => each.slug === slug))
    throw new ArcadiaError('already_exists', `There is a deployment ${slug} already.`, {
      next: { operation: 'proposal change', arguments: { deployment: slug } },
    });
  if ((like === null) === (blueprint === null))
    throw new ArcadiaError('invalid_argument', 'Give either a deployment that it is to be like, or a blueprint.');
  const found =
    blueprint !== null
      ? chosen(await getBlueprint(db, blueprint), secretKey)
      : await likeOf(looking, like ?? '', deployments, now);
  const asked: Asked = {
    ...rest,
    purpose: 'create',
    slug,
    account: account ?? (like === null ? null : await accountLike(looking, like)),
    blueprint: found.asked,
    snapshots: false,
  };
  return make(looking, asked, found, now);
}

/** What it is to be like: a deployment, or a blueprint of that name. */
async function likeOf(
  looking: Looking,
  like: string,
  deployments: readonly { readonly slug: string }[],
  now: Temporal.Instant,
): Promise<ChosenBlueprint> {
  if (deployments.some(({ slug }) => slug === like)) return blueprintLike(looking, like, now);
  const [named] = await selectBlueprints(looking.db, { blueprint: like });
  if (named === undefined) throw notFound('deployment', like);
  return chosen(named, looking.secretKey);
}

/** Where that one is, if it is in one account alone. */
async function accountLike({ db }: Looking, like: string): Promise<string | null> {
  const rolledOut = await selectRolledOut(db, like);
  if (rolledOut !== undefined) return rolledOut.document.account;
  const [place = null, ...others] = await placesOf(db, like);
  return others.length === 0 ? place : null;
}

interface ChangeRequest {
  readonly deployment: string;
  /** null: the one by which it was made. */
  readonly blueprint: string | null;
  /** The others are as they were. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly acceptUnmetered: boolean;
}

/** Proposes what a deployment lacks of its blueprint. @throws ArcadiaError not_found; those of gatherFacts */
export async function proposeChange(
  looking: Looking,
  { deployment: slug, blueprint, parameters, acceptUnmetered }: ChangeRequest,
  now: Temporal.Instant,
): Promise<MadeProposal> {
  const { db, secretKey } = looking;
  const { name, customer } = await assertChangeable(looking, slug);
  const found =
    blueprint === null ? await blueprintLike(looking, slug, now) : chosen(await getBlueprint(db, blueprint), secretKey);
  const last = await selectRolledOut(db, slug);
  const declared = found.asked.blueprint.parameters;
  const before = last === undefined ? {} : valuesOf(last, secretKey);
  const kept = Object.fromEntries(Object.entries(before).filter(([parameter]) => parameter in declared));
  const asked: Asked = {
    purpose: 'change',
    slug,
    name,
    customer,
    account: last?.document.account ?? null,
    blueprint: found.asked,
    parameters: { ...kept, ...parameters },
    acceptUnmetered,
    snapshots: false,
  };
  return make(looking, asked, found, now);
}

/** Proposes to take a deployment down. @throws ArcadiaError not_found; those of gatherFacts */
export async function proposeDestruction(
  looking: Looking,
  { deployment: slug, snapshots }: { readonly deployment: string; readonly snapshots: boolean },
  now: Temporal.Instant,
): Promise<MadeProposal> {
  const { name, customer } = await assertChangeable(looking, slug);
  const last = await selectRolledOut(looking.db, slug);
  const asked: Asked = {
    purpose: 'destroy',
    slug,
    name,
    customer,
    account: last?.document.account ?? null,
    blueprint: null,
    parameters: {},
    acceptUnmetered: true,
    snapshots,
  };
  return make(looking, asked, null, now);
}

async function assertChangeable({ db }: Looking, slug: string): Promise<{ name: string; customer: string }> {
  const { name, customerExternalId: customer, endsAt } = await findDeployment(db, slug);
  if (customer === null) throw notFound('deployment', slug);
  if (endsAt !== null) throw new ArcadiaError('conflict', `Deployment ${slug} has ended at ${endsAt}.`);
  return { name, customer };
}

/** The values of a proposal's parameters, secret ones among them. */
function valuesOf({ document, secrets }: ProposalRow, secretKey: SecretKey): Record<string, string> {
  const open = Object.entries(document.parameters).filter(([, value]) => !value.startsWith('hmac:'));
  const sealed = secrets === null ? {} : (JSON.parse(unseal(secretKey, proposalPurpose, secrets)) as object);
  return { ...Object.fromEntries(open), ...secretParametersOf(new Map(Object.entries(sealed))) };
}

async function make(
  looking: Looking,
  asked: Asked,
  found: Pick<ChosenBlueprint, 'stored' | 'notes'> | null,
  now: Temporal.Instant,
): Promise<MadeProposal> {
  const { facts, accountId, secrets } = await gatherFacts(looking, asked, now);
  const document = makeProposal({ ...facts, notes: [...(found?.notes ?? []), ...facts.notes] });
  return { document, hash: hashOf(document), accountId, secrets, blueprint: found?.stored ?? null };
}

/** Stores a proposal, and the blueprint that was written for it. */
export async function storeProposal(
  db: Database,
  { document, hash, accountId, secrets, blueprint }: MadeProposal,
  { secretKey, by, now }: { readonly secretKey: SecretKey; readonly by: string; readonly now: Temporal.Instant },
): Promise<void> {
  const isEmpty = Object.keys(secrets).length === 0;
  await db.transaction().execute(async (trx) => {
    const written =
      blueprint !== null && 'written' in blueprint
        ? (await applyBlueprint(trx, blueprint.written, { secretKey, by, now })).row.blueprintVersionId
        : null;
    const versionId = blueprint !== null && 'versionId' in blueprint ? blueprint.versionId : written;
    const row = {
      hash,
      accountId,
      blueprintVersionId: versionId,
      document,
      secrets: isEmpty ? null : seal(secretKey, proposalPurpose, JSON.stringify(secrets)),
    };
    await insertProposal(trx, row, by);
  });
}

/**
 * Makes a proposal anew from what is there, holds and was decided by now; only what it dates itself is as it was.
 * @returns what is otherwise now, in words; empty: it is fresh
 */
export async function staleness(looking: Looking, row: ProposalRow, now: Temporal.Instant): Promise<string[]> {
  const { db, secretKey } = looking;
  const { document, blueprintVersionId } = row;
  const [version] = blueprintVersionId === null ? [] : await selectBlueprints(db, { versionId: blueprintVersionId });
  const asked: Asked = {
    purpose: document.purpose,
    slug: document.deployment,
    name: document.name,
    customer: document.customer,
    account: document.account,
    blueprint: version === undefined ? null : chosen(version, secretKey).asked,
    parameters: valuesOf(row, secretKey),
    acceptUnmetered: document.acceptUnmetered,
    snapshots: document.snapshots,
  };
  const { facts } = await gatherFacts(looking, asked, now, Temporal.Instant.from(document.proposedAt));
  return differencesOf(document, makeProposal(facts));
}
