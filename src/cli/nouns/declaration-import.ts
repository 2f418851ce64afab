import {
  fileLineage,
  importDocument,
  readTerraform,
  type TerraformNote,
  type TerraformReading,
} from '../../drift/index.ts';
import { applyDeclaration } from '../../drift/operations/declarations.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { basename } from 'node:path';
import { readBytes } from '../engine/input.ts';
import { plural } from '../engine/output.ts';
import { actionView, type AnswerOf, type OwnArguments, type OwnInput } from '../engine/views.ts';

// A state or a plan is read here, in the command, and what is sent is the declaration that it makes: a secret of a state
// stays on the machine that has it.

/** What to compare with, where drift is to be found that a refresh has already written into the state. */
const recommended =
  'tofu plan -refresh=false -out p && tofu show -json p | arcadia declaration import NAME --from - --deployment SLUG';

export const providerAccountOption = {
  flags: '--provider-account <alias=account>',
  description: 'the account that an alias of the provider stands for',
  isList: true,
} as const;

const own: OwnArguments = {
  positional: [{ name: 'declaration', description: "the declaration's name" }],
  options: [
    { flags: '--from <file>', description: 'a state, or what show -json says; - is standard input', isRequired: true },
    { flags: '--deployment <slug>', description: 'the deployment that it is about' },
    { flags: '--account <slug>', description: 'the account that it is about, where it is about no deployment' },
    {
      flags: '--covers <covers>',
      description: 'where what is not declared is a finding: deployment, project:<id> or nothing; nothing unless given',
    },
    providerAccountOption,
    { flags: '--lineage <text>', description: 'which state it is, where the file does not say so' },
    { flags: '--force', description: 'also where it drops more than half, or is of an older state' },
    { flags: '--dry-run', description: 'write nothing, and say what would change and be found' },
  ],
  read: readImport,
};

async function readImport({ positional, options }: OwnInput, note: (text: string) => void) {
  const [declaration = ''] = positional;
  const body = await readDocument(declaration, options, note);
  const query = { dryRun: options['dryRun'] === true, force: options['force'] === true };
  return { params: {}, query, body };
}

/** The declaration that a file makes, by the options of a command that reads one. Notes what it says of the file. */
export async function readDocument(
  declaration: string,
  options: OwnInput['options'],
  note: (text: string) => void,
): Promise<ReturnType<typeof importDocument>> {
  const text = (name: string) => options[name] as string | undefined;
  const from = text('from') ?? '';
  const reading = readTerraform(await readBytes(from));
  for (const line of readingNotes(reading)) note(line);
  return importDocument(reading, {
    declaration,
    deployment: text('deployment'),
    account: text('account'),
    covers: text('covers'),
    providerAccounts: providerAccounts(options['providerAccount'] as readonly string[] | undefined),
    // Only a state says which one it is: what is shown goes by its file, which makes it no other state.
    lineage: text('lineage') ?? (reading.form === 'state' || from === '-' ? undefined : fileLineage(basename(from))),
  });
}

function providerAccounts(given: readonly string[] = []): Record<string, string> {
  const pairs = given.map((pair): [string, string] => {
    // An alias may have a key with = in it, an account has none.
    const at = pair.lastIndexOf('=');
    if (at > 0 && at < pair.length - 1) return [pair.slice(0, at), pair.slice(at + 1)];
    throw new ArcadiaError('invalid_argument', `--provider-account "${pair}" is not alias=account.`);
  });
  const twice = pairs.find(([alias], index) => pairs.slice(0, index).some(([other]) => other === alias));
  if (twice !== undefined) throw new ArcadiaError('invalid_argument', `--provider-account gives ${twice[0]} twice.`);
  return Object.fromEntries(pairs);
}

