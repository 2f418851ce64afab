import { CompiledQuery } from 'kysely';
import pg from 'pg';
import { boundDatabase } from '../../platform/database/bound-database.ts';
import type { Database, Queryable } from '../../platform/database/database.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import type { Principal } from '../../platform/declare/operation.ts';
import type { ConnectionLine } from './connection-line.ts';
import { sharerOf } from './shares.ts';
import { selectRolesOutOfReach } from './request-database.store.ts';

const staffRole = 'arcadia_api';
const customerRole = 'arcadia_customer';

/** On whose behalf a request uses the database, and what the audit log says of it. */
interface RequestIdentity {
  readonly principal: Principal;
  readonly requestId: string;
  /** Where the request came from. */
  readonly address: string;
  /** When it aborts, what the request has under way in the database is cancelled. */
  readonly signal?: AbortSignal;
}

/** By what requests a minute and streams are counted: a token's subject, in the role that it has. */
export function subjectOf({ role, customerId, subject }: Principal): string {
  return `${role} ${customerId ?? ''} ${subject}`;
}

/**
 * The database as one request may use it: each transaction on it, and each single statement,
 * which gets one of its own, first takes on the database role of the principal (arcadia_customer
 * with the customer's id, or arcadia_api) and says who it is to the audit log. All of it is
 * SET LOCAL, so that nothing of it is left on the connection for the next request.
 *
 * Beginning and saying so is one message to the server. Never destroy it: the pool is shared. With a line, whose turn it is
 * to have a connection goes by it.
 */
export function requestDatabase(pool: pg.Pool, identity: RequestIdentity, line?: ConnectionLine): Database {
  const settings = settingsSql(identity);
  const caller = sharerOf(identity.principal);
  return boundDatabase(pool, {
    ...(line === undefined ? {} : { admit: () => line.enter(caller, identity.signal) }),
    async begin(_postgres, connection, { isolationLevel, accessMode }) {
      const modes = [isolationLevel && `ISOLATION LEVEL ${isolationLevel}`, accessMode].filter(Boolean).join(', ');
      await connection.executeQuery(CompiledQuery.raw(`BEGIN ${modes}; ${settings}`));
    },
    binds: () => true,
    ...(identity.signal === undefined ? {} : { signal: identity.signal }),
  });
}

function settingsSql({ principal, requestId, address }: RequestIdentity): string {
  const customer = principal.role === 'customer';
  if (customer && principal.customerId === null) throw new Error("a customer's request without a customer");
  const settings: Readonly<Record<string, string>> = {
    role: customer ? customerRole : staffRole,
    'arcadia.customer': customer ? String(principal.customerId) : '',
    'arcadia.actor': principal.subject,
    'arcadia.origin': 'api',
    'arcadia.address': address,
    'arcadia.request_id': requestId,
  };
  const calls = Object.entries(settings).map(
    ([name, value]) => `set_config(${pg.escapeLiteral(name)}, ${pg.escapeLiteral(value)}, true)`,
  );
  return `SELECT ${calls.join(', ')}`;
}

/** Before requests are let in. Errors: database_forbidden, where the database's user cannot take on the roles of requests. */
export async function assertRequestRoles(db: Queryable): Promise<void> {
  const { user, roles } = await selectRolesOutOfReach(db, [staffRole, customerRole]);
  if (roles.length === 0) return;
  throw new ArcadiaError(
    'database_forbidden',
    `The database user ${user} may not act as ${roles.join(' and ')}, as which requests run. As a superuser: GRANT ${roles.join(', ')} TO "${user}";`,
  );
}
