/** The DNS records that a domain needs, and whether the DNS has them. */
export { mtaStsPolicy } from '@postel/tls-policy';
export { type CheckedRecord, type CheckOptions, checkRecords, type RecordState } from './check-records.ts';
export { type DkimKeyLook, dkimRecordName, lookForDkimKeys } from './dkim-in-dns.ts';
export { domainRecords, type MailHost, type RecordOptions } from './domain-records.ts';
export { type MailHostSource, readMailHost } from './read-mail-host.ts';
export type { DomainRecord, RecordKind, RecordLevel } from './record.ts';
export { dkimRecordValue, type RotatedDkimKeys, rotateDkimKeys } from './rotate-dkim-keys.ts';
export { type ServerKey, serverKey } from './server-key.ts';
export { formatZone, zoneLine } from './zone-file.ts';
