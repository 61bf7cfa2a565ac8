import { clientExchangeOf } from './client-conversation.ts';
import type { ClientMechanism } from './client-mechanism.ts';

/** ANONYMOUS: RFC 4505. */
export const anonymous: ClientMechanism = {
  name: 'ANONYMOUS',
  needsTls: false,
  start({ credentials: { anonymousTrace } }) {
    if (anonymousTrace === undefined) return null;
    return clientExchangeOf(async function* () {
      yield { response: Buffer.from(anonymousTrace), maySucceed: true };
    });
  },
};
