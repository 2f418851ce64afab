import { rateLine } from '../../pricing/index.ts';
import type { Command } from 'commander';
import { ArcadiaError } from '../../platform/errors.ts';
import { describeCommand, withSession } from '../engine/command.ts';
import { plural } from '../engine/output.ts';

/** Everything that --help says about the models; src/cli/local/rate.test.ts holds it against their schemas. */
export const modelsHelp = `Decimals are strings, "0.04"; a number is taken with the digits in which it is written. None is negative.

  standard     Every unit costs the same.
               unitPrice
  graduated    Each tier's units cost that tier's price; a tier's flat fee is due once it is reached.
               tiers: a list of { upTo, unitPrice, flatFee }, dueAtZero, per, roundUp, linePerTier
  volume       All units cost the price of the tier in which their total falls, with its flat fee.
               tiers: a list of { upTo, unitPrice, flatFee }, dueAtZero, per, roundUp, linePerTier
  package      Units are sold in whole packages; one that is begun is paid.
               packageSize, packagePrice
  percentage   A percentage of the units, where these are money: percent of them plus fixed, at least minimum.
               percent, fixed ("0" if left out), minimum ("0"), dueAtZero
  stairstep    One flat fee for the tier in which the total falls, whatever the units.
               tiers: a list of { upTo, flatFee }, dueAtZero, per, roundUp
  cost-plus    The provider's price for a unit, with a markup.
               unitCost, markupPercent

  upTo         the last unit of a tier, which belongs to it: 10 is in "up to 10", 10.000000001 is not.
               It rises from tier to tier; null in the last, which has no end
  unitPrice    in a tier: "0" if left out
  flatFee      in a tier: "0" if left out (stairstep needs it)
  per          units are divided by it before the tiers; roundUp: true begins a new one for each part
  linePerTier  true: an invoice shows a row for each tier
  dueAtZero    true: what does not depend on the units is due at zero units too; false if left out`;

export function addRateCommand(program: Command): void {
  describeCommand(program.command('rate'), {
    summary: 'what units cost under a charge model: the rating function open to cases of your own',
    details: `Reads JSON from standard input, one case a line: {"model": ..., "properties": {...}, "units": ...}. Prints, for
each in its order, a line {"amount", "tiers"} with --json, or the amount alone: exact, not rounded.
Of a line that cannot be rated nothing is printed; standard error gets {"line", "problems"} for it, the lines after
it go on, and the command ends with 1. Empty lines count, and are passed over.

Models and their properties:

${modelsHelp}`,
    example: `
$ echo '{"model":"graduated","properties":{"tiers":[{"upTo":"10","unitPrice":"2"},{"upTo":null,"unitPrice":"1"}]},"units":"12.5"}' | arcadia rate --json
{"amount":"22.5","tiers":[{"from":"0","upTo":"10","units":"10","unitPrice":"2","flatFee":"0","amount":"20"},{"from":"10","upTo":null,"units":"2.5","unitPrice":"1","flatFee":"0","amount":"2.5"}]}`,
  }).action(
    withSession(async (session) => {
      let number = 0;
      let bad = 0;
      for await (const lines of linesOf(process.stdin)) {
        session.signal.throwIfAborted();
        const answers: string[] = [];
        for (const line of lines) {
          number += 1;
          if (line.trim() === '') continue;
          const { rated, problems } = rateLine(line);
          if (rated !== null) {
            answers.push(session.output.json ? JSON.stringify(rated) : rated.amount);
            continue;
          }
          bad += 1;
          session.output.noteJson(JSON.stringify({ line: number, problems }));
        }
        // Waits for whoever reads; meanwhile nothing more is read.
        if (answers.length > 0) await session.output.text(answers.join('\n'));
      }
      if (bad > 0) {
        throw new ArcadiaError(
          'invalid_argument',
          `${plural(bad, 'line')} of ${number} could not be rated; the others were.`,
        );
      }
    }),
  );
}

/** The lines of a stream as its parts bring them: those of one part together, and of what is left without an end. */
async function* linesOf(stream: NodeJS.ReadStream): AsyncGenerator<string[]> {
  stream.setEncoding('utf8');
  let rest = '';
  for await (const part of stream) {
    const lines = `${rest}${part as string}`.split('\n');
    rest = lines.pop() ?? '';
    if (lines.length > 0) yield lines;
  }
  if (rest !== '') yield [rest];
}
