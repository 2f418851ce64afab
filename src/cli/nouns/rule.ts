import type { Command } from 'commander';
import type { PreviewedChange } from '../../deployments/preview.ts';
import type { Rule } from '../../deployments/rules.ts';
import type { Suggestion } from '../../deployments/suggestions.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { defaultLimit, whole } from '../engine/arguments.ts';
import { addCommand, withSession } from '../engine/command.ts';
import { readInput } from '../engine/input.ts';
import { operator } from '../engine/operator.ts';
import { type Column, count, moment, plural, table } from '../engine/output.ts';

const rulesFile = `A rules file holds all of your rules, in YAML or JSON:
  rules:
    - { project: 4de7ac8b-495b-4884-9a69-1050c6793cd6, deployment: acme }
    - { tag: acme, deployment: acme, from: 2026-05-01 }
    - { name: 'acme-*', deployment: acme, kinds: [droplet, snapshot] }
    - { name: 'shared-*', shares: { acme: 2, beta: 1 } }`;

export function addRuleCommands(program: Command): void {
  const rule = program
    .command('rule')
    .summary('which resources belong to whom')
    .description('Dated rules that say which resources belong to whom, tried in order.');
  addList(rule);
  addPreview(rule);
  addApply(rule);
  addSuggest(rule);
}

function addList(rule: Command): void {
  addCommand(rule, 'list', {
    summary: 'the rules, in the order in which they are tried',
    example: `
$ arcadia rule list
RULE  KIND         MATCHES  OWNER  FROM (UTC)            TO (UTC)
1     manual       -        -      -                     -
101   name         acme-*   acme   2026-05-01 00:00:00Z  -
3     inheritance  -        -      -                     -`,
  }).action(
    withSession(async (session) => {
      const { listRules } = await import('../../deployments/rules.ts');
      const { db } = await session.database();
      await session.output.list(await listRules(db), ruleColumns, 'There are no rules.');
    }),
  );
}

function addPreview(rule: Command): void {
  addCommand(rule, 'preview', {
    summary: 'what a rules file would change: which resources, since when, whose they were',
    details: `Writes nothing. ${rulesFile}`,
    example: `
$ arcadia rule preview rules.yaml
1 rule added, 0 changed, 0 ended, 0 as before. 2 resources would change owner.

ID  KIND     NAME      FROM (UTC)            TO (UTC)  WAS       WOULD BE
17  droplet  acme-web  2026-05-01 00:00:00Z  -         no owner  acme`,
  })
    .argument('<file>', '- reads it from stdin')
    .option('--limit <n>', 'lines at most', whole('--limit', 1, 1_000_000), defaultLimit)
    .option('--exit-code', 'end with 3 where anything would change')
    .action(
      withSession(async (session, file: string, options: { limit: number; exitCode?: boolean }) => {
        const declared = await readRules(file);
        const { previewRules } = await import('../../deployments/preview.ts');
        const { db, clock } = await session.database();
        const preview = await previewRules(db, declared, await clock.now(), { limit: options.limit });
        const { rules, changes, changesTotal } = preview;
        if (session.output.json) {
          await session.output.value(preview);
        } else {
          const heading = `${plural(rules.added, 'rule')} added, ${count(rules.changed)} changed, ${count(rules.ended)} ended, ${count(rules.unchanged)} as before. ${plural(preview.resources, 'resource')} would change owner.`;
          await session.output.text(changes.length === 0 ? heading : `${heading}\n\n${table(changes, changeColumns)}`);
          if (changesTotal > changes.length)
            session.output.note(`The first ${count(changes.length)} of ${count(changesTotal)}; more with --limit`);
        }
        const differs = rules.added + rules.changed + rules.ended > 0;
        return options.exitCode === true && differs ? 3 : 0;
      }),
    );
}

function addApply(rule: Command): void {
  addCommand(rule, 'apply', {
    summary: 'make the rules those of a file, all or nothing',
    details: `A rule that the file leaves out ends now. Applying the same again changes nothing.\n\n${rulesFile}`,
    example: `
$ arcadia rule apply rules.yaml
1 rule added, 0 changed, 0 ended, 0 as before. 2 resources changed owner.
Next: arcadia meter`,
  })
    .argument('<file>', '- reads it from stdin')
    .action(
      withSession(async (session, file: string) => {
        const declared = await readRules(file);
        const { applyRules } = await import('../../deployments/rules.ts');
        const { bringAttributionsUpToDate } = await import('../../deployments/attribution.ts');
        const { db, clock } = await session.database();
        const now = await clock.now();
        // What other facts still have to change is not these rules' doing.
        await bringAttributionsUpToDate(db, now);
        const rules = await applyRules(db, declared, operator(), now);
        const { changed: resources } = await bringAttributionsUpToDate(db, now);
        if (session.output.json) return session.output.value({ rules, resources });
        await session.output.text(
          `${plural(rules.added, 'rule')} added, ${count(rules.changed)} changed, ${count(rules.ended)} ended, ${count(rules.unchanged)} as before. ${plural(resources, 'resource')} changed owner.`,
        );
        session.output.note('Next: arcadia meter');
      }),
    );
}

