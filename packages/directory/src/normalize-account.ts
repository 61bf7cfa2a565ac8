import type { AccountState, KeyState } from './account-state.ts';
import { formatAddress } from './address.ts';
import { acceptAddress, spellMailboxName } from './addresses.ts';
import { acceptNetworks, MAX_APP_PASSWORDS } from './app-passwords.ts';
import { acceptCredentialName } from './credential-name.ts';
import type { AccountSecrets, AppPasswordSecret } from './credentials-state.ts';
import { DirectoryError } from './errors.ts';

type Keys = Readonly<Record<string, KeyState>>;

/** With null for INBOX, as the directory has it. Whether it can be a mailbox is seen when it is made. */
export function normalizeTarget({ mailbox }: AccountState['addresses'][string]): AccountState['addresses'][string] {
  const name = mailbox === null ? 'INBOX' : spellMailboxName(mailbox);
  return { mailbox: name === 'INBOX' ? null : name };
}

/** @throws {DirectoryError} 'invalid-name', 'invalid-address' */
export function normalizeKeys(keys: Keys): Keys {
  const normalized = Object.entries(keys).map(([fingerprint, { name, loginAddress, ...key }]) => [
    fingerprint,
    {
      ...key,
      name: acceptCredentialName(name, 'a key'),
      loginAddress: loginAddress === null ? null : formatAddress(acceptAddress(loginAddress)),
    },
  ]);
  return Object.fromEntries(normalized);
}

/** @throws {DirectoryError} 'invalid-name', 'invalid-network', 'invalid-secrets', 'app-password-exists', 'too-many-app-passwords' */
export function normalizeSecrets(accountName: string, { password, appPasswords }: AccountSecrets): AccountSecrets {
  if (appPasswords.size > MAX_APP_PASSWORDS) {
    throw new DirectoryError(
      'too-many-app-passwords',
      `${accountName} would have ${appPasswords.size} app passwords: an account has at most ${MAX_APP_PASSWORDS}`,
    );
  }
  const normalized = new Map<string, AppPasswordSecret>();
  for (const [given, secret] of appPasswords) {
    const name = acceptCredentialName(given, 'an app password');
    if (normalized.has(name)) {
      const what = `the app password ${JSON.stringify(name)}`;
      throw new DirectoryError('app-password-exists', `${accountName} would have ${what} twice`);
    }
    const { networks, sharedSecret } = secret;
    if (sharedSecret !== null && !SHARED_SECRET.test(sharedSecret)) {
      throw new DirectoryError('invalid-secrets', `The shared secret of ${accountName} is none that a dump has`);
    }
    normalized.set(name, { ...secret, networks: networks === null ? null : acceptNetworks(networks) });
  }
  return { password, appPasswords: normalized };
}

/** Those are made here, never chosen. */
const SHARED_SECRET = /^[!-~]{8,255}$/;
