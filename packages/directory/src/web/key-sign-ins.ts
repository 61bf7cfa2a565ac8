import type { Sql } from '@postel/storage';
import { changeMail } from '../transaction.ts';
import { newToken, tokenHash } from './secrets.ts';

/** How long a person may take to choose the key that their browser shows. */
const LIFETIME_SECONDS = 300;

interface BegunKeySignIn {
  /** Goes with the browser to where keys are asked for. */
  readonly state: string;
  /** For a cookie: only the browser that has it completes the sign-in. */
  readonly browser: string;
}

/** Where to lead the browser back to, and with what. */
interface ShownKey {
  /** As it was given to `begin`. */
  readonly returnTo: string;
  /** Null: no key was shown, or nobody's. */
  readonly code: string | null;
}

/**
 * Sign-ins by the key of a device. The site's own listener asks nobody for a key; another one does, to which the browser goes and from
 * which it comes back with a code. The code is good once, for a short while, and for the browser that began alone: whoever else has it, or
 * is made to bring it, gets nothing by it.
 */
export interface KeySignIns {
  begin(returnTo: string): Promise<BegunKeySignIn>;
  /**
   * The browser has come with its key; the handshake has proved that it holds it.
   *
   * @param fingerprint of somebody's key, in base64url; null: none was shown, or nobody's, and the sign-in is over
   * @returns null: it never began, is over, or has been here already
   */
  show(state: string, fingerprint: string | null): Promise<ShownKey | null>;
  /** Once. @returns the fingerprint; null: this code is none, too old, or another browser's */
  complete(code: string, browser: string): Promise<string | null>;
}

export function openKeySignIns(sql: Sql): KeySignIns {
  return {
    async begin(returnTo) {
      const [state, browser] = [newToken(), newToken()];
      await changeMail(sql, async (tx) => {
        await tx`delete from key_sign_ins where expires_at < now()`;
        await tx`
          insert into key_sign_ins (state_hash, browser_hash, return_to, expires_at)
          values (${tokenHash(state)}, ${tokenHash(browser)}, ${returnTo},
                  now() + make_interval(secs => ${LIFETIME_SECONDS}::integer))`;
      });
      return { state, browser };
    },
    async show(state, fingerprint) {
      const code = fingerprint === null ? null : newToken();
      const hash = tokenHash(state);
      return await changeMail(sql, async (tx) => {
        const [row] = await tx<{ returnTo: string }[]>`
          select return_to as "returnTo" from key_sign_ins
           where state_hash = ${hash} and code_hash is null and expires_at > now() for update`;
        if (row === undefined) return null;
        if (code === null || fingerprint === null) await tx`delete from key_sign_ins where state_hash = ${hash}`;
        else {
          await tx`
            update key_sign_ins set code_hash = ${tokenHash(code)}, fingerprint = ${Buffer.from(fingerprint, 'base64url')}
             where state_hash = ${hash}`;
        }
        return { returnTo: row.returnTo, code };
      });
    },
    async complete(code, browser) {
      const [row] = await changeMail(
        sql,
        (tx) => tx<{ fingerprint: Buffer }[]>`
          delete from key_sign_ins
           where code_hash = ${tokenHash(code)} and browser_hash = ${tokenHash(browser)} and expires_at > now()
          returning fingerprint`,
      );
      return row?.fingerprint.toString('base64url') ?? null;
    },
  };
}
