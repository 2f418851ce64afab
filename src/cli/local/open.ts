import { spawn } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { roleNames, type Role } from '../../platform/declare/operation.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { addCommand, type CommonOptions, withSession } from '../engine/command.ts';
import type { Session } from '../engine/session.ts';
import { signInLink } from '../engine/sign-in.ts';

interface OpenOptions extends CommonOptions {
  readonly role: Role;
  readonly customer?: string;
  readonly url?: string;
}

export function addOpenCommand(program: Command): void {
  addCommand(program, 'open', {
    summary: 'print a link that signs you in to a running server, and open it where there is a browser',
    details: `The link is valid for an hour. It works where arcadia issues its own tokens: with an embedded database and nothing
configured. Where CI is set or there is no display it is only printed.`,
    example: `
$ arcadia open
http://127.0.0.1:4000/#token=eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9...
$ arcadia open --role viewer
$ arcadia open --customer cus_1`,
  })
    .addOption(
      new Option('--role <role>', 'what it allows')
        .choices(roleNames.filter((role) => role !== 'customer'))
        .default('owner'),
    )
    .addOption(
      new Option(
        '--customer <id>',
        'as this customer sees it, by the external id; open it in a private window',
      ).conflicts('role'),
    )
    .option('--url <url>', 'where the server answers (default: the configured host and port)')
    .action(withSession(open));
}

async function open(session: Session, { role, customer, url }: OpenOptions): Promise<void> {
  const config = await session.config();
  const link = await signInLink(config, url ?? (await configuredUrl(session)), role, customer ?? null);
  if (link === null)
    throw new ArcadiaError('invalid_config', 'The tokens of this server are issued elsewhere.', {
      todo: 'Sign in where they are issued; with a secret of your own, arcadia token issue makes one.',
    });
  if (session.output.json) await session.output.value({ url: link });
  else await session.output.text(link);
  if (hasDisplay(process.platform, process.env)) await openBrowser(config.dataDir, link);
}

async function configuredUrl(session: Session): Promise<string> {
  const { httpSettings } = await import('../../http/index.ts');
  const { host, port } = httpSettings.of(await session.config());
  if (port === 0) throw new ArcadiaError('invalid_argument', 'The server took any free port: give its --url.');
  // What listens on every address is asked on this machine's own.
  if (host === '0.0.0.0' || host === '::' || host === '[::]') return `http://127.0.0.1:${port}`;
  return `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
}

/** Whether a person sits before a screen that a browser could show something on. */
export function hasDisplay(platform: string, env: Readonly<Record<string, string | undefined>>): boolean {
  if (env.CI || env.SSH_CONNECTION) return false;
  return platform === 'darwin' || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);
}

/**
 * Opens a page that leads to the link: in an argument every user of the machine could read it. The page is in the data
 * folder, readable by its user alone, as is the secret that tokens are signed with. A browser that does not start leaves
 * the printed link.
 */
async function openBrowser(dataDir: string, link: string): Promise<void> {
  const path = join(dataDir, 'sign-in.html');
  await rm(path, { force: true });
  await writeFile(path, `<!doctype html><meta http-equiv="refresh" content="0; url=${link}">\n`, { mode: 0o600 });
  const command = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const child = spawn(command, [path], { detached: true, stdio: 'ignore' });
  child.on('error', () => {});
  child.unref();
}
