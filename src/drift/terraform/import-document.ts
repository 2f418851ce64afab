import type { DeclarationDocument } from '../declaration.ts';
import { refused } from './errors.ts';
import type { TerraformReading } from './read-terraform.ts';

interface ImportOptions {
  /** The declaration's name. */
  readonly declaration: string;
  readonly deployment?: string | undefined;
  readonly account?: string | undefined;
  /** Where what is not declared is a finding; nowhere unless given. */
  readonly covers?: string | undefined;
  /** The accounts that aliases of the provider stand for. */
  readonly providerAccounts?: Readonly<Record<string, string>>;
  /** Which state it is, where the file does not say so. */
  readonly lineage?: string | undefined;
}

/** What stands for the lineage of what does not say of which state it is. */
export function fileLineage(name: string): string {
  return `file:${name}`.slice(0, 200);
}

const sources = { state: 'terraform_state', 'state-json': 'terraform_show', plan: 'terraform_plan' } as const;

/** The declaration that a file makes. Errors: invalid_argument where an alias is named that the file does not have. */
export function importDocument(reading: TerraformReading, options: ImportOptions): DeclarationDocument {
  const { declaration, deployment, account, covers, providerAccounts = {}, lineage } = options;
  const aliases = new Set(reading.resources.flatMap(({ alias }) => alias ?? []));
  const unknown = Object.keys(providerAccounts).find((alias) => !aliases.has(alias));
  if (unknown !== undefined) {
    const there = aliases.size === 0 ? 'none' : [...aliases].sort().join(', ');
    throw refused(
      `No resource of the file has the provider alias ${unknown}; aliases there: ${there}.`,
      'Name an alias as the configuration does: eu of digitalocean.eu.',
    );
  }
  return {
    declaration,
    ...(deployment !== undefined && { deployment }),
    ...(account !== undefined && { account }),
    ...(covers !== undefined && { covers }),
    resources: reading.resources.map(({ alias, ...resource }) => {
      const of = alias === null ? undefined : providerAccounts[alias];
      return { ...resource, ...(of !== undefined && { account: of }) };
    }),
    origin: {
      source: sources[reading.form],
      lineage: lineage ?? reading.lineage,
      serial: reading.serial,
      digest: reading.digest,
    },
  };
}
