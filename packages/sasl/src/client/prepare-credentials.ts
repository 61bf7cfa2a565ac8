import { type PreparedPassword, preparePassword, prepareUsername } from '../saslprep.ts';
import { SaslError } from './sasl-error.ts';

/** SASLprep of a user name that goes into a hash or must match one (RFC 5802 §5.1). */
export async function prepareName(name: string): Promise<string> {
  const prepared = await prepareUsername(name, 'query');
  if (prepared === null) throw new SaslError('credentials', 'The user name has characters that no user name may have');
  return prepared;
}

/**
 * SASLprep of a password that is hashed here. RFC 5802 §2.2 would have us refuse characters younger than Unicode 3.2;
 * whether an account may have such a password is for its server to say, and many let it.
 */
export async function prepareSecret(password: string): Promise<PreparedPassword> {
  const prepared = await preparePassword(password, 'query');
  if (prepared === null) throw new SaslError('credentials', 'The password has characters that no password may have');
  return prepared;
}
