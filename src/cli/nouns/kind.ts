import type { Command } from 'commander';
import type { Kind, KindConfig, KindDefinition } from '../../metering/kinds.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { several, whole } from '../engine/arguments.ts';
import { addCommand, withSession } from '../engine/command.ts';
import { readInput } from '../engine/input.ts';
import { type Column, fields, plural, table } from '../engine/output.ts';
import { parseDay } from '../engine/range.ts';
import type { SessionDatabase } from '../engine/session.ts';

export function addKindCommands(program: Command): void {
  const kind = program
    .command('kind')
    .summary('billing kinds: what is metered, and how')
    .description('Billing kinds: what is metered, and how. Each is dated data; an operator adds one without code.');
  addList(kind);
  addShow(kind);
  addAdd(kind);
  addEnable(kind, true);
  addEnable(kind, false);
  addSet(kind);
}

/** A day, `beginning` for all of history, or today. */
async function firstDay(text: string | undefined, { clock }: SessionDatabase): Promise<Temporal.PlainDate> {
  const { beginningOfHistory } = await import('../../metering/kinds.ts');
  if (text === 'beginning') return beginningOfHistory;
  if (text !== undefined) return parseDay(text, '--from');
  const { dayOf } = await import('../../metering/period.ts');
  return dayOf(await clock.now());
}

const fromOption = ['--from <day>', "the first day on which it holds, or 'beginning'; by default today"] as const;

function addList(kind: Command): void {
  addCommand(kind, 'list', {
    summary: 'every billing kind as it stands on a day, enabled or not',
    example: `
$ arcadia kind list
KIND           TITLE                   OF       UNIT  ENABLED  BY   KEPT
droplet_hours  Droplet hours, running  droplet  hour  yes      day  730 days`,
  })
    .option('--on <day>', 'another day than today')
    .action(
      withSession(async (session, options: { on?: string }) => {
        const asked = options.on === undefined ? null : parseDay(options.on, '--on');
        const { listKinds } = await import('../../metering/kinds.ts');
        const database = await session.database();
        const kinds = await listKinds(database.db, asked ?? (await firstDay(undefined, database)));
        await session.output.list(kinds, kindColumns, 'No billing kind is defined on that day.');
      }),
    );
}

const kindColumns: readonly Column<Kind>[] = [
  { header: 'kind', value: (row) => row.kind },
  { header: 'title', value: (row) => row.title },
  { header: 'of', value: (row) => row.resourceKind },
  { header: 'unit', value: (row) => row.unit },
  { header: 'enabled', value: (row) => (row.enabled ? 'yes' : 'no') },
  { header: 'by', value: (row) => row.granularity },
  { header: 'kept', value: (row) => plural(row.retentionDays, 'day') },
];

function addShow(kind: Command): void {
  addCommand(kind, 'show', {
    summary: 'a billing kind: what it means, how it is metered, and since when',
    example: `
$ arcadia kind show memory_gb_hours
kind      memory_gb_hours (Droplet memory hours, existing)
meters    droplet, by the hour: memory_mb / 1024
unit      GiB-hour

FROM        STATUSES  FILTER  WEIGHT
2000-01-01  any       -       memory_mb / 1024

FROM        ENABLED  BY   KEPT
2000-01-01  no       day  730 days`,
  })
    .argument('<kind>', 'its name')
    .action(
      withSession(async (session, slug: string) => {
        const { getKind } = await import('../../metering/kinds.ts');
        const database = await session.database();
        const found = await getKind(database.db, slug, await firstDay(undefined, database));
        if (session.output.json) return session.output.value(found);
        await session.output.text(
          [
            fields([
              ['kind', `${found.kind} (${found.title})`],
              [
                'meters',
                `${found.resourceKind}, by the ${found.accrual === 'hours' ? 'hour' : 'month'}: ${weighs(found.weight)}`,
              ],
              ['unit', found.unit],
            ]),
            table(found.definitions, definitionColumns),
            table(found.configs, configColumns),
          ].join('\n\n'),
        );
      }),
    );
}

function weighs(weight: { readonly attribute: string; readonly divisor: string } | null): string {
  if (weight === null) return '1 each';
  return weight.divisor === '1' ? weight.attribute : `${weight.attribute} / ${weight.divisor}`;
}

const definitionColumns: readonly Column<KindDefinition>[] = [
  { header: 'from', value: (row) => row.fromDay.toString() },
  { header: 'statuses', value: (row) => row.statuses?.join(', ') ?? 'any' },
  {
    header: 'filter',
    value: (row) =>
      Object.entries(row.filter)
        .map(([name, value]) => `${name}=${value}`)
        .join(', ') || null,
  },
  {
    header: 'weight',
    value: (row) =>
      weighs(row.weightAttribute === null ? null : { attribute: row.weightAttribute, divisor: row.weightDivisor }),
  },
];

