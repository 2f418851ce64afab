import { ArcadiaError } from '../../platform/errors.ts';

/**
 * Which of the media types that an operation answers with the caller wants most, by their Accept
 * (RFC 9110, 12.5.1); the first one where all are as good. Errors: not_acceptable.
 */
export function chooseType(accept: string | undefined, offered: readonly string[]): string {
  const [first] = offered;
  if (first === undefined) throw new RangeError('an operation answers with something');
  if (accept === undefined || accept.trim() === '') return first;
  const wanted = accept
    .slice(0, 1_000)
    .split(',')
    .map((part) => {
      const [range = '', ...parameters] = part.split(';').map((each) => each.trim().toLowerCase());
      const quality = parameters.find((each) => each.startsWith('q='))?.slice(2);
      return { range, quality: quality === undefined ? 1 : Number(quality) };
    });
  let best: { type: string; quality: number } | null = null;
  for (const type of offered) {
    const quality = qualityOf(wanted, type.split(';', 1)[0] ?? type);
    if (quality > 0 && (best === null || quality > best.quality)) best = { type, quality };
  }
  if (best === null) throw new ArcadiaError('not_acceptable', `This operation answers with ${offered.join(' or ')}.`);
  return best.type;
}

/** The most specific range that matches decides. */
function qualityOf(wanted: readonly { range: string; quality: number }[], type: string): number {
  const [main] = type.split('/');
  for (const range of [type, `${main}/*`, '*/*']) {
    const match = wanted.find((each) => each.range === range);
    if (match !== undefined) return Number.isNaN(match.quality) ? 0 : match.quality;
  }
  return 0;
}

/** Whether who sent this Accept-Encoding takes an answer in that coding (RFC 9110, 12.5.3). */
export function acceptsEncoding(header: string, encoding: string): boolean {
  return header.split(',').some((each) => {
    const [name = '', ...parameters] = each.split(';').map((part) => part.trim());
    return name === encoding && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}
