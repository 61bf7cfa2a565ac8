import { listFields } from '@postel/directory';
import type { CopiesTaken, LeasedRecipient, QueuedMessage } from '@postel/queue';
import {
  type AccountId,
  type Content,
  type Delivery,
  hasMuchWaiting,
  StorageError,
  type Transaction,
  type WaitingDelivery,
} from '@postel/storage';
import type { LocalMail } from './deliver-here.ts';
import type { FoundMembers } from './find-members.ts';
import { LOCAL_MESSAGE_OCTETS } from './limits.ts';
import { fieldsFor } from './open-message.ts';
import { deferred, failed, type Outcome } from './outcome.ts';
import { outcomeOfStorage } from './storage-outcome.ts';

/** What is known of copies for accounts here, of one recipient in the queue. */
export interface Copies {
  /** Who got theirs in an attempt before this one, of which nothing else may be written down. */
  known(): Promise<ReadonlySet<AccountId>>;
  /** Says, in the transaction that delivers copies, whether they are ours to deliver, and notes that they are delivered. */
  take(tx: Transaction, accounts: readonly AccountId[]): Promise<CopiesTaken>;
}

interface Delivered {
  readonly message: QueuedMessage;
  readonly recipient: LeasedRecipient;
  readonly members: FoundMembers;
}

type Member = FoundMembers['accounts'][number];

interface Copy {
  readonly account: Member;
  readonly delivery: Delivery;
  /** Null: the account has it. */
  readonly failure: unknown;
}

const DISABLED = Symbol('takes no mail at present');
const LOST = Symbol('somebody else may have the row');

/**
 * Delivers a message to accounts here, to each in a transaction of its own, which notes it: where not all are done the others do not get it
 * again with the next attempt.
 */
export async function deliverCopies(
  store: LocalMail['store'],
  { message, recipient, members }: Delivered,
  octets: AsyncIterable<Buffer>,
  copies: Copies,
): Promise<Outcome> {
  const { alias, accounts, elsewhere, success, loop } = members;
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

  const known = await copies.known();
  const tried: Copy[] = [];
  for (const account of accounts) {
    const delivery = deliveryOf(message, recipient, account, alias);
    const failure = known.has(account.accountId)
      ? null
      : account.isDisabled
        ? DISABLED
        : await deliverOne(store, content, delivery, copies);
    // What is left of it is theirs to deliver, and what came of it theirs to write down.
    if (failure === LOST) return ELSEWHERE_IN_HAND;
    tried.push({ account, delivery, failure });
  }
  const fault = tried.find(({ failure }) => isFault(failure));
  if (fault !== undefined) throw fault.failure;
  const failures = tried.map(({ failure }) => failure);
  // Who has it is noted, and whether this one has it is known next time.
  if (failures.some(isUnknown)) return deferred('4.3.0', 'The database did not say in time whether it is stored');

  // Of several, one is enough for the others to wait here: those for whom much waits already are left out.
  if (!failures.includes(null) && elsewhere.length === 0) {
    return outcomeOfStorage(failures.find((failure) => failure !== DISABLED));
  }
  const waiting = tried.flatMap((copy) => toWait(message, copy));
  const uses = await store.waitingUse(waiting.map(({ delivery }) => delivery.account));
  const isLeftOut = ({ accountId }: Member) => {
    const use = uses.get(accountId);
    return use !== undefined && hasMuchWaiting(use);
  };
  const leftOut = tried.filter(({ account, failure }) => isRefused(failure) || isLeftOut(account)).map(nameOf);
  const kept = waiting.filter(({ delivery }) => !leftOut.some(({ accountId }) => accountId === delivery.account));
  const take = async (tx: Transaction) => (await copies.take(tx, kept.map(accountOf))) === 'taken';
  if (kept.length > 0 && !(await store.keepWaiting(content, kept, take))) return ELSEWHERE_IN_HAND;
  const reply = elsewhere.length === 0 ? 'Delivered here' : 'Passed on to those for whom it stands';
  return {
    type: 'delivered',
    status: '2.1.5',
    reply: `${reply} as ${message.name}`,
    mta: null,
    success,
    ...(elsewhere.length > 0 && { members: elsewhere }),
    ...(leftOut.length > 0 && { leftOut }),
  };
}

const ELSEWHERE_IN_HAND = deferred('4.3.0', 'Somebody else has it in hand');

const accountOf = ({ delivery }: WaitingDelivery): AccountId => delivery.account;

const nameOf = ({ account: { accountId, accountName, list } }: Copy) => ({
  accountId,
  accountName,
  isOfList: list !== null,
});

/** @returns null if the account has it; else why not */
async function deliverOne(
  store: LocalMail['store'],
  content: Content,
  delivery: Delivery,
  copies: Copies,
): Promise<unknown> {
  let taken: CopiesTaken = 'lost';
  const take = async (tx: Transaction) => {
    taken = await copies.take(tx, [delivery.account]);
    return taken === 'taken';
  };
  try {
    if (await store.deliverTaking(content, delivery, take)) return null;
    return (taken as CopiesTaken) === 'delivered' ? null : LOST;
  } catch (error) {
    return error;
  }
}

function deliveryOf(
  { envelope, name }: QueuedMessage,
  { forwardPath, notify, originalRecipient }: LeasedRecipient,
  { accountId, mailbox, list }: Member,
  alias: string | null,
): Delivery {
  const { reversePath, isUtf8, requiresTls, envelopeId, returnContent, submitter, releaseRequest } = envelope;
  const said = { isUtf8, requiresTls, envelopeId, returnContent, submitter, releaseRequest };
  const details = { ...said, id: name, sender: null, tls: null, body: null, results: null };
  const arrival = {
    prefix: Buffer.concat([
      Buffer.from(`Return-Path: <${reversePath}>\r\n`),
      fieldsFor({ alias, listFields: list === null ? '' : listFields(list) }),
    ]),
    reversePath,
    forwardPath,
    protocol: 'local',
    clientAddress: null,
    clientName: null,
    details: { ...details, recipients: [{ forwardPath, notify, originalRecipient }] },
  };
  return { account: accountId, mailbox, arrival };
}

/** Nobody foresaw it. */
function isFault(failure: unknown): boolean {
  return failure !== null && failure !== DISABLED && !(failure instanceof StorageError);
}

function isUnknown(failure: unknown): boolean {
  return failure instanceof StorageError && failure.kind === 'outcome-unknown';
}

/** It never can have it, though it is there. */
function isRefused(failure: unknown): boolean {
  return (
    failure instanceof StorageError && failure.kind !== 'nonexistent' && outcomeOfStorage(failure).type === 'failed'
  );
}

/** Nothing where the account has the message, or never will. */
function toWait({ tellsSender, envelope }: QueuedMessage, { delivery, failure }: Copy): readonly WaitingDelivery[] {
  const tellsElsewhere = tellsSender && envelope.reversePath !== '';
  if (failure === DISABLED) return [{ delivery, failure: '450 4.2.1', tellsElsewhere }];
  if (!(failure instanceof StorageError) || outcomeOfStorage(failure).type === 'failed') return [];
  return [{ delivery, failure: failure.kind, tellsElsewhere }];
}
