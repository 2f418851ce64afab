import { exportRules, listRuleSuggestions, listRules } from '../../deployments/operations/rules.ts';
import { addRule, applyRules, previewRules, removeRule } from '../../flows/operations/rules.ts';
import { type Column, count, moment, plural, table } from '../engine/output.ts';
import { changesText, isToBeAsked, moneyText, movedCountText, ownersText } from './moved-text.ts';
import {
  type AnswerOf,
  actionView,
  documentView,
  listView,
  type Noun,
  type Question,
  type RowOf,
  type ViewTools,
} from '../engine/views.ts';

type Rule = RowOf<typeof listRules>;
type Suggestion = RowOf<typeof listRuleSuggestions>;
type Preview = AnswerOf<typeof previewRules>;
type Counts = AnswerOf<typeof applyRules>;

const rulesFile = `A rules file holds all of your rules, in YAML or JSON:
  rules:
    - { project: 4de7ac8b-495b-4884-9a69-1050c6793cd6, deployment: acme }
    - { tag: acme, deployment: acme, from: 2026-05-01 }
    - { name: 'acme-*', deployment: acme, kinds: [droplet, snapshot] }
    - { name: 'shared-*', shares: { acme: 2, beta: 1 } }`;

const ruleColumns: readonly Column<Rule>[] = [
  { header: 'rule', value: (row) => String(row.ruleId), align: 'right' },
  { header: 'kind', value: (row) => row.kind },
  {
    header: 'matches',
    value: (row) => (row.project === null ? row.pattern : `${row.projectName ?? 'project'} (${row.project})`),
  },
  { header: 'only', value: (row) => row.resourceKinds?.join(', ') ?? null },
  { header: 'owner', value: (row) => (row.owners === null ? null : ownersText(row.owners)) },
  { header: 'from (utc)', value: (row) => moment(row.from) },
  { header: 'to (utc)', value: (row) => moment(row.to) },
];

/** Suggestions as a rules file: what names a deployment that is still to be created stands in it as a remark. */
function suggestionsText({ items }: { readonly items: readonly Suggestion[] }): string {
  const lines = items.flatMap(({ rule, reason, deploymentExists, resources }) => {
    const rests = deploymentExists ? '' : `create deployment ${rule.deployment} first; `;
    const why = `  # ${plural(resources, 'resource')}: ${rests}${reason}`;
    return [why, `  ${deploymentExists ? '' : '# '}- ${flowText(rule)}`];
  });
  return [items.some(({ deploymentExists }) => deploymentExists) ? 'rules:' : 'rules: []', ...lines].join('\n');
}

/** As it can stand in a rules file. */
function flowText(rule: Suggestion['rule']): string {
  return `{ ${Object.entries(rule)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
    .join(', ')} }`;
}

function countsText({ added, changed, ended, unchanged }: Counts): string {
  return `${plural(added, 'rule')} added, ${count(changed)} changed, ${count(ended)} ended, ${count(unchanged)} unchanged.`;
}

function previewText({ rules, ending, ...moved }: Preview): string {
  return [
    `${countsText(rules)} ${movedCountText(moved)}`,
    ...(ending.length === 0 ? [] : [`Ending:\n${table(ending, ruleColumns)}`]),
    ...changesText(moved),
    ...moneyText(moved.money),
  ].join('\n\n');
}

/** Whether a rule ends, or more changes than what is to come. */
function needsConsent(preview: Preview): boolean {
  return preview.rules.ended > 0 || (preview.resources > 0 && isToBeAsked(preview));
}

/** Shows what one rule would change, and asks where it is more than what is to come. */
async function askAboutRule(
  operation: typeof addRule | typeof removeRule,
  question: string,
  { surface, input, note }: ViewTools & { note(text: string): void },
): Promise<Question | null> {
  const asked = { ...input, query: { ...input.query, preview: true } };
  const { preview } = (await surface.act(operation, asked)) as AnswerOf<typeof addRule>;
  if (preview === null) return null;
  const shown = { ...preview, changes: preview.changes.slice(0, changesShown) };
  note(`${previewText(shown)}\n`);
  return { question: needsConsent(preview) ? question : null, seen: { expect: preview.digest } };
}

const changesShown = 20;

function unassignedText(unassigned: number): string {
  return plural(unassigned, 'resource is unassigned', 'resources are unassigned');
}

