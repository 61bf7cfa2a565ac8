import { isSameDkimRecord } from '@postel/message-auth';
import type { RecordState } from './check-records.ts';

/** What there is to say of records that were found. */
export interface Verdict {
  readonly state: RecordState;
  readonly note?: string;
}

const SEVERAL: Verdict = { state: 'different', note: 'there are several, of which others take any or none' };

export function judgeDkim([record = '', ...others]: readonly string[], value: string): Verdict {
  if (others.length > 0) return SEVERAL;
  return { state: isSameDkimRecord(record, value) ? 'right' : 'different' };
}

/** RFC 9989 §4.7. */
export function judgeDmarc([record = '', ...others]: readonly string[]): Verdict {
  if (others.length > 0) return SEVERAL;
  const [, policy] = /;[ \t]*p[ \t]*=[ \t]*(none|quarantine|reject)[ \t]*(?:;|$)/i.exec(record) ?? [];
  if (policy === undefined) return { state: 'different', note: 'it has no policy: p=none, p=quarantine or p=reject' };
  return policy.toLowerCase() === 'none'
    ? { state: 'right', note: 'p=none: nothing is done about forged mail' }
    : { state: 'right' };
}

/** RFC 8460 §3. */
export function judgeTlsReports(found: readonly string[]): Verdict {
  const [record = '', ...others] = found.filter((text) => /^v=TLSRPTv1[ \t]*;/.test(text));
  if (record === '') return { state: 'missing' };
  if (others.length > 0) return SEVERAL;
  return { state: /;[ \t]*rua[ \t]*=[ \t]*(?:mailto|https):/.test(record) ? 'right' : 'different' };
}

/** RFC 8461 §3.1. */
export function judgeMtaSts(found: readonly string[], value: string): Verdict {
  const [record = '', ...others] = found.filter((text) => /^v=STSv1[ \t]*;/.test(text));
  if (record === '') return { state: 'missing' };
  if (others.length > 0) return SEVERAL;
  if (!/;[ \t]*id[ \t]*=[ \t]*[A-Za-z0-9]{1,32}[ \t]*(?:;|$)/.test(record)) return { state: 'different' };
  return record.replace(/;$/, '') === value
    ? { state: 'right' }
    : { state: 'right', note: 'it tells of a policy that is not Postel’s' };
}