const configColumns: readonly Column<KindConfig>[] = [
  { header: 'from', value: (row) => row.fromDay.toString() },
  { header: 'enabled', value: (row) => (row.enabled ? 'yes' : 'no') },
  { header: 'by', value: (row) => row.granularity },
  { header: 'kept', value: (row) => plural(row.retentionDays, 'day') },
];

interface MeaningOptions {
  readonly title?: string;
  readonly status?: readonly string[];
  readonly filter?: readonly string[];
  readonly weight?: string;
}

interface AddOptions extends MeaningOptions {
  readonly of?: string;
  readonly accrual?: string;
  readonly unit?: string;
  readonly file?: string;
}

function addAdd(kind: Command): void {
  withMeaning(
    addCommand(kind, 'add', {
      summary: 'add a billing kind, disabled, or all those of a file',
      details: `It is defined from the beginning of history, and can be metered back to it: kind enable --from beginning.
A file holds, in YAML or JSON:
  kinds:
    - kind: small_droplet_hours
      title: Hours of the smallest droplet
      resourceKind: droplet
      accrual: hours
      unit: hour
      statuses: [active]
      filter: { size_slug: s-1vcpu-512mb-10gb }
    - kind: memory_gib_hours
      title: Memory
      resourceKind: droplet
      accrual: hours
      unit: GiB-hour
      weight: { attribute: memory_mb, divisor: 1024 }`,
      example: `
$ arcadia kind add small_droplet_hours --title 'Smallest droplet' --of droplet --accrual hours --unit hour --status active --filter size_slug=s-1vcpu-512mb-10gb
Added small_droplet_hours, disabled.
Next: arcadia kind enable small_droplet_hours --from beginning`,
    })
      .argument('[kind]', 'its name: lower-case letters, digits and _')
      .option('--of <resource-kind>', 'what it meters, such as droplet')
      .option('--accrual <accrual>', 'hours: level times hours; month: a level held all month counts once')
      .option('--unit <unit>', 'what one unit is, such as hour or GiB-month')
      .option('--file <file>', 'a file of kinds; - reads it from stdin'),
  ).action(
    withSession(async (session, slug: string | undefined, options: AddOptions) => {
      const { addKinds } = await import('../../metering/kinds.ts');
      const kinds = await (options.file === undefined ? kindOf(slug, options) : kindsIn(slug, options.file));
      const { db } = await session.database();
      const added = await addKinds(db, kinds);
      if (session.output.json) return session.output.value({ added });
      await session.output.text(
        added.length === 0 ? 'It was so already; nothing was written.' : `Added ${added.join(', ')}, disabled.`,
      );
      if (added[0] !== undefined) session.output.note(`Next: arcadia kind enable ${added[0]} --from beginning`);
    }),
  );
}

function withMeaning(command: Command): Command {
  return command
    .option('--title <text>', 'the name for people')
    .option('--status <status>', 'counts only while it has this status; can be repeated; any: always', several)
    .option(
      '--filter <name=value>',
      'counts only while this attribute is so; can be repeated; none: no filter',
      several,
    )
    .option('--weight <attribute>', 'what one counts, memory_mb or memory_mb/1024; none: 1');
}

/** What the options say of a kind's meaning; what they do not name is left out. */
function meaningOf({ title, status, filter, weight }: MeaningOptions) {
  return {
    ...(title !== undefined && { title }),
    ...(status !== undefined && { statuses: status.includes('any') ? null : status }),
    ...(filter !== undefined && { filter: filter.includes('none') ? {} : Object.fromEntries(filter.map(parseFilter)) }),
    ...(weight !== undefined && { weight: weight === 'none' ? null : parseWeight(weight) }),
  };
}

function parseFilter(text: string): [string, string | number | boolean] {
  const [, name, value = ''] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  if (name === undefined) {
    throw new ArcadiaError('invalid_argument', `--filter ${JSON.stringify(text)} is not name=value, such as vcpus=2.`);
  }
  if (value === 'true' || value === 'false') return [name, value === 'true'];
  return [name, /^-?\d{1,15}(\.\d{1,9})?$/.test(value) ? Number(value) : value];
}

function parseWeight(text: string): { attribute: string; divisor?: string } {
  const [attribute = '', divisor] = text.split('/').map((part) => part.trim());
  return divisor === undefined ? { attribute } : { attribute, divisor };
}

