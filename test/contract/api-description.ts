import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import { describedPath, readDescription } from './description-file.ts';

/**
 * The provider's own description of its API as a referee: of the simulator's answers, and of the
 * requests of our client. It is reference data that lives beside the repository, not in it.
 */
export interface ApiDescription {
  /** What is wrong with an answer, one line each: JSON pointer and why. A property that is not described is wrong too. */
  answerProblems(method: string, url: string, status: number, body: unknown): string[];
  /** What is wrong with a request: an unknown path or method, a query parameter that is unknown or out of bounds. */
  requestProblems(method: string, url: string): string[];
  /** What is wrong with the body of a request. A property that is not described is wrong too. */
  bodyProblems(method: string, url: string, body: unknown): string[];
  /** The scopes of which a token needs one. */
  scopes(method: string, url: string): string[];
}

type Schema = { readonly [key: string]: unknown };
type Operation = {
  parameters?: Schema[];
  requestBody?: Schema;
  security?: Record<string, string[]>[];
  responses: Record<string, Schema>;
};
type Document = {
  paths: Record<string, Record<string, Operation>>;
  components: Record<string, Record<string, Schema>>;
};

type JsonContent = { 'application/json'?: { schema: Schema } };

const root = 'https://description.example/';

/** The description; null, and said loudly, where it is not there. */
export function openApiDescription(): ApiDescription | null {
  const description = readDescription();
  return description === null ? null : describe(toJsonSchema(description) as Document);
}

function describe(document: Document): ApiDescription {
  // `formats` is CommonJS: its default is the plugin itself, whatever the types say.
  const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false, logger: false });
  (formats as unknown as (ajv: Ajv) => void)(ajv);
  ajv.addFormat('cidr', /^[\d.]+\/\d+$/);
  ajv.addFormat('uint32', { type: 'number', validate: (n) => Number.isInteger(n) && n >= 0 });
  ajv.addSchema({ $id: root, components: document.components });
  const compiled = new Map<Schema, ValidateFunction>();
  const compile = (schema: Schema) => {
    const validate = compiled.get(schema) ?? ajv.compile(schema);
    compiled.set(schema, validate);
    return validate;
  };
  const resolve = (schema: Schema): Schema => {
    const { $ref } = schema;
    if (typeof $ref !== 'string') return schema;
    const names = $ref
      .slice($ref.indexOf('#/') + 2)
      .split('/')
      .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
    return resolve(names.reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], document) as Schema);
  };
  const operationOf = (method: string, url: string): Operation | undefined => {
    const path = new URL(url, root).pathname;
    const best = describedPath(document.paths, path);
    return best === undefined ? undefined : document.paths[best]?.[method.toLowerCase()];
  };
  const problemsOf = (schema: Schema, body: unknown): string[] => {
    const validate = compile(schema);
    validate(body);
    const wrong = (validate.errors ?? []).map(
      (error) => `${error.instancePath} ${error.message} (${JSON.stringify(error.params)})`,
    );
    return [...new Set([...wrong, ...undescribed([schema], body, '', resolve)])];
  };

  return {
    answerProblems(method, url, status, body) {
      const operation = operationOf(method, url);
      if (operation === undefined) return [`${method} ${url} is not in the description`];
      const response = operation.responses[status] ?? operation.responses['default'];
      if (response === undefined) return [`${status} is not described`];
      const content = resolve(response)['content'] as JsonContent | undefined;
      const schema = content?.['application/json']?.schema;
      if (schema === undefined) return body === undefined ? [] : [`no JSON is described for ${status}`];
      return problemsOf(schema, body);
    },

    bodyProblems(method, url, body) {
      const operation = operationOf(method, url);
      if (operation === undefined) return [`${method} ${url} is not in the description`];
      const content = resolve(operation.requestBody ?? {})['content'] as JsonContent | undefined;
      const schema = content?.['application/json']?.schema;
      if (schema === undefined) return body === undefined ? [] : ['no body is described'];
      return problemsOf(schema, body);
    },

    scopes(method, url) {
      return (operationOf(method, url)?.security ?? []).flatMap((each) => Object.values(each).flat());
    },

    requestProblems(method, url) {
      const operation = operationOf(method, url);
      if (operation === undefined) return [`${method} ${url} is not in the description`];
      const parameters = (operation.parameters ?? []).map(resolve).filter((parameter) => parameter['in'] === 'query');
      return [...new URL(url, root).searchParams].flatMap(([name, text]) => {
        const schema = parameters.find((parameter) => parameter['name'] === name)?.['schema'] as Schema | undefined;
        if (schema === undefined) return [`the query parameter ${name} is not described`];
        const { type } = resolve(schema);
        const value =
          type === 'integer' || type === 'number' ? Number(text) : type === 'boolean' ? text === 'true' : text;
        const validate = compile(schema);
        return validate(value) ? [] : [`the query parameter ${name}=${text}: ${ajv.errorsText(validate.errors)}`];
      });
    },
  };
}

/** OpenAPI 3.0's `nullable` and references that keep their document, as JSON Schema has them. */
function toJsonSchema(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(toJsonSchema);
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).filter(([key]) => key !== 'nullable' && key !== 'example' && key !== 'examples');
  const schema = Object.fromEntries(
    entries.map(([key, value]) =>
      key === '$ref' && typeof value === 'string' && value.startsWith('#/')
        ? [key, root + value]
        : [key, toJsonSchema(value)],
    ),
  );
  return (node as { nullable?: unknown }).nullable === true ? { anyOf: [{ type: 'null' }, schema] } : schema;
}

/** Properties that no schema knows: where most are optional, a misspelt one would pass. */
function undescribed(
  schemas: readonly Schema[],
  value: unknown,
  at: string,
  resolve: (schema: Schema) => Schema,
): string[] {
  const all = schemas.flatMap(function parts(schema: Schema): Schema[] {
    const known = resolve(schema);
    const composed = ['allOf', 'anyOf', 'oneOf'].flatMap((key) => (known[key] as Schema[] | undefined) ?? []);
    return [known, ...composed.flatMap(parts)];
  });
  if (Array.isArray(value)) {
    const items = all.flatMap(({ items: item }) => (item === undefined ? [] : [item as Schema]));
    return value.flatMap((item, i) => undescribed(items, item, `${at}/${i}`, resolve));
  }
  if (typeof value !== 'object' || value === null) return [];
  if (!all.some((schema) => 'properties' in schema || 'additionalProperties' in schema)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const properties = all.flatMap(({ properties: named }): Schema[] => {
      const schema = (named as Record<string, Schema> | undefined)?.[key];
      return schema === undefined ? [] : [schema];
    });
    const others = all.flatMap(({ additionalProperties: other }) =>
      typeof other === 'object' && other !== null ? [other as Schema] : [],
    );
    const inside = properties.length > 0 ? properties : others;
    return inside.length === 0
      ? [`${at}/${key} is not described`]
      : undescribed(inside, inner, `${at}/${key}`, resolve);
  });
}
