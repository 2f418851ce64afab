import type { BillItem } from '../cloud/index.ts';
import { toStorableJson } from '../platform/storable-json.ts';

/** Lines of a page as the store reads them, each with its place in the page, from 1. */
export function storableLines(items: readonly BillItem[]): string {
  return toStorableJson(
    items.map((item, at) => ({
      ...item,
      ordinal: at + 1,
      startTime: item.startTime?.toString() ?? null,
      endTime: item.endTime?.toString() ?? null,
    })),
  );
}