async function kindOf(slug: string | undefined, options: AddOptions) {
  const { kindSchema } = await import('../../metering/kinds.ts');
  const { of: resourceKind, accrual, unit } = options;
  const given = { kind: slug, title: slug, resourceKind, accrual, unit, ...meaningOf(options) };
  const parsed = kindSchema.safeParse(given);
  if (parsed.success) return [parsed.data];
  throw refused(parsed.error.issues);
}

async function kindsIn(slug: string | undefined, file: string) {
  if (slug !== undefined) throw new ArcadiaError('invalid_argument', 'Give a name or --file, not both.');
  const { parse } = await import('yaml');
  const { kindsFileSchema } = await import('../../metering/kinds.ts');
  let content: unknown;
  try {
    content = parse(await readInput(file));
  } catch (cause) {
    if (cause instanceof ArcadiaError) throw cause;
    throw new ArcadiaError('invalid_argument', `${file} is not YAML: ${(cause as Error).message}`, { cause });
  }
  const parsed = kindsFileSchema.safeParse(content);
  if (parsed.success) return parsed.data.kinds;
  throw refused(parsed.error.issues);
}

function refused(issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[]): ArcadiaError {
  const problems = issues.map((issue) => `${issue.path.map(String).join('.') || 'the file'}: ${issue.message}`);
  return new ArcadiaError('invalid_argument', `This is no billing kind: ${problems.join('; ')}.`);
}

function addEnable(kind: Command, enabled: boolean): void {
  const verb = enabled ? 'enable' : 'disable';
  addCommand(kind, verb, {
    summary: enabled ? 'meter a billing kind, from a day on' : 'meter a billing kind no longer, from a day on',
    details: enabled
      ? 'From the beginning of history, or any day that is over, it is metered back by the next arcadia meter.'
      : 'What it has metered from that day on goes with the next arcadia meter, and is kept in the record of changes.',
    example: `
$ arcadia kind ${verb} vcpu_hours --from 2026-06-01
From 2026-06-01 on, vcpu_hours is ${enabled ? 'metered' : 'not metered'}.
Next: arcadia meter`,
  })
    .argument('<kind>', 'its name')
    .option(...fromOption)
    .action(
      withSession(async (session, slug: string, options: { from?: string }) => {
        const { changeKind } = await import('../../metering/kinds.ts');
        const database = await session.database();
        const from = await firstDay(options.from, database);
        const found = await changeKind(database.db, slug, from, { enabled });
        if (session.output.json) return session.output.value({ from, ...found });
        await session.output.text(`From ${from} on, ${slug} is ${enabled ? 'metered' : 'not metered'}.`);
        session.output.note('Next: arcadia meter');
      }),
    );
}

interface SetOptions extends MeaningOptions {
  readonly from?: string;
  readonly granularity?: string;
  readonly retentionDays?: number;
}

function addSet(kind: Command): void {
  withMeaning(
    addCommand(kind, 'set', {
      summary: 'change how a billing kind is metered, or what counts, from a day on',
      details: `Days that are metered already are metered again by the next arcadia meter. What had been set for later
days gives way. What a kind accrues, and its unit, never change: add another kind instead.`,
      example: `
$ arcadia kind set droplet_hours --granularity hour --from 2026-06-01
From 2026-06-01 on, droplet_hours: enabled, by the hour, kept 730 days; 1 each.
Next: arcadia meter`,
    })
      .argument('<kind>', 'its name')
      .option(...fromOption)
      .option('--granularity <granularity>', 'day or hour')
      .option('--retention-days <n>', 'how long its records are kept', whole('--retention-days', 31, 36_600)),
  ).action(
    withSession(async (session, slug: string, options: SetOptions) => {
      const { granularity, retentionDays } = options;
      if (granularity !== undefined && granularity !== 'day' && granularity !== 'hour') {
        throw new ArcadiaError('invalid_argument', `--granularity ${JSON.stringify(granularity)} is not day or hour.`);
      }
      const { changeKind, kindChangeSchema } = await import('../../metering/kinds.ts');
      const change = kindChangeSchema.safeParse({ ...meaningOf(options), granularity, retentionDays });
      if (!change.success) throw refused(change.error.issues);
      if (Object.values(change.data).every((value) => value === undefined)) {
        throw new ArcadiaError('invalid_argument', 'Say what to set; see --help.');
      }
      const database = await session.database();
      const from = await firstDay(options.from, database);
      const found = await changeKind(database.db, slug, from, change.data);
      if (session.output.json) return session.output.value({ from, ...found });
      const { enabled, weight } = found;
      await session.output.text(
        `From ${from} on, ${slug}: ${enabled ? 'enabled' : 'disabled'}, by the ${found.granularity}, kept ${plural(found.retentionDays, 'day')}; ${weighs(weight)}.`,
      );
      session.output.note('Next: arcadia meter');
    }),
  );
}
