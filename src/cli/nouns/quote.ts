import {
  getDeploymentForecast,
  getDeploymentQuote,
  quotePlans,
  quoteResources,
} from '../../pricing/operations/quotes.ts';
import { describeRange, meteredText } from '../engine/range.ts';
import { actionView, type Noun, type ViewTools } from '../engine/views.ts';
import { kindWords } from './kind-words.ts';
import { type PlanQuotes, printComparison, printForecast, printQuote } from './quote-text.ts';
import { unbilledNotes } from './unbilled-text.ts';

async function quotesText(answer: PlanQuotes, { surface }: ViewTools): Promise<string> {
  const words = await kindWords(surface, `${answer.month}-01`);
  const [first] = answer.quotes;
  const quotes =
    answer.comparison === null && first !== undefined
      ? `${first.plan}\n\n${printQuote(first, words)}`
      : printComparison(answer, words);
  return [`${answer.month}. ${answer.basis}`, quotes].join('\n\n');
}

const unbilledBeside = ({ unbilled }: Pick<PlanQuotes, 'unbilled'>) => unbilledNotes(unbilled);

const quotesView = { text: quotesText, notes: unbilledBeside };
const planHelp = { 'basis.deployment': "the deployment's slug", plans: 'a plan; with several they are compared' };

const comparisonExample = `WHAT                    USED  STUDIO (USD)  ATELIER (USD)  DIFFERENCE
base fee                   -         50.00         120.00      +70.00
Droplet hours, running  1500          0.48           0.00       -0.48
total                      -         50.48         120.00      +69.52

Cheapest: studio.`;

export const quoteNoun: Noun = {
  name: 'quote',
  summary: 'what a month costs: a deployment on its plan, or any usage on any plans',
  description: `What a month costs: a deployment on its plan, or any usage on any plans. An estimate; not binding.
arcadia quote acme is quote show acme.`,
  defaultVerb: 'show',
  views: [
    actionView(getDeploymentQuote, {
      summary: "a deployment's bill of a month as it is now, or the same usage on another plan",
      details: `Without --month: the current one, by its own plans and their changes. With --plan: as if the month were all on
that plan and nothing more were used in it.`,
      example: `
$ arcadia quote acme --plan studio --month 2026-05
acme on studio, May 2026 (UTC); metered through 31 May 2026.

WHAT                       USED  INCLUDED  CHARGED  UNIT PRICE  AMOUNT (USD)
Droplet hours, running     1500      1488       12    0.04 USD          0.48
DNS zones                     2         2        0    1.00 USD          0.00

base     50.00 USD
overage   0.48 USD
total    50.48 USD`,
      async text(quote, { surface }) {
        const heading = `${quote.deployment} on ${quote.plan}, ${describeRange(quote)}; ${meteredText(quote)}.`;
        return [heading, printQuote(quote, await kindWords(surface, quote.from))].join('\n\n');
      },
      notes: unbilledBeside,
    }),
    actionView(getDeploymentForecast, {
      summary: "a deployment's month to date, and as it will be at its end if everything stays as it is",
      example: `
$ arcadia quote forecast acme
acme on studio, 2026-06: 25.00 USD to date (metered through 15 June 2026), 50.48 USD at its end.`,
      text: async (answer, { surface }) => printForecast(answer, await kindWords(surface, `${answer.month}-01`)),
      notes: unbilledBeside,
    }),
    actionView(quotePlans, {
      summary: "a deployment's usage of a month on several plans, side by side",
      details: "Without days: the current month. Each plan with the whole month's base fee and allowances.",
      example: `
$ arcadia quote compare acme --month 2026-05 --plan studio --plan atelier
2026-05. What acme used from 2026-05-01 to 2026-06-01, not included; metered through 2026-05-31.

${comparisonExample}`,
      fixed: { 'basis.kind': 'period', month: undefined },
      positional: ['basis.deployment'],
      help: planHelp,
      ...quotesView,
    }),
    actionView(quotePlans, {
      name: 'quote average',
      summary: "the mean of a deployment's last complete months, on plans",
      example: `
$ arcadia quote average acme --months 3 --plan all
2026-06. The mean of what acme used in 2026-03, 2026-04, 2026-05

${comparisonExample}`,
      fixed: { 'basis.kind': 'average' },
      positional: ['basis.deployment'],
      help: planHelp,
      ...quotesView,
    }),
    actionView(quotePlans, {
      name: 'quote usage',
      summary: 'what given usage of a month would cost, on plans',
      example: `
$ arcadia quote usage --usage droplet_hours=1500 --plan studio --plan atelier
2026-06. The usage given.

${comparisonExample}`,
      fixed: { 'basis.kind': 'usage' },
      help: planHelp,
      ...quotesView,
    }),
    actionView(quoteResources, {
      summary: 'what resources that are not there yet would cost, on plans',
      details: `They are listed in YAML or JSON; numbers are GiB or nodes, hours are of the month:
  - { kind: droplet, size: s-2vcpu-4gb, count: 2 }
  - { kind: volume, size: 100, hours: 360 }`,
      example: `
$ arcadia quote resources new.yaml --plan studio --plan atelier
2026-06. What the resources given would use in the month.

${comparisonExample}`,
      ...quotesView,
    }),
  ],
};
