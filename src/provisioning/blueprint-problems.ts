import type { Blueprint } from './blueprint.ts';

// What of a blueprint's file others than its reader know.

/** A blueprint of fifty groups with a hundred rules each has less. */
export const blueprintLengthMax = 131_072;
export interface NamedText {
  readonly name: string;
  readonly text: string;
}

/** What is wrong in a blueprint's file, and where. */
export interface BlueprintProblem {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** `droplets.web.size`; empty where the file is no YAML. */
  readonly path: string;
  readonly reason: string;
}

export interface ReadBlueprint {
  readonly blueprint: Blueprint;
  /** By the name under which the blueprint has it. */
  readonly userData: Readonly<Record<string, string>>;
}

/** `shop.yaml:12: droplets.web.size: is missing` */
export function formatProblem({ file, line, path, reason }: BlueprintProblem): string {
  return `${file}:${line}: ${path === '' ? '' : `${path}: `}${reason}`;
}
