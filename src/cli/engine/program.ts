import { type Command, CommanderError } from 'commander';
import { program as everything } from '../../modules.ts';
import type { Program } from '../../platform/declare/program.ts';
import { nouns } from '../nouns/index.ts';
import { addOperations, viewsOf } from './tree.ts';
import packageJson from '../../../package.json' with { type: 'json' };
import { RootCommand } from './command.ts';
import { help, Output, outliveReaders, ReaderGone } from './output.ts';
import { refuseUnknown } from './known-words.ts';
import { addCompletionCommand } from '../local/completion.ts';
import { addDbCommands } from '../local/db.ts';
import { addDemoCommands } from '../local/demo.ts';
import { addOpenApiCommand } from '../nouns/openapi.ts';
import { addOpenCommand } from '../local/open.ts';
import { addRateCommand } from '../local/rate.ts';
import { addSimulateCommand } from '../local/simulate.ts';
import { addStartCommand } from '../local/start.ts';
import { addSecretCommands } from '../local/secret.ts';
import { addTokenCommands } from '../nouns/token.ts';
import { addVersionCommand } from '../local/version.ts';

// Each noun brings its words only; what does the work is imported when a command runs, so that
// --help and a mistyped option answer at once.
const local = [
  addStartCommand,
  addOpenCommand,
  addDemoCommands,
  addSimulateCommand,
  addRateCommand,
  addOpenApiCommand,
  addTokenCommands,
  addSecretCommands,
  addDbCommands,
];

/** All commands, with their help; nothing runs yet. With `argv`, only what it names is bound whole. */
export function buildProgram(argv: readonly string[] | null = null, program: Program = everything): Command {
  const built = new RootCommand('arcadia', program)
    .description("Inventory, metering and billing of customers' deployments on somebody else's cloud.")
    .version(packageJson.version, '--version', 'print the version')
    // Before a command alone: some commands have an option of that name.
    .enablePositionalOptions()
    .helpOption('-h, --help', 'show what a command does, with an example')
    .exitOverride()
    // Errors are shown once, in one form, at the end of run.
    .configureOutput({ ...help, outputError: () => {} })
    .addHelpText('after', helpAfter);
  for (const add of local) add(built);
  addCompletionCommand(built, () => buildProgram(null, program));
  addVersionCommand(built);
  addOperations(built, program, nouns, argv);
  return built;
}

const helpAfter = `
First steps:
  arcadia start                      a demonstration, or your account where DIGITALOCEAN_TOKEN is set
  arcadia demo pilot --json          ten metered days of one small deployment
  arcadia account connect --help     how to connect a cloud account, with a read-only token

Exit codes: 0 done, 1 error, 2 stopped on request, 3 differences found (--exit-code), 4 sign-in needed.`;

/** Runs one command line; its exit code is the process's when all is closed. */
export async function run(argv: readonly string[], program: Program = everything): Promise<void> {
  outliveReaders();
  // The library's own help command goes one level deep.
  const words = argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv;
  const built = buildProgram(words, program);
  try {
    refuseUnknown(built, words);
    await built.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (error instanceof ReaderGone) return;
    if (error instanceof CommanderError && isAnswer(error, words)) return;
    const { failureBlock, failureJson, failureOf, LoggedFailure } = await import('./failure.ts');
    const isLogged = error instanceof LoggedFailure;
    const failure = isLogged ? error.failure : failureOf(error, commandNamed(built, words));
    process.exitCode = failure.exitCode;
    const output = new Output({ json: words.includes('--json') });
    if (!isLogged) output.note(failureBlock(failure, viewsOf(program.operations, nouns)));
    if (output.json) output.noteJson(failureJson(failure));
  }
}

/** `arcadia plan apply`: the command that the words name, as far as there is one. */
function commandNamed(from: Command, words: readonly string[]): string {
  const next = from.commands.find((child) => child.name() === words[0]);
  return next === undefined ? from.name() : `${from.name()} ${commandNamed(next, words.slice(1))}`;
}

/** Help and version are answers; a missing subcommand, which shows help too, is an error unless help was asked for. */
function isAnswer(error: CommanderError, argv: readonly string[]): boolean {
  if (error.code === 'commander.help' && !argv.includes('help')) process.exitCode = 1;
  return ['commander.helpDisplayed', 'commander.help', 'commander.version'].includes(error.code);
}
