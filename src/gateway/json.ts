import { ArcadiaError } from '../platform/errors.ts';

// JSON as it was written: a number stays its text, because JavaScript's numbers lose digits, and every value knows where it
// stood. JSON.parse does neither.

export type JsonValue =
  | JsonObject
  | { readonly kind: 'array'; readonly items: readonly JsonValue[]; readonly from: number; readonly to: number }
  | { readonly kind: 'string'; readonly text: string; readonly from: number; readonly to: number }
  | { readonly kind: 'number'; readonly text: string; readonly from: number; readonly to: number }
  | { readonly kind: 'literal'; readonly text: 'true' | 'false' | 'null'; readonly from: number; readonly to: number };

export interface JsonObject {
  readonly kind: 'object';
  readonly names: Names;
  /** In the order of the names. */
  readonly values: readonly JsonValue[];
  readonly from: number;
  readonly to: number;
}

interface Name {
  readonly name: string;
  /** As JSON writes it. */
  readonly written: string;
  readonly isStorable: boolean;
  readonly place: number;
}

/** The names of an object, or of many that have the same in the same order: what comes together is mostly alike. */
class Names {
  readonly all: readonly Name[];
  #places: ReadonlyMap<string, number> | null = null;
  #inOrder: readonly Name[] | null = null;

  constructor(names: readonly string[]) {
    this.all = names.map((name, place) => ({
      name,
      written: JSON.stringify(name),
      isStorable: isStorable(name),
      place,
    }));
  }

  placeOf(name: string): number {
    this.#places ??= new Map(this.all.map(({ name: one, place }) => [one, place]));
    return this.#places.get(name) ?? -1;
  }

  /** By their code units. */
  inOrder(): readonly Name[] {
    this.#inOrder ??= [...this.all].sort((a, b) => (a.name < b.name ? -1 : 1));
    return this.#inOrder;
  }
}

/** Beyond it nothing is read any more. What a value may have is for who asks to say. */
const depthMax = 200;

const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const literals = /true|false|null/y;

// Signs are compared by their codes: patterns at every one of them took most of the time.
const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;

// What is kept holds on to the text that it was read from.
const keptDepths = 4;
const keptNamesMax = 100;
const shapesMax = 100;

/** The names of the text before, by depth: what comes piece by piece has the same again and again. What is read does not depend on it. */
export class LastNames {
  #byDepth: readonly (Names | undefined)[] = [];

  /** For one text to begin with, and to add its own to. */
  copy(): (Names | undefined)[] {
    return [...this.#byDepth];
  }

  keep(byDepth: readonly (Names | undefined)[]): void {
    const isKept = (names: Names | undefined) => names !== undefined && names.all.length <= keptNamesMax;
    this.#byDepth = byDepth.slice(0, keptDepths).map((names) => (isKept(names) ? names : undefined));
  }
}

/**
 * Reads a text that is one JSON value.
 * Errors: invalid_argument, with where it stops being one; for a name that stands twice in one object too, because which
 * of the two is meant is anybody's guess.
 * @param last shared by texts that are alike
 */
export function parseJson(text: string, last = new LastNames()): JsonValue {
  const known = last.copy();
  const reader = new Reader(text, known);
  const value = reader.value(0);
  reader.end();
  last.keep(known);
  return value;
}

class Reader {
  readonly #text: string;
  /** The names of the last object of each depth. */
  readonly #known: (Names | undefined)[];
  readonly #shapes = new Map<string, Names>();
  #at = 0;

  constructor(text: string, known: (Names | undefined)[]) {
    this.#text = text;
    this.#known = known;
  }

