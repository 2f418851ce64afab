import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { type Role, roleNames } from './declare/operation.ts';
import {
  isLoopback,
  matching,
  type ModuleSettings,
  table,
  type Setting,
  type SettingsOf,
  text,
  url,
} from './declare/settings.ts';
import { isWeak, parseSecretKey } from './secrets/crypto.ts';
import { defaultDataDir } from './embedded/embedded.ts';
import { ArcadiaError } from './errors.ts';
import { type LogFormat, type LogLevel, logFormats, logLevels } from './log.ts';

// Where a setting comes from, the first that has it: flag, environment, file, default.

interface PlatformSettings {
  /** null: the embedded database in dataDir. */
  readonly databaseUrl: string | null;
  readonly dataDir: string;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  /** 32 bytes in base64; null: the key file in dataDir, see secret-key.ts. */
  readonly secretKey: string | null;
  /** What HS512 tokens are signed with, as text; null: none, or a development secret, see token-secret.ts. */
  readonly jwtSecret: string | null;
  /** Where the public keys of other tokens are: an address or a file. */
  readonly jwtJwks: string | null;
  readonly jwtIssuer: string;
  /** null: not looked at. */
  readonly jwtAudience: string | null;
  /** Which claim of a token holds the role, and which the customer's external id; dots lead into objects. */
  readonly jwtRoleClaim: string;
  readonly jwtCustomerClaim: string;
  /** What the role claim may hold besides our roles, and which role each is. */
  readonly jwtRoles: Readonly<Record<string, Role>>;
  /** Of a token without a role claim; null: none, it is refused. */
  readonly jwtDefaultRole: Role | null;
  /** How long ago a token may have been issued, in hours, whatever its end; null: not looked at. */
  readonly jwtHoursMax: number | null;
}

/** What was set: the platform's own, and that of the modules, which each reads by its ModuleSettings. */
export interface Config extends PlatformSettings {
  readonly ofModules: Readonly<Record<string, unknown>>;
}

