import { appendFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { type FleetEvent, fleetEvent } from './events.ts';
import { ms, type Ms, rfc3339 } from './time.ts';

/** Something that happened beside the script, and when by the fleet's clock. */
export interface Happened {
  readonly at: Ms;
  readonly event: FleetEvent;
}

/** What a journal belongs to. */
interface JournalFleet {
  readonly fleet: string;
  readonly seed: number;
  readonly resources: number | null;
}

const heading = z.strictObject({ fleet: z.string(), seed: z.int(), resources: z.int().nullable() });
const line = z.strictObject({ at: z.iso.datetime().transform(ms), event: fleetEvent });

/**
 * A file of everything that was done to a fleet, in the order of time: a line for the fleet, then one for each event.
 * A line that was cut off, as a process was killed, never happened.
 */
export class Journal {
  readonly #file: string;
  /** What the file held when it was opened. */
  readonly happened: readonly Happened[];

  /**
   * Throws RangeError for a file that is another fleet's, or no journal.
   * @param mends whether a line that was cut off is removed: a process that only reads may see one that is being written
   */
  constructor(file: string, of: JournalFleet, mends: boolean) {
    this.#file = file;
    const whole = existsSync(file) ? readFileSync(file, 'utf8') : '';
    const text = whole.slice(0, whole.lastIndexOf('\n') + 1);
    const [first, ...others] = text.split('\n').slice(0, -1);
    if (first === undefined) {
      writeFileSync(file, `${JSON.stringify(of)}\n`);
      this.happened = [];
      return;
    }
    if (mends && text.length < whole.length) truncateSync(file, Buffer.byteLength(text));
    const known = read(file, 1, first, heading);
    if (JSON.stringify(known) !== JSON.stringify(of)) {
      throw new RangeError(`${file} is the journal of ${JSON.stringify(known)}, not of ${JSON.stringify(of)}`);
    }
    this.happened = others.map((each, index) => read(file, index + 2, each, line));
  }

  readonly add = ({ at, event }: Happened): void => {
    appendFileSync(this.#file, `${JSON.stringify({ at: rfc3339(at), event })}\n`);
  };
}

function read<Schema extends z.ZodType>(file: string, number: number, text: string, schema: Schema): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new RangeError(`${file}:${number} is no line of a journal`, { cause });
  }
}
