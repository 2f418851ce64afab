import type { Queryable } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';

/** Which of these database roles the session's user cannot take on, by name; and who that user is. */
export async function selectRolesOutOfReach(
  db: Queryable,
  roles: readonly string[],
): Promise<{ user: string; roles: string[] }> {
  // Since PostgreSQL 16 a member may be one without the right to take the role on.
  const { rows } = await statement<{ user: string; roles: string[] }>('http.selectRolesOutOfReach')`
    SELECT session_user::text AS user, coalesce(array_agg(role) FILTER (WHERE NOT may), '{}') AS roles
    FROM unnest(${roles}::text[]) AS role,
         LATERAL (SELECT pg_has_role(session_user, role,
           CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END) AS may) AS m`.execute(
    db,
  );
  return rows[0] ?? { user: '', roles: [] };
}