const platformSettings: SettingsOf<PlatformSettings> = {
  databaseUrl: {
    env: 'DATABASE_URL',
    purpose: 'the PostgreSQL database (15 or later)',
    usually: 'the embedded server in the data folder',
    allowed: 'postgres://user:password@host:port/database',
    secret: true,
    schema: url(/^postgres(ql)?:$/),
    fallback: () => null,
  },
  dataDir: {
    env: 'ARCADIA_DATA_DIR',
    purpose: 'the folder of the embedded database and of the key files',
    usually: '`~/.local/share/arcadia-cloud`; of root `/var/lib/arcadia-cloud`',
    allowed: 'a folder',
    schema: text.transform((path) => resolve(path)),
    fallback: defaultDataDir,
  },
  logLevel: {
    env: 'ARCADIA_LOG_LEVEL',
    purpose: 'what is logged at the least',
    allowed: logLevels.join(', '),
    schema: z.enum(logLevels),
    fallback: () => 'info',
  },
  logFormat: {
    env: 'ARCADIA_LOG_FORMAT',
    purpose: 'lines for a person or for programs; `auto`: for a person on a terminal',
    allowed: logFormats.join(', '),
    schema: z.enum(logFormats),
    fallback: () => 'auto',
  },
  secretKey: {
    env: 'ARCADIA_SECRET_KEY',
    purpose: 'the key that provider tokens are sealed with',
    usually: '`secret.key` in the data folder',
    allowed: '32 random bytes in base64, as `openssl rand -base64 32` prints; not one letter again and again',
    secret: true,
    schema: text.refine((value) => {
      const key = parseSecretKey(value);
      return key !== null && !isWeak(key.key);
    }),
    fallback: () => null,
  },
  jwtSecret: {
    env: 'ARCADIA_JWT_SECRET',
    purpose: 'what HS512 tokens of the API are signed with',
    usually: 'embedded: `token.key` in the data folder; else none',
    allowed:
      'the secret that tokens are signed with (HS512), 32 characters at least and not one letter again and again, as `mix guardian.gen.secret` prints',
    secret: true,
    schema: text.refine((value) => value.length >= 32 && !isWeak(Buffer.from(value))),
    fallback: () => null,
  },
  jwtJwks: {
    env: 'ARCADIA_JWT_JWKS',
    purpose: 'where the public keys of tokens of another issuer are',
    usually: 'none',
    allowed: 'an https:// address (http:// only on this machine) or a file with a JSON Web Key Set',
    schema: text.refine((value) => {
      if (!/^\w+:\/\//.test(value)) return true;
      if (!URL.canParse(value)) return false;
      const { protocol, hostname } = new URL(value);
      return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
    }),
    fallback: () => null,
  },
  jwtIssuer: {
    env: 'ARCADIA_JWT_ISSUER',
    purpose: 'the issuer of every token',
    allowed: 'what the claim iss of every token is',
    schema: text,
    fallback: () => 'arcadia',
  },
  jwtAudience: {
    env: 'ARCADIA_JWT_AUDIENCE',
    purpose: 'the audience of every token',
    usually: 'any',
    allowed: 'what the claim aud of every token holds',
    schema: text,
    fallback: () => null,
  },
  jwtRoleClaim: {
    env: 'ARCADIA_JWT_ROLE_CLAIM',
    purpose: 'the claim that holds the role',
    allowed: 'the name of a claim; dots lead into objects',
    schema: text,
    fallback: () => 'role',
  },
  jwtCustomerClaim: {
    env: 'ARCADIA_JWT_CUSTOMER_CLAIM',
    purpose: 'the claim that holds the external id of the customer',
    allowed: 'the name of a claim; dots lead into objects',
    schema: text,
    fallback: () => 'customer',
  },
  jwtRoles: {
    env: 'ARCADIA_JWT_ROLES',
    purpose: 'which role each value of the role claim is',
    usually: 'none besides our own',
    allowed: `names that tokens have for roles, as JSON: {"admin":"owner"}; roles are ${roleNames.join(', ')}`,
    schema: table(z.enum(roleNames)),
    fallback: () => ({}),
  },
  jwtDefaultRole: {
    env: 'ARCADIA_JWT_DEFAULT_ROLE',
    purpose: 'the role of a token without a role claim',
    usually: 'none: it is refused',
    allowed: roleNames.join(', '),
    schema: z.enum(roleNames),
    fallback: () => null,
  },
  jwtHoursMax: {
    env: 'ARCADIA_JWT_HOURS_MAX',
    purpose: 'how long ago a token may have been issued, in hours',
    usually: 'any time',
    allowed: 'a whole number of hours from 1 to 8784',
    schema: matching(/^\d{1,4}$/)
      .transform(Number)
      .refine((hours) => hours >= 1 && hours <= 8_784),
    fallback: () => null,
  },
};

/** Every setting by its name in the file: the platform's own, then those of `modules`. */
export function allSettings(modules: readonly ModuleSettings[]): Readonly<Record<string, Setting<unknown>>> {
  return Object.assign({ ...platformSettings }, ...modules.map((module) => module.settings));
}

const fileVariable = 'ARCADIA_CONFIG';
const defaultFile = 'arcadia.yaml';

export interface ConfigSources {
  /** By the settings' names, as a command parses them; what is no setting is the command's own. `config` names the file. */
  readonly flags?: object;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where arcadia.yaml is looked for; the working directory unless given. */
  readonly cwd?: string;
}

function flagName(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The file's settings; empty where nobody named a file and there is none. */
function readFile(path: string, named: boolean, names: readonly string[], mistakes: string[]): Record<string, unknown> {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    if (named || (error as NodeJS.ErrnoException).code !== 'ENOENT')
      mistakes.push(`${path}: cannot be read (${(error as Error).message}).`);
    return {};
  }
  let parsed: unknown;
  try {
    parsed = parseYaml(content) ?? {};
  } catch (error) {
    // Only where and what: the message goes on to quote the line, which may hold a secret.
    mistakes.push(`${path}: is not YAML (${(error as Error).message.split('\n')[0]?.replace(/:$/, '')}).`);
    return {};
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    mistakes.push(`${path}: must hold settings as 'name: value' lines.`);
    return {};
  }
  for (const key of Object.keys(parsed)) {
    if (!names.includes(key)) mistakes.push(`${path}: '${key}' is not a setting. Settings: ${names.join(', ')}.`);
  }
  return parsed as Record<string, unknown>;
}

/**
 * Reads and checks all settings: the platform's and those of `modules`. Throws one invalid_config that names every
 * mistake: the setting, where it came from, what it was (unless that is a secret) and what is allowed.
 */
export function loadConfig(sources: ConfigSources, modules: readonly ModuleSettings[]): Config {
  const settings = allSettings(modules);
  const mistakes = unknownVariables(sources.env, settings);
  const flags = (sources.flags ?? {}) as Readonly<Record<string, unknown>>;
  const named = (typeof flags.config === 'string' && flags.config) || sources.env[fileVariable];
  const path = resolve(sources.cwd ?? process.cwd(), named || defaultFile);
  const file = readFile(path, Boolean(named), Object.keys(settings), mistakes);

  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings)) {
    values[name] = readSetting(
      setting,
      [
        [flags[name], flagName(name)],
        // Set to nothing is how compose files and CI systems leave a variable unset.
        [sources.env[setting.env] || undefined, setting.env],
        [file[name] ?? undefined, `${name} in ${path}`],
      ],
      mistakes,
    );
  }
  mistakes.push(...redirections(settings, { flags, env: sources.env, file: named ? {} : file, path }));
  for (const module of modules) mistakes.push(...module.mistakes(values));
  if (mistakes.length > 0) {
    throw new ArcadiaError(
      'invalid_config',
      mistakes.length === 1 ? (mistakes[0] as string) : mistakes.map((mistake) => `\n- ${mistake}`).join(''),
      { details: { mistakes } },
    );
  }
  const own = Object.keys(platformSettings).map((name) => [name, values[name]]);
  return { ...(Object.fromEntries(own) as unknown as PlatformSettings), ofModules: values };
}

