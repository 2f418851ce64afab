import { useSearch } from '@tanstack/react-router';

export interface CustomerSearch {
  readonly m?: string;
  readonly q?: string;
  readonly kind?: string;
  readonly meter?: string;
  readonly deployment?: string;
  readonly cursor?: string;
  readonly by?: 'kind' | 'deployment';
}

const one = (value: unknown): string | undefined => {
  const [first] = [value].flat();
  return typeof first === 'string' && first !== '' ? first : undefined;
};

/** What the address says, whichever of the four pages it is of. */
export function useCustomerSearch(): CustomerSearch {
  const search: Readonly<Record<string, unknown>> = useSearch({ strict: false });
  const found = Object.fromEntries(
    (['m', 'q', 'kind', 'meter', 'deployment', 'cursor', 'by'] as const).flatMap((name) => {
      const value = one(search[name]);
      return value === undefined ? [] : [[name, value] as const];
    }),
  ) as Record<string, string>;
  const { by, ...rest } = found;
  return { ...rest, ...(by === 'kind' || by === 'deployment' ? { by } : {}) };
}