  value(depth: number): JsonValue {
    if (depth > depthMax) throw this.#wrong(`lies more than ${depthMax} levels deep`);
    const first = this.#next();
    const from = this.#at;
    if (first === 0x7b) return this.#object(from, depth);
    if (first === 0x5b) return this.#array(from, depth);
    if (first === quote) return { kind: 'string', text: this.#string(), from, to: this.#at };
    const number = this.#take(numberPattern);
    if (number !== null) return { kind: 'number', text: number, from, to: this.#at };
    const literal = this.#take(literals);
    if (literal === null) throw this.#wrong('is no value of JSON');
    return { kind: 'literal', text: literal as 'true' | 'false' | 'null', from, to: this.#at };
  }

  end(): void {
    this.#next();
    if (this.#at < this.#text.length) throw this.#wrong('follows the end of the value');
  }

  #object(from: number, depth: number): JsonValue {
    const values: JsonValue[] = [];
    const known = this.#known[depth];
    // null: its names are the known ones so far, which are compared and not read again.
    let own: Set<string> | null = null;
    this.#at += 1;
    if (!this.#closes(0x7d)) {
      do {
        this.#next();
        const expected = own === null ? known?.all[values.length] : undefined;
        if (expected !== undefined && this.#text.startsWith(expected.written, this.#at))
          this.#at += expected.written.length;
        else {
          own ??= new Set(namesOf(known, values.length));
          const name = this.#string();
          if (own.has(name)) throw this.#wrong(`follows the name ${JSON.stringify(name)}, which is there already`);
          own.add(name);
        }
        this.#expect(colon);
        values.push(this.value(depth + 1));
      } while (this.#goesOn(0x7d));
    }
    const isKnown = own === null && known?.all.length === values.length;
    const names = isKnown ? known : this.#namesFor([...(own ?? namesOf(known, values.length))]);
    this.#known[depth] = names;
    return { kind: 'object', names, values, from, to: this.#at };
  }

  /** Those that an object of this text had already, where one had them: two sorts of objects may take turns. */
  #namesFor(names: readonly string[]): Names {
    const key = names.join('\0');
    const found = this.#shapes.get(key);
    // Of names that hold a NUL themselves there are fewer than they look like.
    if (found?.all.length === names.length) return found;
    const made = new Names(names);
    if (this.#shapes.size < shapesMax && !names.some((name) => name.includes('\0'))) this.#shapes.set(key, made);
    return made;
  }

  #array(from: number, depth: number): JsonValue {
    const items: JsonValue[] = [];
    this.#at += 1;
    if (!this.#closes(0x5d)) {
      do items.push(this.value(depth + 1));
      while (this.#goesOn(0x5d));
    }
    return { kind: 'array', items, from, to: this.#at };
  }

  #string(): string {
    const from = this.#at;
    const end = this.#endOfPlain(from);
    if (end !== null) {
      this.#at = end + 1;
      return this.#text.slice(from + 1, end);
    }
    // A pattern for these would need as much stack as the text has escapes.
    let to = from + 1;
    while (to < this.#text.length && this.#text[to] !== '"') to += this.#text[to] === '\\' ? 2 : 1;
    try {
      const text = JSON.parse(this.#text.slice(from, to + 1)) as unknown;
      if (typeof text !== 'string') throw new TypeError('no text');
      this.#at = to + 1;
      return text;
    } catch {
      throw this.#wrong('is no text of JSON');
    }
  }

  /** Where the quote stands that ends a text without escapes; null: it is none. */
  #endOfPlain(from: number): number | null {
    if (this.#text.charCodeAt(from) !== quote) return null;
    for (let at = from + 1; at < this.#text.length; at += 1) {
      const code = this.#text.charCodeAt(at);
      if (code === quote) return at;
      if (code === backslash || code < 0x20) return null;
    }
    return null;
  }

  /** The sign that follows blanks. */
  #next(): number {
    for (; ; this.#at += 1) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return code;
    }
  }

  #closes(bracket: number): boolean {
    if (this.#next() !== bracket) return false;
    this.#at += 1;
    return true;
  }

  /** Whether a comma follows; the bracket ends it. */
  #goesOn(bracket: number): boolean {
    if (this.#closes(bracket)) return false;
    this.#expect(comma);
    return true;
  }

  #expect(sign: number): void {
    if (this.#next() !== sign) throw this.#wrong(`is not the ${String.fromCharCode(sign)} that must follow`);
    this.#at += 1;
  }

  #take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return null;
    this.#at = pattern.lastIndex;
    return found[0];
  }

  #wrong(what: string): ArcadiaError {
    return new ArcadiaError('invalid_argument', `The body is no JSON: what stands at character ${this.#at} ${what}.`);
  }
}

function namesOf(names: Names | undefined, count: number): string[] {
  return names?.all.slice(0, count).map(({ name }) => name) ?? [];
}

/** The member of a name; undefined: there is none. */
export function memberOf({ names, values }: JsonObject, name: string): JsonValue | undefined {
  return values[names.placeOf(name)];
}

/** An object without the members of some names. */
export function withoutMembers({ names, values }: JsonObject, left: ReadonlySet<string>): JsonObject {
  const kept = names.all.filter(({ name }) => !left.has(name));
  return jsonObject(new Map(kept.map(({ name, place }) => [name, values[place] as JsonValue])));
}

/** The same value in one form: names in the order of their code units, numbers as they were written. */
export function canonicalJson(value: JsonValue): string {
  switch (value.kind) {
    case 'object': {
      let text = '';
      for (const { written, place } of value.names.inOrder())
        text += `${text === '' ? '{' : ','}${written}:${canonicalJson(value.values[place] as JsonValue)}`;
      return text === '' ? '{}' : `${text}}`;
    }
    case 'array':
      return `[${value.items.map(canonicalJson).join(',')}]`;
    case 'string':
      return isPlain(value) ? `"${value.text}"` : JSON.stringify(value.text);
    default:
      return value.text;
  }
}

/** Whether a text was written without escapes: it then holds no control signs, no quotes and no half of a pair. */
function isPlain({ text, from, to }: JsonValue & { readonly kind: 'string' }): boolean {
  return to - from === text.length + 2;
}

/** A text that did not stand in any JSON. */
export function jsonText(text: string): JsonValue {
  return { kind: 'string', text, from: 0, to: 0 };
}

export function jsonObject(members: ReadonlyMap<string, JsonValue>): JsonObject {
  return { kind: 'object', names: new Names([...members.keys()]), values: [...members.values()], from: 0, to: 0 };
}

const digitsMax = 60;
const exponentMax = 60;
const depthOfValueMax = 20;

/**
 * Why PostgreSQL, or anybody who counts, could not keep a value as it is: `too_deep`, `bad_number` (more digits or a
 * greater exponent than any figure has), `bad_text` (a NUL, or half a pair of surrogates); null: nothing.
 */
export function faultOf(value: JsonValue, depth = 0): 'too_deep' | 'bad_number' | 'bad_text' | null {
  switch (value.kind) {
    case 'object':
      if (depth >= depthOfValueMax) return 'too_deep';
      for (const { isStorable: isNameStorable, place } of value.names.all) {
        const fault = isNameStorable ? faultOf(value.values[place] as JsonValue, depth + 1) : 'bad_text';
        if (fault !== null) return fault;
      }
      return null;
    case 'array':
      if (depth >= depthOfValueMax) return 'too_deep';
      for (const item of value.items) {
        const fault = faultOf(item, depth + 1);
        if (fault !== null) return fault;
      }
      return null;
    case 'string':
      return isPlain(value) || isStorable(value.text) ? null : 'bad_text';
    case 'number': {
      if (value.text.length <= digitsMax && !/[eE]/.test(value.text)) return null;
      const [digits = '', exponent = '0'] = value.text.toLowerCase().split('e');
      return digits.length > digitsMax ||
        !/^[+-]?\d{1,3}$/.test(exponent) ||
        Math.abs(parseInt(exponent, 10)) > exponentMax
        ? 'bad_number'
        : null;
    }
    default:
      return null;
  }
}

function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}
