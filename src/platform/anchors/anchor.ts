import { z } from 'zod';
import { isSigned, type SecretKey, sign } from '../secrets/crypto.ts';

// An anchor: where the chain of the audit log ended at a time, signed, and kept outside of the database as one line of
// JSON. Whoever makes the whole chain anew, or cuts off its end, would have to change the lines as well, and to sign
// them.

const purpose = 'audit anchor';

/** Faults that one anchor names. */
const faultsMax = 200;

export interface Anchor {
  /** The name of the database: several may write to one place. */
  readonly database: string;
  readonly at: Temporal.Instant;
  /** The last entry then. */
  readonly position: number;
  readonly hash: string;
  /** What was wrong with the guards then, see faultKey; null: more than an anchor names. */
  readonly faults: readonly string[] | null;
}

const lineSchema = z.strictObject({
  database: z.string().max(63),
  at: z.iso.datetime().max(40),
  position: z.int().min(1),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  faults: z.array(z.string().max(1000)).max(faultsMax).nullable(),
  /** Which secret key it is signed with. */
  key: z.string().regex(/^[0-9a-f]{8}$/),
  signature: z.string().regex(/^[0-9a-f]{64}$/),
});

type Line = z.output<typeof lineSchema>;

/** What is signed: the fields in this order, whatever order a line has them in. */
function signedText({ database, at, position, hash, faults, key }: Omit<Line, 'signature'>): string {
  return JSON.stringify([database, at, position, hash, faults, key]);
}

/** The line to write, with its end. */
export function anchorLine(secretKey: SecretKey, { database, at, position, hash, faults }: Anchor): string {
  const named = faults !== null && faults.length > faultsMax ? null : faults && [...faults];
  const fields = { database, at: at.toString(), position, hash, faults: named, key: secretKey.id.toString('hex') };
  return `${JSON.stringify({ ...fields, signature: sign(secretKey, purpose, signedText(fields)).toString('hex') })}\n`;
}

export interface ReadAnchors {
  /** Those of the database with our signature, oldest first. */
  readonly anchors: readonly Anchor[];
  /** The numbers of lines that are none, or were altered: the signature does not fit. */
  readonly altered: readonly number[];
  /** How many are signed with another secret key: they prove nothing here. */
  readonly otherKey: number;
}

/** Reads lines as `anchorLine` wrote them; those of other databases are left out. */
export function readAnchors(secretKey: SecretKey, database: string, text: string): ReadAnchors {
  const anchors: Anchor[] = [];
  const altered: number[] = [];
  let otherKey = 0;
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const fields = parseLine(line);
    if (fields === null) altered.push(index + 1);
    else if (fields.database !== database) continue;
    else if (fields.key !== secretKey.id.toString('hex')) otherKey += 1;
    else if (!isSigned(secretKey, purpose, signedText(fields), Buffer.from(fields.signature, 'hex')))
      altered.push(index + 1);
    else {
      const { position, hash, faults, at } = fields;
      anchors.push({ database, at: Temporal.Instant.from(at), position, hash, faults });
    }
  }
  return { anchors: anchors.toSorted((a, b) => Temporal.Instant.compare(a.at, b.at)), altered, otherKey };
}

function parseLine(line: string): Line | null {
  try {
    return lineSchema.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}
