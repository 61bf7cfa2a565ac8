import { type Directory, parseAddress } from '@postel/directory';
import type { LeasedRecipient, QueuedMessage } from '@postel/queue';
import type { Arrivals } from '@postel/storage';
import { type Copies, deliverCopies } from './deliver-copies.ts';
import { type FoundMembers, findMembers } from './find-members.ts';
import { deferred, failed, type Outcome } from './outcome.ts';

/** Where somebody here gets their mail. */
type LocalTarget =
  | { readonly type: 'elsewhere' }
  | { readonly type: 'here'; deliver(octets: AsyncIterable<Buffer>, copies: Copies): Promise<Outcome> };

export interface LocalMail {
  readonly directory: Pick<Directory, 'resolveRecipient' | 'expandAlias'>;
  readonly store: Pick<Arrivals, 'receive' | 'deliverTaking' | 'keepWaiting' | 'waitingUse'>;
}

/** Reports go to people here, most of them; and a domain may have come here since its mail was queued. */
export async function findHere(
  { directory, store }: LocalMail,
  message: QueuedMessage,
  recipient: LeasedRecipient,
): Promise<LocalTarget> {
  const { forwardPath } = recipient;
  const at = forwardPath.lastIndexOf('@');
  const address = parseAddress(forwardPath) ?? {
    localPart: forwardPath.slice(0, at),
    domain: forwardPath.slice(at + 1),
  };
  const target = await directory.resolveRecipient(address);
  switch (target.type) {
    case 'not-local':
      return { type: 'elsewhere' };
    case 'unknown-address':
      return refused(failed('5.1.1', `${forwardPath} does not exist here`));
    case 'account': {
      if (target.isDisabled) return refused(deferred('4.2.1', 'The mailbox takes no mail at present'));
      const accounts = [{ ...target, list: null }];
      return to(store, message, recipient, {
        alias: null,
        accounts,
        elsewhere: [],
        success: 'delivered',
        loop: null,
      });
    }
    case 'alias': {
      const members = await findMembers(directory, message, recipient, target);
      return 'type' in members ? refused(members) : to(store, message, recipient, members);
    }
    default:
      return target satisfies never;
  }
}

function refused(outcome: Outcome): LocalTarget {
  return { type: 'here', deliver: async () => outcome };
}

function to(
  store: LocalMail['store'],
  message: QueuedMessage,
  recipient: LeasedRecipient,
  members: FoundMembers,
): LocalTarget {
  return {
    type: 'here',
    deliver: (octets, copies) => deliverCopies(store, { message, recipient, members }, octets, copies),
  };
}
