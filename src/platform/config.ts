import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { parseSecretKey } from './secrets/crypto.ts';
import { defaultDataDir } from './embedded/embedded.ts';
import { ArcadiaError } from './errors.ts';
import { type LogFormat, type LogLevel, logFormats, logLevels } from './log.ts';

// Where a setting comes from, the first that has it: flag, environment, file, default.

export interface Config {
  /** null: the embedded database in dataDir. */
  readonly databaseUrl: string | null;
  readonly dataDir: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** 0: any free one. null: the usual one, where it is free. */
  readonly metricsPort: number | 'off' | null;
  readonly metricsHost: string;
  /** How long a process that is told to stop goes on answering, not ready; null: none on loopback, else 3. */
  readonly stopDelaySeconds: number | null;
  /** Addresses or CIDR ranges of proxies whose X-Forwarded-For is believed. Empty: nobody's. */
  readonly trustedProxies: readonly string[];
  /** Of one token's subject, in each process of the API. */
  readonly requestsPerMinute: number;
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
  readonly digitaloceanToken: string | null;
  readonly digitaloceanApiUrl: string;
  readonly spacesAccessKeyId: string | null;
  readonly spacesSecretAccessKey: string | null;
  /** Empty: every region that has Spaces. */
  readonly spacesRegions: readonly string[];
  /** One address for every region, such as a simulator's; null: the provider's own. */
  readonly spacesEndpoint: string | null;
  /** The ClickHouse that usage records were or are to be moved to; null: they are in the database. */
  readonly usageStoreUrl: string | null;
  /** Other times for entries of the schedule, by their names: a cron expression (UTC), or null to leave one out. */
  readonly schedule: Readonly<Record<string, string | null>>;
  /** Jobs that one process runs at a time, by queue. */
  readonly queueLimits: Readonly<Record<string, number>>;
  /** What operators call this worker process; null: the host's name. */
  readonly workerName: string | null;
}

interface Setting<T> {
  readonly env: string;
  /** For a person: what is allowed. */
  readonly allowed: string;
  /** Never shown. */
  readonly secret?: true;
  /** From the text of a flag or variable, or the value in the file. */
  readonly schema: z.ZodType<T, unknown>;
  readonly fallback: () => T;
}

// A file may hold a number where a variable holds its digits; nothing else turns into text.
const text = z.union([z.string(), z.number().transform(String)]).pipe(z.string().trim().min(1));
const matching = (pattern: RegExp) => text.refine((value) => pattern.test(value));
const url = (protocols: RegExp) =>
  text.refine((value) => URL.canParse(value) && protocols.test(new URL(value).protocol));
const list = z.union([
  z.array(text),
  text.transform((value) =>
    value
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean),
  ),
]);

function isAddressRange(text: string): boolean {
  const [address = '', bits = '0', ...rest] = text.split('/');
  const version = isIP(address);
  return version !== 0 && rest.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128);
}

