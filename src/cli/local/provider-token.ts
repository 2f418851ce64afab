import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { ArcadiaError } from '../../platform/errors.ts';
import { readInput } from '../engine/input.ts';

/**
 * A token as an operator hands it over: from `--token-file` (`-` is stdin), else from the
 * environment, else typed at a prompt that does not show it. Never from the command line, where
 * every user of the machine could read it.
 */
export async function readToken(options: {
  tokenFile: string | undefined;
  configured: string | null;
  prompt: string;
  signal: AbortSignal;
}): Promise<string> {
  const { tokenFile, configured, prompt, signal } = options;
  if (tokenFile !== undefined) {
    return cleanToken(await readInput(tokenFile), tokenFile === '-' ? 'stdin' : tokenFile);
  }
  if (configured !== null) return cleanToken(configured, 'DIGITALOCEAN_TOKEN');
  if (process.stdin.isTTY) return cleanToken(await ask(prompt, signal), 'what was typed');
  throw new ArcadiaError(
    'invalid_argument',
    'No token was given. Set DIGITALOCEAN_TOKEN, or name a file with --token-file (- reads it from stdin).',
  );
}

function cleanToken(said: string, where: string): string {
  const token = said.trim();
  if (token === '') throw new ArcadiaError('invalid_argument', `The token from ${where} is empty.`);
  if (/[^\x21-\x7e]/.test(token)) {
    throw new ArcadiaError(
      'invalid_argument',
      `The token from ${where} is more than one word; a file holds the token and nothing else.`,
    );
  }
  return token;
}

async function ask(prompt: string, signal: AbortSignal): Promise<string> {
  process.stderr.write(prompt);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  // In raw mode Ctrl-C is a key, not a signal.
  terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    return await terminal.question('', { signal });
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}
