import { CommandError } from './command-error.ts';
import { readPassword } from './read-password.ts';

/** The password that somebody types, or one that is made up. @throws {CommandError} if there is none */
export async function newPassword(account: string, wantsGenerated: boolean): Promise<string> {
  if (wantsGenerated) return (await import('@postel/directory')).generatePassword();
  const password = await readPassword(`New password for ${account}: `);
  // Unlike for a new account: an input that is empty by mistake must not lock somebody out.
  if (password === '') throw new CommandError('No password was given. To have one made up: --generate-password.');
  return password;
}
