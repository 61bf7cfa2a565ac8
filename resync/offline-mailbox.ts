/** What a mail program keeps of a mailbox between its connections, as RFC 7162 §6 has it. */
export class OfflineMailbox {
  uidvalidity = 0;
  /** HIGHESTMODSEQ, up to which all is known. */
  modSeq = 0;
  /** Flags by UID of all messages up to `knownUid`, sorted, without \Recent. */
  readonly flags = new Map<number, string>();
  knownUid = 0;

  copy(): OfflineMailbox {
    const copy = new OfflineMailbox();
    copy.uidvalidity = this.uidvalidity;
    copy.modSeq = this.modSeq;
    copy.knownUid = this.knownUid;
    for (const [uid, flags] of this.flags) copy.flags.set(uid, flags);
    return copy;
  }

  /** Ascending. */
  uids(): number[] {
    return [...this.flags.keys()].sort((a, b) => a - b);
  }

  clear(uidvalidity: number): void {
    this.uidvalidity = uidvalidity;
    this.modSeq = 0;
    this.knownUid = 0;
    this.flags.clear();
  }
}

export const sortedFlags = (flags: readonly string[]): string =>
  [...new Set(flags)]
    .filter((flag) => flag !== '' && flag !== '\\Recent')
    .sort()
    .join(' ');