// In a variable as JSON, which YAML reads; in the file as itself.
function table<Value>(value: z.ZodType<Value>): z.ZodType<Readonly<Record<string, Value>>, unknown> {
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

const settings: { readonly [Name in keyof Config]: Setting<Config[Name]> } = {
  databaseUrl: {
    env: 'DATABASE_URL',
    allowed: 'postgres://user:password@host:port/database',
    secret: true,
    schema: url(/^postgres(ql)?:$/),
    fallback: () => null,
  },
  dataDir: {
    env: 'ARCADIA_DATA_DIR',
    allowed: 'a folder',
    schema: text.transform((path) => resolve(path)),
    fallback: defaultDataDir,
  },
  host: {
    env: 'ARCADIA_HOST',
    allowed: 'a host name or address to listen on',
    schema: matching(/^[\w.:[\]-]+$/),
    fallback: () => '127.0.0.1',
  },
  port: {
    env: 'ARCADIA_PORT',
    allowed: 'a whole number from 0 to 65535; 0 takes any free port',
    schema: matching(/^\d{1,5}$/)
      .transform(Number)
      .refine((port) => port <= 65535),
    fallback: () => 4000,
  },
  metricsPort: {
    env: 'ARCADIA_METRICS_PORT',
    allowed: 'a whole number from 0 to 65535, or off; 0 takes any free port',
    schema: z.union([
      z.literal('off'),
      matching(/^\d{1,5}$/)
        .transform(Number)
        .refine((port) => port <= 65535),
    ]),
    fallback: () => null,
  },
  metricsHost: {
    env: 'ARCADIA_METRICS_HOST',
    allowed: 'a host name or address to listen on',
    schema: matching(/^[\w.:[\]-]+$/),
    fallback: () => '127.0.0.1',
  },
  stopDelaySeconds: {
    env: 'ARCADIA_STOP_DELAY_SECONDS',
    allowed: 'a whole number from 0 to 300',
    schema: matching(/^\d{1,3}$/)
      .transform(Number)
      .refine((seconds) => seconds <= 300),
    fallback: () => null,
  },
  trustedProxies: {
    env: 'ARCADIA_TRUSTED_PROXIES',
    allowed: 'IP addresses or ranges such as 10.0.0.0/8, separated by commas',
    schema: list.refine((proxies) => proxies.every(isAddressRange)),
    fallback: () => [],
  },
  requestsPerMinute: {
    env: 'ARCADIA_REQUESTS_PER_MINUTE',
    allowed: 'a whole number from 1 to 10000000',
    schema: matching(/^\d{1,8}$/)
      .transform(Number)
      .refine((count) => count >= 1 && count <= 10_000_000),
    fallback: () => 1_200,
  },
  logLevel: {
    env: 'ARCADIA_LOG_LEVEL',
    allowed: logLevels.join(', '),
    schema: z.enum(logLevels),
    fallback: () => 'info',
  },
  logFormat: {
    env: 'ARCADIA_LOG_FORMAT',
    allowed: logFormats.join(', '),
    schema: z.enum(logFormats),
    fallback: () => 'auto',
  },
  secretKey: {
    env: 'ARCADIA_SECRET_KEY',
    allowed: '32 random bytes in base64, as `openssl rand -base64 32` prints',
    secret: true,
    schema: text.refine((value) => parseSecretKey(value) !== null),
    fallback: () => null,
  },
  jwtSecret: {
    env: 'ARCADIA_JWT_SECRET',
    allowed:
      'the secret that tokens are signed with (HS512), 32 characters at least, as `mix guardian.gen.secret` prints',
    secret: true,
    schema: text.refine((value) => value.length >= 32),
    fallback: () => null,
  },
  jwtJwks: {
    env: 'ARCADIA_JWT_JWKS',
    allowed: 'an https:// address (http:// only on this machine) or a file with a JSON Web Key Set',
    schema: text.refine((value) => {
      if (!/^\w+:\/\//.test(value)) return true;
      if (!URL.canParse(value)) return false;
      const { protocol, hostname } = new URL(value);
      return (
        protocol === 'https:' || (protocol === 'http:' && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname))
      );
    }),
    fallback: () => null,
  },
  jwtIssuer: {
    env: 'ARCADIA_JWT_ISSUER',
    allowed: 'what the claim iss of every token is',
    schema: text,
    fallback: () => 'arcadia',
  },
  jwtAudience: {
    env: 'ARCADIA_JWT_AUDIENCE',
    allowed: 'what the claim aud of every token holds',
    schema: text,
    fallback: () => null,
  },
  jwtRoleClaim: {
    env: 'ARCADIA_JWT_ROLE_CLAIM',
    allowed: 'the name of a claim; dots lead into objects',
    schema: text,
    fallback: () => 'role',
  },
  jwtCustomerClaim: {
    env: 'ARCADIA_JWT_CUSTOMER_CLAIM',
    allowed: 'the name of a claim; dots lead into objects',
    schema: text,
    fallback: () => 'customer',
  },
  digitaloceanToken: {
    env: 'DIGITALOCEAN_TOKEN',
    allowed: 'an API token without blanks',
    secret: true,
    schema: matching(/^[\x21-\x7e]+$/),
    fallback: () => null,
  },
  digitaloceanApiUrl: {
    env: 'DIGITALOCEAN_API_URL',
    allowed: 'an http:// or https:// address',
    schema: url(/^https?:$/).transform((value) => value.replace(/\/+$/, '')),
    fallback: () => 'https://api.digitalocean.com',
  },
  spacesAccessKeyId: {
    env: 'SPACES_ACCESS_KEY_ID',
    allowed: 'the id of a Spaces key, together with SPACES_SECRET_ACCESS_KEY',
    schema: text,
    fallback: () => null,
  },
  spacesSecretAccessKey: {
    env: 'SPACES_SECRET_ACCESS_KEY',
    allowed: 'the secret of a Spaces key, together with SPACES_ACCESS_KEY_ID',
    secret: true,
    schema: text,
    fallback: () => null,
  },
  spacesRegions: {
    env: 'SPACES_REGIONS',
    allowed: 'regions such as nyc3, separated by commas',
    schema: list.refine((regions) => regions.every((region) => /^[a-z0-9-]+$/.test(region))),
    fallback: () => [],
  },
  spacesEndpoint: {
    env: 'SPACES_ENDPOINT',
    allowed: 'an http:// or https:// address',
    schema: url(/^https?:$/),
    fallback: () => null,
  },
  usageStoreUrl: {
    env: 'ARCADIA_USAGE_STORE_URL',
    allowed: 'http://user:password@host:port/database, or https, of a ClickHouse',
    secret: true,
    schema: url(/^https?:$/),
    fallback: () => null,
  },
  schedule: {
    env: 'ARCADIA_SCHEDULE',
    allowed:
      'entries of the schedule, each with a cron expression in quotes or null: {"spaces": "5 2 * * *", "backups": null}',
    schema: table(z.string().nullable()),
    fallback: () => ({}),
  },
  queueLimits: {
    env: 'ARCADIA_QUEUE_LIMITS',
    allowed: 'queues, each with a whole number from 0 to 1000: {"metering": 4}',
    schema: table(z.int().min(0).max(1000)),
    fallback: () => ({}),
  },
  workerName: {
    env: 'ARCADIA_WORKER_NAME',
    allowed: 'letters, digits, dots, hyphens and underscores',
    schema: matching(/^[\w.-]{1,63}$/),
    fallback: () => null,
  },
};

const names = Object.keys(settings) as (keyof Config)[];
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
function readFile(path: string, named: boolean, mistakes: string[]): Record<string, unknown> {
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
    if (!(key in settings)) mistakes.push(`${path}: '${key}' is no setting. Allowed: ${names.join(', ')}.`);
  }
  return parsed as Record<string, unknown>;
}

