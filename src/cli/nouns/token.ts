import { type Command, Option } from 'commander';
import { ArcadiaError } from '../../platform/errors.ts';
import { type Role, roleNames } from '../../platform/declare/operation.ts';
import { addCommand, withSession } from '../engine/command.ts';
import { operator } from '../engine/operator.ts';

interface IssueOptions {
  readonly role: Role;
  readonly customer?: string;
  readonly subject: string;
  readonly expires: Temporal.Duration;
}

export function addTokenCommands(program: Command): void {
  const token = program
    .command('token')
    .summary('tokens of the HTTP API')
    .description('Tokens of the HTTP API. In production arcadia-app issues them.');

  addCommand(token, 'issue', {
    summary: 'create a token, for development and scripts',
    details: `Signed (HS512) with ARCADIA_JWT_SECRET; with an embedded database and nothing configured, with a secret of
its own. Give it the shortest time that will do; token revoke ends it sooner.`,
    example: `
$ arcadia token issue --role viewer --expires 8h
eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9...
$ arcadia token issue --role customer --customer cus_1042`,
  })
    .addOption(new Option('--role <role>', 'what it allows').choices(roleNames).makeOptionMandatory())
    .option('--customer <external id>', 'with the role customer: whose')
    .option('--subject <name>', 'who is asking, for the audit log', operator())
    .option(
      '--expires <time>',
      'how long it is valid: 30m, 8h, 30d; a year at most',
      parseLifetime,
      parseLifetime('1h'),
    )
    .action(
      withSession(async (session, { role, customer, subject, expires }: IssueOptions) => {
        const { issueToken } = await import('../../platform/secrets/issue-token.ts');
        const issued = await issueToken(await session.config(), {
          role,
          customer: customer ?? null,
          subject,
          expiresIn: expires,
        });
        if (session.output.json) await session.output.value({ token: issued });
        else await session.output.text(issued);
      }),
    );
}

const daysMax = 366;

function parseLifetime(text: string): Temporal.Duration {
  const [, digits, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const amount = Number(digits);
  const hours = unit === 'd' ? 24 * amount : unit === 'h' ? amount : 0;
  const duration = Temporal.Duration.from({ hours, minutes: unit === 'm' ? amount : 0 });
  if (digits === undefined || amount === 0 || duration.total('hours') > 24 * daysMax)
    throw new ArcadiaError(
      'invalid_argument',
      `--expires ${JSON.stringify(text)} is not a time such as 30m, 8h or 30d.`,
    );
  return duration;
}
