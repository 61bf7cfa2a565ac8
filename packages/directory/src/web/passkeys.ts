import { randomBytes } from 'node:crypto';
import type { Sql } from '@postel/storage';
import type { Actor } from '../actor.ts';
import { acceptCredentialName } from '../credential-name.ts';
import { DirectoryError } from '../errors.ts';
import { changeLimits, changeMail, readDirectory } from '../transaction.ts';
import { signInSubject } from './sign-in-subject.ts';
import type { WebHolder } from './web-holder.ts';

const CHALLENGE_OCTETS = 32;
/** How long a person may take to find the key. */
const CHALLENGE_SECONDS = 300;
const MAX_PASSKEYS = 20;

/** What a challenge is for. */
type PasskeyPurpose = 'register' | 'sign-in';

interface NewPasskey {
  readonly passkeyId: Buffer;
  /** 1 to 100 printable characters. */
  readonly name: string;
  readonly publicKey: Buffer;
  readonly counter: number;
  readonly transports: readonly string[];
}

interface ListedPasskey {
  readonly passkeyId: Buffer;
  readonly name: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
}

/** A passkey and whose it is, as a signature is checked by. */
interface FoundPasskey {
  readonly passkeyId: Buffer;
  readonly holder: WebHolder;
  /** Of the account. */
  readonly accountName: string | null;
  readonly publicKey: Buffer;
  readonly counter: number;
  readonly transports: readonly string[];
}

/** Passkeys (WebAuthn), by which people sign in to the web. */
export interface Passkeys {
  /** What the authenticator is to sign. @param holder who is to register one */
  newChallenge(purpose: PasskeyPurpose, holder: WebHolder): Promise<Buffer>;
  /** Once. @returns false: it is none of ours, or too old */
  takeChallenge(challenge: Buffer, purpose: PasskeyPurpose, holder: WebHolder): Promise<boolean>;
  /** @throws 'invalid-name', 'key-exists', 'too-many-keys' */
  add(actor: Actor, holder: WebHolder, passkey: NewPasskey): Promise<void>;
  list(holder: WebHolder): Promise<readonly ListedPasskey[]>;
  /** Null: there is none, or its account is disabled. */
  find(passkeyId: Buffer): Promise<FoundPasskey | null>;
  noteUse(passkeyId: Buffer, counter: number): Promise<void>;
  /** And its sessions. @returns false: its holder has none of that id */
  remove(actor: Actor, holder: WebHolder, passkeyId: Buffer): Promise<boolean>;
}

export function openPasskeys(sql: Sql): Passkeys {
  return {
    async newChallenge(purpose, holder) {
      const challenge = randomBytes(CHALLENGE_OCTETS);
      await changeMail(sql, async (tx) => {
        await tx`delete from passkey_challenges where expires_at < now()`;
        await tx`
          insert into passkey_challenges (challenge, account_id, purpose, expires_at)
          values (${challenge}, ${holder}::bigint, ${purpose}, now() + make_interval(secs => ${CHALLENGE_SECONDS}::integer))`;
      });
      return challenge;
    },
    async takeChallenge(challenge, purpose, holder) {
      const taken = await changeMail(
        sql,
        (tx) => tx`
          delete from passkey_challenges
           where challenge = ${challenge} and purpose = ${purpose} and expires_at > now()
             and account_id is not distinct from ${holder}::bigint`,
      );
      return taken.count > 0;
    },
    add: (actor, holder, passkey) => addPasskey(sql, actor, holder, passkey),
    list: (holder) =>
      readDirectory(
        () => sql.read<ListedPasskey[]>`
          select passkey_id as "passkeyId", name, created_at as "createdAt", last_used_at as "lastUsedAt"
            from passkeys where account_id is not distinct from ${holder}::bigint order by created_at, passkey_id`,
      ),
    async find(passkeyId) {
      const [row] = await readDirectory(
        () => sql.read<(Omit<FoundPasskey, 'transports'> & { transports: string })[]>`
          select passkey_id as "passkeyId", p.account_id as holder, account.name as "accountName",
                 public_key as "publicKey", counter, transports
            from passkeys as p left join accounts as account using (account_id)
           where passkey_id = ${passkeyId} and (p.account_id is null or not account.is_disabled)`,
      );
      return row === undefined ? null : { ...row, transports: words(row.transports) };
    },
    async noteUse(passkeyId, counter) {
      await changeMail(
        sql,
        (tx) => tx`update passkeys set counter = ${counter}, last_used_at = now() where passkey_id = ${passkeyId}`,
      );
    },
    async remove(actor, holder, passkeyId) {
      const removed = await changeLimits(sql, actor, async (tx, note) => {
        await note(await signInSubject(tx, holder, 'passkeys'));
        return await tx`
          delete from passkeys where passkey_id = ${passkeyId} and account_id is not distinct from ${holder}::bigint`;
      });
      return removed.count > 0;
    },
  };
}

async function addPasskey(sql: Sql, actor: Actor, holder: WebHolder, passkey: NewPasskey): Promise<void> {
  const name = acceptCredentialName(passkey.name, 'a passkey');
  const { passkeyId, publicKey, counter, transports } = passkey;
  await changeLimits(sql, actor, async (tx, note) => {
    await note(await signInSubject(tx, holder, 'passkeys'));
    const [keys] = await tx<{ count: number }[]>`
      select count(*)::integer as count from passkeys where account_id is not distinct from ${holder}::bigint`;
    if (keys !== undefined && keys.count >= MAX_PASSKEYS) {
      throw new DirectoryError(
        'too-many-keys',
        `There are ${MAX_PASSKEYS} passkeys: remove one that is no longer used`,
      );
    }
    const inserted = await tx`
      insert into passkeys (passkey_id, account_id, name, public_key, counter, transports)
      values (${passkeyId}, ${holder}::bigint, ${name}, ${publicKey}, ${counter}, ${transports.join(' ')})
          on conflict do nothing`;
    if (inserted.count === 0) throw new DirectoryError('key-exists', 'This passkey is registered already');
  });
}

const words = (text: string): readonly string[] => text.split(' ').filter((word) => word !== '');
