import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { Logger } from '../../platform/log.ts';
import { once } from '../../platform/once.ts';
import { printable, printableJson, printableLines } from '../../platform/printable.ts';

// The only place of the command that writes to the process's streams. Whatever passes here is cleaned of what could steer
// a terminal or that nobody sees: nobody who words a text has to think of it.

export interface Column<Row> {
  readonly header: string;
  readonly value: (row: Row) => string | null;
  /** Numbers stand right, so that their digits line up. */
  readonly align?: 'right';
}

/**
 * What a command prints. Data goes to stdout: one JSON value with --json, else text for a person.
 * Everything else (notes, progress, errors) goes to stderr. JSON keeps its texts exact, by escapes.
 */
export class Output {
  readonly json: boolean;
  readonly #stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly #stderr: Writable & { readonly isTTY?: boolean };
  #log: Logger | null = null;

  constructor(options: { json: boolean; stdout?: Writable; stderr?: Writable }) {
    this.json = options.json;
    this.#stdout = options.stdout ?? process.stdout;
    this.#stderr = options.stderr ?? process.stderr;
  }

  /** Whether a person sees what is written to stdout. */
  get isTerminal(): boolean {
    return this.#stdout.isTTY === true;
  }

  /** Whether a person sees what is noted, and no file keeps it. */
  get isNoteSeen(): boolean {
    return this.#stderr.isTTY === true;
  }