/** A file that nobody named, only found in the working folder, sends no secret of somebody else's environment anywhere. */
function redirections(
  settings: Readonly<Record<string, Setting<unknown>>>,
  { flags, env, file, path }: { flags: object; env: ConfigSources['env']; file: object; path: string },
): string[] {
  const isGiven = (name: string) => name in flags && (flags as Record<string, unknown>)[name] !== undefined;
  return Object.entries(settings).flatMap(([name, { env: variable, guards = [] }]) => {
    if (!(name in file) || isGiven(name) || env[variable]) return [];
    const sent = guards.map((guarded) => settings[guarded]?.env ?? '').find((secret) => env[secret]);
    if (sent === undefined) return [];
    return [
      `${name} in ${path}: this file, which is only found here, would send ${sent} of the environment to an address of its own. Set ${variable}, or name the file (${fileVariable}, --config) if it is yours.`,
    ];
  });
}
/** What commands read that work against a running server; on a machine that has both they are no mistake. */
const clientVariables = ['ARCADIA_URL', 'ARCADIA_TOKEN'];

function unknownVariables(env: ConfigSources['env'], settings: Readonly<Record<string, Setting<unknown>>>): string[] {
  const known = [fileVariable, ...clientVariables, ...Object.values(settings).map((setting) => setting.env)];
  const ours = known.filter((name) => name.startsWith('ARCADIA_'));
  return Object.keys(env)
    .filter((variable) => variable.startsWith('ARCADIA_') && !known.includes(variable))
    .toSorted()
    .map((variable) => `${variable} is not a setting. Settings: ${ours.join(', ')}.`);
}

/** The first value that is there, checked; `candidates` each with where it came from. */
function readSetting(
  setting: Setting<unknown>,
  candidates: readonly (readonly [value: unknown, origin: string])[],
  mistakes: string[],
): unknown {
  const found = candidates.find(([value]) => value !== undefined);
  if (!found) return setting.fallback();
  const [value, origin] = found;
  const result = setting.schema.safeParse(value);
  if (result.success) return result.data;
  mistakes.push(
    `${origin}: ${setting.secret ? 'its value' : JSON.stringify(value)} is not allowed. Allowed: ${setting.allowed}.`,
  );
  return setting.fallback();
}
