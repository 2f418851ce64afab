import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';

// The provider's own description of its API: reference data that lives beside the repository, not in it.

const file = new URL('../../../shared/data/digitalocean-openapi.yaml', import.meta.url);

/** The description; null, and said loudly, where it is not there. */
export function readDescription(): unknown {
  if (existsSync(file)) return parse(readFileSync(file, 'utf8'), { maxAliasCount: -1 });
  console.warn(
    "SKIPPED: the provider's API description is not beside the repository; nothing is held against it here.",
  );
  return null;
}

/** The path, as the description writes it, that a request's path is: one spelled out before one with a place for an id. */
export function describedPath(paths: Readonly<Record<string, unknown>>, pathname: string): string | undefined {
  return Object.keys(paths)
    .filter((template) => new RegExp(`^${template.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`).test(pathname))
    .toSorted((a, b) => a.split('{').length - b.split('{').length)[0];
}
