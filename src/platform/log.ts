import { randomUUID } from 'node:crypto';
import { printable, printableJson, printableLines } from './printable.ts';
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';

export type { Logger } from 'pino';
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];
export const logFormats = ['auto', 'json', 'pretty'] as const;
export type LogFormat = (typeof logFormats)[number];

export interface LogOptions {
  readonly level: LogLevel;
  /** auto: pretty on a terminal, one JSON object a line elsewhere. */
  readonly format: LogFormat;
  /** stderr unless given: stdout belongs to data. */
  readonly stream?: { write(text: string): unknown; readonly isTTY?: boolean };
  /** In each line as run_id; a new one unless given. */
  readonly runId?: string;
}

/** Whether lines of this format are for a person: `auto` is where the stream is a terminal. */
export function isReadable(format: LogFormat, stream: { readonly isTTY?: boolean } = process.stderr): boolean {
  return format === 'pretty' || (format === 'auto' && stream.isTTY === true);
}

const secretName =
  /^(authorization|cookie|set-cookie|password|passwd|pwfile|token|.*[_-]?(token|secret|password|secret_?key|access_?key|api_?key)|credentials|connection_?string|database_?url)$/i;
const hidden = '[redacted]';

// What gives a secret away inside a text, wherever the text came from.
const secretTexts: readonly [RegExp, string][] = [
  [/\b(postgres(?:ql)?:\/\/[^\s:@/"]*):[^\s@"]*@/g, `$1:${hidden}@`],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, `$1 ${hidden}`],
  [/\bdo[optr]_v1_\w+/g, hidden],
  // A JSON Web Token begins with {" in base64.
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, hidden],
];

/** A text without tokens, authorization headers and passwords of connection strings. */
export function redactText(text: string): string {
  return secretTexts.reduce((redacted, [pattern, instead]) => redacted.replace(pattern, instead), text);
}

function redact(value: unknown, name = ''): unknown {
  if (name !== '' && secretName.test(name) && value !== null && value !== undefined && typeof value !== 'boolean')
    return hidden;
  if (typeof value === 'string') return redactText(value);
  if (Array.isArray(value)) return value.map((item) => redact(item));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redact(item, key)]));
  }
  return value;
}

const colours: Readonly<Record<string, number>> = { trace: 90, debug: 36, info: 32, warn: 33, error: 31, fatal: 35 };

function pretty(line: Record<string, unknown>, colour: boolean): string {
  const { level, time, msg, run_id: _, ...fields } = line;
  const word = String(level);
  const shown = colour ? `\u001b[${colours[word] ?? 0}m${word.padEnd(5)}\u001b[0m` : word.padEnd(5);
  const { err, ...rest } = fields as { err?: { stack?: string } };
  const details = Object.entries(rest).map(
    ([key, value]) => ` ${printable(`${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)}`,
  );
  return `${String(time).slice(11, 19)} ${shown} ${typeof msg === 'string' ? printable(msg) : ''}${details.join('')}\n${err?.stack ? `${printableLines(err.stack)}\n` : ''}`;
}

/**
 * The structured log. Secrets are taken out of whole lines just before they are written, by the
 * name of a field and by the look of a text, so that no caller has to think of it.
 */
export function createLog(options: LogOptions): Logger {
  const stream = options.stream ?? process.stderr;
  const readable = isReadable(options.format, stream);
  const colour = stream.isTTY === true && !process.env.NO_COLOR;
  const destination: DestinationStream = {
    write(text) {
      const line = redact(JSON.parse(text)) as Record<string, unknown>;
      stream.write(readable ? pretty(line, colour) : `${printableJson(JSON.stringify(line))}\n`);
    },
  };
  return pino(
    {
      level: options.level,
      base: { run_id: options.runId ?? randomUUID().slice(0, 8) },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}
