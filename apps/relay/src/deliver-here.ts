import { type Directory, parseAddress, type RecipientAccount } from '@postel/directory';
import type { LeasedRecipient, QueuedMessage } from '@postel/queue';
import { type Arrivals, type Content, type Delivery, StorageError, type Transaction } from '@postel/storage';
import { type FoundMembers, findMembers } from './find-members.ts';
import { LOCAL_MESSAGE_OCTETS } from './limits.ts';
import { deferred, failed, type Outcome } from './outcome.ts';
import { outcomeOfStorage } from './storage-outcome.ts';

/** Says, in the transaction in which a copy is delivered, whether the row is ours still: of who does not, somebody else may deliver it. */
type KeepLease = (tx: Transaction) => Promise<boolean>;

/** Where somebody here gets their mail. */
type LocalTarget =
  | { readonly type: 'elsewhere' }
  | { readonly type: 'here'; deliver(octets: AsyncIterable<Buffer>, keepLease: KeepLease): Promise<Outcome> };

export interface LocalMail {
  readonly directory: Pick<Directory, 'resolveRecipient' | 'expandAlias'>;
  readonly store: Pick<Arrivals, 'receive' | 'deliverTaking' | 'keepWaiting'>;
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
      return to(store, message, recipient, { accounts: [target], elsewhere: [], success: 'delivered', loop: null });
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
    deliver: (octets, keepLease) => deliver(store, message, recipient, members, octets, keepLease),
  };
}

async function deliver(
  store: LocalMail['store'],
  message: QueuedMessage,
  recipient: LeasedRecipient,
  { accounts, elsewhere, success, loop }: FoundMembers,
  octets: AsyncIterable<Buffer>,
  keepLease: KeepLease,
): Promise<Outcome> {
  const writer = store.receive(LOCAL_MESSAGE_OCTETS);
  try {
    for await (const piece of octets) {
      loop?.push(piece);
      await writer.write(piece);
    }
  } catch (error) {
    await writer.abort();
    return outcomeOfStorage(error);
  }
  await using content = await writer.finish();
  if (loop?.hasLoop === true) return failed('5.4.6', 'The message goes in circles: it has come by this address before');

  const copies = accounts.map((account) => ({ account, delivery: deliveryOf(message, recipient, account) }));
  const failures: unknown[] = [];
  for (const { account, delivery } of copies) {
    const failure = account.isDisabled ? DISABLED : await deliverOne(store, content, delivery, keepLease);
    // What is left of it is theirs to deliver, and what came of it theirs to write down.
    if (failure === LOST) return deferred('4.3.0', 'Somebody else has it in hand');
    failures.push(failure);
  }
  const done = {
    type: 'delivered',
    status: '2.1.5',
    reply: `Delivered here as ${message.name}`,
    mta: null,
    success,
  } as const;
  // Of several, one is enough: who has it must not get it again for the sake of the others, whose copies wait.
  if (!failures.includes(null) && elsewhere.length === 0) {
    return outcomeOfStorage(failures.find((failure) => failure !== DISABLED));
  }
  const tellsElsewhere = message.tellsSender && message.envelope.reversePath !== '';
  const waiting = copies.flatMap(({ delivery }, at) => {
    const failure = reasonToWait(failures[at]);
    return failure === null ? [] : [{ delivery, failure, tellsElsewhere }];
  });
  if (waiting.length > 0) await store.keepWaiting(content, waiting);
  return elsewhere.length === 0
    ? done
    : { ...done, reply: `Passed on to those for whom it stands as ${message.name}`, members: elsewhere };
}

/** @returns null if the account has it; else why not */
async function deliverOne(
  store: LocalMail['store'],
  content: Content,
  delivery: Delivery,
  keepLease: KeepLease,
): Promise<unknown> {
  try {
    return (await store.deliverTaking(content, delivery, keepLease)) ? null : LOST;
  } catch (error) {
    return error;
  }
}

const DISABLED = Symbol('takes no mail at present');
const LOST = Symbol('somebody else may have the row');

function deliveryOf(
  { envelope, name }: QueuedMessage,
  { forwardPath, notify, originalRecipient }: LeasedRecipient,
  { accountId, mailbox }: Pick<RecipientAccount, 'accountId' | 'mailbox'>,
): Delivery {
  const { reversePath, isUtf8, requiresTls, envelopeId, returnContent, submitter, releaseRequest } = envelope;
  const said = { isUtf8, requiresTls, envelopeId, returnContent, submitter, releaseRequest };
  const details = { ...said, id: name, sender: null, tls: null, body: null, results: null };
  const arrival = {
    prefix: Buffer.from(`Return-Path: <${reversePath}>\r\n`),
    reversePath,
    forwardPath,
    protocol: 'local',
    clientAddress: null,
    clientName: null,
    details: { ...details, recipients: [{ forwardPath, notify, originalRecipient }] },
  };
  return { account: accountId, mailbox, arrival };
}

/** Null where the account has the message, or may have it, or never will. */
function reasonToWait(failure: unknown): string | null {
  if (failure === DISABLED) return '450 4.2.1';
  if (!(failure instanceof StorageError) || failure.kind === 'outcome-unknown') return null;
  return outcomeOfStorage(failure).type === 'failed' ? null : failure.kind;
}
