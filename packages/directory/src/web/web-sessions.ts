import type { Sql, Transaction } from '@postel/storage';
import type { Actor } from '../actor.ts';
import type { Role } from '../directory.ts';
import { changeLimits, changeMail, readDirectory } from '../transaction.ts';
import { newToken, tokenHash } from './secrets.ts';
import { signInSubject } from './sign-in-subject.ts';
import type { WebHolder } from './web-holder.ts';

/** A session that nobody used for so long is over. */
const IDLE_SECONDS = 24 * 3_600;
/** However much it is used. */
const LIFETIME_SECONDS = 14 * 24 * 3_600;
/** Who administers has less time: by the admin password alone. */
const ADMIN_IDLE_SECONDS = 2 * 3_600;
const ADMIN_LIFETIME_SECONDS = 12 * 3_600;
/** Between the password and the code. */
const CODE_SECONDS = 600;
/** How exactly it is known when a session was last used: a write less with each request. */
const TOUCH_SECONDS = 60;
/** A proof of who somebody is counts so long for what is asked to be proved. */
const PROVED_SECONDS = 600;
const PROGRAM_CHARACTERS = 255;
/** Of one holder. A program that signs in anew for each question would leave one behind every time. */
const MAX_SESSIONS = 100;

interface NewWebSession {
  readonly holder: WebHolder;
  /** Of the password that was right; left out: whichever there is. */
  readonly credentialId?: number;
  readonly passkeyId?: Buffer;
  /** Of the device's key by which it begins: it proves less of who it is than a password or a passkey. */
  readonly keyFingerprint?: Buffer;
  readonly awaitsCode: boolean;
  /** An IP address. */
  readonly clientAddress: string;
  /** As the browser calls itself. */
  readonly program: string;
}

/** Who is signed in, at this moment. */
interface WebSession {
  readonly sessionId: string;
  readonly holder: WebHolder;
  /** Of the account. */
  readonly name: string | null;
  readonly role: Role;
  readonly awaitsCode: boolean;
  /** Its owner proved who they are not long ago. */
  readonly isProved: boolean;
}

/** A session as its owner sees it. */
interface ListedSession {
  readonly sessionId: string;
  readonly createdAt: Date;
  /** To the minute or so. */
  readonly usedAt: Date;
  readonly clientAddress: string | null;
  readonly program: string | null;
}

/** Sessions of browsers. A session is over when its account is disabled, and when its password is another one. */
export interface WebSessions {
  /** @returns what the browser is to show with each request; here only its hash is kept */
  begin(session: NewWebSession): Promise<string>;
  /** Null: there is none, or it is over. */
  find(token: string): Promise<WebSession | null>;
  end(token: string): Promise<void>;
  /** The one used last first. */
  list(holder: WebHolder): Promise<readonly ListedSession[]>;
  /** @returns false: its holder has none of that id */
  endOne(actor: Actor, holder: WebHolder, sessionId: string): Promise<boolean>;
  /** After its holder has changed the password: goes on under the new one. */
  adoptPassword(sessionId: string): Promise<void>;
  /** Its owner has proved now who they are. */
  prove(sessionId: string): Promise<void>;
}

export function openWebSessions(sql: Sql): WebSessions {
  return {
    begin: (session) => beginSession(sql, session),
    find: (token) => findSession(sql, token),
    async end(token) {
      await changeMail(sql, (tx) => tx`delete from web_sessions where session_hash = ${tokenHash(token)}`);
    },
    list: (holder) =>
      readDirectory(
        () => sql.read<ListedSession[]>`
          select session_id as "sessionId", s.created_at as "createdAt", used_at as "usedAt",
                 host(client_address) as "clientAddress", program
            from web_sessions as s left join accounts as account using (account_id)
           where s.account_id is not distinct from ${holder}::bigint and not awaits_code and ${isGoing(sql)}
           order by used_at desc, session_id`,
      ),
    async endOne(actor, holder, sessionId) {
      const removed = await changeLimits(sql, actor, async (tx, note) => {
        await note(await signInSubject(tx, holder, 'sessions'));
        return await tx`
          delete from web_sessions
           where session_id = ${sessionId}::text::uuid and account_id is not distinct from ${holder}::bigint`;
      });
      return removed.count > 0;
    },
    async adoptPassword(sessionId) {
      await changeMail(
        sql,
        (tx) => tx`
          update web_sessions as s
             set credential_id = (select credential_id from credentials as c
                                   where c.account_id = s.account_id and kind = 'password')
           where session_id = ${sessionId}::text::uuid and account_id is not null`,
      );
    },
    async prove(sessionId) {
      await changeMail(
        sql,
        (tx) => tx`
          update web_sessions set proved_at = now() where session_id = ${sessionId}::text::uuid and not awaits_code`,
      );
    },
  };
}

