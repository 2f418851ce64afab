import { openSecretKey } from '../inventory/index.ts';
import { anchorLine } from '../platform/anchors/anchor.ts';
import { selectDatabaseName } from '../platform/anchors/anchors.store.ts';
import { type CheckedAnchors, checkAnchors } from '../platform/anchors/check-anchors.ts';
import { readSecretKey } from '../platform/secrets/secret-key.ts';
import { type AuditVerification, verifyAudit } from '../platform/audit.ts';
import { type AuditHead, selectHead } from '../platform/audit.store.ts';
import { readSimulatedClock } from '../platform/clock.ts';
import type { Config } from '../platform/config.ts';
import type { Queryable } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { faultKey, type Sighting } from '../platform/guards/dating.ts';
import { findFaults } from '../platform/guards/guards.ts';
import { openAnchorPlace } from './anchor-place.ts';
import { flowsSettings } from './settings.ts';

interface WrittenAnchor {
  readonly place: string;
  readonly position: number;
  /** How many guards of the database were not as they should be. */
  readonly faults: number;
}

/**
 * Writes the end of the audit log down where the settings say. Null: they say nowhere, the log is empty, or the database
 * is a simulation, which anybody may make anew. Errors: anchor_failed.
 */
export async function writeAnchor(
  db: Queryable,
  config: Config,
  { now, signal }: { readonly now: Temporal.Instant; readonly signal: AbortSignal },
): Promise<WrittenAnchor | null> {
  const { auditAnchor } = flowsSettings.of(config);
  if (auditAnchor === null || (await readSimulatedClock(db)) !== null) return null;
  const faults = (await findFaults(db)).map(faultKey);
  const head = await selectHead(db, null);
  if (head === null) return null;
  const database = await selectDatabaseName(db);
  const place = openAnchorPlace(auditAnchor, database, config);
  await place.append(anchorLine(await openSecretKey(db, config), { database, at: now, ...head, faults }), signal);
  return { place: place.name, position: head.position, faults: faults.length };
}

/** What one place says. */
interface PlaceVerification extends Omit<CheckedAnchors, 'anchors'> {
  readonly place: string;
  /** Why it could not be read; null: it was. */
  readonly problem: string | null;
  /** How many anchors of this database it has, with our signature. */
  readonly checked: number;
  readonly newestAt: Temporal.Instant | null;
}

interface AnchoredVerification extends AuditVerification {
  /** Empty: no place is configured, and none was given. */
  readonly anchors: readonly PlaceVerification[];
}

interface Asked {
  readonly noted: AuditHead | null;
  /** Lines from elsewhere, such as a copy that somebody kept. */
  readonly given: readonly { readonly name: string; readonly text: string }[];
  /** All of the log; else from where it was verified last. */
  readonly isWhole: boolean;
  readonly signal: AbortSignal;
}

/** Verifies the log and what guards it, against the anchors that can be read. */
export async function verifyAnchoredAudit(db: Queryable, config: Config, asked: Asked): Promise<AnchoredVerification> {
  const places = [
    ...(await readConfigured(db, config, asked.signal)),
    ...asked.given.map((one) => ({ ...one, problem: null })),
  ];
  // Makes none: what was signed with a key that is not here proves nothing.
  const secretKey = readSecretKey(config);
  const sightings: Sighting[] = [];
  const anchors: PlaceVerification[] = [];
  for (const { name, text, problem } of places) {
    if (secretKey === null) {
      const missing = 'The secret key is not here, so that no signature can be verified.';
      const nothing = { checked: 0, newestAt: null, broken: [], altered: [], otherKey: 0 };
      anchors.push({ place: name, problem: problem ?? missing, ...nothing });
      continue;
    }
    const { anchors: read, ...checked } = await checkAnchors(db, secretKey, text);
    const counted = { checked: read.length, newestAt: read.at(-1)?.at ?? null };
    anchors.push({ place: name, problem, ...counted, ...checked });
    sightings.push(...read.flatMap(({ at, faults }) => (faults === null ? [] : [{ at, faults: new Set(faults) }])));
  }
  sightings.sort((a, b) => Temporal.Instant.compare(a.at, b.at));
  const verified = await verifyAudit(db, asked.noted, sightings, asked.isWhole);
  const hold = anchors.every(({ broken, altered }) => broken.length === 0 && altered.length === 0);
  return { ...verified, intact: verified.intact && hold, anchors };
}

async function readConfigured(
  db: Queryable,
  config: Config,
  signal: AbortSignal,
): Promise<{ name: string; text: string; problem: string | null }[]> {
  const { auditAnchor } = flowsSettings.of(config);
  if (auditAnchor === null || (await readSimulatedClock(db)) !== null) return [];
  const { name, read } = openAnchorPlace(auditAnchor, await selectDatabaseName(db), config);
  try {
    const text = await read(signal);
    return [{ name, text: text ?? '', problem: text === null ? `Nothing has been written to ${name} yet.` : null }];
  } catch (error) {
    if (!(error instanceof ArcadiaError)) throw error;
    return [{ name, text: '', problem: error.message }];
  }
}
