import type { AnnotationChange, ModSeq } from '@postel/storage';
import type { Session } from './session.ts';

/** More than any modseq: who asks for what is newer learns only how far the account is. */
const NOTHING = Number.MAX_SAFE_INTEGER;

/**
 * What a client that enabled METADATA has not been told: entries that others have set or removed (RFC 5464 §4.4.2), of its own
 * mailboxes and of the server. It hears of them from NOOP, CHECK and IDLE.
 */
export class MetadataNews {
  readonly #session: Session;
  #since: number;

  private constructor(session: Session, since: number) {
    this.#session = session;
    this.#since = since;
  }

  /** @throws {StorageError} 'unavailable' */
  static async begin(session: Session): Promise<MetadataNews> {
    const { upTo } = await session.store.changedAnnotations(session.account.accountId, NOTHING);
    return new MetadataNews(session, upTo);
  }

  /** Calls `come` when something of the account has changed that may be news, until the function returned is called. */
  watch(come: () => void): () => void {
    const { store, account } = this.#session;
    return store.watchAccount(account.accountId, (modseq) => {
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
   * @param isWanted of what changes the client wants to hear; all, if not given
   * @throws {StorageError} 'unavailable'
   */
  async tell(own: ModSeq | null = null, isWanted: (change: AnnotationChange) => boolean = () => true): Promise<void> {
    const { store, account, out } = this.#session;
    const { upTo, changes } = await store.changedAnnotations(account.accountId, this.#since);
    this.#since = upTo;
    let told: string | null = null;
    for (const change of changes) {
      const { modseq, entry, owner, mailbox } = change;
      if (modseq === own || owner !== account.accountId || !isWanted(change)) continue;
      const name = mailbox?.name ?? '';
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
}
