import type { RecordData, RecordType } from './records.ts';

/**
 * What came of a question. `authentic` is DNSSEC's word, from a resolver that is trusted with it (RFC 4035 §4.9.3). Nothing is
 * known with `temporary`: no answer, or one by which a server says that it has none. `bogus` is as little to be acted upon, and
 * never proof that something is not there: a zone signed wrongly, or an attack (RFC 4035 §4.3).
 */
export type DnsAnswer<Data> =
  | { readonly kind: 'found'; readonly records: readonly Data[]; readonly authentic: boolean }
  | { readonly kind: 'nodata'; readonly authentic: boolean }
  | { readonly kind: 'nxdomain'; readonly authentic: boolean }
  | { readonly kind: 'temporary'; readonly reason: string }
  | { readonly kind: 'bogus' };

/** Whoever answers questions to the DNS. Never throws for what a server says or does not say. */
export interface Resolver {
  lookUp<T extends RecordType>(name: string, type: T): Promise<DnsAnswer<RecordData[T]>>;
}
