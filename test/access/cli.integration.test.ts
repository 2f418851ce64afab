import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { operator } from '../../src/cli/engine/operator.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { arcadiaHere } from '../cli/here.ts';
import { answerOf, arcadia, makeFolder } from '../end-to-end/arcadia.ts';

let database: TestDatabase;
const folder = makeFolder();
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(async () => {
  await database.close();
  folder.remove();
});

const secret = 'a secret of the command line tests, long enough for HS512 as well';
function run(
  args: readonly string[],
  env: Record<string, string> = { ARCADIA_JWT_SECRET: secret },
  input = '',
  by = arcadiaHere,
) {
  const base = { DATABASE_URL: database.connectionString, ARCADIA_DATA_DIR: folder.path };
  return by(args, { env: { ...base, ...env }, cwd: folder.path, input });
}
const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.trim().split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;

test('what is decided on the command line is recorded as done by the user of the machine', async () => {
  const csv = `customer_external_id,customer_name,currency,deployment_slug,deployment_name,starts_at
cus_1,Acme,USD,shop,Shop,2026-05-01
`;
  expect(await run(['customer', 'import', '-'], undefined, csv)).toMatchObject({ code: 0 });
  const {
    items: [entry],
  } = answerOf(await run(['audit', 'list', '--table', 'customers', '--json'])) as { items: object[] };
  expect(entry).toMatchObject({
    actor: operator(),
    origin: 'cli',
    operation: 'insert',
    before: null,
    after: { external_id: 'cus_1', name: 'Acme' },
  });
  const table = await run(['audit', 'list', '--table', 'customers', '--limit', '1']);
  expect(table.stdout).toMatch(/insert customers +\{"customer_id":1\}/);
});

test('a log is verified, against a head noted down before too, and one that was tampered with is an error', async () => {
  const verified = await run(['audit', 'verify'], undefined, '', arcadia);
  const head = /^Head: (\d+:[0-9a-f]{64})$/m.exec(verified.stdout)?.[1] ?? 'none';
  expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining('The log is intact') });
  expect(await run(['audit', 'verify', '--head', head])).toMatchObject({ code: 0 });
  expect(await run(['audit', 'verify', '--head', `${head.slice(0, -1)}x`])).toMatchObject({ code: 1 });
  const other = await run(['audit', 'verify', '--head', `1:${'0'.repeat(64)}`]);
  expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('not in it') });

  await sql`ALTER TABLE customers DISABLE TRIGGER audit_update`.execute(database.db);
  await sql`ALTER TABLE customers ENABLE ALWAYS TRIGGER audit_update`.execute(database.db);
  const rewritten = await run(['audit', 'verify']);
  expect(rewritten).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Guards of the database were written anew.'),
  });
  expect(rewritten.stderr).toMatch(
    /The trigger audit_update of customers was written anew after the last recording; it may have been lifted in between\. Since .*\d/,
  );
  expect(await run(['db', 'migrate'])).toMatchObject({ code: 0, stdout: 'The schema is up to date.\n' });
  const explained = await run(['audit', 'verify']);
  expect(explained).toMatchObject({ code: 0, stdout: expect.stringContaining('The log is intact') });
  expect(explained.stderr).toMatch(
    /^To explain, entry \d+: 1 guard was written anew after 20.*Z and before 20.*Z without a migration, perhaps lifted in between \(trigger customers audit_update\)\.$/m,
  );

  await sql`ALTER TABLE audit_log DISABLE TRIGGER append_only`.execute(database.db);
  await sql`UPDATE audit_log SET actor = 'somebody' WHERE table_name = 'customers'`.execute(database.db);
  const broken = await run(['audit', 'verify'], undefined, '', arcadia);
  expect(broken.code).toBe(1);
  expect(broken.stderr).toMatch(/Entry \d+ was changed after it was written/);
  expect(broken.stderr).toMatch(/The trigger append_only of audit_log is switched off\. Since .*\d/);
  expect(broken.stderr).toContain('audit_broken');
});

test('a token is made for a role and a customer, with the time that was asked for', async () => {
  const issued = await run(['token', 'issue', '--role', 'customer', '--customer', 'cus_1', '--expires', '30m']);
  expect(issued).toMatchObject({ code: 0, stderr: '' });
  const claims = claimsOf(issued.stdout);
  expect(claims).toMatchObject({ role: 'customer', customer: 'cus_1', typ: 'access', iss: 'arcadia' });
  expect(Number(claims.exp) - Number(claims.iat)).toBe(1800);
  const { token } = answerOf(await run(['token', 'issue', '--role', 'viewer', '--subject', 'ci', '--json'])) as {
    token: string;
  };
  expect(claimsOf(token)).toMatchObject({ role: 'viewer', sub: 'ci' });
});

test.each<[string, string[], Record<string, string>, RegExp]>([
  ['a role that is none', ['--role', 'root'], { ARCADIA_JWT_SECRET: secret }, /root/],
  ['a customer role without a customer', ['--role', 'customer'], { ARCADIA_JWT_SECRET: secret }, /--customer/],
  ['a time that is none', ['--role', 'viewer', '--expires', 'soon'], { ARCADIA_JWT_SECRET: secret }, /--expires/],
  ['no secret', ['--role', 'viewer'], {}, /ARCADIA_JWT_SECRET/],
  ['public keys only', ['--role', 'viewer'], { ARCADIA_JWT_JWKS: 'keys.json' }, /public keys/],
])('%s makes no token, and is told', async (_, args, env, complaint) => {
  const { code, stdout, stderr } = await run(['token', 'issue', ...args], env);
  expect(code).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toMatch(complaint);
});
