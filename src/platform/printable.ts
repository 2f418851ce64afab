// Names come from the provider, from files and from requests. What of them nobody sees, or what steers a terminal, must
// not reach one: it could move the cursor, turn what follows around, or make two names look alike.

/** Controls (C0, DEL, C1), ends of lines, bidirectional and other marks, and whatever else has no width of its own. */
const unseen =
  /[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]--[\p{Variation_Selector}\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}]]/gv;

/** Between parts of one picture, and behind a letter of a script that joins, a joiner is spelling. */
const joined =
  /(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d(?=\p{Extended_Pictographic})|(?<=[\p{scx=Arab}\p{scx=Syrc}\p{scx=Deva}\p{scx=Beng}\p{scx=Guru}\p{scx=Gujr}\p{scx=Orya}\p{scx=Taml}\p{scx=Telu}\p{scx=Knda}\p{scx=Mlym}\p{scx=Sinh}])[\u200c\u200d](?=\p{L})/gv;

const replacement = '\ufffd';

/** A text on one line: each character that nobody would see is shown as a replacement character. */
export function printable(text: string): string {
  return shown(text, '');
}

/** The same of several lines: their ends and tabs stay. */
export function printableLines(text: string): string {
  return shown(text, '\n\t');
}

function shown(text: string, kept: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  const joiners = new Set([...text.matchAll(joined)].map(({ index }) => index));
  return text.replace(unseen, (found, at: number) => (kept.includes(found) || joiners.has(at) ? found : replacement));
}

/** JSON whose texts are exact and whose bytes a terminal can show: such characters stand as escapes, `\u202e`. */
export function printableJson(json: string): string {
  // Between its tokens JSON has blanks and ends of lines only, within its texts no control character at all.
  return json.replace(unseen, (found) =>
    found === '\n' || found === '\t'
      ? found
      : found.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
}
