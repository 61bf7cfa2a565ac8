import type { Sql } from '@postel/storage';
import { findFamiliarAccount } from '../attempt-rows.ts';
import type { DirectoryError } from '../errors.ts';
import type { HashPool } from '../hash-pool.ts';
import type { LoginContext } from '../login.ts';
import { parseLoginName } from '../login-name.ts';
import type { LoginWatch } from '../watched-login.ts';
import { type AdminPassword, openAdminPassword } from './admin-password.ts';
import { type ApiTokens, openApiTokens } from './api-tokens.ts';
import { type KeySignIns, openKeySignIns } from './key-sign-ins.ts';
import { openPasskeys, type Passkeys } from './passkeys.ts';
import { openSecondFactor, type SecondFactor } from './second-factor.ts';
import type { WebHolder } from './web-holder.ts';
import { openWebSessions, type WebSessions } from './web-sessions.ts';

/** What the web asks beside what mail protocols ask: who is signed in, and by what people prove who they are. */
export interface WebAccess {
  readonly adminPassword: AdminPassword;
  readonly sessions: WebSessions;
  readonly secondFactor: SecondFactor;
  readonly passkeys: Passkeys;
  readonly tokens: ApiTokens;
  readonly keySignIns: KeySignIns;

  /**
   * Whether a one-time code may be looked at. Codes are short, and who knows the password begins as many sign-ins as they
   * like: where too many have failed none is, unless the account has been used from there.
   *
   * @returns 'too-many-failures'; null: it may
   */
  refuseCode(context: LoginContext, who: CodeOwner): Promise<DirectoryError | null>;

  /**
   * Tells limits and history of a sign-in that no password decides: by a one-time code, or a passkey.
   *
   * @returns how long the answer is to wait, in ms
   */
  noteSignIn(context: LoginContext, sign: SignIn): number;
}

interface CodeOwner {
  /** Left out: nobody's, as far as we know. */
  readonly holder?: WebHolder;
  /** Of the account; null: the admin password's owner. */
  readonly name: string | null;
  readonly mechanism: string;
}

interface SignIn extends CodeOwner {
  readonly isRight: boolean;
}

export function openWebAccess(sql: Sql, pool: HashPool, watch: LoginWatch): WebAccess {
  return {
    adminPassword: openAdminPassword(sql, pool, watch),
    sessions: openWebSessions(sql),
    secondFactor: openSecondFactor(sql),
    passkeys: openPasskeys(sql),
    tokens: openApiTokens(sql),
    keySignIns: openKeySignIns(sql),
    async refuseCode(context, { name, mechanism }) {
      const { limits, history } = watch;
      await limits.refresh();
      const origin = limits.origin(context.clientAddress);
      const block = limits.block(origin);
      if (block === null) return null;
      const login = name === null ? null : await parseLoginName(name);
      const familiar = await findFamiliarAccount(sql, login, origin.prefixes.host);
      if (familiar !== null && limits.mayTryFamiliar(familiar, origin)) return null;
      history.add({ context, mechanism, loginName: name, account: null, outcome: 'limited', program: null });
      return limits.refusal(block);
    },
    noteSignIn(context, { holder = null, name, mechanism, isRight }) {
      const { limits, history } = watch;
      const origin = limits.origin(context.clientAddress);
      if (!isRight) {
        if (holder !== null && limits.block(origin) !== null) limits.countFamiliar(holder, origin);
        limits.countFailure(origin, name, null);
      }
      const outcome = isRight ? 'success' : 'wrong-credentials';
      history.add({ context, mechanism, loginName: name, account: null, outcome, program: null });
      return isRight ? 0 : limits.failureDelayMs(origin, name);
    },
  };
}
