import type { DkimKeySummary } from '@postel/directory';
import { dkimRecordName, zoneLine } from '@postel/domain-records';
import { formatDkimRecord } from '@postel/message-auth';
import { formatMoment } from '../moment.ts';
import type { Terminal } from '../terminal.ts';

/** A key as `--json` has it. */
export function dkimKeyAsJson({ subjectPublicKeyInfo, ...key }: DkimKeySummary): object {
  return { ...key, record: { name: dkimRecordName(key), type: 'TXT', value: formatDkimRecord(subjectPublicKeyInfo) } };
}

export const DKIM_KEYS_SHOWN = {
  header: ['DOMAIN', 'SELECTOR', 'TYPE', 'STATE', 'SINCE', ''],
  row(key: DkimKeySummary): readonly string[] {
    const { domain, selector, algorithm, state, createdAt, activeSince, retiredAt } = key;
    const since = retiredAt ?? activeSince ?? createdAt;
    return [domain, selector, algorithm, state, formatMoment(since), whatNext(key)];
  },
};

function whatNext({ state, seenAt, publishedUntil }: DkimKeySummary): string {
  switch (state) {
    case 'made':
      return seenAt === null ? 'publish its record' : 'published; signs soon';
    case 'active':
      return 'signs';
    case 'retired':
      return publishedUntil !== null && publishedUntil > new Date()
        ? `keep its record until ${formatMoment(publishedUntil)}`
        : 'its record may go, and then the key';
    default:
      return state satisfies never;
  }
}

/** The records to be published, as a zone file has them. */
export function sayDkimRecords(terminal: Terminal, keys: readonly DkimKeySummary[]): void {
  for (const key of keys) {
    terminal.say(
      `\n${zoneLine({ name: dkimRecordName(key), type: 'TXT', value: formatDkimRecord(key.subjectPublicKeyInfo) })}`,
    );
  }
}
