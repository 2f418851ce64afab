import { type Ms, rfc3339 } from '../time.ts';
import { dollars } from './cost.ts';
import type { Invoice } from './documents.ts';
import { durationOf } from './views.ts';

const COLUMNS = 'product,group_description,description,hours,start,end,USD,project_name,category';

/** An invoice as the provider's CSV has it: every line, without ids, and no total. */
export function csvOf({ lines }: Invoice): string {
  const rows = lines.map((line) => {
    const { product, group, description, from, to, cents, project, category } = line;
    const amount = cents < 0 ? `-$${dollars(-cents)}` : `$${dollars(cents)}`;
    return [product, group, description, durationOf(line), timeText(from), timeText(to), amount, project, category];
  });
  return [COLUMNS, ...rows.map((row) => row.map(quoted).join(','))].map((row) => `${row}\n`).join('');
}

/** `2020-07-01 00:00:00 +0000` */
function timeText(at: Ms): string {
  return `${rfc3339(at).replace('T', ' ').replace('Z', '')} +0000`;
}

function quoted(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
