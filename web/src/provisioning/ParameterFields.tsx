import { Field } from '../ui/Sheet.tsx';
import sheet from '../ui/sheet.module.css';

interface Declared {
  readonly type: string;
  readonly default: string | null;
  /** The only values that it may have; null: any of its type. */
  readonly allow: readonly string[] | null;
  /** In words: `1 to 4`. */
  readonly range: string;
}

/** What a blueprint's document declares of its parameters, by name. */
export function parametersOf(document: Readonly<Record<string, unknown>>): readonly (readonly [string, Declared])[] {
  const declared = document.parameters;
  if (typeof declared !== 'object' || declared === null) return [];
  return Object.entries(declared).map(([name, one]) => {
    const { type, default: usual, allow = null, min, max } = one as OneDeclared;
    const range = allow === null ? rangeOf(min, max) : allow.join(', ');
    return [name, { type, default: usual === undefined ? null : String(usual), allow, range }] as const;
  });
}

interface OneDeclared {
  readonly type: string;
  readonly default?: string | number;
  readonly allow?: readonly string[];
  readonly min?: number;
  readonly max?: number;
}

function rangeOf(min: number | undefined, max: number | undefined): string {
  if (min !== undefined && max !== undefined) return `${min} to ${max}`;
  if (min !== undefined) return `${min} or more`;
  return max === undefined ? 'any' : `${max} or less`;
}

/** Those that were given; an empty one is not. */
export function givenOf(values: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));
}

/** Of an earlier proposal, without what is sealed: it has to be given anew. */
export function openOf(parameters: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(parameters).filter(([, value]) => !value.startsWith('hmac:')));
}

interface ParameterFieldsProps {
  readonly declared: readonly (readonly [string, Declared])[];
  readonly values: Readonly<Record<string, string>>;
  readonly onChange: (values: Readonly<Record<string, string>>) => void;
  /** What an empty one means: `unchanged`; null: its default. */
  readonly empty: string | null;
}

/** A field for each parameter, by its type. */
export function ParameterFields({ declared, values, onChange, empty }: ParameterFieldsProps) {
  return declared.map(([name, parameter]) => {
    const { type, allow } = parameter;
    const value = values[name] ?? '';
    const change = (next: string) => onChange({ ...values, [name]: next });
    const without = empty ?? (parameter.default === null ? null : `${parameter.default} unless given`);
    const label = `${name} (${type}${without === null ? '' : `, ${without}`})`;
    if (allow !== null)
      return (
        <label key={name} className={sheet.label}>
          {label}
          <select className={sheet.input} value={value} onChange={({ target }) => change(target.value)}>
            <option value="">{without ?? 'choose one'}</option>
            {allow.map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
        </label>
      );
    if (type === 'secret')
      return (
        <label key={name} className={sheet.label}>
          {label}
          <input
            className={sheet.input}
            type="password"
            autoComplete="new-password"
            value={value}
            onChange={({ target }) => change(target.value)}
          />
        </label>
      );
    return <Field key={name} label={label} value={value} onChange={change} />;
  });
}