function addSuggest(rule: Command): void {
  addCommand(rule, 'suggest', {
    summary: 'rules that could own what has no owner',
    details: 'Nothing is applied. Each is ready for a rules file, once its deployment is there.',
    example: `
$ arcadia rule suggest
RESOURCES  RULE                                      DEPLOYMENT  WHY
        3  { name: "acme-*", deployment: "acme" }    is there    names begin like the deployment acme`,
  })
    .option('--limit <n>', 'lines at most', whole('--limit', 1, 10_000), 20)
    .action(
      withSession(async (session, options: { limit: number }) => {
        const { suggestOwners } = await import('../../deployments/suggestions.ts');
        const { unattributedResources, bringAttributionsUpToDate } = await import('../../deployments/attribution.ts');
        const { db, clock } = await session.database();
        const now = await clock.now();
        await bringAttributionsUpToDate(db, now);
        const suggestions = await suggestOwners(db, options.limit);
        const { total } = await unattributedResources(db, now, 1);
        const empty =
          total === 0
            ? 'Everything has an owner.'
            : `${plural(total, 'resource has', 'resources have')} no owner, and nothing tells whose they are.`;
        await session.output.list(suggestions, suggestionColumns, empty);
        if (suggestions.length > 0) {
          session.output.note(
            `${plural(total, 'resource has', 'resources have')} no owner. Put what fits into a rules file, then: arcadia rule preview <file>`,
          );
        }
      }),
    );
}

async function readRules(file: string): Promise<unknown> {
  const { parse } = await import('yaml');
  const text = await readInput(file);
  try {
    return parse(text);
  } catch (cause) {
    throw new ArcadiaError(
      'invalid_argument',
      `${file} is neither YAML nor JSON: ${(cause as Error).message.split('\n')[0]}`,
      { cause },
    );
  }
}

const ruleColumns: readonly Column<Rule>[] = [
  { header: 'rule', value: (row) => String(row.ruleId), align: 'right' },
  { header: 'kind', value: (row) => row.kind },
  {
    header: 'matches',
    value: (row) => (row.project === null ? row.pattern : `${row.projectName ?? 'project'} (${row.project})`),
  },
  { header: 'only', value: (row) => row.resourceKinds?.join(', ') ?? null },
  { header: 'owner', value: (row) => (row.owners === null ? null : describeOwners(row.owners)) },
  { header: 'from (utc)', value: (row) => moment(row.from) },
  { header: 'to (utc)', value: (row) => moment(row.to) },
];

const suggestionColumns: readonly Column<Suggestion>[] = [
  { header: 'resources', value: (row) => count(row.resources), align: 'right' },
  { header: 'rule', value: (row) => flow(row.rule) },
  { header: 'deployment', value: (row) => (row.deploymentExists ? 'is there' : 'to be made') },
  { header: 'why', value: (row) => row.reason },
];

/** As it can stand in a rules file. */
function flow(rule: Suggestion['rule']): string {
  return `{ ${Object.entries(rule)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
    .join(', ')} }`;
}

const changeColumns: readonly Column<PreviewedChange>[] = [
  { header: 'id', value: (row) => String(row.resourceId), align: 'right' },
  { header: 'kind', value: (row) => row.kind },
  { header: 'name', value: (row) => row.name },
  { header: 'from (utc)', value: (row) => moment(row.from) },
  { header: 'to (utc)', value: (row) => moment(row.to) },
  { header: 'was', value: (row) => describeOwners(row.before) },
  { header: 'would be', value: (row) => describeOwners(row.after) },
];

/** `acme`, or with shares `acme 2/3, beta 1/3`. */
function describeOwners(owners: readonly { readonly slug: string; readonly weight: number }[]): string {
  if (owners.length === 0) return 'no owner';
  if (owners.length === 1) return owners[0]?.slug ?? '';
  const total = owners.reduce((sum, owner) => sum + owner.weight, 0);
  return owners.map(({ slug, weight }) => `${slug} ${weight}/${total}`).join(', ');
}
