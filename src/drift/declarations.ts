import { findDeployment } from '../deployments/index.ts';
import type { Database, Queryable, UnitOfWork } from '../platform/database/database.ts';
import { rolledBack } from '../platform/database/rolled-back.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import { adoptedDocument } from './adopt.ts';
import { type Declaration, type DeclarationDocument, declarationSchema, type DeclaredResource } from './declaration.ts';
import {
  type DeclarationRow,
  type DeclaredRow,
  ensureDeclaration,
  overtakeSweep,
  type ResourceColumns,
  type ResourceCounts,
  rewriteResources,
  rewriteVersion,
  selectAdoptable,
  selectDeclarations,
  selectDeclared,
  selectVersions,
} from './declarations.store.ts';
import { checkDeclaration, type DriftCheck, type Finding, openFindings } from './findings.ts';
import type { Severity } from './findings.store.ts';
import { assertImportable, assertPlaced } from './import-guards.ts';
import { comparedFields, digestOf } from './normal-form.ts';
import { lockDrift, selectAccounts } from './sweep/actual.store.ts';
import { sweepDeclaration } from './sweep/sweep.ts';

export type { DeclarationRow, DeclaredRow } from './declarations.store.ts';

/** What applying a declaration did, or would do. */
export interface AppliedDeclaration {
  readonly declaration: string;
  /** false: it says what it said before, and nothing was written. */
  readonly changed: boolean;
  readonly resources: ResourceCounts;
  /** Of it, once it holds: what differs now, those that are yet to settle among them. */
  readonly findings: number;
  /** The first of them; of a preview only. */
  readonly shown: readonly Finding[];
}

interface ApplyOptions {
  readonly by: string;
  readonly now: Temporal.Instant;
  /** Also where it drops more than half, or is older than what was read before. */
  readonly force?: boolean;
}

/** As many findings as a preview shows. */
const shownMax = 100;

/**
 * Makes a declaration say what a document says, from now on, and compares. The same again writes nothing.
 * @throws ArcadiaError not_found: the deployment or an account; declaration_shrinks, declaration_older,
 *   declaration_of_other_state, declaration_misplaced
 */
export async function applyDeclaration(
  db: Database,
  declaration: Declaration,
  options: ApplyOptions,
): Promise<AppliedDeclaration> {
  return db.transaction().execute((trx) => applyWithin(trx, declaration, options, 0));
}

/** What applyDeclaration would do, and what would be found: the same call, rolled back. Throws as it does. */
export async function previewDeclaration(
  db: Database,
  declaration: Declaration,
  options: ApplyOptions,
): Promise<AppliedDeclaration> {
  return rolledBack(db, (trx) => applyWithin(trx, declaration, options, shownMax));
}

/**
 * Whether all agrees with a document, as `checkDrift` says of what is declared. Nothing is written.
 * @throws ArcadiaError drift_blind; not_found; declaration_of_other_state, declaration_misplaced
 */
export async function checkDocument(
  db: Database,
  declaration: Declaration,
  asked: { readonly severity: Severity; readonly allowBlind: boolean },
  { by, now }: Pick<ApplyOptions, 'by' | 'now'>,
): Promise<DriftCheck> {
  return rolledBack(db, async (trx) => {
    await applyWithin(trx, declaration, { by, now, force: true }, 1);
    return checkDeclaration(trx, asked, declaration.declaration, now);
  });
}

async function applyWithin(
  trx: UnitOfWork,
  declaration: Declaration,
  { by, now, force = false }: ApplyOptions,
  shown: number,
): Promise<AppliedDeclaration> {
  await lockDrift(trx);
  const { declaration: slug } = declaration;
  const accounts = await accountIds(trx);
  const deployment = declaration.deployment === undefined ? null : await findDeployment(trx, declaration.deployment);
  await assertImportable(trx, declaration, force);
  const rows = declaration.resources.map((resource) => columnsOf(resource, declaration, accounts));
  await assertPlaced(trx, slug, rows, now);
  const origin = declaration.origin ?? { source: 'written', lineage: null, serial: null, digest: null };
  const { ignore, covers } = declaration;
  const accountId = declaration.account === undefined ? null : accounts(declaration.account);
  const head = {
    deployment_id: deployment?.deploymentId ?? null,
    account_id: accountId,
    covers,
    ignore: ignore.map(ignoreOut),
    origin,
  };
  const id = await ensureDeclaration(trx, slug, now);
  const digest = digestOf({ ...head, origin: { ...origin, digest: null }, rows });
  const changed = await rewriteVersion(trx, id, { ...head, digest, resources: rows.length }, by, now);
  const resources = await rewriteResources(trx, id, rows, by, now);
  if (changed) await overtakeSweep(trx);
  if (changed || shown > 0) await sweepDeclaration(trx, id, now);
  const { items, total } = await openFindings(trx, { declaration: slug, now }, shown);
  return { declaration: slug, changed, resources, findings: total, shown: items };
}

function ignoreOut({ until, ...rest }: Declaration['ignore'][number]) {
  return { ...rest, ...(until !== undefined && { until: until.toString() }) };
}

