import type { List } from '../../platform/declare/answer.ts';
import { csvColumnsOf, csvOfPages } from '../../platform/declare/csv-pages.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { writeWholeFile } from './output-file.ts';
import { type Column, count, fields, table } from './output.ts';
import type { Session } from './session.ts';
import type { FetchedDocument, ListPage } from './surface.ts';
import type { BoundView, ViewTools } from './views.ts';

// What a command prints. With --json the API's body; else the text of its view, or a plain one.

export async function printAnswer(
  { output }: Session,
  view: BoundView,
  answer: unknown,
  tools: ViewTools,
): Promise<void> {
  if (output.json) {
    if (answer !== undefined) await output.value(answer);
    return;
  }
  const text = view.text === undefined ? plainText(answer) : await view.text(answer as never, tools);
  if (text !== '') await output.text(text);
  for (const note of (await view.notes?.(answer as never, tools)) ?? []) output.note(note);
}

function plainText(answer: unknown): string {
  if (answer === undefined) return 'Done.';
  return fields(Object.entries(answer as object).map(([name, value]) => [name, plain(value)]));
}

function plain(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A page, or with --all one after the other, as they come. Returns the first. */
export async function printList(
  { output, signal }: Session,
  list: List,
  view: BoundView,
  tools: ViewTools,
  isAll: boolean,
): Promise<ListPage> {
  const { surface, input } = tools;
  const columns = view.columns ?? columnsOf(list);
  const first = await surface.page(list, input);
  const empty = typeof view.empty === 'function' ? view.empty(first) : (view.empty ?? 'Nothing to show.');
  if (!isAll) {
    if (output.json) await output.value(first);
    else if (first.items.length === 0) output.note(empty);
    else await output.text(view.pageText?.(first as never) ?? table(first.items as never[], columns));
    if (output.json) return first;
    if (first.nextCursor !== null) output.note(moreText(first));
    await printNotes(output, view, first, tools);
    return first;
  }
  const { items: _, nextCursor: __, ...extra } = first;
  if (view.pageText !== undefined && !output.json) {
    const items = (await Array.fromAsync(pagesFrom(first))).flat();
    await output.text(view.pageText({ ...first, items } as never));
  } else await output.pages(pagesFrom(first), { columns, empty, extra });
  if (!output.json) await printNotes(output, view, first, tools);
  return first;

  async function* pagesFrom(page: ListPage): AsyncGenerator<readonly never[]> {
    let at = page;
    for (;;) {
      yield at.items as never[];
      if (at.nextCursor === null) return;
      signal.throwIfAborted();
      at = await surface.page(list, { ...input, query: { ...input.query, cursor: at.nextCursor } });
    }
  }
}

/** Rows that are asked for at a time where all are. */
const csvPageSize = 1_000;

/** All rows as CSV, or as many as --limit says: what the API answers as CSV. */
export async function printCsv(
  { output, signal }: Session,
  list: List,
  { surface, input }: ViewTools,
): Promise<undefined> {
  if (output.json) throw new ArcadiaError('invalid_argument', 'Give either --csv or --json, not both.');
  const { limit: given } = input.query;
  const max = given === undefined ? Number.POSITIVE_INFINITY : Number(given);
  const read = (limit: number, cursor?: string) => {
    signal.throwIfAborted();
    return surface.page(list, { ...input, query: { ...input.query, limit, ...(cursor !== undefined && { cursor }) } });
  };
  const first = await read(Math.min(max, csvPageSize));
  const rows = { max, isCutAllowed: true, pageSize: csvPageSize };
  await output.stream(csvOfPages(csvColumnsOf(list), first, rows, read));
}

/** `There are more: 100 of 4,210 are shown.` */
function moreText({ items, total }: ListPage): string {
  const shown = typeof total === 'number' ? `${count(items.length)} of ${count(total)} are shown. ` : '';
  return `There are more: ${shown}--limit shows more of them, --all shows all.`;
}

async function printNotes(output: Session['output'], view: BoundView, page: ListPage, tools: ViewTools): Promise<void> {
  for (const note of (await view.notes?.(page as never, tools)) ?? []) output.note(note);
}

function columnsOf(list: List): readonly Column<never>[] {
  const names = Object.keys((list.row as unknown as { shape: object }).shape);
  return names.map((name) => ({ header: words(name), value: (row: never) => plain(row[name]) }));
}

/** `startsAt` is `starts at`. */
function words(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, ' ').toLowerCase();
}

export async function printDocument(
  { output }: Session,
  { type, filename, body }: FetchedDocument,
  { out, force }: { readonly out?: string; readonly force?: boolean },
): Promise<void> {
  if (out === undefined || out === '-') {
    if (output.isTerminal && !/^text\/|json|yaml/.test(type))
      throw new ArcadiaError('invalid_argument', `This is ${type}, which a terminal cannot show.`, {
        todo: `Give it a file with --out${filename === null ? '' : `, such as ${filename}`}, or a pipe.`,
      });
    return output.stream(body);
  }
  await writeWholeFile(out, body, { force: force === true });
  output.note(`Written to ${out}.`);
}
