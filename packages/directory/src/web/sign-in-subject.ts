import type { Transaction } from '@postel/storage';
import type { State, Subject } from '../change-record.ts';
import type { WebHolder } from './web-holder.ts';

/** What people sign in to the web by, as far as changes of it are written down. */
type SignInPart = 'passkeys' | 'tokens' | 'oneTimeCodes' | 'sessions';

/** One of these, of an account or of the admin password's owner, as a subject of changes. */
export async function signInSubject(tx: Transaction, holder: WebHolder, part: SignInPart): Promise<Subject> {
  const [account] = await tx<{ name: string }[]>`select name from accounts where account_id = ${holder}::bigint`;
  return {
    kind: account === undefined ? 'admin-password' : 'account',
    name: account?.name ?? '',
    read: async (reading) => ({ [part]: await READS[part](reading, holder) }),
  };
}

const READS: Readonly<Record<SignInPart, (tx: Transaction, holder: WebHolder) => Promise<State[string]>>> = {
  passkeys: (tx, holder) =>
    listed(tx<{ text: string }[]>`
      select name as text from passkeys where account_id is not distinct from ${holder}::bigint order by created_at, passkey_id`),
  tokens: (tx, holder) =>
    listed(tx<{ text: string }[]>`
      select name || ' (' || scopes || ')' as text from api_tokens
       where account_id is not distinct from ${holder}::bigint order by created_at, token_id`),
  sessions: (tx, holder) =>
    listed(tx<{ text: string }[]>`
      select left(session_id::text, 8) || coalesce(' at ' || host(client_address), '') as text from web_sessions
       where account_id is not distinct from ${holder}::bigint and not awaits_code order by created_at, session_id`),
  async oneTimeCodes(tx, holder) {
    const found = await tx`
      select from totp_secrets where account_id is not distinct from ${holder}::bigint and is_confirmed`;
    return found.length > 0;
  },
};

async function listed(rows: PromiseLike<readonly { readonly text: string }[]>): Promise<readonly string[]> {
  return (await rows).map(({ text }) => text);
}
