import { useSearch } from '@tanstack/react-router';

export interface CustomerSearch {
  readonly m?: string;
  readonly q?: string;
  readonly kind?: string;
  readonly deployment?: string;
  readonly cursor?: string;
}

const one = (value: unknown): string | undefined => {
  const [first] = [value].flat();
  return typeof first === 'string' && first !== '' ? first : undefined;
};

/** What the address says, whichever of the four pages it is of. */
export function useCustomerSearch(): CustomerSearch {
  const search: Readonly<Record<string, unknown>> = useSearch({ strict: false });
  return Object.fromEntries(
    (['m', 'q', 'kind', 'deployment', 'cursor'] as const).flatMap((name) => {
      const value = one(search[name]);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}
