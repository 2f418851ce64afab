/** `${name}`, and nothing else: what stands between is a name, never code. */
const reference = /\$\{([a-z][a-z0-9_]{0,62})\}/g;
/** Anything that looks like one in a blueprint, so that what is misspelt is refused. */
const referenceLike = /\$\{([^}]{0,100})\}?/g;

/** What a text refers to. */
export function namesIn(text: string): string[] {
  return [...text.matchAll(referenceLike)].map(([, name = '']) => name);
}

/** A text with its references replaced; what is not among the values stays, as a shell's variables in user data do. */
export function filled(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(reference, (whole, name: string) =>
    Object.hasOwn(values, name) ? (values[name] as string) : whole,
  );
}
