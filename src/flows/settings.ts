import { declareSettings, text } from '../platform/declare/settings.ts';

interface FlowsSettings {
  /** Where the end of the audit log is written down each day; null: nowhere. */
  readonly auditAnchor: string | null;
}

function isPlace(value: string): boolean {
  if (!/^[a-z][\w+.-]*:\/\//i.test(value)) return true;
  if (value.startsWith('s3://')) return /^s3:\/\/[^/]+\/.+$/.test(value);
  if (!URL.canParse(value)) return false;
  const { protocol, hostname } = new URL(value);
  return protocol === 'https:' || (protocol === 'http:' && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname));
}

export const flowsSettings = declareSettings<FlowsSettings>({
  auditAnchor: {
    env: 'ARCADIA_AUDIT_ANCHOR',
    purpose: 'where heads of the audit log are anchored, outside of the database',
    usually: 'nowhere',
    allowed: 'a folder, an https:// address (http:// only on this machine), or s3://bucket/folder',
    // An address may hold a password.
    secret: true,
    schema: text.refine(isPlace),
    fallback: () => null,
  },
});
