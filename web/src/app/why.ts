import { useSearch } from '@tanstack/react-router';

/** The proof that is open, as the address names it; null: none. */
export function useWhy(): string | null {
  return useSearch({ strict: false, select: ({ why }: { why?: string }) => why ?? null });
}
