import type { Blueprint, Parameter } from './blueprint.ts';

/** The values of a blueprint's parameters. */
interface ParameterValues {
  /** Of those that are no secrets, by name. */
  readonly open: Readonly<Record<string, string>>;
  readonly secret: Readonly<Record<string, string>>;
  /** What is wrong with what was given, in words. */
  readonly problems: readonly string[];
}

const domainForm = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;
const wordForm = /^[a-z0-9][a-z0-9-]{0,99}$/;
// oxlint-disable-next-line no-control-regex
const textForm = /^[^\x00-\x1f\x7f]{1,255}$/;
const secretLengthMax = 16_384;

/** What is given for the parameters of a blueprint, with the defaults of the others, checked by their types. */
export function readParameters(
  declared: Blueprint['parameters'],
  given: Readonly<Record<string, string>>,
): ParameterValues {
  const problems = Object.keys(given)
    .filter((name) => !Object.hasOwn(declared, name))
    .map((name) => `There is no parameter ${name}.`);
  const open: Record<string, string> = {};
  const secret: Record<string, string> = {};
  for (const [name, parameter] of Object.entries(declared)) {
    const value = given[name] ?? defaultOf(parameter);
    if (value === null) {
      problems.push(`Parameter ${name} is not given (${parameter.type}).`);
      continue;
    }
    const fault = faultOf(parameter, value);
    // A secret is not repeated where something is wrong with it.
    if (fault !== null)
      problems.push(
        parameter.type === 'secret' ? `Parameter ${name} ${fault}.` : `Parameter ${name}: "${value}" ${fault}.`,
      );
    else (parameter.type === 'secret' ? secret : open)[name] = value;
  }
  return { open, secret, problems };
}

function defaultOf(parameter: Parameter): string | null {
  return parameter.type === 'secret' || parameter.default === undefined ? null : String(parameter.default);
}

/** As the rest of a sentence; null: nothing is wrong. */
function faultOf(parameter: Parameter, value: string): string | null {
  switch (parameter.type) {
    case 'secret':
      return value === '' || value.length > secretLengthMax
        ? `must have 1 to ${secretLengthMax} characters`
        : value.includes('\u0000')
          ? 'holds a NUL'
          : null;
    case 'number': {
      if (!/^-?\d{1,15}$/.test(value)) return 'is no whole number';
      const { min = -Infinity, max = Infinity } = parameter;
      return Number(value) < min || Number(value) > max ? `is not from ${min} to ${max}` : null;
    }
    default: {
      const form = { size: wordForm, region: wordForm, domain: domainForm, text: textForm }[parameter.type];
      if (!form.test(value)) return `is no ${parameter.type}`;
      const { allow } = parameter;
      return allow !== undefined && !allow.includes(value) ? `is none of ${allow.join(', ')}` : null;
    }
  }
}
