/** What one command may hold in memory. Message literals (APPEND and its kin) are streamed and count for none of it. */
export interface CommandLimits {
  /** The text of a command, all its lines together, without literals and line ends. */
  readonly textOctets: number;
  /** One buffered literal. */
  readonly literalOctets: number;
  /** Buffered literals in one command: each costs objects beyond its octets (the CVE-2024-34055 class). */
  readonly literals: number;
  /** All buffered literals of one command together. */
  readonly literalTotalOctets: number;
  /**
   * A non-synchronizing literal of any kind: `Infinity` where LITERAL+ is announced, 4,096 where LITERAL- is
   * (RFC 7888 §5).
   */
  readonly nonSyncLiteralOctets: number;
}

/** SASL asks for lines of 12,288 octets (RFC 9051 §6.2.2), nothing else does before login. */
export const limitsBeforeLogin: CommandLimits = {
  textOctets: 16 * 1024,
  literalOctets: 64 * 1024,
  literals: 16,
  literalTotalOctets: 64 * 1024,
  nonSyncLiteralOctets: Number.POSITIVE_INFINITY,
};

export const limitsAfterLogin: CommandLimits = {
  textOctets: 64 * 1024,
  literalOctets: 100 * 1024,
  literals: 1000,
  literalTotalOctets: 1024 * 1024,
  nonSyncLiteralOctets: Number.POSITIVE_INFINITY,
};

/** LITERAL- instead of LITERAL+: RFC 7888 §5. */
export const withSmallLiterals = (limits: CommandLimits): CommandLimits => ({ ...limits, nonSyncLiteralOctets: 4_096 });
