import { clientExchangeOf, EMPTY } from './client-conversation.ts';
import type { ClientMechanism } from './client-mechanism.ts';
import { SaslError } from './sasl-error.ts';

/** Bit of the security layers: none (RFC 4752 §3.3). TLS is ours. */
const NO_SECURITY_LAYER = 0x01;
const OFFER_OCTETS = 4;
/** Kerberos needs one; other mechanisms of the GSS-API a few more. */
const MAX_TOKENS = 10;

/** GSSAPI, that is Kerberos V5: RFC 4752. */
export const gssapi: ClientMechanism = {
  name: 'GSSAPI',
  needsTls: false,
  start({ credentials: { authorizationIdentity = '', gss }, connection: { service, host } }) {
    if (gss === undefined) return null;
    return clientExchangeOf(async function* () {
      const context = await gss(`${service}@${host}`);
      let { token, isComplete } = await context.step(EMPTY);
      for (let tokens = 1; !isComplete; tokens += 1) {
        if (tokens > MAX_TOKENS) throw new SaslError('malformed', 'The server does not come to an end of its tokens');
        ({ token, isComplete } = await context.step(yield { response: token }));
      }

      // The offer can be unwrapped only if the server has shared the context, which proves that it is the service.
      const offer = await context.unwrap(yield { response: token });
      checkOffer(offer);
      const choice = Buffer.concat([Buffer.from([NO_SECURITY_LAYER, 0, 0, 0]), Buffer.from(authorizationIdentity)]);
      yield { response: await context.wrap(choice), maySucceed: true };
    });
  },
};

/**
 * Security layers and, in three octets, how much the server takes at once by them: RFC 4752 §3.1. That the size is 0 where
 * there are no layers is not asked for: servers of GNU SASL have another.
 */
function checkOffer(offer: Buffer): void {
  const [layers = 0] = offer;
  if (offer.length !== OFFER_OCTETS) {
    throw new SaslError('malformed', 'The offer of security layers is not one of RFC 4752');
  }
  if ((layers & NO_SECURITY_LAYER) === 0) {
    throw new SaslError('malformed', 'The server wants a security layer, which is not known here: use TLS');
  }
}
