import { clientExchangeOf } from './client-conversation.ts';
import type { ClientMechanism } from './client-mechanism.ts';
import { nulSeparated } from './nul-separated.ts';
import type { OtpChallenge } from './one-time-password.ts';
import { SaslError } from './sasl-error.ts';

/** `otp-md5 487 dog2 ext`: RFC 2289 §6, with the extension that RFC 2444 asks for. */
const CHALLENGE = /^[ \t]*otp-(md5|sha1)[ \t]+([0-9]{1,4})[ \t]+([A-Za-z0-9]{1,16})[ \t]+ext(?:[ \t\r\n,]|$)/;
/** Longer ones would not fit on the screens that RFC 2289 was written for. */
const MAX_CHALLENGE_OCTETS = 256;

const HEXADECIMAL = /^[0-9a-f]{16}$/i;
const SIX_WORDS = /^[a-z]{1,4}(?: [a-z]{1,4}){5}$/i;

/** OTP: RFC 2444. */
export const otp: ClientMechanism = {
  name: 'OTP',
  needsTls: false,
  start({ credentials: { authenticationIdentity, authorizationIdentity = '', otp: passwordFor } }) {
    if (authenticationIdentity === undefined || passwordFor === undefined) return null;
    return clientExchangeOf(async function* () {
      const challenge = yield { response: nulSeparated(authorizationIdentity, authenticationIdentity) };
      const password = await passwordFor(parseChallenge(challenge));
      yield { response: Buffer.from(extendedResponse(password)), maySucceed: true };
    });
  },
};

function parseChallenge(challenge: Buffer): OtpChallenge {
  const text = challenge.length > MAX_CHALLENGE_OCTETS ? '' : challenge.toString('latin1');
  const [, algorithm = '', sequence = '', seed = ''] = CHALLENGE.exec(text) ?? [];
  if (algorithm !== 'md5' && algorithm !== 'sha1') {
    throw new SaslError('malformed', "The server's challenge is not one of OTP by MD5 or SHA-1");
  }
  return { algorithm, sequence: Number(sequence), seed: seed.toLowerCase() };
}

/** `hex:` or `word:`, whichever was given: RFC 2243 §3. */
function extendedResponse(password: string): string {
  const words = password.trim().split(/\s+/);
  if (HEXADECIMAL.test(words.join(''))) return `hex:${words.join('').toLowerCase()}`;
  if (SIX_WORDS.test(words.join(' '))) return `word:${words.join(' ').toUpperCase()}`;
  throw new SaslError('credentials', 'A one-time password is 16 hexadecimal digits or six words');
}
