import { DirectoryError } from './errors.ts';

export const MAX_NAME_CHARACTERS = 100;

/**
 * What an owner calls a credential, `phone` for instance: the same name however it was typed.
 *
 * @param what it names, for the message
 * @throws {DirectoryError} 'invalid-name'
 */
export function acceptCredentialName(text: string, what: string): string {
  const name = text.normalize('NFC').trim();
  const isPrintable = !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(name);
  if (name !== '' && isPrintable && [...name].length <= MAX_NAME_CHARACTERS) return name;
  throw new DirectoryError('invalid-name', `The name of ${what} is 1 to ${MAX_NAME_CHARACTERS} printable characters`);
}
