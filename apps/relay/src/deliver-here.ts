import { type Directory, parseAddress, type RecipientAccount } from '@postel/directory';
import type { LeasedRecipient, QueuedMessage } from '@postel/queue';
import { StorageError, type StorageErrorKind, type Store } from '@postel/storage';
import { LOCAL_MESSAGE_OCTETS } from './limits.ts';
import { deferred, failed, type Outcome } from './outcome.ts';

/** Where somebody here gets their mail. */
type LocalTarget =
  | { readonly type: 'elsewhere' }
  | { readonly type: 'here'; deliver(octets: AsyncIterable<Buffer>): Promise<Outcome> };

export interface LocalMail {
  readonly directory: Pick<Directory, 'resolveRecipient' | 'expandAlias'>;
  readonly store: Pick<Store, 'receive' | 'deliverToEach' | 'keepWaiting'>;
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
    case 'account':
      return { type: 'here', deliver: (octets) => deliver(store, message, recipient, [target], octets) };
    case 'alias': {
      const { accounts } = await directory.expandAlias(
        { ...target, posters: 'anyone' },
        { account: null, address: null },
      );
      if (accounts.length === 0) return refused(failed('5.1.1', `${forwardPath} stands for nobody here`));
      return { type: 'here', deliver: (octets) => deliver(store, message, recipient, accounts, octets) };
    }
    default:
      return target satisfies never;
  }
}

function refused(outcome: Outcome): LocalTarget {
  return { type: 'here', deliver: async () => outcome };
}

type Accounts = readonly Pick<RecipientAccount, 'accountId' | 'mailbox'>[];

async function deliver(
  store: LocalMail['store'],
  { envelope, name }: QueuedMessage,
  { forwardPath, notify, originalRecipient }: LeasedRecipient,
  accounts: Accounts,
  octets: AsyncIterable<Buffer>,
): Promise<Outcome> {
  const { reversePath, isUtf8, requiresTls, envelopeId, returnContent, submitter, releaseRequest } = envelope;
  const writer = store.receive(LOCAL_MESSAGE_OCTETS);
  try {
    for await (const piece of octets) await writer.write(piece);
  } catch (error) {
    await writer.abort();
    return outcomeOf(error);
  }
  await using content = await writer.finish();
  const details = {
    isUtf8,
    requiresTls,
    envelopeId,
    returnContent,
    submitter,
    releaseRequest,
    id: name,
    sender: null,
    tls: null,
    body: null,
    results: null,
  };
  const arrival = {
    prefix: Buffer.from(`Return-Path: <${reversePath}>\r\n`),
    reversePath,
    forwardPath,
    protocol: 'local',
    clientAddress: null,
    clientName: null,
    details: { ...details, recipients: [{ forwardPath, notify, originalRecipient }] },
  };
  const deliveries = accounts.map(({ accountId, mailbox }) => ({ account: accountId, mailbox, arrival }));
  const outcomes = await store.deliverToEach(content, deliveries);
  // Of several, one is enough: who has it must not get it again for the sake of the others, whose copies wait.
  if (outcomes.some(({ status }) => status === 'fulfilled')) {
    const waiting = deliveries.flatMap((delivery, at) => {
      const failure = reasonToWait(outcomes[at]);
      return failure === null ? [] : [{ delivery, failure }];
    });
    if (waiting.length > 0) await store.keepWaiting(content, waiting);
    return { type: 'delivered', status: '2.1.5', reply: `Delivered here as ${name}`, mta: null, success: 'delivered' };
  }
  const [first] = outcomes;
  return outcomeOf(first?.status === 'rejected' ? first.reason : null);
}

/** Null where the account has the message, or may have it, or never will. */
function reasonToWait(outcome: PromiseSettledResult<unknown> | undefined): string | null {
  if (outcome?.status !== 'rejected') return null;
  const { reason } = outcome;
  if (!(reason instanceof StorageError) || reason.kind === 'outcome-unknown') return null;
  return outcomeOf(reason).type === 'failed' ? null : reason.kind;
}

/** Null where it may work later, or nothing is known. */
const STATUSES = {
  nonexistent: ['failed', '5.1.1', 'The account is gone'],
  'over-quota': ['deferred', '4.2.2', 'The mailbox is full'],
  'too-large': ['failed', '5.2.3', 'The message is too large'],
  'uid-exhausted': ['failed', '5.2.0', 'The mailbox has no UIDs left'],
} as const satisfies Partial<Record<StorageErrorKind, readonly ['failed' | 'deferred', string, string]>>;

function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof StorageError)) throw error;
  const known = Object.entries(STATUSES).find(([kind]) => kind === error.kind)?.[1];
  if (known === undefined) return deferred('4.3.0', `It cannot be stored now: ${error.kind}`);
  const [type, status, text] = known;
  return type === 'failed' ? failed(status, text) : deferred(status, text);
}
