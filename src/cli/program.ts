import { Command, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { ReaderGone } from './output.ts';
import { addAccountCommands } from './account.ts';
import { addAlertCommands } from './alert.ts';
import { addAuditCommands } from './audit.ts';
import { addCustomerBillingCommands } from './customer-billing.ts';
import { addCustomerCommands } from './customer.ts';
import { addDbCommands } from './db.ts';
import { addDemoCommands } from './demo.ts';
import { addDeploymentCommands } from './deployment.ts';
import { addEntityCommands } from './entity.ts';
import { addExportCommands } from './export.ts';
import { addInvoiceCommands } from './invoice.ts';
import { addJobCommands } from './job.ts';
import { addKindCommands } from './kind.ts';
import { addMeterCommands } from './meter.ts';
import { addOpenApiCommand } from './openapi.ts';
import { addPlanCommands } from './plan.ts';
import { addQueueCommands } from './queue.ts';
import { addQuoteCommand } from './quote.ts';
import { addRateCommand } from './rate.ts';
import { addResourceCommands } from './resource.ts';
import { addRuleCommands } from './rule.ts';
import { addScheduleCommands } from './schedule.ts';
import { addSimulateCommand } from './simulate.ts';
import { addStartCommand } from './start.ts';
import { addSubscriptionCommands } from './subscription.ts';
import { addSyncCommand } from './sync.ts';
import { addTokenCommands } from './token.ts';
import { addUsageCommands } from './usage.ts';

// Each noun brings its words only; what does the work is imported when a command runs, so that
// --help and a mistyped option answer at once.
const nouns = [
  addStartCommand,
  addDemoCommands,
  addSimulateCommand,
  addAccountCommands,
  addSyncCommand,
  addResourceCommands,
  addCustomerCommands,
  addCustomerBillingCommands,
  addDeploymentCommands,
  addRuleCommands,
  addKindCommands,
  addMeterCommands,
  addUsageCommands,
  addPlanCommands,
  addSubscriptionCommands,
  addQuoteCommand,
  addExportCommands,
  addRateCommand,
  addAlertCommands,
  addEntityCommands,
  addInvoiceCommands,
  addJobCommands,
  addQueueCommands,
  addScheduleCommands,
  addOpenApiCommand,
  addTokenCommands,
  addAuditCommands,
  addDbCommands,
];

/** All commands, with their help; nothing runs yet. */
export function buildProgram(): Command {
  const program = new Command('arcadia')
    .description("Inventory, metering and billing of customers' deployments on somebody else's cloud.")
    .version(packageJson.version, '--version', 'print the version')
    .helpOption('-h, --help', 'show what a command does, with an example')
    .exitOverride()
    // Errors are shown once, in one form, at the end of run.
    .configureOutput({ outputError: () => {} })
    .addHelpText('after', helpAfter);
  for (const add of nouns) add(program);
  return program;
}

const helpAfter = `
First steps:
  arcadia start                      a demonstration, or your account where DIGITALOCEAN_TOKEN is set
  arcadia demo pilot --json          ten metered days of one small deployment
  arcadia account connect --help     how to connect a cloud account, with a read-only token

Exit codes: 0 done, 1 error, 2 stopped on request, 3 differences found (--exit-code), 4 sign-in needed.`;

/** Runs one command line; its exit code is the process's when all is closed. */
export async function run(argv: readonly string[]): Promise<void> {
  // A reader that leaves early (| head) shows itself in the write that fails; a closed stderr is no news.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  try {
    await buildProgram().parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof ReaderGone) return;
    if (error instanceof CommanderError && isAnswer(error)) return;
    const { failureBlock, failureJson, failureOf } = await import('./failure.ts');
    const failure = failureOf(error);
    process.exitCode = failure.exitCode;
    process.stderr.write(`${failureBlock(failure)}\n`);
    if (argv.includes('--json')) process.stderr.write(`${failureJson(failure)}\n`);
  }
}

/** Help and version are answers; a missing subcommand, which shows help too, is an error. */
function isAnswer(error: CommanderError): boolean {
  if (error.code === 'commander.help') process.exitCode = 1;
  return ['commander.helpDisplayed', 'commander.help', 'commander.version'].includes(error.code);
}
