import { HIERARCHY_DELIMITER, type MailboxName } from '@postel/storage';
import { NAMES_A_TURN } from './limits.ts';

/** A name that LIST may tell. */
export interface KnownName {
  readonly name: string;
  /** Whether there is a mailbox of that name. */
  readonly exists: boolean;
  readonly specialUse: string | null;
  readonly isSubscribed: boolean;
}

/** The names of an account: of mailboxes, of the levels of hierarchy above them, and those subscribed to. */
export class KnownNames {
  readonly #names = new Map<string, KnownName>();
  readonly #levels = new Set<string>();

  private constructor() {}

  /** @param giveTurn lets others have theirs: an account may have 100,000 mailboxes */
  static async of(
    mailboxes: readonly MailboxName[],
    subscriptions: readonly string[],
    giveTurn: () => Promise<void>,
  ): Promise<KnownNames> {
    const known = new KnownNames();
    const subscribed = new Set(subscriptions);
    const add = (name: string, exists: boolean, specialUse: string | null) =>
      known.#names.set(name, { name, exists, specialUse, isSubscribed: subscribed.has(name) });
    let count = 0;
    for (const { name, specialUse } of mailboxes) {
      add(name, true, specialUse);
      addSuperiors(name, known.#levels);
      if (++count % NAMES_A_TURN === 0) await giveTurn();
    }
    for (const names of [known.#levels, subscribed]) {
      for (const name of names) {
        if (!known.#names.has(name)) add(name, false, null);
        if (++count % NAMES_A_TURN === 0) await giveTurn();
      }
    }
    return known;
  }

  all(): Iterable<KnownName> {
    return this.#names.values();
  }

  get(name: string): KnownName {
    return this.#names.get(name) ?? { name, exists: false, specialUse: null, isSubscribed: false };
  }

  /** Also if there is no mailbox of that name, whether there are some below. */
  hasChildren(name: string): boolean {
    return this.#levels.has(name);
  }
}

/** Adds the names above `name`, which are there together or not at all. */
export function addSuperiors(name: string, superiors: Set<string>): void {
  for (let at = name.lastIndexOf(HIERARCHY_DELIMITER); at > 0; at = name.lastIndexOf(HIERARCHY_DELIMITER, at - 1)) {
    const superior = name.slice(0, at);
    if (superiors.has(superior)) return;
    superiors.add(superior);
  }
}
