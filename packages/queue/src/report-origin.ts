/**
 * Whether a report is by whom it says: `verified` if the domain of its mail's From answers for the mail, `imported` if somebody
 * who runs this server gave it, else `unverified`, which counts for nothing but can be read.
 */
export type ReportTrust = 'verified' | 'unverified' | 'imported';

/** Where a report comes from. */
export interface ReportOrigin {
  readonly trust: ReportTrust;
  /** The domain of From of the mail it came by; '' if it was imported. */
  readonly reporter: string;
}

/** Which reports are asked for. */
export interface ReportQuery {
  /** Null: all domains. */
  readonly domain: string | null;
  /** Of reports that end at this moment or later; null: from the first on. */
  readonly since: Date | null;
  /** And that begin before it; null: to the last. */
  readonly until: Date | null;
}
