import { clientExchangeOf } from './client-conversation.ts';
import type { ClientMechanism } from './client-mechanism.ts';
import { nulSeparated } from './nul-separated.ts';
import { SaslError } from './sasl-error.ts';

const NEXT_PASSCODE = 'passcode';
const NEW_PIN = 'pin';
/** A server asks for one more passcode, or a new PIN and then a passcode made with it. */
const MAX_QUESTIONS = 3;

/** SECURID: RFC 2808. */
export const securId: ClientMechanism = {
  name: 'SECURID',
  needsTls: true,
  start({ credentials: { authenticationIdentity, authorizationIdentity = '', securId: card } }) {
    if (authenticationIdentity === undefined || card === undefined) return null;
    const message = async (...pin: readonly string[]) =>
      nulSeparated(authorizationIdentity, authenticationIdentity, await card.passcode(), ...pin, '');

    return clientExchangeOf(async function* () {
      let response = await message();
      for (let questions = 0; questions <= MAX_QUESTIONS; questions += 1) {
        const question = (yield { response, maySucceed: true }).toString('utf8');
        if (question === NEXT_PASSCODE) response = await message();
        else if (question.startsWith(NEW_PIN))
          response = await message(await card.pin(question.slice(NEW_PIN.length) || null));
        else throw new SaslError('malformed', 'The server asks neither for a passcode nor for a PIN');
      }
    });
  },
};
