import type { z } from 'zod';
import type { Action, DocumentOperation, List } from '../../platform/declare/answer.ts';
import type { RawInput } from '../../platform/declare/input.ts';
import type { Operation } from '../../platform/declare/operation.ts';
import type { ArcadiaError, NextOperation } from '../../platform/errors.ts';
import type { Column, Output } from './output.ts';
import type { Surface } from './surface.ts';

// What a noun's file adds to the operations that its commands run: examples, columns and wording. An
// operation without a view has a command all the same, with a plain one.

/** What an action answers, as the API sends it. */
export type AnswerOf<Operation> = Operation extends { readonly response?: infer Schema }
  ? NonNullable<Schema> extends z.ZodType
    ? z.output<NonNullable<Schema>>
    : undefined
  : undefined;

/** A row of a list, as the API sends it. */
export type RowOf<Operation> = Operation extends { readonly row: infer Schema extends z.ZodType }
  ? z.output<Schema>
  : never;

export interface ViewTools {
  /** For what a person is shown besides the answer itself. */
  readonly surface: Surface;
  /** What was asked. */
  readonly input: RawInput;
  /** The command line of an operation that a hint names; null where it has none. */
  commandOf(next: NextOperation): string | null;
}

export interface RunTools extends ViewTools {
  /** A remark on stderr. */
  note(text: string): void;
  /** `untouched`: how things are if somebody says no, where that is not 'Nothing was changed.' */
  ask(question: string, untouched?: string): Promise<void>;
  /** --yes is given: nothing is asked. */
  readonly isSure: boolean;
}

/** Arguments of a command's own, in place of its operation's: of what a file says that is read here and not sent. */
export interface OwnArguments {
  readonly positional: readonly { readonly name: string; readonly description: string }[];
  /** As commander writes them: `--from <file>`. */
  readonly options: readonly {
    readonly flags: string;
    readonly description: string;
    readonly isRequired?: true;
    /** It may be given more than once. */
    readonly isList?: true;
  }[];
  /** The input of the operation that was typed. Errors: invalid_argument. */
  read(given: OwnInput, note: (text: string) => void): Promise<RawInput>;
}

export interface OwnInput {
  readonly positional: readonly string[];
  /** By name, as commander names them. */
  readonly options: Readonly<Record<string, unknown>>;
}

interface CommonView {
  /** The words of the command, where they are not the operation's name. */
  readonly name?: string;
  /** One line; by default the operation's summary. */
  readonly summary?: string;
  /** What it does, where the summary does not say it all. */
  readonly details?: string;
  /** A worked example: what to type, and what comes back. */
  readonly example?: string;
  /** Values that this command always gives, by field: `{ paused: true }`. They are no arguments of it. */
  readonly fixed?: Readonly<Record<string, unknown>>;
  /**
   * Values that it gives once somebody has agreed to what it asks first, or has said --yes. They are no arguments of it.
   */
  readonly agreed?: Readonly<Record<string, unknown>>;
  readonly own?: OwnArguments;
  /** As in the operation's hints, for this command. */
  readonly positional?: readonly string[];
  /** Texts of arguments, by field, for a person at a terminal; by default the schema's description. */
  readonly help?: Readonly<Record<string, string>>;
}

/** What is asked after something was shown. */
export interface Question {
  /** null: nothing. */
  readonly question: string | null;
  /** What of the query goes with the request, so that it is refused where what was shown is no longer so. */
  readonly seen: Readonly<Record<string, unknown>>;
}

interface ActionView<Answer> extends CommonView {
  /** The answer for a person. By default its fields, a line each. */
  text?(answer: Answer, tools: ViewTools): string | Promise<string>;
  /** Remarks beside it, such as what to do next. */
  notes?(answer: Answer, tools: ViewTools): readonly string[] | Promise<readonly string[]>;
  /** What is asked before it runs, unless --yes; null: nothing. What it shows first goes to stderr. */
  confirm?(tools: ViewTools & { note(text: string): void }): Promise<string | null | Question>;
  /**
   * Runs it in place of one request: as several, whose answers are put together to one. `ask` throws where a person says
   * no, and asks nothing with --yes.
   */
  run?(tools: RunTools): Promise<Answer>;
  /**
   * What is shown once the jobs that follow have ended, in place of `text` and `notes`, and what went wrong by it; null:
   * nothing. With --json it shows nothing. Of --no-wait it is not asked.
   */
  afterJobs?(answer: Answer, tools: ViewTools & { readonly output: Output }): Promise<ArcadiaError | null>;
  /** Whether the answer holds differences: exit code 3 with --exit-code. */
  differs?(answer: Answer): boolean;
  /** What went wrong by the answer, which is printed before it; null: nothing. */
  failure?(answer: Answer): ArcadiaError | null;
}

interface ListView<Row> extends CommonView {
  /** By default one for each field of a row. */
  readonly columns?: readonly Column<Row>[];
  /** What is said of an empty list: what to do next. */
  readonly empty?: string | ((page: Readonly<Record<string, unknown>>) => string);
  /** Remarks beside the list. */
  notes?(page: Readonly<Record<string, unknown>>, tools: ViewTools): readonly string[] | Promise<readonly string[]>;
  /** In place of a table: what a person reads of the rows and of what is said beside them. */
  pageText?(page: { readonly items: readonly Row[] }): string;
  /** As of an action: whether the page holds differences. */
  differs?(page: { readonly items: readonly Row[] }): boolean;
}

interface DocumentView extends CommonView {
  /** Remarks once it is written, such as what is not in it. */
  notes?(answer: undefined, tools: ViewTools): readonly string[] | Promise<readonly string[]>;
}

export interface BoundView extends CommonView {
  readonly operation: Operation;
  readonly text?: ActionView<never>['text'];
  readonly notes?: (answer: never, tools: ViewTools) => readonly string[] | Promise<readonly string[]>;
  readonly confirm?: ActionView<never>['confirm'];
  readonly run?: (tools: RunTools) => Promise<unknown>;
  readonly afterJobs?: (answer: never, tools: ViewTools & { readonly output: Output }) => Promise<ArcadiaError | null>;
  readonly differs?: (answer: never) => boolean;
  readonly failure?: (answer: never) => ArcadiaError | null;
  readonly columns?: readonly Column<never>[];
  readonly pageText?: (page: never) => string;
  readonly empty?: ListView<never>['empty'];
}

/** A command of an action. */
export function actionView<Declared extends Action>(
  operation: Declared,
  view: ActionView<AnswerOf<Declared>>,
): BoundView {
  return { operation, ...view };
}

/** A command of a list. */
export function listView<Declared extends List>(operation: Declared, view: ListView<RowOf<Declared>>): BoundView {
  return { operation, ...view };
}

/** A command of a document. */
export function documentView(operation: DocumentOperation, view: DocumentView): BoundView {
  return { operation, ...view };
}

/** A group of commands: `invoice`, or `invoice line` within it. */
export interface Noun {
  readonly name: string;
  /** One line, as the list of commands shows it. */
  readonly summary: string;
  /** In whole sentences. */
  readonly description?: string;
  /** The command that runs when none is named: `usage acme` is `usage show acme`. */
  readonly defaultVerb?: string;
  readonly views: readonly BoundView[];
}
