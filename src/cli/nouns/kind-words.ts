import { listKinds } from '../../metering/operations/kinds.ts';
import { noInput, type Surface } from '../engine/surface.ts';
import type { RowOf } from '../engine/views.ts';

/** A billing kind's name and unit for people, by its slug. */
export type KindWords = ReadonlyMap<string, { readonly title: string; readonly unit: string }>;

/** More kinds than there are anywhere. */
const kindsMax = 1000;

/** What billing kinds are called on a day, `2026-05-01`. */
export async function kindWords(surface: Surface, on: string): Promise<KindWords> {
  const { items } = await surface.page(listKinds, { ...noInput, query: { at: on, limit: kindsMax } });
  return new Map((items as RowOf<typeof listKinds>[]).map(({ kind, title, unit }) => [kind, { title, unit }]));
}
