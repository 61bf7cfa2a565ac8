import { createPublicKey } from 'node:crypto';

/** Of a SubjectPublicKeyInfo of Ed25519, behind its algorithm (RFC 8410 §4): the key itself. */
const ED25519_OCTETS = 32;

/** Longest record that is read: one of 4,096 bits has 740 characters. */
const RECORD_CHARACTERS = 2_048;

/** The TXT record of a key: RFC 6376 §3.6.1, RFC 8463 §4. @param subjectPublicKeyInfo in DER */
export function formatDkimRecord(subjectPublicKeyInfo: Buffer): string {
  const { asymmetricKeyType } = createPublicKey({ key: subjectPublicKeyInfo, format: 'der', type: 'spki' });
  const isRsa = asymmetricKeyType === 'rsa';
  const key = isRsa ? subjectPublicKeyInfo : subjectPublicKeyInfo.subarray(-ED25519_OCTETS);
  return `v=DKIM1; k=${isRsa ? 'rsa' : 'ed25519'}; p=${key.toString('base64')}`;
}

/** Whether verifiers that find this record can check what the key has signed. */
export function isDkimRecordOf(record: string, subjectPublicKeyInfo: Buffer): boolean {
  return isSameDkimRecord(record, formatDkimRecord(subjectPublicKeyInfo));
}

/** Whether a record is as good as ours: it has the same key, and allows it to do what we do with it. */
export function isSameDkimRecord(record: string, ours: string): boolean {
  if (record.length > RECORD_CHARACTERS) return false;
  const own = tagsOf(ours);
  const tags = tagsOf(record);
  const allows = (name: string, value: string) =>
    (tags.get(name) ?? '*').split(':').some((each) => each === '*' || each === value);
  return (
    (tags.get('v') ?? 'DKIM1') === 'DKIM1' &&
    (tags.get('k') ?? 'rsa') === own.get('k') &&
    tags.get('p') === own.get('p') &&
    allows('h', 'sha256') &&
    allows('s', 'email')
  );
}

/** RFC 6376 §3.2; of a value without its spaces. */
function tagsOf(record: string): ReadonlyMap<string, string> {
  const parts = record.split(';').map((part) => part.replaceAll(/[ \t\r\n]/g, ''));
  return new Map(
    parts
      .filter((part) => part.includes('='))
      .map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]),
  );
}
