import { hash } from 'node:crypto';
import type { ThreadReferences } from '@postel/mime';

/** Of a Message-ID: so many octets of its hash. Two that are the same by chance would be one message in a tree, and no more. */
export const LINK_OCTETS = 8;

const REPLY_OR_FORWARD = 1;
const HAS_MESSAGE_ID = 2;

/** What THREAD=REFERENCES asks of a message (RFC 5256 §3), in an octet for what it is and LINK_OCTETS for each Message-ID. */
export function packThreadLinks({ messageId, references }: ThreadReferences, isReplyOrForward: boolean): Buffer {
  const kind = (isReplyOrForward ? REPLY_OR_FORWARD : 0) | (messageId === null ? 0 : HAS_MESSAGE_ID);
  const ids = messageId === null ? references : [messageId, ...references];
  return Buffer.concat([Buffer.of(kind), ...ids.map((id) => hash('sha256', id, 'buffer').subarray(0, LINK_OCTETS))]);
}

export interface ThreadLinksAt {
  readonly isReplyOrForward: boolean;
  readonly hasMessageId: boolean;
}

/** @param kind the first octet of what `packThreadLinks` made; 0 for a message of which nothing is known */
export const readLinkKind = (kind: number): ThreadLinksAt => ({
  isReplyOrForward: (kind & REPLY_OR_FORWARD) !== 0,
  hasMessageId: (kind & HAS_MESSAGE_ID) !== 0,
});
