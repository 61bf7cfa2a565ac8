import { type ExpandedAlias, listFields, type RecipientAccount } from '@postel/directory';
import type { NewRecipient } from '@postel/queue';
import type { AccountId, ReceivedRecipient } from '@postel/storage';

/** A recipient at another server, and by which RCPT commands it came: with the local accounts that each led to as well. */
export interface OutgoingRecipient extends NewRecipient {
  readonly groups: (readonly AccountId[])[];
}

/** The recipients of a mail transaction at other servers. Who is named twice gets it once. */
export class Outgoing {
  readonly #recipients = new Map<string, OutgoingRecipient>();
  readonly #paths: ReceivedRecipient[] = [];
  readonly #expanded: ReceivedRecipient[] = [];

  /** Somebody gets it by a list. */
  get hasList(): boolean {
    return this.recipients.some(({ listFields }) => listFields !== '');
  }

  get size(): number {
    return this.#recipients.size;
  }

  get recipients(): readonly OutgoingRecipient[] {
    return [...this.#recipients.values()];
  }

  /** As RCPT named them. */
  get paths(): readonly ReceivedRecipient[] {
    return this.#paths;
  }

  /** Aliases of several whose sender wants to hear of success, which none of the members' servers is asked to tell. */
  get expanded(): readonly ReceivedRecipient[] {
    return this.#expanded;
  }

  /** An address that RCPT named. */
  add(path: ReceivedRecipient): void {
    this.#paths.push(path);
    this.#add({ ...path, alias: null, listFields: '' }, []);
  }

  /**
   * Members of an alias, with what its sender wants to be told of: RFC 3461 §5.2.7.2 and, where it has several, §5.2.7.3 (c).
   *
   * @param accounts the members that are here
   * @returns the path for these
   */
  addMembers(
    alias: string,
    elsewhere: ExpandedAlias['elsewhere'],
    path: ReceivedRecipient,
    accounts: readonly RecipientAccount[],
  ): ReceivedRecipient {
    if (elsewhere.length === 0) return path;
    const isExpanded = elsewhere.length + accounts.length > 1;
    const passedOn = isExpanded ? { ...path, notify: withoutSuccess(path.notify) } : path;
    if (isExpanded && path.notify?.includes('SUCCESS')) this.#expanded.push(path);
    this.#paths.push(path);
    const group = accounts.map(({ accountId }) => accountId);
    for (const { address, list } of elsewhere) {
      const fields = list === null ? '' : listFields(list);
      this.#add({ ...passedOn, forwardPath: address, alias, listFields: fields }, group);
    }
    return passedOn;
  }

  #add(recipient: NewRecipient, group: readonly AccountId[]): void {
    const key = keyOf(recipient.forwardPath);
    const known = this.#recipients.get(key);
    if (known === undefined) this.#recipients.set(key, { ...recipient, groups: [group] });
    else known.groups.push(group);
  }
}

/** Who wanted to hear of success alone hears of nothing else. */
function withoutSuccess(notify: readonly string[] | null): readonly string[] | null {
  if (notify === null) return null;
  const others = notify.filter((name) => name !== 'SUCCESS');
  return others.length === 0 ? ['NEVER'] : others;
}

/** Local parts are for their own server to compare: RFC 5321 §2.4. */
function keyOf(forwardPath: string): string {
  const at = forwardPath.lastIndexOf('@');
  return forwardPath.slice(0, at) + forwardPath.slice(at).toLowerCase();
}
