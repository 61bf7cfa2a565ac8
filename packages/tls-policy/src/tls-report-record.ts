import { mailtoAddress } from '@postel/mail-reports';
import { REPORT_TARGETS } from './limits.ts';

/** Where a domain wants reports on TLS to go: RFC 8460 §3. */
export type ReportTarget =
  | { readonly type: 'mailto'; readonly address: string }
  | { readonly type: 'https'; readonly url: URL };

const FIELD = /^([A-Za-z0-9][A-Za-z0-9_.-]{0,31})=(.+)$/;

/** By the TXT records of `_smtp._tls`. @returns none unless there is one record, in order */
export function reportTargets(records: readonly string[]): readonly ReportTarget[] {
  const ours = records.filter((record) => /^v=TLSRPTv1[ \t]*;/.test(record));
  const [record] = ours;
  if (record === undefined || ours.length > 1) return [];
  for (const field of record.split(';').slice(1)) {
    const [, name, value = ''] = FIELD.exec(field.trim()) ?? [];
    if (name !== 'rua') continue;
    const targets = value.split(',').map((uri) => readTarget(uri.trim()));
    return targets.filter((target) => target !== null).slice(0, REPORT_TARGETS);
  }
  return [];
}

function readTarget(uri: string): ReportTarget | null {
  const url = URL.canParse(uri) ? new URL(uri) : null;
  if (url?.protocol === 'mailto:') {
    const address = mailtoAddress(uri);
    return address === null ? null : { type: 'mailto', address };
  }
  const isPlain = url?.protocol === 'https:' && url.port === '' && url.username === '' && url.password === '';
  return isPlain && url !== null ? { type: 'https', url } : null;
}
