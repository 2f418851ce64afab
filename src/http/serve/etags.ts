import { createHash } from 'node:crypto';
import { ArcadiaError } from '../../platform/errors.ts';

/** The strong entity tag (RFC 9110, 8.8.3) of an answer: of its bytes. */
export function etagOf(body: string | Buffer): string {
  return `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;
}

const encodedEnd = '-gzip"';

/** The tag of the same answer compressed: other bytes have another strong tag. */
export function encodedTag(etag: string): string {
  return `${etag.slice(0, -1)}${encodedEnd}`;
}

/** Tags as of what is not compressed: it is the same answer. */
function listed(header: string): string[] {
  return header.split(',').map((each) => {
    const tag = each.trim();
    return tag.endsWith(encodedEnd) ? `${tag.slice(0, -encodedEnd.length)}"` : tag;
  });
}

/** Whether a caller who has one of these has what is there. */
export function matchesNone(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return true;
  const tags = listed(ifNoneMatch);
  return !tags.includes('*') && !tags.some((tag) => tag.replace(/^W\//, '') === etag);
}

/**
 * Lets a change pass whose maker has seen what is there. Errors: precondition_required without
 * If-Match, precondition_failed where it is another's.
 */
export function assertMatches(ifMatch: string | undefined, etag: string): void {
  if (ifMatch === undefined)
    throw new ArcadiaError('precondition_required', 'A change needs the If-Match of what it changes.');
  const tags = listed(ifMatch);
  if (!tags.includes('*') && !tags.includes(etag))
    throw new ArcadiaError('precondition_failed', 'It has changed since this If-Match was its ETag.');
}
