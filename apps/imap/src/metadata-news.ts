import type { AccountId, AnnotationChange, ModSeq } from '@postel/storage';
import type { Session } from './session.ts';

/** More than any modseq: who asks for what is newer learns only how far the account is. */
const NOTHING = Number.MAX_SAFE_INTEGER;

/**
 * What a client that enabled METADATA has not been told: entries that others have set or removed (RFC 5464 §4.4.2), of its own
 * mailboxes and of the server. It hears of them from NOOP, CHECK and IDLE. NOTIFY tells also of mailboxes of others.
 */
export class MetadataNews {
  readonly #session: Session;
  /** Who keeps the entries. */
  readonly #keeper: AccountId;
  #since: number;

  private constructor(session: Session, keeper: AccountId, since: number) {
    this.#session = session;
    this.#keeper = keeper;
    this.#since = since;
  }

  /** @throws {StorageError} 'unavailable' */
  static async begin(session: Session, keeper = session.account.accountId): Promise<MetadataNews> {
    const { upTo } = await session.store.annotations.changed(keeper, NOTHING);
    return new MetadataNews(session, keeper, upTo);
  }

  /** Calls `come` when something of the account has changed that may be news, until the function returned is called. */
  watch(come: () => void): () => void {
    return this.#session.store.watchAccount(this.#keeper, (modseq) => {
      if (modseq !== null && modseq > this.#since) come();
    });
  }

  /**
   * As `tell`, behind what is done already: if it fails, the client hears of all of it later.
   *
   * @param own a change that the client has made itself, of which it is not told
   */
  async tellAfterChange(own: ModSeq | null): Promise<void> {
    try {
      await this.tell(own);
    } catch (error) {
      this.#session.log.error({ err: error }, 'news of metadata could not be told');
    }
  }

  /**
   * Writes METADATA responses without values.
   *
   * @param nameOf what the mailbox is called of which the client wants to hear that, the empty name for the server; null: of none
   * @throws {StorageError} 'unavailable'
   */
  async tell(own: ModSeq | null = null, nameOf = this.#ownName): Promise<void> {
    const { store, out } = this.#session;
    const { upTo, changes } = await store.annotations.changed(this.#keeper, this.#since);
    this.#since = upTo;
    let told: string | null = null;
    for (const change of changes) {
      const { modseq, entry } = change;
      const name = modseq === own ? null : nameOf(change);
      if (name === null) continue;
      if (name !== told) {
        if (told !== null) out.crlf();
        out.text('* METADATA ');
        this.#session.writeMailboxName(name);
        told = name;
      }
      out.sp().astring(entry);
    }
    if (told !== null) out.crlf();
  }

  readonly #ownName = ({ owner, mailbox }: AnnotationChange): string | null =>
    owner === this.#keeper ? (mailbox?.name ?? '') : null;
}
