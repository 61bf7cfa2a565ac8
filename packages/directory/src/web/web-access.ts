import type { Sql } from '@postel/storage';
import type { HashPool } from '../hash-pool.ts';
import type { LoginContext } from '../login.ts';
import type { LoginWatch } from '../watched-login.ts';
import { type AdminPassword, openAdminPassword } from './admin-password.ts';
import { type ApiTokens, openApiTokens } from './api-tokens.ts';
import { openPasskeys, type Passkeys } from './passkeys.ts';
import { openSecondFactor, type SecondFactor } from './second-factor.ts';
import { openWebSessions, type WebSessions } from './web-sessions.ts';

/** What the web asks beside what mail protocols ask: who is signed in, and by what people prove who they are. */
export interface WebAccess {
  readonly adminPassword: AdminPassword;
  readonly sessions: WebSessions;
  readonly secondFactor: SecondFactor;
  readonly passkeys: Passkeys;
  readonly tokens: ApiTokens;

  /**
   * Tells limits and history of a sign-in that no password decides: by a one-time code, or a passkey.
   *
   * @param name of the account; null: the admin password's owner
   * @returns how long the answer is to wait, in ms
   */
  noteSignIn(context: LoginContext, sign: SignIn): number;
}

interface SignIn {
  readonly name: string | null;
  readonly mechanism: string;
  readonly isRight: boolean;
}

export function openWebAccess(sql: Sql, pool: HashPool, watch: LoginWatch): WebAccess {
  return {
    adminPassword: openAdminPassword(sql, pool, watch),
    sessions: openWebSessions(sql),
    secondFactor: openSecondFactor(sql),
    passkeys: openPasskeys(sql),
    tokens: openApiTokens(sql),
    noteSignIn(context, { name, mechanism, isRight }) {
      const origin = watch.limits.origin(context.clientAddress);
      if (!isRight) watch.limits.countFailure(origin, name, null);
      watch.history.add({
        context,
        mechanism,
        loginName: name,
        account: null,
        outcome: isRight ? 'success' : 'wrong-credentials',
        program: null,
      });
      return isRight ? 0 : watch.limits.failureDelayMs(origin, name);
    },
  };
}