/** By slug. Errors: not_found. */
async function accountIds(db: Queryable): Promise<(slug: string) => number> {
  const ids = new Map((await selectAccounts(db)).map(({ slug, accountId }) => [slug, accountId]));
  return (slug) => {
    const id = ids.get(slug);
    if (id === undefined) throw notFound('account', slug);
    return id;
  };
}

function columnsOf(
  resource: DeclaredResource,
  { account: ofAll }: Declaration,
  accounts: (slug: string) => number,
): ResourceColumns {
  const { address, kind, id, match, count, fields } = resource;
  const account = resource.account ?? ofAll;
  return {
    address,
    kind,
    account_id: account === undefined ? null : accounts(account),
    external_id: id === undefined ? null : isCaseless(kind) ? id.toLowerCase() : id,
    match: match ?? null,
    count: count === undefined ? null : typeof count === 'number' ? { min: count, max: count } : count,
    fields,
    ...comparedFields(count === undefined ? resource : { fields }),
  };
}

/** A bucket's name is as it is written; every other id is a number, a UUID, an address or a host's name. */
function isCaseless(kind: string): boolean {
  return kind !== 'spaces_bucket';
}

/** What is declared now, by name. */
export async function listDeclarations(db: Queryable): Promise<DeclarationRow[]> {
  return selectDeclarations(db);
}

/** Throws not_found: there is none of this name, or it has ended. */
export async function getDeclaration(
  db: Queryable,
  slug: string,
): Promise<{ readonly head: DeclarationRow; readonly resources: readonly DeclaredRow[] }> {
  const [head] = await selectDeclarations(db, slug);
  if (head === undefined) throw notFound('declaration', slug);
  return { head, resources: await selectDeclared(db, head.declarationId) };
}

/** As a document that says the same. Throws not_found. */
export async function declarationDocument(db: Queryable, slug: string): Promise<DeclarationDocument> {
  const { head, resources } = await getDeclaration(db, slug);
  const { deployment, account, covers, ignore, origin } = head;
  return {
    declaration: slug,
    ...(deployment !== null && { deployment }),
    ...(account !== null && { account }),
    covers,
    resources: resources.map(({ boundTo: _, account: of, id, match, count, fields, ...rest }) => ({
      ...rest,
      ...(of !== null && { account: of }),
      ...(id !== null && { id }),
      ...(match !== null && { match }),
      ...(count !== null && { count }),
      fields: fields as DeclaredResource['fields'],
    })),
    ...(ignore.length > 0 && { ignore: [...ignore] }),
    ...(origin.source !== 'written' && { origin: origin as DeclarationDocument['origin'] }),
  };
}

/** All that it ever said, the newest first. Throws not_found. */
export async function declarationHistory(db: Queryable, slug: string): Promise<DeclarationRow[]> {
  const rows = await selectVersions(db, slug);
  if (rows.length === 0) throw notFound('declaration', slug);
  return rows;
}

/** Ends a declaration: from now on nothing is compared with it, and what it found is resolved. Throws not_found. */
export async function endDeclaration(db: Database, slug: string, by: string, now: Temporal.Instant): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await lockDrift(trx);
    const { head } = await getDeclaration(trx, slug);
    await rewriteVersion(trx, head.declarationId, null, by, now);
    await rewriteResources(trx, head.declarationId, [], by, now);
    await overtakeSweep(trx);
    await sweepDeclaration(trx, head.declarationId, now);
  });
}

/**
 * Declares what a deployment has now, all of it. Right after nothing of it differs.
 * @param name of the declaration
 * @throws ArcadiaError not_found: the deployment; conflict: it owns nothing, or more than one declaration holds
 */
export async function adoptDeployment(
  db: Database,
  deployment: string,
  name: string,
  { dryRun = false, ...options }: ApplyOptions & { readonly dryRun?: boolean },
): Promise<AppliedDeclaration> {
  const document = await documentOf(db, deployment, name, options.now);
  const { data: declaration, error } = declarationSchema.safeParse(document);
  if (declaration === undefined) throw tooLarge(deployment, document, error.issues[0]?.path ?? []);
  return dryRun ? previewDeclaration(db, declaration, options) : applyDeclaration(db, declaration, options);
}

/** Where what there is passes the limits of a document: which part of it. */
function tooLarge(slug: string, { resources }: DeclarationDocument, path: readonly PropertyKey[]): ArcadiaError {
  const [, index, ...field] = path;
  const address = typeof index === 'number' ? resources[index]?.address : undefined;
  const what = address === undefined ? `${resources.length} resources` : [address, ...field].map(String).join(' ');
  return new ArcadiaError('conflict', `Deployment ${slug} has more than one declaration can hold: ${what}.`);
}

async function documentOf(
  db: Queryable,
  slug: string,
  name: string,
  now: Temporal.Instant,
): Promise<DeclarationDocument> {
  const { deploymentId, customerName } = await findDeployment(db, slug);
  const rows = customerName === null ? [] : await selectAdoptable(db, deploymentId, now);
  if (rows.length === 0) throw new ArcadiaError('conflict', `Deployment ${slug} owns nothing that could be declared.`);
  return adoptedDocument(name, slug, rows, digestOf(rows));
}
