import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { notFound } from '../platform/errors.ts';
import { type SecretKey, seal, sign, unseal } from '../platform/secrets/crypto.ts';
import { declareTask } from '../platform/workers/task.ts';
import { runTask } from '../platform/workers/pool.ts';
import { type Blueprint, blueprintSchema } from './blueprint.ts';
import type { readBlueprint } from './blueprint-file.ts';
import { formatProblem, type NamedText, type ReadBlueprint } from './blueprint-problems.ts';
import { type BlueprintRow, insertVersion, selectBlueprints } from './blueprints.store.ts';
import { digestOf } from './canonical.ts';
import { blueprintInvalid } from './errors.ts';

/** What user data is sealed for. */
export const userDataPurpose = 'provisioning.user_data';

const readBlueprintTask = declareTask<readonly NamedText[], ReturnType<typeof readBlueprint>>({
  name: 'read_blueprint',
  file: new URL('./blueprint-file.task.ts', import.meta.url),
  inputBytesMax: 8 * 1024 * 1024,
  msMax: 10_000,
});

/**
 * A blueprint of files: itself first, then those of the user data that it names.
 * @throws ArcadiaError blueprint_invalid, with each mistake by file, line, path and reason; too_costly; overloaded
 */
export async function readBlueprintFiles(files: readonly NamedText[], signal?: AbortSignal): Promise<ReadBlueprint> {
  const found = await runTask(readBlueprintTask, files, { what: files[0]?.name ?? 'the blueprint', signal });
  if ('read' in found) return found.read;
  const { problems } = found;
  throw blueprintInvalid(problems.map(formatProblem).join('\n'), { details: { problems } });
}

/** Of what a blueprint says with its user data, which may hold secrets: of those only what the secret key makes of them. */
export function blueprintDigest({ blueprint, userData }: ReadBlueprint, secretKey: SecretKey): string {
  return digestOf({ blueprint, userData: hmacs(userData, secretKey) });
}

/** What tells texts apart to whoever has the key, and nothing of them. */
export function hmacs(texts: Readonly<Record<string, string>>, secretKey: SecretKey): Record<string, string> {
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, sign(secretKey, 'provisioning.digests', text).toString('hex')]),
  );
}

/** Makes a blueprint what its files say; `changed` false: it said so already. */
export async function applyBlueprint(
  trx: UnitOfWork,
  read: ReadBlueprint,
  { secretKey, by, now }: { readonly secretKey: SecretKey; readonly by: string; readonly now: Temporal.Instant },
): Promise<{ readonly row: BlueprintRow; readonly changed: boolean }> {
  const { blueprint, userData } = read;
  const isEmpty = Object.keys(userData).length === 0;
  const version = {
    blueprint: blueprint.blueprint,
    digest: blueprintDigest(read, secretKey),
    document: blueprint,
    userData: isEmpty ? null : seal(secretKey, userDataPurpose, JSON.stringify(userData)),
  };
  return insertVersion(trx, version, by, now);
}

/** Which version applying it would make. */
export async function previewBlueprint(
  db: Queryable,
  read: ReadBlueprint,
  secretKey: SecretKey,
): Promise<{ readonly blueprint: string; readonly version: number; readonly changed: boolean }> {
  const { blueprint } = read.blueprint;
  const [newest] = await selectBlueprints(db, { blueprint });
  const changed = newest?.digest !== blueprintDigest(read, secretKey);
  return { blueprint, version: (newest?.version ?? 0) + (changed ? 1 : 0), changed };
}

/** The newest version, unless one is named. Throws not_found. */
export async function getBlueprint(db: Queryable, blueprint: string, version?: number): Promise<BlueprintRow> {
  const [row] = await selectBlueprints(db, { blueprint, version });
  if (row === undefined)
    throw notFound('blueprint', version === undefined ? blueprint : `${blueprint}, version ${version}`);
  // In the order in which blueprints are written: the database has another one.
  return { ...row, document: readStored(row) };
}

/** What a version says, checked by today's rules. @throws ArcadiaError blueprint_invalid */
export function readStored({ blueprint, version, document }: BlueprintRow): Blueprint {
  const { data, error } = blueprintSchema.safeParse(document);
  if (data !== undefined) return data;
  const file = `${blueprint}, version ${version}`;
  const problems = error.issues.map(({ path, message }) => ({ file, line: 1, path: path.join('.'), reason: message }));
  throw blueprintInvalid(problems.map(formatProblem).join('\n'), { details: { problems } });
}

/** By the name under which the blueprint has it. Throws secret_unreadable. */
export function userDataOf({ userData }: BlueprintRow, secretKey: SecretKey): Readonly<Record<string, string>> {
  if (userData === null) return {};
  return JSON.parse(unseal(secretKey, userDataPurpose, userData)) as Record<string, string>;
}
