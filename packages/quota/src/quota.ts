/**
 * What the mailboxes of an account hold together: every message that is not expunged, each copy of it, with what delivery
 * has added to its header (RFC822.SIZE); and the mailboxes, INBOX too.
 */
export interface QuotaUse {
  readonly octets: number;
  readonly messages: number;
  readonly mailboxes: number;
}

/** What they may hold; null where there is no limit, 0 where there may be nothing (RFC 9208 §3.1.2). */
export type QuotaLimits = { readonly [amount in keyof QuotaUse]: number | null };

/**
 * The use of a quota root and its limits. The use is above a limit only where that was lowered: then what is there stays, and
 * nothing more comes in.
 */
export interface Quota {
  readonly use: QuotaUse;
  readonly limits: QuotaLimits;
}

/** How large one message more may be; 0: there is room for none, null: the quota does not say. */
export function roomOctets({ use, limits }: Quota): number | null {
  if (limits.messages !== null && use.messages >= limits.messages) return 0;
  return limits.octets === null ? null : Math.max(limits.octets - use.octets, 0);
}