  /** One JSON value, the whole answer. Quantities and money arrive here as strings already. */
  async value(value: unknown): Promise<void> {
    await write(this.#stdout, `${printableJson(JSON.stringify(value, null, 2))}\n`);
  }

  /** JSON that is made already, such as a line for each case. */
  async madeJson(json: string): Promise<void> {
    await write(this.#stdout, `${printableJson(json)}\n`);
  }

  /** Text for a person, on stdout. */
  async text(text: string): Promise<void> {
    await write(this.#stdout, `${printableLines(text)}\n`);
  }

  /** What is a file of its own, on stdout as it comes: byte for byte, unless a terminal shows it. */
  async stream(content: AsyncIterable<string | Uint8Array>): Promise<void> {
    if (!this.isTerminal) {
      for await (const chunk of content) await write(this.#stdout, chunk);
      return;
    }
    const decoder = new TextDecoder();
    for await (const chunk of content) {
      const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
      await write(this.#stdout, printableLines(text.replaceAll('\r\n', '\n')));
    }
  }

  /** From here on every remark is a line of this log, in place of text between its lines. */
  remarkTo(log: Logger): void {
    this.#log = log;
  }

  /** Where remarks go to, if not to stderr as text. */
  get log(): Logger | null {
    return this.#log;
  }

  /** A remark beside the data, on stderr. `fields` are for those who read it as a line of a log. */
  note(text: string, fields: Readonly<Record<string, unknown>> = {}): void {
    if (this.#log !== null) return this.#log.info(fields, text.trim().replaceAll(/\s*\n\s*/g, ' '));
    this.#stderr.write(`${printableLines(text)}\n`);
  }

  /** A remark for a program, on stderr: JSON on one line. */
  noteJson(json: string): void {
    this.#stderr.write(`${printableJson(json)}\n`);
  }

  /**
   * A list: with --json an array of the items as they are; else a table of `columns`, or, of an
   * empty list, `empty`, which says what to do next.
   */
  async list<Item>(items: readonly Item[], columns: readonly Column<Item>[], empty: string): Promise<void> {
    if (this.json) await this.value(items);
    else if (items.length === 0) this.note(empty);
    else await this.text(table(items, columns));
  }

  /**
   * A list too long to hold at once, as its pages come. With --json it is one object, as the API's page
   * would be if it had no limit: `items`, no `nextCursor`, and what stands beside them (`extra`).
   */
  async pages<Item>(
    pages: AsyncIterable<readonly Item[]>,
    options: { columns: readonly Column<Item>[]; empty: string; extra?: Readonly<Record<string, unknown>> },
  ): Promise<void> {
    let items = 0;
    let widths: readonly number[] = [];
    for await (const page of pages) {
      if (page.length === 0) continue;
      if (this.json) {
        const lines = page.map((item) => `    ${printableJson(JSON.stringify(item))}`).join(',\n');
        await write(this.#stdout, `${items === 0 ? '{\n  "items": [\n' : ',\n'}${lines}`);
      } else {
        const cells = cellsOf(page, options.columns);
        const lines = items === 0 ? [headerOf(options.columns), ...cells] : cells;
        widths = widthsOf(lines, widths);
        await this.text(align(lines, narrowed(widths, options.columns, columnsOf(this.#stdout)), options.columns));
      }
      items += page.length;
    }
    if (!this.json) {
      if (items === 0) this.note(options.empty);
      return;
    }
    const rest = Object.entries({ nextCursor: null, ...options.extra })
      .map(([name, value]) => `,\n  ${printableJson(`${JSON.stringify(name)}: ${JSON.stringify(value)}`)}`)
      .join('');
    await write(this.#stdout, `${items === 0 ? '{\n  "items": []' : '\n  ]'}${rest}\n}\n`);
  }
}

/** The lines about work under way: one that is written over on a terminal, else each on its own. */
export interface StatusLine {
  readonly isLive: boolean;
  /** Replaces what the line says. Only of a live one. */
  show(text: string): void;
  /** Ends the live line, or writes one. */
  end(text?: string): void;
}

/** The cursor stays where it is and is never hidden, so that a killed process leaves nothing to repair. */
export function openStatusLine(stderr: NodeJS.WriteStream = process.stderr, env = process.env): StatusLine {
  return {
    isLive: stderr.isTTY && env.TERM !== 'dumb' && !env.CI,
    show(text) {
      const columns = (stderr.columns ?? 80) - 1;
      const said = printable(text);
      stderr.write(`\r\u001b[2K${said.length > columns ? said.slice(0, columns) : said}`);
    },
    end(text = '') {
      stderr.write(`${printable(text)}\n`);
    },
  };
}

/** Whether somebody can be asked and sees the question. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Asks on the terminal, on stderr. */
export async function askLine(question: string, signal: AbortSignal): Promise<string> {
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await asking.question(printableLines(question), { signal });
  } finally {
    asking.close();
  }
}

/** Asks on the terminal; what is typed is not shown. */
export async function askHidden(prompt: string): Promise<string> {
  process.stderr.write(printableLines(prompt));
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  // In raw mode Ctrl-C is a key, not a signal.
  terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    return await terminal.question('');
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}

/** A reader that leaves early (`| head`) shows itself in the write that fails; a closed stderr is no news. */
export function outliveReaders(): void {
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
}

/** Help, which no session writes: on stdout where it was asked for, else on stderr. */
export const help = {
  writeOut: (text: string): void => void process.stdout.write(printableLines(text)),
  writeErr: (text: string): void => void process.stderr.write(printableLines(text)),
};

/** Whoever read stdout has left (`| head`): nothing is wrong, there is only nobody to tell. */
export class ReaderGone extends Error {
  override readonly name = 'ReaderGone';
}

/** Waits until the reader has room, so that a long list never piles up in memory. */
function write(stream: Writable, chunk: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(chunk, (error) => {
      if (error === null || error === undefined) resolve();
      else if ('code' in error && (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED'))
        reject(new ReaderGone());
      else reject(error);
    });
  });
}

/**
 * Aligned columns with a header line; two spaces between, no trailing blanks. On a terminal, cells of the widest columns
 * go on below where a line would be longer than `limit`; a file or a program gets each row on one line.
 */
export function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  limit = columnsOf(process.stdout),
): string {
  const lines = [headerOf(columns), ...cellsOf(rows, columns)];
  return align(lines, narrowed(widthsOf(lines), columns, limit), columns);
}

/** How many columns a terminal has; anything else has as many as it takes. */
function columnsOf(stream: Writable & { readonly isTTY?: boolean; readonly columns?: number }): number {
  return stream.isTTY === true && stream.columns ? stream.columns : Number.POSITIVE_INFINITY;
}

/** No column of text is made narrower than this. */
const narrowest = 16;

/** The widest columns of text made narrower, all to one width, until a line is no longer than `limit` or they are narrowest. */
function narrowed<Row>(widths: readonly number[], columns: readonly Column<Row>[], limit: number): readonly number[] {
  const gaps = 2 * (widths.length - 1);
  const upTo = (most: number) =>
    widths.map((wide, index) => (columns[index]?.align === 'right' ? wide : Math.min(wide, most)));
  let most = Math.max(...widths);
  while (most > narrowest && upTo(most).reduce((sum, wide) => sum + wide, gaps) > limit) most -= 1;
  return upTo(most);
}

/** One row as the lines that it takes, where its cells are broken at spaces. */
function wrapped(line: readonly string[], widths: readonly number[]): string[][] {
  const cells = line.map((cell, index) => brokenAtSpaces(cell, widths[index] ?? 0));
  const height = Math.max(...cells.map((cell) => cell.length));
  return Array.from({ length: height }, (_, row) => cells.map((cell) => cell[row] ?? ''));
}

/** A word that is longer than a line is broken where the line ends. */
function brokenAtSpaces(cell: string, columns: number): string[] {
  if (width(cell) <= columns) return [cell];
  const broken = [''];
  for (const word of cell.split(' ')) {
    let rest = word;
    const last = broken.at(-1) ?? '';
    if (last !== '' && width(`${last} ${rest}`) <= columns) {
      broken[broken.length - 1] = `${last} ${rest}`;
      continue;
    }
    if (last !== '') broken.push('');
    while (width(rest) > columns) {
      const part = [...graphemes().segment(rest)].map(({ segment }) => segment);
      let taken = '';
      while (part[0] !== undefined && width(taken + part[0]) <= columns) taken += part.shift();
      broken[broken.length - 1] = taken;
      broken.push('');
      rest = part.join('');
    }
    broken[broken.length - 1] = rest;
  }
  return broken;
}

function headerOf<Row>(columns: readonly Column<Row>[]): string[] {
  return columns.map((column) => column.header.toUpperCase());
}

function cellsOf<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string[][] {
  return rows.map((row) => columns.map((column) => printable(column.value(row) ?? '-')));
}

/** How wide each column must be; no narrower than it was. */
function widthsOf(lines: readonly (readonly string[])[], before: readonly number[] = []): number[] {
  const widths = [...before];
  for (const line of lines) {
    for (const [index, cell] of line.entries()) widths[index] = Math.max(widths[index] ?? 0, width(cell));
  }
  return widths;
}

function align<Row>(
  lines: readonly (readonly string[])[],
  widths: readonly number[],
  columns: readonly Column<Row>[],
): string {
  const aligned = lines
    .flatMap((line) => wrapped(line, widths))
    .map((line) => {
      const cells = line.map((cell, index) => {
        const padding = ' '.repeat((widths[index] ?? 0) - width(cell));
        return columns[index]?.align === 'right' ? padding + cell : cell + padding;
      });
      return cells.join('  ').trimEnd();
    });
  return aligned.join('\n');
}

/** `name: value` lines with the values in one column. */
export function fields(pairs: readonly (readonly [string, string | null])[]): string {
  const longest = Math.max(...pairs.map(([name]) => width(name)));
  return pairs
    .map(([name, value]) => `${printable(name).padEnd(longest)}  ${printable(value ?? '-')}`.trimEnd())
    .join('\n');
}

const graphemes = once(() => new Intl.Segmenter('en', { granularity: 'grapheme' }));

/** Columns on a terminal: one per grapheme, two where it is wide (East Asian, emoji). */
function width(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let columns = 0;
  for (const { segment } of graphemes().segment(text)) {
    columns +=
      /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6])/u.test(
        segment,
      )
        ? 2
        : 1;
  }
  return columns;
}

/** Thousands apart, for counts that a person reads. Not for quantities or money. */
export function count(value: number): string {
  return value.toLocaleString('en');
}

/** `1 day`, `3 days`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** An instant as a person reads it: `2026-05-01 06:00:00Z`, without a fraction. Text is as the API writes it. */
export function moment(instant: Temporal.Instant | string | null | undefined): string | null {
  if (instant === null || instant === undefined) return null;
  const parsed = typeof instant === 'string' ? Temporal.Instant.from(instant) : instant;
  return parsed.round({ smallestUnit: 'second', roundingMode: 'floor' }).toString().replace('T', ' ');
}
