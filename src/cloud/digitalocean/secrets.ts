import type { Json } from '../provider.ts';

/**
 * A payload is kept as it was said, but not the secrets in it: a database cluster's listing holds
 * passwords and connection strings, an app's specification the values of its environment,
 * credentials of registries and keys of log services.
 */
const secretNames = new Set([
  'password',
  'uri',
  'access_cert',
  'access_key',
  'registry_credentials',
  'api_key',
  'token',
]);

/** The same payload with the values of secret fields replaced by null. */
export function withoutSecrets(payload: Json): Json {
  if (Array.isArray(payload)) return payload.map(withoutSecrets);
  if (typeof payload !== 'object' || payload === null) return payload;
  return Object.fromEntries(
    Object.entries(payload).map(([name, value]) => {
      if (secretNames.has(name)) return [name, null];
      if (name === 'envs' && Array.isArray(value)) return [name, value.map(withoutValue)];
      return [name, withoutSecrets(value)];
    }),
  );
}

function withoutValue(variable: Json): Json {
  return typeof variable === 'object' && variable !== null && !Array.isArray(variable) && 'value' in variable
    ? { ...variable, value: null }
    : variable;
}
