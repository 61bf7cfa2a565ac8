declare const brand: unique symbol;

/** A password that went through {@link preparePassword}: the only kind that keys are derived from (RFC 4616 §2). */
export type PreparedPassword = string & { readonly [brand]: 'PreparedPassword' };

/** Stored strings may hold no code point that Unicode 3.2 had not assigned; queries may (RFC 3454 §7, RFC 4616 §2). */
export type StringUse = 'stored' | 'query';

/** SASLprep changes nothing in these, so that the tables (23 ms and 11 MB to load) are read only if somebody needs them. */
const PRINTABLE_ASCII = /^[\x20-\x7e]+$/;

/**
 * SASLprep (RFC 4013) of a password.
 *
 * @returns null if it is not allowed, or nothing is left of it, in which case verification must fail (RFC 4616 §2)
 */
export async function preparePassword(password: string, use: StringUse): Promise<PreparedPassword | null> {
  return (await saslprep(password, use)) as PreparedPassword | null;
}

/** SASLprep (RFC 4013) of a simple user name; email addresses have a form of their own (RFC 4013 §1). */
export async function prepareUsername(username: string, use: StringUse): Promise<string | null> {
  return await saslprep(username, use);
}

async function saslprep(text: string, use: StringUse): Promise<string | null> {
  if (PRINTABLE_ASCII.test(text)) return text;
  const { default: prepare } = await import('@mongodb-js/saslprep');
  try {
    return prepare(text, { allowUnassigned: use === 'query' }) || null;
  } catch {
    // Prohibited or unassigned characters, mixed directions, or (a TypeError of the library's) nothing left after mapping.
    return null;
  }
}