async function beginSession(sql: Sql, session: NewWebSession): Promise<string> {
  const { holder, credentialId = null, passkeyId = null, keyFingerprint = null } = session;
  const { awaitsCode, clientAddress, program } = session;
  const token = newToken();
  await changeMail(sql, async (tx) => {
    await tx`
      delete from web_sessions
       where used_at < now() - make_interval(secs => ${IDLE_SECONDS}::integer)
          or created_at < now() - make_interval(secs => ${LIFETIME_SECONDS}::integer)
          or (awaits_code and created_at < now() - make_interval(secs => ${CODE_SECONDS}::integer))`;
    // Who has yet to give a code ends no session of who has.
    if (!awaitsCode) await deleteBeyond(tx, holder, MAX_SESSIONS - 1);
    await tx`
      insert into web_sessions (session_hash, account_id, credential_id, passkey_id, key_fingerprint, proved_at,
                                awaits_code, client_address, program)
      values (${tokenHash(token)}, ${holder}::bigint,
              coalesce(${credentialId}::bigint,
                       case when ${holder}::bigint is null then (select credential_id from admin_password)
                            else (select credential_id from credentials
                                   where account_id = ${holder}::bigint and kind = 'password') end),
              ${passkeyId}::bytea, ${keyFingerprint}::bytea,
              case when ${keyFingerprint}::bytea is null and not ${awaitsCode}::boolean then now() end,
              ${awaitsCode}::boolean, ${clientAddress || null}::text::inet,
              ${printable(program).slice(0, PROGRAM_CHARACTERS) || null}::text)`;
  });
  return token;
}

/** All but so many, those used last. */
async function deleteBeyond(tx: Transaction, holder: WebHolder, kept: number): Promise<void> {
  await tx`
    delete from web_sessions
     where session_hash in (select session_hash from web_sessions
                             where account_id is not distinct from ${holder}::bigint and not awaits_code
                             order by used_at desc, created_at desc offset ${kept}::integer
                               for update skip locked)`;
}

async function findSession(sql: Sql, token: string): Promise<WebSession | null> {
  const hash = tokenHash(token);
  const [row] = await readDirectory(
    () => sql.read<(WebSession & { readonly isStale: boolean })[]>`
      select session_id as "sessionId", s.account_id as holder, account.name, coalesce(role, 'owner') as role,
             awaits_code as "awaitsCode",
             coalesce(proved_at > now() - make_interval(secs => ${PROVED_SECONDS}::integer), false) as "isProved",
             used_at < now() - make_interval(secs => ${TOUCH_SECONDS}::integer) as "isStale"
        from web_sessions as s left join accounts as account using (account_id)
       where session_hash = ${hash} and ${isGoing(sql)}`,
  );
  if (row === undefined) return null;
  const { isStale, ...session } = row;
  if (isStale) await changeMail(sql, (tx) => tx`update web_sessions set used_at = now() where session_hash = ${hash}`);
  return session;
}

/** Of `web_sessions as s left join accounts as account`. */
function isGoing(sql: Sql) {
  return sql.read`
    used_at > now() - make_interval(secs => case when s.account_id is null then ${ADMIN_IDLE_SECONDS}::integer else ${IDLE_SECONDS}::integer end)
    and s.created_at > now() - make_interval(
          secs => case when awaits_code then ${CODE_SECONDS}::integer
                       when s.account_id is null then ${ADMIN_LIFETIME_SECONDS}::integer else ${LIFETIME_SECONDS}::integer end)
    and case when s.account_id is null then s.credential_id = (select credential_id from admin_password)
             else not account.is_disabled
                  and s.credential_id is not distinct from
                      (select credential_id from credentials as c where c.account_id = s.account_id and kind = 'password') end
    and (passkey_id is null or exists (select from passkeys as p where p.passkey_id = s.passkey_id))
    and (key_fingerprint is null
         or exists (select from tls_public_keys as k where k.fingerprint = s.key_fingerprint and k.account_id = s.account_id))`;
}

const printable = (text: string) => text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
