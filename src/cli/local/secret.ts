import { readFileSync, rmSync } from 'node:fs';
import type { Command } from 'commander';
import { openSecretKey, type Resealed, rotateSecretKey } from '../../inventory/index.ts';
import type { Config } from '../../platform/config.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { generateSecretKey, isWeak, parseSecretKey, type SecretKey } from '../../platform/secrets/crypto.ts';
import { resealProvisioning } from '../../provisioning/index.ts';
import { readKeyFile, replaceKeyFile } from '../../platform/secrets/key-file.ts';
import { isDatabaseKey, nextKeyFile, secretKeyFile } from '../../platform/secrets/secret-key.ts';
import { addCommand, type CommonOptions, withSession } from '../engine/command.ts';
import { readInput } from '../engine/input.ts';
import { plural } from '../engine/output.ts';
import type { Session } from '../engine/session.ts';

interface RotateOptions extends CommonOptions {
  readonly newKeyFile?: string;
}

export function addSecretCommands(program: Command): void {
  const secret = program
    .command('secret')
    .summary('the key that secrets are kept with')
    .description(
      'The key that provider tokens, write tokens, secrets of webhooks, of proposals and of blueprints, and cursors of lists are sealed with.',
    );

  addCommand(secret, 'rotate', {
    summary: 'seal everything under a new key',
    details: `Stop the other processes of this database first: with the old key they can read nothing any more. Everything is
sealed anew in one transaction. Where the key is a file, it is replaced; a rotation that breaks off goes on when it is
run again. Where it is ARCADIA_SECRET_KEY, give the new one with --new-key-file, and set it everywhere afterwards.
Lists that are being paged through begin anew, and proposals with secrets have to be made anew.`,
    example: `
$ arcadia secret rotate
The credentials of 2 accounts, 1 webhook secret and 3 secrets of provisioning are sealed with the new key. It is in /var/lib/arcadia-cloud/secret.key.

$ openssl rand -base64 32 > new.key && arcadia secret rotate --new-key-file new.key`,
  })
    .option('--new-key-file <file>', 'a file with the new key, 32 bytes in base64; - is standard input')
    .action(withSession(rotate));
}

async function rotate(session: Session, { newKeyFile }: RotateOptions): Promise<void> {
  const config = await session.config();
  const { db, clock } = await session.database();
  const place = secretKeyFile(config.dataDir);
  const next = nextKeyFile(config.dataDir);
  const isFile = config.secretKey === null;
  if (!isFile && newKeyFile === undefined)
    throw new ArcadiaError('invalid_argument', 'The key is ARCADIA_SECRET_KEY, which nothing here can replace.', {
      todo: 'Write a new key to a file (`openssl rand -base64 32`), and give that with --new-key-file.',
    });

  const begun = isFile ? readKeyFile(next)?.trim() : undefined;
  if (begun !== undefined && (await isDatabaseKey(db, keyOf(begun, next)))) {
    replaceKeyFile(place, begun);
    rmSync(next);
    return say(session, config, null);
  }
  const from = await openSecretKey(db, config);
  const text = newKeyFile === undefined ? (begun ?? generateSecretKey()) : (await readInput(newKeyFile)).trim();
  const to = keyOf(text, newKeyFile ?? next);
  if (to.key.equals(from.key))
    throw new ArcadiaError('invalid_argument', 'The new key is the one that there is.', { todo: 'Make another one.' });
  // On the disk before anything is sealed with it: it must not be lost.
  if (isFile) replaceKeyFile(next, text);
  const resealed = await rotateSecretKey(db, { from, to }, await clock.now(), resealProvisioning);
  if (isFile) {
    replaceKeyFile(place, readFileSync(next, 'utf8').trim());
    rmSync(next);
  }
  return say(session, config, resealed);
}

function keyOf(text: string, where: string): SecretKey {
  const key = parseSecretKey(text);
  if (key !== null && !isWeak(key.key)) return key;
  throw new ArcadiaError('invalid_argument', `${where} does not hold 32 random bytes in base64.`, {
    todo: 'Make one with `openssl rand -base64 32`.',
  });
}

/** `resealed` null: an earlier rotation had sealed it. */
async function say(session: Session, config: Config, resealed: Resealed | null): Promise<void> {
  const keyFile = config.secretKey === null ? secretKeyFile(config.dataDir) : null;
  if (session.output.json)
    return session.output.value({
      accounts: resealed?.accounts ?? null,
      webhookSecrets: resealed?.webhookSecrets ?? null,
      provisioningSecrets: resealed?.others ?? null,
      keyFile,
    });
  const where = keyFile === null ? 'Set ARCADIA_SECRET_KEY to it in every process.' : `It is in ${keyFile}.`;
  const done =
    resealed === null
      ? 'The rotation that had begun is finished.'
      : `The credentials of ${plural(resealed.accounts, 'account')}, ${plural(resealed.webhookSecrets, 'webhook secret')} and ${plural(resealed.others, 'secret')} of provisioning are sealed with the new key.`;
  await session.output.text(`${done} ${where}`);
}
