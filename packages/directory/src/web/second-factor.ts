import { randomBytes } from 'node:crypto';
import type { Sql, Transaction } from '@postel/storage';
import type { Actor } from '../actor.ts';
import { findAccount } from '../find-account.ts';
import { generatePassword } from '../generate-password.ts';
import { changeLimits, changeMail, readDirectory } from '../transaction.ts';
import { tokenHash } from './secrets.ts';
import { signInSubject } from './sign-in-subject.ts';
import { base32, matchingStep } from './totp.ts';
import type { WebHolder } from './web-holder.ts';

/** Of SHA-1: RFC 4226 §4, R6. */
const SECRET_OCTETS = 20;
const RECOVERY_CODES = 10;
/** Wrong codes after which the password has to be given again. */
const MAX_WRONG_CODES = 5;

/** What a code was: `over`: too many were wrong, and the sign-in begins anew. */
type CodeOutcome = 'right' | 'wrong' | 'over';

/** One-time codes (TOTP, RFC 6238) beside the password, and recovery codes in their place. */
export interface SecondFactor {
  /** Whether a code is asked for, and how many recovery codes are left. */
  read(holder: WebHolder): Promise<{ readonly isOn: boolean; readonly recoveryCodes: number }>;
  /** Makes a key for an authenticator program; it counts from `confirm` on. @returns it, in base32; null: there is one already */
  begin(holder: WebHolder): Promise<string | null>;
  /** By a code of the new key. @returns recovery codes, which are told nowhere else; null: the code is wrong, or nothing was begun */
  confirm(actor: Actor, holder: WebHolder, code: string): Promise<readonly string[] | null>;
  /** Completes a session that waits for a code, by one or by a recovery code. */
  complete(sessionId: string, holder: WebHolder, code: string): Promise<CodeOutcome>;
  /** Whether a code, or a recovery code, is right; it is used up by it. */
  check(holder: WebHolder, code: string): Promise<boolean>;
  /** From now on the password is enough. */
  remove(actor: Actor, holder: WebHolder): Promise<void>;
}

export function openSecondFactor(sql: Sql): SecondFactor {
  return {
    async read(holder) {
      const [row] = await readDirectory(
        () => sql.read<{ isOn: boolean; recoveryCodes: number }[]>`
          select exists (select from totp_secrets
                          where account_id is not distinct from ${holder}::bigint and is_confirmed) as "isOn",
                 (select count(*)::integer from recovery_codes
                   where account_id is not distinct from ${holder}::bigint) as "recoveryCodes"`,
      );
      return row ?? { isOn: false, recoveryCodes: 0 };
    },
    async begin(holder) {
      const secret = randomBytes(SECRET_OCTETS);
      const made = await changeMail(
        sql,
        (tx) => tx`
          insert into totp_secrets (account_id, secret) values (${holder}::bigint, ${secret})
              on conflict (account_id) do update set secret = excluded.secret, created_at = now()
           where not totp_secrets.is_confirmed`,
      );
      return made.count === 0 ? null : base32(secret);
    },
    confirm: (actor, holder, code) =>
      changeLimits(sql, actor, async (tx, note) => {
        await note(await signInSubject(tx, holder, 'oneTimeCodes'));
        return await confirm(tx, holder, code);
      }),
    complete: (sessionId, holder, code) => changeMail(sql, (tx) => complete(tx, sessionId, holder, code)),
    check: (holder, given) => changeMail(sql, (tx) => takeAnyCode(tx, holder, given)),
    remove: (actor, holder) =>
      changeLimits(sql, actor, async (tx, note) => {
        await note(await signInSubject(tx, holder, 'oneTimeCodes'));
        await deleteCodes(tx, holder);
      }),
  };
}

/** See ManagedDirectory.removeSecondFactor. */
export async function removeSecondFactor(sql: Sql, actor: Actor, accountName: string): Promise<void> {
  await changeLimits(sql, actor, async (tx, note) => {
    const holder = await findAccount(tx, accountName);
    await note(await signInSubject(tx, holder, 'oneTimeCodes'));
    await deleteCodes(tx, holder);
  });
}

async function deleteCodes(tx: Transaction, holder: WebHolder): Promise<void> {
  await tx`delete from totp_secrets where account_id is not distinct from ${holder}::bigint`;
  await tx`delete from recovery_codes where account_id is not distinct from ${holder}::bigint`;
}

async function confirm(tx: Transaction, holder: WebHolder, code: string): Promise<readonly string[] | null> {
  if (!(await takeCode(tx, holder, code, { isConfirmed: false }))) return null;
  await tx`update totp_secrets set is_confirmed = true where account_id is not distinct from ${holder}::bigint`;
  await tx`delete from recovery_codes where account_id is not distinct from ${holder}::bigint`;
  const codes = Array.from({ length: RECOVERY_CODES }, () => generatePassword().slice(0, 17)); // three groups: 74 bits
  for (const each of codes) {
    await tx`insert into recovery_codes (account_id, code_hash) values (${holder}::bigint, ${recoveryHash(holder, each)})`;
  }
  return codes;
}

async function complete(tx: Transaction, sessionId: string, holder: WebHolder, given: string): Promise<CodeOutcome> {
  const [session] = await tx<{ wrongCodes: number }[]>`
    select wrong_codes as "wrongCodes" from web_sessions
     where session_id = ${sessionId}::text::uuid and awaits_code for update`;
  if (session === undefined) return 'over';
  if (await takeAnyCode(tx, holder, given)) {
    await tx`
      update web_sessions set awaits_code = false, proved_at = case when key_fingerprint is null then now() end
       where session_id = ${sessionId}::text::uuid`;
    return 'right';
  }
  if (session.wrongCodes + 1 < MAX_WRONG_CODES) {
    await tx`update web_sessions set wrong_codes = wrong_codes + 1 where session_id = ${sessionId}::text::uuid`;
    return 'wrong';
  }
  await tx`delete from web_sessions where session_id = ${sessionId}::text::uuid`;
  return 'over';
}

async function takeAnyCode(tx: Transaction, holder: WebHolder, given: string): Promise<boolean> {
  const code = given.replace(/\s/g, '').toLowerCase();
  return (await takeCode(tx, holder, code, { isConfirmed: true })) || (await takeRecoveryCode(tx, holder, code));
}

async function takeCode(
  tx: Transaction,
  holder: WebHolder,
  code: string,
  { isConfirmed }: { readonly isConfirmed: boolean },
): Promise<boolean> {
  const [row] = await tx<{ secret: Buffer; lastStep: number }[]>`
    select secret, last_step as "lastStep" from totp_secrets
     where account_id is not distinct from ${holder}::bigint and is_confirmed = ${isConfirmed}::boolean for update`;
  const step = row === undefined ? null : matchingStep(row.secret, code.replace(/\s/g, ''), row.lastStep, Date.now());
  if (step === null) return false;
  await tx`update totp_secrets set last_step = ${step} where account_id is not distinct from ${holder}::bigint`;
  return true;
}

async function takeRecoveryCode(tx: Transaction, holder: WebHolder, code: string): Promise<boolean> {
  const taken = await tx`
    delete from recovery_codes
     where account_id is not distinct from ${holder}::bigint and code_hash = ${recoveryHash(holder, code)}`;
  return taken.count > 0;
}

const recoveryHash = (holder: WebHolder, code: string) => tokenHash(`${holder ?? 'admin'} ${code}`);
