import { MAX_ENCODED_RESPONSE_OCTETS } from '../base64.ts';
import type { ClientExchange } from './client-mechanism.ts';
import { SaslError } from './sasl-error.ts';

interface Turn {
  /** Null only in the first turn, where the server speaks first. */
  readonly response: Buffer | null;
  /** After this response the server may say success; otherwise it has something to say before. */
  readonly maySucceed?: boolean;
  /** See {@link ClientExchange.refusal}. */
  readonly refusal?: string;
}

/** A mechanism written as it is read: each response is yielded, and the yield gives the server's next challenge. */
export type ClientConversation = AsyncGenerator<Turn, void, Buffer>;

export const EMPTY = Buffer.alloc(0);

/** What servers take, in the other direction: more than any mechanism needs. */
const MAX_CHALLENGE_OCTETS = (MAX_ENCODED_RESPONSE_OCTETS / 4) * 3;

export function clientExchangeOf(converse: () => ClientConversation): ClientExchange {
  const conversation = converse();
  let current: Turn | null = null;

  async function advance(challenge: Buffer): Promise<Buffer | null> {
    current = null;
    const next = await conversation.next(challenge);
    if (next.done === true) throw new SaslError('malformed', 'The server goes on after the end of the exchange');
    current = next.value;
    return current.response;
  }

  return {
    initialResponse: () => advance(EMPTY),
    async respond(challenge) {
      if (challenge.length > MAX_CHALLENGE_OCTETS) {
        current = null;
        throw new SaslError('malformed', `A challenge has at most ${MAX_CHALLENGE_OCTETS} octets`);
      }
      return (await advance(challenge)) ?? EMPTY;
    },
    succeeded() {
      if (current?.maySucceed !== true) {
        throw new SaslError('untrusted', 'The server says success before it has proven that it knows the credentials');
      }
    },
    get refusal() {
      return current?.refusal ?? null;
    },
  };
}
