import { describedPath, readDescription } from './description-file.ts';

// The provider's official API description, for tests: which requests it knows, and the answers
// that it gives as examples.

type Node = Record<string, unknown>;

export interface Operation {
  /** As the description writes it: `/v2/droplets/{droplet_id}`. */
  readonly path: string;
  readonly scopes: readonly string[];
  /** By name, the values that each query parameter may have; null: any. */
  readonly query: ReadonlyMap<string, readonly string[] | null>;
  /** Bodies of 200 answers: those that are written out, else one made of its properties' examples. */
  readonly examples: readonly unknown[];
}

export class ApiDescription {
  readonly #root: Node;

  constructor(root: Node) {
    this.#root = root;
  }

  /** What a GET of this path is; null where the description has none. */
  operation(pathname: string): Operation | null {
    const paths = this.#root.paths as Record<string, Node>;
    const path = describedPath(paths, pathname);
    const item = path === undefined ? undefined : paths[path];
    if (path === undefined || item?.get === undefined) return null;
    const get = item.get as Node;
    const parameters = [...((item.parameters as unknown[]) ?? []), ...((get.parameters as unknown[]) ?? [])]
      .map((parameter) => this.#resolve(parameter))
      .filter((parameter) => parameter.in === 'query');
    return {
      path,
      scopes: ((get.security as Record<string, string[]>[]) ?? []).flatMap((each) => Object.values(each).flat()),
      query: new Map(
        parameters.map(({ name, schema }) => {
          const { enum: values } = this.#resolve(schema);
          return [name as string, (values as string[] | undefined) ?? null];
        }),
      ),
      examples: this.#examples(get),
    };
  }

  #examples(get: Node): unknown[] {
    const answer = this.#resolve((get.responses as Node)['200']);
    const content = this.#resolve((answer.content as Node)['application/json']);
    if (content.example !== undefined) return [content.example];
    const written = Object.values((content.examples as Node | undefined) ?? {});
    if (written.length > 0) return written.map((example) => this.#resolve(example).value);
    return [this.#compose(content.schema, 0)];
  }

  /** An instance of a schema from its examples. */
  #compose(schema: unknown, depth: number): unknown {
    const node = this.#resolve(schema);
    if (node.example !== undefined) return node.example;
    if (depth > 12) return undefined;
    const all = node.allOf as unknown[] | undefined;
    const parts = (all ?? []).map((part) => this.#compose(part, depth + 1)).filter((part) => part !== undefined);
    if (parts.length > 0 && !parts.every((part) => typeof part === 'object')) return parts[0];
    const properties = Object.entries((node.properties as Node | undefined) ?? {}).map(
      ([name, property]): [string, unknown] => [name, this.#compose(property, depth + 1)],
    );
    if (parts.length > 0 || properties.length > 0) {
      return Object.assign({}, ...parts, Object.fromEntries(properties.filter(([, value]) => value !== undefined)));
    }
    if (node.type === 'array') {
      const item = this.#compose(node.items, depth + 1);
      return item === undefined ? [] : [item];
    }
    const [first] = (node.anyOf ?? node.oneOf ?? []) as unknown[];
    return first === undefined ? undefined : this.#compose(first, depth + 1);
  }

  #resolve(node: unknown): Node {
    let resolved = node as Node;
    while (typeof resolved?.$ref === 'string') {
      resolved = resolved.$ref
        .split('/')
        .slice(1)
        .reduce((at: Node, name) => at[name.replaceAll('~1', '/').replaceAll('~0', '~')] as Node, this.#root);
    }
    return resolved ?? {};
  }
}

/** null, with a warning, where the description is not at hand. */
export function readApiDescription(): ApiDescription | null {
  const description = readDescription();
  return description === null ? null : new ApiDescription(description as Node);
}
