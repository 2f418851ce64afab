import type { Command } from 'commander';
import { ArcadiaError } from '../../platform/errors.ts';
import type { QuoteBasis } from '../../pricing/plan-quotes.ts';
import { several, whole } from '../engine/arguments.ts';
import { addCommand, withSession } from '../engine/command.ts';
import { readInput } from '../engine/input.ts';
import { printComparison, printForecast, printQuote, type Words } from './quote-text.ts';
import { addRangeOptions, describeRange, monthOf, parseRange, type RangeOptions } from '../engine/range.ts';
import type { SessionDatabase } from '../engine/session.ts';

interface QuoteOptions extends RangeOptions {
  readonly plan?: readonly string[];
  readonly usage?: readonly string[];
  readonly resources?: string;
  readonly average?: number;
  readonly forecast?: boolean;
}

export function addQuoteCommand(program: Command): void {
  const command = addCommand(program, 'quote', {
    summary: 'what a month costs: a deployment on its plan, or any usage on any plans',
    details: `An estimate that binds nobody. Of a deployment, without --plan: the month's bill as it is now, by its own plans
and their changes; without a month the current one. With --plan, once or several times (or --plan all): as if the month
were all on that plan and nothing more were used in it, side by side with the difference of each line to the first.

The usage can also be given (--usage), be the mean of a deployment's last months (--average), or what resources would
use that are not there yet (--resources, a file in YAML or JSON; numbers are GiB or nodes, hours are of the month):
  - { kind: droplet, size: s-2vcpu-4gb, count: 2 }
  - { kind: volume, size: 100, hours: 360 }

--forecast shows the month to date and as it will be at its end, if what is there stays as it is.`,
    example: `
$ arcadia quote acme --plan studio --month 2026-05
acme on studio, May 2026 (UTC); every day before 2026-06-01 is metered.

WHAT                       USED  INCLUDED  CHARGED  UNIT PRICE  AMOUNT (USD)
Droplet hours, running     1500      1488       12    0.04 USD          0.48
DNS zones                     2         2        0    1.00 USD          0.00

base     50.00 USD
overage   0.48 USD
total    50.48 USD

$ arcadia quote --resources new.yaml --plan studio --plan atelier`,
  })
    .argument('[deployment]', "the deployment's slug; without it: --usage or --resources")
    .option('--plan <plan>', 'another plan than its own; several times, or "all", to compare', several)
    .option(
      '--usage <kind=quantity>',
      'usage of a month, such as droplet_hours=1488; several times or with commas',
      several,
    )
    .option('--resources <file>', 'resources that are not there yet; - is stdin')
    .option('--average <months>', 'the mean of the last complete months', whole('--average', 1, 24))
    .option('--forecast', 'to date, and at the end of the month');
  addRangeOptions(command).action(
    withSession(async (session, deployment: string | undefined, options: QuoteOptions) => {
      const asked = parseRange(options, null);
      checkCombination(deployment, options);
      const planned = options.resources === undefined ? null : await readResources(options.resources);
      const { dayOf } = await import('../../metering/period.ts');
      const database = await session.database();
      const { db, clock } = database;
      const now = await clock.now();
      const range = asked ?? monthOf(dayOf(now));
      const output = session.output;

      if (options.forecast && deployment !== undefined) {
        const { forecastDeployment } = await import('../../pricing/quotes.ts');
        const forecast = await forecastDeployment(db, deployment, range.from.toPlainYearMonth());
        if (output.json) return output.value(forecast);
        return output.text(printForecast(forecast, await words(database, range.from)));
      }

      const own = deployment !== undefined && options.average === undefined;
      const [only] = options.plan ?? [];
      if (own && (only === undefined || (options.plan?.length === 1 && only !== 'all'))) {
        const { quoteDeployment } = await import('../../pricing/quotes.ts');
        const quote = await quoteDeployment(db, { deployment, plan: only, ...range });
        if (output.json) return output.value(quote);
        return output.text(
          [
            `${deployment} on ${quote.plan}, ${describeRange(range)}; every day before ${quote.meteredThrough} is metered.`,
            printQuote(quote, await words(database, range.from)),
          ].join('\n\n'),
        );
      }

      const { quotePlans } = await import('../../pricing/plan-quotes.ts');
      const { usageOf } = await import('../../pricing/quotes.ts');
      const basis: QuoteBasis =
        planned !== null
          ? { kind: 'resources', resources: planned }
          : options.usage !== undefined
            ? { kind: 'usage', usage: usageOf(options.usage.map(parseUsage)) }
            : options.average !== undefined
              ? { kind: 'average', deployment: deployment ?? '', months: options.average }
              : { kind: 'period', deployment: deployment ?? '', ...range };
      const quotes = await quotePlans(
        db,
        {
          basis,
          plans: options.plan === undefined || options.plan.includes('all') ? 'all' : options.plan,
          month: range.from.toPlainYearMonth(),
        },
        now,
      );
      if (output.json) return output.value(quotes);
      const shown = await words(database, range.from);
      const [first] = quotes.quotes;
      await output.text(
        [
          `${describeRange(monthOf(range.from))}. ${quotes.basis}`,
          quotes.comparison === null && first
            ? `${first.plan}\n\n${printQuote(first, shown)}`
            : printComparison(quotes, shown),
        ].join('\n\n'),
      );
      if (quotes.notMetered.length > 0) {
        output.note(
          `Not metered in this month, so that nothing would be billed for it: ${quotes.notMetered.join(', ')}.`,
        );
      }
    }),
  );
}

function checkCombination(deployment: string | undefined, options: QuoteOptions): void {
  const refuse = (reason: string): never => {
    throw new ArcadiaError('invalid_argument', reason);
  };
  const { usage, resources, average, forecast } = options;
  const given = usage !== undefined || resources !== undefined;
  if (usage !== undefined && resources !== undefined) refuse('Give --usage or --resources, not both.');
  if (deployment === undefined && !given) refuse('Name a deployment, or give --usage or --resources.');
  if (deployment !== undefined && given) refuse("Usage that is given is nobody's: leave out the deployment.");
  if ((average !== undefined || forecast) && deployment === undefined) refuse('Name the deployment.');
  if (forecast && (options.plan !== undefined || average !== undefined))
    refuse('A forecast is by its own plans: leave out --plan and --average.');
}

function parseUsage(text: string): [string, string] {
  const [, kind = '', quantity = ''] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (kind === '') {
    throw new ArcadiaError('invalid_argument', `--usage ${JSON.stringify(text)} is not like droplet_hours=1488.`);
  }
  return [kind, quantity];
}

async function readResources(file: string) {
  const { parsePlannedResources } = await import('../../pricing/planned-resources.ts');
  return parsePlannedResources(file, await readInput(file));
}

/** What billing kinds are called by people. */
async function words({ db }: SessionDatabase, day: Temporal.PlainDate): Promise<Words> {
  const { listBillingKinds } = await import('../../metering/kinds.ts');
  return new Map((await listBillingKinds(db, day)).map(({ slug, title, unit }) => [slug, { title, unit }]));
}
