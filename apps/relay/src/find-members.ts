import {
  type AliasTarget,
  type Directory,
  type ExpandedAlias,
  LoopWatch,
  listFields,
  parseAddress,
} from '@postel/directory';
import type { LeasedRecipient, NewRecipient, QueuedMessage } from '@postel/queue';
import { fieldsFor } from './open-message.ts';
import { deferred, failed, type Outcome } from './outcome.ts';

/** For whom an address here stands. */
export interface FoundMembers {
  /** What they get it by; null: they are it themselves. */
  readonly alias: string | null;
  /** Who is disabled has a copy that waits, unless that is everybody. */
  readonly accounts: readonly Pick<
    ExpandedAlias['accounts'][number],
    'accountId' | 'accountName' | 'mailbox' | 'isDisabled' | 'list'
  >[];
  readonly elsewhere: readonly NewRecipient[];
  /** How success is told to who wants to hear of it: RFC 3461 §5.2.7.2, §5.2.7.3. */
  readonly success: Outcome['success'];
  /** Sees the whole message pass; null: it cannot go in circles. */
  readonly loop: LoopWatch | null;
}

/** As RCPT does, which says no where this has an outcome. */
export async function findMembers(
  directory: Pick<Directory, 'expandAlias'>,
  { account, envelope: { reversePath } }: QueuedMessage,
  recipient: LeasedRecipient,
  alias: AliasTarget,
): Promise<FoundMembers | Outcome> {
  const { forwardPath, notify } = recipient;
  if (alias.isDisabled) return deferred('4.2.1', 'The address takes no mail at present');
  // Reports come from nobody, and are for who has sent as the alias, whoever may post to it.
  const isReport = reversePath === '';
  const poster = { account, address: parseAddress(reversePath) };
  const expanded = await directory.expandAlias(isReport ? { ...alias, posters: 'anyone' } : alias, poster);
  const { accounts, elsewhere } = expanded;
  if (expanded.isTooLarge) return failed('5.2.4', `${forwardPath} stands for too many others`);
  if (!expanded.mayPost && !isReport) return failed('5.7.2', `Its sender may not post to ${forwardPath}`);
  if (accounts.length + elsewhere.length === 0) return failed('5.1.1', `${forwardPath} stands for nobody at present`);
  if (elsewhere.length === 0 && accounts.every(({ isDisabled }) => isDisabled)) {
    return deferred('4.2.1', 'The mailbox takes no mail at present');
  }
  const isExpanded = accounts.length + elsewhere.length > 1;
  const passedOn = { ...recipient, notify: isExpanded ? withoutSuccess(notify) : notify };
  return {
    alias: alias.address,
    accounts,
    elsewhere: elsewhere.map((member) => memberOf(passedOn, alias, member)),
    success: elsewhere.length === 0 ? 'delivered' : isExpanded ? 'expanded' : null,
    loop: new LoopWatch(new Set([alias.address])),
  };
}

function memberOf(
  { notify, originalRecipient, ...by }: LeasedRecipient,
  { address: alias }: AliasTarget,
  { address, list }: ExpandedAlias['elsewhere'][number],
): NewRecipient {
  // By whatever it came here stays in it, so that it is known where it comes back to.
  const fields = (list === null ? '' : listFields(list)) + fieldsFor(by).toString();
  return { forwardPath: address, notify, originalRecipient, alias, listFields: fields };
}

/** Who wanted to hear of success alone hears of nothing else: of several it is told that the message was passed on. */
function withoutSuccess(notify: readonly string[] | null): readonly string[] | null {
  const others = notify?.filter((name) => name !== 'SUCCESS') ?? null;
  return others?.length === 0 ? ['NEVER'] : others;
}
