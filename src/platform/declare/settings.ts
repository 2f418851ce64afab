import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import type { Config } from '../config.ts';

// What can be set from outside, as the module that reads it declares it.

export interface Setting<T> {
  readonly env: string;
  /** For a person: what it is for. */
  readonly purpose: string;
  /** For a person: what holds where it is not set and `fallback` does not say it. */
  readonly usually?: string;
  /** For a person: what is allowed. */
  readonly allowed: string;
  /** Never shown. */
  readonly secret?: true;
  /**
   * Where a secret of this setting is sent: a file that merely lies in the working folder must not redirect one that
   * comes from the environment.
   */
  readonly guards?: readonly string[];
  /** From the text of a flag or variable, or the value in the file. */
  readonly schema: z.ZodType<T, unknown>;
  readonly fallback: () => T;
}

/** A setting for each value. The names are those of the file and, with hyphens, of the flags. */
export type SettingsOf<Values extends object> = { readonly [Name in keyof Values]: Setting<Values[Name]> };

export interface ModuleSettings<Values extends object = object> {
  readonly settings: Readonly<Record<string, Setting<unknown>>>;
  /** What is wrong with the values together, in whole sentences. */
  mistakes(values: Values): readonly string[];
  /** The values that were read. */
  of(config: Config): Values;
}

/** Declares a module's settings. Their names are unique in the program. */
export function declareSettings<Values extends object>(
  settings: SettingsOf<Values>,
  mistakes: (values: Values) => readonly string[] = () => [],
): ModuleSettings<Values> {
  return {
    settings,
    mistakes,
    of({ ofModules }) {
      const missing = Object.keys(settings).find((name) => !(name in ofModules));
      if (missing !== undefined) throw new RangeError(`${missing} was not read: loadConfig was not given its module.`);
      return ofModules as unknown as Values;
    },
  };
}

// A file may hold a number where a variable holds its digits; nothing else turns into text.
export const text = z.union([z.string(), z.number().transform(String)]).pipe(z.string().trim().min(1));
export const matching = (pattern: RegExp) => text.refine((value) => pattern.test(value));
export const url = (protocols: RegExp) =>
  text.refine((value) => URL.canParse(value) && protocols.test(new URL(value).protocol));
/** Whether a host of an address is this machine. */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/.test(hostname);
}

/** An address to which secrets are sent: nobody on the way may read them. */
export const safeUrl = url(/^https?:$/).refine((value) => {
  const { protocol, hostname } = new URL(value);
  return protocol === 'https:' || isLoopback(hostname);
});
export const list = z.union([
  z.array(text),
  text.transform((value) =>
    value
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean),
  ),
]);

// In a variable as JSON, which YAML reads; in the file as itself.
export function table<Value>(value: z.ZodType<Value>): z.ZodType<Readonly<Record<string, Value>>, unknown> {
  const parsed = text.transform((json, context) => {
    try {
      return parseYaml(json) as unknown;
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
      return z.NEVER;
    }
  });
  return z.union([z.record(z.string(), value), parsed.pipe(z.record(z.string(), value))]);
}
