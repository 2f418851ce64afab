import type { JWTPayload } from 'jose';
import { type Role, roleNames } from '../../platform/declare/operation.ts';
import type { TokenConfig } from '../../platform/secrets/token-secret.ts';
import { readClaim } from './token.ts';

// What a token says about a role, in the forms that issuers have for it: a name, a list of names, or permissions as
// Guardian keeps them in `pem`: sets by name, each a list of names or a number whose bits are permissions.

interface TokenRole {
  readonly role: Role;
  /** What of the token said so: a name in its claim; null: it has no such claim, and this is the default. */
  readonly from: string | null;
}

const namesMax = 100;

/** The role of a token; a text says why it has none. Of several roles it is the one that may do most. */
export function roleOf(payload: JWTPayload, config: TokenConfig): TokenRole | string {
  const { jwtRoleClaim: claim, jwtRoles: roles = {}, jwtDefaultRole: otherwise = null } = config;
  const value = readClaim(payload, claim);
  if (value === undefined || value === null) {
    if (otherwise !== null) return { role: otherwise, from: null };
    return `The token has no claim ${claim}, and there is no default role.`;
  }
  const known = namesIn(value).flatMap((name) => {
    const role = Object.hasOwn(roles, name) ? roles[name] : roleNames.find((each) => each === name);
    return role === undefined ? [] : [{ role, from: name }];
  });
  const [best] = known.toSorted((a, b) => roleNames.indexOf(a.role) - roleNames.indexOf(b.role));
  if (best !== undefined) return best;
  const names = [...new Set([...roleNames, ...Object.keys(roles)])];
  return `The token's claim ${claim} has to be one of ${names.join(', ')}.`;
}

/** `admin`, and of permissions `admin` and `admin:write`. What grants nothing is not named. */
function namesIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.slice(0, namesMax).filter((item) => typeof item === 'string');
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value)
    .slice(0, namesMax)
    .flatMap(([set, permissions]) => {
      if (typeof permissions === 'number') return permissions === 0 ? [] : [set];
      const granted = namesIn(Array.isArray(permissions) ? permissions : []);
      return granted.length === 0 ? [] : [set, ...granted.map((permission) => `${set}:${permission}`)];
    });
}
