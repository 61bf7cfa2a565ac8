import { HIERARCHY_DELIMITER, type MailboxName } from '@postel/storage';

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

  constructor(mailboxes: readonly MailboxName[], subscriptions: readonly string[]) {
    const subscribed = new Set(subscriptions);
    const add = (name: string, exists: boolean, specialUse: string | null) =>
      this.#names.set(name, { name, exists, specialUse, isSubscribed: subscribed.has(name) });
    for (const { name, specialUse } of mailboxes) {
      add(name, true, specialUse);
      addSuperiors(name, this.#levels);
    }
    for (const names of [this.#levels, subscribed]) {
      for (const name of names) if (!this.#names.has(name)) add(name, false, null);
    }
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