/**
 * Reads and checks all settings. Throws one invalid_config that names every mistake: the setting,
 * where it came from, what it was (unless that is a secret) and what is allowed.
 */
export function loadConfig(sources: ConfigSources): Config {
  const { env } = sources;
  const flags = (sources.flags ?? {}) as Readonly<Record<string, unknown>>;
  const mistakes: string[] = [];

  const known = new Set([fileVariable, ...names.map((name) => settings[name].env)]);
  for (const variable of Object.keys(env).sort()) {
    if (variable.startsWith('ARCADIA_') && !known.has(variable)) {
      const allowed = [...known].filter((name) => name.startsWith('ARCADIA_')).join(', ');
      mistakes.push(`${variable} is no setting. Allowed: ${allowed}.`);
    }
  }

  const named = (typeof flags.config === 'string' && flags.config) || env[fileVariable];
  const path = resolve(sources.cwd ?? process.cwd(), named || defaultFile);
  const file = readFile(path, Boolean(named), mistakes);

  function read<Name extends keyof Config>(name: Name): Config[Name] {
    const setting = settings[name];
    const found = (
      [
        [flags[name], flagName(name)],
        // Set to nothing is how compose files and CI systems leave a variable unset.
        [env[setting.env] || undefined, setting.env],
        [file[name] ?? undefined, `${name} in ${path}`],
      ] as const
    ).find(([value]) => value !== undefined);
    if (!found) return setting.fallback();
    const [value, origin] = found;
    const result = setting.schema.safeParse(value);
    if (result.success) return result.data;
    mistakes.push(
      `${origin}: ${setting.secret ? 'its value' : JSON.stringify(value)} is not allowed. Allowed: ${setting.allowed}.`,
    );
    return setting.fallback();
  }

  const config = Object.fromEntries(names.map((name) => [name, read(name)])) as unknown as Config;
  if ((config.spacesAccessKeyId === null) !== (config.spacesSecretAccessKey === null)) {
    const [there, missing] = config.spacesAccessKeyId === null ? ['secret', 'id'] : ['id', 'secret'];
    mistakes.push(
      `A Spaces key has an id and a secret: SPACES_ACCESS_KEY_ID and SPACES_SECRET_ACCESS_KEY. Its ${there} is set, its ${missing} is not.`,
    );
  }
  if (mistakes.length > 0) {
    throw new ArcadiaError(
      'invalid_config',
      mistakes.length === 1 ? (mistakes[0] as string) : mistakes.map((mistake) => `\n- ${mistake}`).join(''),
      {
        details: { mistakes },
      },
    );
  }
  return config;
}
