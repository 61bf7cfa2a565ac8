import type { Sql } from '@postel/storage';
import type { Actor } from '../actor.ts';
import { acceptCredentialName } from '../credential-name.ts';
import type { Role } from '../directory.ts';
import { DirectoryError } from '../errors.ts';
import { changeLimits, changeMail, readDirectory } from '../transaction.ts';
import { newToken, tokenHash } from './secrets.ts';
import { signInSubject } from './sign-in-subject.ts';
import type { WebHolder } from './web-holder.ts';

const MAX_TOKENS = 50;
const TOUCH_SECONDS = 60;
/** By which people, and programs that look for leaked secrets, know what it is. */
const PREFIX = 'postel_';

/** What a token is good for: its own account, or the server; to look, or also to change. */
export type TokenScope = 'account:read' | 'account:write' | 'admin:read' | 'admin:write';

interface NewToken {
  /** 1 to 100 printable characters. */
  readonly name: string;
  readonly scopes: readonly TokenScope[];
  /** Null: never. */
  readonly expiresAt: Date | null;
}

export interface ListedToken extends NewToken {
  readonly tokenId: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
  readonly lastUsedFrom: string | null;
}

/** Whose a token is, and what it is good for at this moment. */
interface FoundToken {
  readonly tokenId: string;
  /** What its owner calls it. */
  readonly tokenName: string;
  readonly holder: WebHolder;
  /** Of the account. */
  readonly name: string | null;
  readonly role: Role;
  readonly scopes: readonly TokenScope[];
}

/** By which programs use the API. */
export interface ApiTokens {
  /** @returns the token, which is told nowhere else and never again @throws 'invalid-name', 'too-many-keys', 'already-expired' */
  add(actor: Actor, holder: WebHolder, token: NewToken): Promise<string>;
  list(holder: WebHolder): Promise<readonly ListedToken[]>;
  /** Null: there is none, it has expired, or its account is disabled. */
  find(token: string, clientAddress: string): Promise<FoundToken | null>;
  /** @returns false: its holder has none of that id */
  remove(actor: Actor, holder: WebHolder, tokenId: string): Promise<boolean>;
}

export function openApiTokens(sql: Sql): ApiTokens {
  return {
    add: (actor, holder, token) => addToken(sql, actor, holder, token),
    async list(holder) {
      const rows = await readDirectory(
        () => sql.read<(Omit<ListedToken, 'scopes'> & { scopes: string })[]>`
          select token_id as "tokenId", name, scopes, created_at as "createdAt", expires_at as "expiresAt",
                 last_used_at as "lastUsedAt", host(last_used_from) as "lastUsedFrom"
            from api_tokens where account_id is not distinct from ${holder}::bigint order by created_at, token_id`,
      );
      return rows.map((row) => ({ ...row, scopes: parseScopes(row.scopes) }));
    },
    find: (token, clientAddress) => findToken(sql, token, clientAddress),
    async remove(actor, holder, tokenId) {
      const removed = await changeLimits(sql, actor, async (tx, note) => {
        await note(await signInSubject(tx, holder, 'tokens'));
        return await tx`
          delete from api_tokens
           where token_id = ${tokenId}::text::uuid and account_id is not distinct from ${holder}::bigint`;
      });
      return removed.count > 0;
    },
  };
}

async function addToken(
  sql: Sql,
  actor: Actor,
  holder: WebHolder,
  { name: given, scopes, expiresAt }: NewToken,
): Promise<string> {
  const name = acceptCredentialName(given, 'a token');
  if (expiresAt !== null && !(expiresAt.getTime() > Date.now())) {
    throw new DirectoryError('already-expired', 'A token expires in the future, or never');
  }
  const token = PREFIX + newToken();
  await changeLimits(sql, actor, async (tx, note) => {
    await note(await signInSubject(tx, holder, 'tokens'));
    const [tokens] = await tx<{ count: number }[]>`
      select count(*)::integer as count from api_tokens where account_id is not distinct from ${holder}::bigint`;
    if (tokens !== undefined && tokens.count >= MAX_TOKENS) {
      throw new DirectoryError('too-many-keys', `There are ${MAX_TOKENS} tokens: remove one that is no longer used`);
    }
    await tx`
      insert into api_tokens (token_hash, account_id, credential_id, name, scopes, expires_at)
      values (${tokenHash(token)}, ${holder}::bigint,
              case when ${holder}::bigint is null then (select credential_id from admin_password) end,
              ${name}, ${scopes.join(' ')}, ${expiresAt})`;
  });
  return token;
}

async function findToken(sql: Sql, token: string, clientAddress: string): Promise<FoundToken | null> {
  const hash = tokenHash(token);
  const [row] = await readDirectory(
    () => sql.read<(Omit<FoundToken, 'scopes'> & { scopes: string; isStale: boolean })[]>`
      select token_id as "tokenId", t.name as "tokenName", t.account_id as holder, account.name, coalesce(role, 'owner') as role, scopes,
             coalesce(last_used_at < now() - make_interval(secs => ${TOUCH_SECONDS}::integer), true) as "isStale"
        from api_tokens as t left join accounts as account using (account_id)
       where token_hash = ${hash} and (expires_at is null or expires_at > now())
         and case when t.account_id is null then credential_id = (select credential_id from admin_password)
                  else not account.is_disabled end`,
  );
  if (row === undefined) return null;
  const { isStale, ...found } = row;
  if (isStale) {
    await changeMail(
      sql,
      (tx) => tx`
        update api_tokens set last_used_at = now(), last_used_from = ${clientAddress || null}::text::inet
         where token_hash = ${hash}`,
    );
  }
  return { ...found, scopes: parseScopes(found.scopes) };
}

const SCOPES: readonly TokenScope[] = ['account:read', 'account:write', 'admin:read', 'admin:write'];

const parseScopes = (text: string): readonly TokenScope[] => {
  const words = text.split(' ');
  return SCOPES.filter((scope) => words.includes(scope));
};