export const ruleNoun: Noun = {
  name: 'rule',
  summary: 'which resources belong to whom',
  description: 'Dated rules that say which resources belong to whom, tried in order.',
  views: [
    listView(listRules, {
      example: `
$ arcadia rule list
RULE  KIND         MATCHES  ONLY  OWNER  FROM (UTC)            TO (UTC)
   1  manual       -        -     -      -                     -
 101  name         acme-*   -     acme   2026-05-01 00:00:00Z  -
   3  inheritance  -        -     -      -                     -`,
      columns: ruleColumns,
      empty: 'There are no rules.',
    }),
    actionView(previewRules, {
      summary: 'what a rules file would change: which rules end, who owns what, and what months come to',
      details: `Writes nothing. ${rulesFile}`,
      example: `
$ arcadia rule preview rules.yaml
1 rule added, 0 changed, 0 ended, 0 unchanged. 1 resource would change owner.

ID  KIND     NAME      FROM (UTC)            TO (UTC)  BEFORE      AFTER
17  droplet  acme-web  2026-05-01 00:00:00Z  -         unassigned  acme

Months: 2026-05. Amounts, excluding tax:
MONTH    CUSTOMER  INVOICE  BEFORE  AFTER  DIFFERENCE  CURRENCY  CORRECTION
2026-05  c-17      draft     50.00  79.76       29.76  USD                -`,
      text: previewText,
      differs: ({ rules }) => rules.added + rules.changed + rules.ended > 0,
    }),
    actionView(applyRules, {
      summary: 'apply a rules file, all or nothing',
      details: `A rule that the file leaves out ends now, unless --keep-others is given. Applying the same again changes
nothing, and so does what rule export or rule list --all --json prints. What would change is shown first, with the months
and amounts that it touches; where a rule ends, a deployment loses something or a month is touched that is over, it asks,
and --yes answers.\n\n${rulesFile}`,
      agreed: { endRules: true },
      example: `
$ arcadia rule apply rules.yaml
1 rule added, 0 changed, 0 ended, 0 unchanged. 1 resource would change owner.

ID  KIND     NAME      FROM (UTC)            TO (UTC)  BEFORE      AFTER
17  droplet  acme-web  2026-05-01 00:00:00Z  -         unassigned  acme

Applied: 1 rule added, 0 changed, 0 ended, 0 unchanged.
Next: arcadia meter`,
      async confirm({ surface, input, note }) {
        const query = { ...input.query, changesMax: changesShown };
        const preview = (await surface.act(previewRules, { ...input, query })) as Preview;
        note(`${previewText(preview)}\n`);
        return { question: needsConsent(preview) ? 'Apply these rules?' : null, seen: { expect: preview.digest } };
      },
      text: (counts) => `Applied: ${countsText(counts)}`,
      notes: () => ['Next: arcadia meter'],
    }),
    actionView(addRule, {
      summary: 'add one rule, behind the others of its kind; all others stay',
      details: `What it would change is shown first, with the months and amounts that it touches; where a deployment
loses something or a month is touched that is over, it asks, and --yes answers. Give one of --name, --tag and
--project, and --deployment or --shares.`,
      example: `
$ arcadia rule add --name 'acme-*' --deployment acme --kind droplet --from 2026-05-01
1 rule added, 0 changed, 0 ended, 0 unchanged. 1 resource would change owner.

ID  KIND     NAME      FROM (UTC)            TO (UTC)  BEFORE      AFTER
17  droplet  acme-web  2026-05-01 00:00:00Z  -         unassigned  acme

Applied: 1 rule added, 0 changed, 0 ended, 0 unchanged.
Next: arcadia meter`,
      fixed: { preview: false },
      confirm: (tools) => askAboutRule(addRule, 'Add this rule?', tools),
      text: ({ rules }) => `Applied: ${countsText(rules)}`,
      notes: () => ['Next: arcadia meter'],
    }),
    actionView(removeRule, {
      summary: 'end a rule: from now on it says nothing',
      details: 'What it said before stays. What would change is shown first.',
      example: `
$ arcadia rule remove 101 --yes
Applied: 0 rules added, 0 changed, 1 ended, 0 unchanged.
Next: arcadia meter`,
      fixed: { preview: false },
      confirm: (tools) => askAboutRule(removeRule, 'End this rule?', tools),
      text: ({ rules }) => `Applied: ${countsText(rules)}`,
      notes: () => ['Next: arcadia meter'],
    }),
    documentView(exportRules, {
      summary: 'your rules as a rules file',
      details: 'With all that they said over time. Applied again, here or elsewhere, it changes nothing.',
      example: `
$ arcadia rule export --out rules.yaml
Written to rules.yaml.`,
    }),
    listView(listRuleSuggestions, {
      details: `Projects come first, then tags, then names. Each rule is checked: nothing that it matches belongs to another
deployment, project or tag. What is printed is a rules file; remarks say why, and what has to be created first.`,
      example: `
$ arcadia rule suggest
rules:
  # 3 resources: names are made like acme; of the 3 that match none belongs to another
  - { name: "acme-*", deployment: "acme" }
3 resources are unassigned. To add these rules: arcadia rule suggest > new.yaml, arcadia rule apply new.yaml --keep-others`,
      pageText: suggestionsText,
      empty: ({ unassigned }) =>
        unassigned === 0
          ? 'Nothing is unassigned.'
          : `${unassignedText(Number(unassigned))}, and nothing says whose they are.`,
      notes: ({ items, unassigned }) =>
        (items as unknown[]).length === 0
          ? []
          : [
              `${unassignedText(Number(unassigned))}. To add these rules: arcadia rule suggest > new.yaml, arcadia rule apply new.yaml --keep-others`,
            ],
    }),
  ],
};
