import type { AccountId } from '@postel/storage';

/** What a message said of itself when it came, as far as who passes it on has to know: see EnvelopeDetails of the storage. */
export interface QueuedEnvelope {
  /** Without angle brackets, '' for the null reverse-path. */
  readonly reversePath: string;
  /** Under SMTPUTF8: RFC 6531 §3.4. */
  readonly isUtf8: boolean;
  /** RFC 8689. */
  readonly requiresTls: boolean;
  /** ENVID in xtext as it came, and RET: RFC 3461. */
  readonly envelopeId: string | null;
  readonly returnContent: 'FULL' | 'HDRS' | null;
  /** Who submitted it first (RFC 4954 §5): '' if that is not known, null if nothing was said. */
  readonly submitter: string | null;
  /** Until when it was to be held, as its sender said it: RFC 4865 §5.1.2. */
  readonly releaseRequest: string | null;
}

export interface NewRecipient {
  readonly forwardPath: string;
  readonly notify: readonly string[] | null;
  readonly originalRecipient: string | null;
  /** The alias that it is a member of, in canonical form; null if it was named itself. */
  readonly alias: string | null;
  /** Those of a mailing list that it comes by, to stand before the message, each with its CRLF; '' if there are none. */
  readonly listFields: string;
}

/** A message to be queued. */
export interface NewMessage {
  /** As the reply and the log name it. */
  readonly name: string;
  /** Whose it is, null if it came from elsewhere. */
  readonly account: AccountId | null;
  readonly envelope: QueuedEnvelope;
  /** It was announced as BINARYMIME (RFC 3030). */
  readonly mayBeBinary: boolean;
  /** Header fields that stand before its octets, each with its CRLF. */
  readonly prefix: Buffer;
  /** Domains whose keys sign it. */
  readonly signers: readonly string[];
  /** Its sender may be told what becomes of it: it is known to be theirs. */
  readonly tellsSender: boolean;
  readonly recipients: readonly NewRecipient[];
  /** It is not sent before this time has gone by. */
  readonly waitMs: number;
  /** Nor before this one (RFC 4865); null: from now. */
  readonly releaseAt: Date | null;
}

/** A message that is in the queue. */
export interface QueuedMessage {
  readonly id: string;
  readonly name: string;
  readonly account: AccountId | null;
  readonly queuedAt: Date;
  /** When it was queued, or was to go if its sender had it held. */
  readonly releasedAt: Date;
  readonly envelope: QueuedEnvelope;
  /** Of all of it. */
  readonly sizeOctets: number;
  /** All of it, where it is so small that it was read together with what stands here. */
  readonly octets?: Buffer;
  readonly is8bit: boolean;
  readonly hasUtf8Header: boolean;
  readonly isBinary: boolean;
  /** Its sender would rather have it go in the clear than not at all (RFC 8689 §3). */
  readonly isTlsOptional: boolean;
  readonly signers: readonly string[];
  readonly tellsSender: boolean;
}

/** A recipient that somebody has a lease of. */
export interface LeasedRecipient extends NewRecipient {
  readonly id: number;
  readonly lease: string;
  /** Of A-labels, or an address literal in brackets. */
  readonly domain: string;
  readonly message: QueuedMessage;
  /** That have failed before. */
  readonly attempts: number;
  /** Since it was taken first, or first after it was released, of the time in which mail is sent: see countedMs. */
  readonly ageMs: number;
  readonly wasToldOfDelay: boolean;
  /** Others come first. */
  readonly isBulk: boolean;
  /** By which route it is to go whatever rules say, by its name; null: as they say. */
  readonly pinnedRoute: string | null;
  /** Why nothing more is to be tried: somebody has ended it, or wants nothing sent there; null: nobody. */
  readonly ending: string | null;
}

/** What came of an attempt, and how it goes on. */
export interface Settled {
  readonly recipient: LeasedRecipient;
  readonly outcome:
    | { readonly type: 'delivered' | 'failed' }
    | { readonly type: 'deferred'; readonly pauseMs: number; readonly tellsDelay: boolean };
  /** RFC 3463. */
  readonly status: string;
  /** What the other server said, or what went wrong. */
  readonly reply: string;
  /** The other server, null if there was none. */
  readonly mta: string | null;
  /** By which it went or was to go, by its name; null: by none, it was for somebody here. */
  readonly route: string | null;
  /** At other servers, for whom the recipient stands: they are put into the queue in its place. */
  readonly members: readonly NewRecipient[];
}
