import { MAX_ENCODED_RESPONSE_OCTETS } from './base64.ts';
import type { ServerExchange, ServerFailure, ServerStep } from './server-mechanism.ts';

/** How a conversation ended. */
export type Outcome<Identity> = Exclude<ServerStep<Identity>, { readonly type: 'challenge' }>;

/** A mechanism written as it is read: each challenge is yielded, and the yield gives the client's response to it. */
export type Conversation<Identity> = AsyncGenerator<Buffer, Outcome<Identity>, Buffer>;

const MAX_RESPONSE_OCTETS = (MAX_ENCODED_RESPONSE_OCTETS / 4) * 3;
const EMPTY = Buffer.alloc(0);

export function failure(reason: ServerFailure): Outcome<never> {
  return { type: 'failure', reason };
}

/** @param converse gets the initial response, null if there is none */
export function exchangeOf<Identity>(
  converse: (initialResponse: Buffer | null) => Conversation<Identity>,
): ServerExchange<Identity> {
  let conversation: Conversation<Identity> | null = null;
  // False while a step is being worked out, too: a client that does not wait for its answer gets no second try from it.
  let awaitsResponse = true;

  return {
    async next(response) {
      if (!awaitsResponse) return failure('malformed');
      awaitsResponse = false;
      if (response !== null && response.length > MAX_RESPONSE_OCTETS) return failure('malformed');

      conversation ??= converse(response);
      const turn = await conversation.next(response ?? EMPTY);
      if (turn.done === true) return turn.value;
      awaitsResponse = true;
      return { type: 'challenge', challenge: turn.value };
    },
  };
}
