import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildProgram } from '../engine/program.ts';
import { completionScript, placesOf } from './completion.ts';

// The scripts are read by the shells themselves, where there are any.

const places = placesOf(buildProgram());
const isThere = (shell: string) => spawnSync(shell, ['-c', 'exit 0']).status === 0;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'arcadia-completion-'));
  for (const shell of ['bash', 'zsh', 'fish'] as const)
    writeFileSync(join(folder, shell), completionScript(shell, places));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What bash offers at the end of each line: the last word is the one under way. */
function offered(lines: readonly (readonly string[])[]): string[][] {
  const cases = lines.map(
    (words) => `COMP_WORDS=(arcadia ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
_arcadia; echo "\${COMPREPLY[*]}"`,
  );
  const { stdout, stderr, status } = spawnSync('bash', ['-c', `source ${join(folder, 'bash')}\n${cases.join('\n')}`], {
    encoding: 'utf8',
  });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' '));
}

test.runIf(isThere('bash'))('bash completes commands, flags and the few values that a flag has', () => {
  const [commands, verbs, nested, flag, value, free, ofDefault, shell] = offered([
    ['inv'],
    ['customer', 's'],
    ['invoice', 'line', ''],
    ['customer', 'list', '--js'],
    ['start', '--role', 'w'],
    ['start', '--port', ''],
    ['usage', '--mon'],
    ['completion', 'b'],
  ]);
  expect(commands).toEqual(['invoice']);
  expect(verbs).toContain('show');
  expect(nested).toEqual(['add', 'remove']);
  expect(flag).toEqual(['--json']);
  expect(value).toEqual(['worker']);
  expect(free).toEqual(['']);
  expect(ofDefault).toEqual(['--month']);
  expect(shell).toEqual(['bash']);
});

test.runIf(isThere('bash'))('bash offers every command where it stands', () => {
  const groups = places.filter(({ commands }) => commands.length > 0);
  const found = offered(groups.map(({ words }) => [...words.split(' ').filter((word) => word !== ''), '']));
  expect(found).toEqual(groups.map(({ commands }) => commands.map(({ name }) => name)));
});

test.each(['bash', 'zsh', 'fish'].filter(isThere))('%s can read its script', (shell) => {
  expect(spawnSync(shell, ['-n', join(folder, shell)], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
});

test('the scripts for zsh and fish name every command', () => {
  for (const shell of ['zsh', 'fish'] as const) {
    const script = completionScript(shell, places);
    for (const { words } of places) expect(script).toContain(`'${shell === 'zsh' && words !== '' ? ' ' : ''}${words}'`);
  }
});
