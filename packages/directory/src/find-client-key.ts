import type { Sql } from '@postel/storage';
import type { ClientKey } from './login.ts';
import { readDirectory } from './transaction.ts';

/**
 * The account that a TLS public key identifies.
 *
 * @param fingerprint SHA-256 of the SubjectPublicKeyInfo, in base64url
 * @returns null for a key that is nobody's, or a disabled account's
 */
export async function findClientKey(sql: Sql, fingerprint: string): Promise<ClientKey | null> {
  const octets = Buffer.from(fingerprint, 'base64url');
  const [key] = await readDirectory(
    () => sql.read<Omit<ClientKey, 'fingerprint'>[]>`
      select account_id as "accountId", accounts.name as "accountName", tls_public_keys.name,
             login_address as "loginAddress", is_imap_preauth as "isImapPreauth"
        from tls_public_keys join accounts using (account_id)
       where fingerprint = ${octets} and not is_disabled`,
  );
  return key === undefined ? null : { fingerprint, ...key };
}