/** What is said of a file before anything is done with it: how much of it is compared, and why not the rest. */
function readingNotes({ form, counts, skipped, notes }: TerraformReading): string[] {
  const named = skipped.filter(({ reason }) => reason !== 'data_source' && reason !== 'other_provider');
  return [
    ...(notes.some(({ code }) => code === 'empty')
      ? ['The file is empty: there is no state, and nothing is declared.']
      : []),
    countsText(counts),
    ...named.map(({ address, reason }) => `${address}: not compared, ${reasons[reason]}`),
    ...notes.flatMap(noteText),
    form === 'plan'
      ? 'A plan: what is declared is what it means there to be.'
      : `A state is only what Terraform last saw: what a refresh has written into it is no difference any more. To declare what is meant: ${recommended}`,
  ];
}

const reasons: Readonly<Record<TerraformReading['skipped'][number]['reason'], string>> = {
  kind_not_read: 'its kind is not read',
  data_source: 'it is a data source',
  other_provider: 'it is of another provider',
  before_0_12: 'it was written before Terraform 0.12 and is flat; an apply of a newer version writes it anew',
  without_attributes: 'it has no attributes',
  without_id: 'it does not say which resource it is',
  too_many_fields: 'its resource has too many fields',
  not_understood: 'it is no resource as a state has them',
};

/** `46 of 50 compared, 4 of kinds not read.` */
function countsText({ managed, compared, notRead, otherwiseSkipped, ...further }: TerraformReading['counts']): string {
  const parts = [
    `${compared} of ${managed} compared`,
    ...(notRead > 0 ? [`${notRead} of kinds not read`] : []),
    ...(otherwiseSkipped > 0 ? [`${otherwiseSkipped} skipped for other reasons`] : []),
  ];
  const beside = [
    ...(further.dataSources > 0 ? [plural(further.dataSources, 'data source')] : []),
    ...(further.otherProviders > 0 ? [`${further.otherProviders} of other providers`] : []),
    ...(further.deposed > 0 ? [`${further.deposed} deposed`] : []),
  ];
  return `${parts.join(', ')}.${beside.length === 0 ? '' : ` Besides: ${beside.join(', ')}.`}`;
}

function noteText(note: TerraformNote): string[] {
  switch (note.code) {
    case 'empty':
      return [];
    case 'tainted':
      return [`${note.address}: tainted, meant to be replaced; compared as it stands`];
    case 'deposed':
      return [
        `${note.address}: its deposed ${note.kind ?? 'object'}${note.id === null ? '' : ` ${note.id}`} (${note.key}) is meant to be destroyed, and is not declared`,
      ];
    case 'twice':
      return [`${note.address}: ${note.other} declares the same resource, and counts`];
    case 'contradicted':
      return [`${note.address}: ${note.other} sets ${note.field} otherwise, and counts`];
    case 'newer_schema':
      return [`${note.address}: a newer schema of ${note.type} than is known; what is known of it is read`];
    case 'attribute_not_understood':
      return [`${note.address}: ${note.attribute} is not understood, and not compared`];
    case 'sensitive':
      return [`${note.address}: ${note.attribute} is marked as sensitive, and not read`];
    case 'named_only':
      return [`${note.address}: certificates in ${note.attribute} are named, and not compared`];
    case 'by_name':
      return [`${note.address}: not created yet; it is looked for by its name`];
  }
}

type Applied = AnswerOf<typeof applyDeclaration>;

/** @param text what a person reads of what was applied, as of any declaration */
export const declarationImport = (text: (applied: Applied) => string) =>
  actionView(applyDeclaration, {
    name: 'declaration import',
    summary: 'declare what a Terraform or OpenTofu state or plan has',
    details: `Reads a state of version 4, or what show -json says of a state or of a plan, and applies the declaration that it
makes. Only attributes that are compared are read, here: no secret of a state leaves this machine.

A state is only what was last seen: a refresh writes drift into it. To declare what is meant, import a plan:
  ${recommended}

Another state (another lineage) is a declaration of its own: give it another name.`,
    example: `
$ arcadia declaration import acme-shop --from terraform.tfstate --deployment acme-shop --dry-run
46 of 50 compared, 4 of kinds not read.`,
    own,
    text,
  });
