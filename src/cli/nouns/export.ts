import type { Command } from 'commander';
import { Option } from 'commander';
import type { FocusFormat, FocusSummary } from '../../invoices/focus/export.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { addCommand, withSession } from '../engine/command.ts';
import { count, plural } from '../engine/output.ts';
import { parseRange } from '../engine/range.ts';

interface FocusOptions {
  readonly month: string;
  readonly side: 'customer' | 'cost';
  readonly format: FocusFormat;
  readonly out: string;
  readonly force?: boolean;
}

export function addExportCommands(program: Command): void {
  const noun = program
    .command('export')
    .summary('what was billed, for other programs')
    .description('What was billed, in the forms that other programs read.');

  addCommand(noun, 'focus', {
    summary: 'a month of cost and usage in FOCUS 1.4, as CSV or Parquet',
    details: `Every line and tax of the issued invoices of the month, and of the credit notes issued in it; docs/focus.md says
which column holds what. What is not issued is not in it: standard error tells how many. A file appears whole or not at all.
With --json the summary is printed, so the export needs a file.`,
    example: `
$ arcadia export focus --month 2026-05 --format parquet --out focus-2026-05.parquet
2026-05, FOCUS 1.4: 64 rows of 12 invoices and 1 credit note, 1,284.90 USD. Written to focus-2026-05.parquet.
2 invoices of the month are not issued, and so not in the export: arcadia invoice list --month 2026-05`,
  })
    .requiredOption('--month <month>', 'a UTC calendar month, 2026-05')
    .addOption(
      new Option('--side <side>', 'customer: what customers are billed')
        .choices(['customer', 'cost'])
        .default('customer'),
    )
    .addOption(new Option('--format <format>', 'of the file').choices(['csv', 'parquet']).default('csv'))
    .option('--out <file>', 'where to write it; - is standard output', '-')
    .option('--force', 'replace a file that is there')
    .action(
      withSession(async (session, options: FocusOptions) => {
        const month = readMonth(options.month);
        const toStdout = options.out === '-';
        assertExportable(options, session.output.json);
        const { exportFocus } = await import('../../invoices/focus/export.ts');
        const { db, clock } = await session.database();
        const { format } = options;
        const made = await exportFocus(db, { month, format, now: await clock.now(), signal: session.signal });
        if (toStdout) await session.output.stream(made.content);
        else {
          const { writeWholeFile } = await import('../engine/output-file.ts');
          await writeWholeFile(options.out, made.content, { force: options.force === true });
        }
        const summary = made.summary();
        if (session.output.json) await session.output.value({ ...summary, file: options.out });
        else session.output.note(`${sentence(summary)}${toStdout ? '' : ` Written to ${options.out}.`}`);
        for (const remark of remarks(summary)) session.output.note(remark);
      }),
    );
}

function readMonth(month: string): Temporal.PlainDate {
  const range = parseRange({ month }, null);
  if (range === null) throw new ArcadiaError('invalid_argument', 'Give a month: --month 2026-05.');
  return range.from;
}

function assertExportable({ side, format, out }: FocusOptions, json: boolean): void {
  if (side === 'cost') {
    throw new ArcadiaError(
      'invalid_argument',
      'The cost side is made from the bills of the provider, which this version does not read yet; --side customer is there.',
    );
  }
  if (out !== '-') return;
  if (json) {
    throw new ArcadiaError(
      'invalid_argument',
      'With --json standard output holds the summary; give the export a file with --out.',
    );
  }
  if (format === 'parquet' && process.stdout.isTTY) {
    throw new ArcadiaError(
      'invalid_argument',
      'Parquet is no text for a terminal: give it a file with --out, or a pipe.',
    );
  }
}

/** Money as it stands, with its thousands apart. */
function money({ currency, amount }: FocusSummary['billed'][number]): string {
  const [whole = '', fraction] = amount.split('.');
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ',');
  return `${fraction === undefined ? grouped : `${grouped}.${fraction}`} ${currency}`;
}

function sentence(summary: FocusSummary): string {
  const { month, focusVersion, rows, invoices, creditNotes, billed } = summary;
  const notes = creditNotes === 0 ? '' : ` and ${plural(creditNotes, 'credit note')}`;
  const sums = billed.map((sum) => `, ${money(sum)}`).join('');
  return `${month}, FOCUS ${focusVersion}: ${plural(rows, 'row')} of ${plural(invoices, 'invoice')}${notes}${sums}.`;
}

function remarks({ month, unissued, void: voided, invoices }: FocusSummary): string[] {
  const said: string[] = [];
  if (unissued > 0) {
    const are = unissued === 1 ? '1 invoice of the month is' : `${count(unissued)} invoices of the month are`;
    said.push(`${are} not issued, and so not in the export: arcadia invoice list --month ${month}`);
  } else if (invoices === 0) {
    said.push(`No invoice of the month is issued, and none is drafted: arcadia invoice draft --month ${month}`);
  }
  if (voided > 0) said.push(`${plural(voided, 'document')} of the month taken back (void), and so not in the export.`);
  return said;
}
