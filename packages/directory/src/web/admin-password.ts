import { randomBytes } from 'node:crypto';
import { deriveScramKeys, equalKeys, MAX_PASSWORD_OCTETS, type PreparedPassword, preparePassword } from '@postel/sasl';
import type { Sql } from '@postel/storage';
import type { Actor } from '../actor.ts';
import type { Subject } from '../change-record.ts';
import type { DirectoryError } from '../errors.ts';
import type { HashPool } from '../hash-pool.ts';
import type { LoginContext } from '../login.ts';
import { acceptPassword, ITERATIONS } from '../passwords.ts';
import { changeLimits, readDirectory } from '../transaction.ts';
import type { LoginWatch } from '../watched-login.ts';

const SALT_OCTETS = 16;

type AdminSignIn =
  | { readonly type: 'right'; readonly credentialId: number }
  /** `refusal`: too many have failed from there; nothing was looked at. */
  | { readonly type: 'wrong'; readonly delayMs: number; readonly refusal: DirectoryError | null };

/** The password by which a server is administered from the web, beside accounts that may (`setRole`). */
export interface AdminPassword {
  isSet(): Promise<boolean>;

  /** Limited, counted and written down like a login. */
  signIn(context: LoginContext, password: string): Promise<AdminSignIn>;
}

interface StoredPassword {
  readonly credentialId: number;
  readonly salt: Buffer;
  readonly iterations: number;
  readonly storedKey: Buffer;
}

export function openAdminPassword(sql: Sql, pool: HashPool, watch: LoginWatch): AdminPassword {
  return {
    isSet: async () => (await selectPassword(sql)) !== null,
    signIn: (context, password) => signIn(sql, pool, watch, context, password),
  };
}

/** See ManagedDirectory.setAdminPassword. */
export async function setAdminPassword(sql: Sql, actor: Actor, pool: HashPool, password: string | null): Promise<void> {
  const accepted = password === null ? null : await acceptPassword(password);
  const salt = randomBytes(SALT_OCTETS);
  const key = accepted === null ? null : await derive(pool, accepted, { salt, iterations: ITERATIONS });
  // Not foreseeable, and never that of a password before.
  const credentialId = randomBytes(6).readUIntBE(0, 6);
  await changeLimits(sql, actor, async (tx, note) => {
    await note(ADMIN_PASSWORD);
    await tx`delete from admin_password`;
    await tx`delete from web_sessions where account_id is null`;
    await tx`delete from totp_secrets where account_id is null`;
    await tx`delete from recovery_codes where account_id is null`;
    await tx`delete from passkeys where account_id is null`;
    await tx`delete from api_tokens where account_id is null`;
    if (key === null) return;
    await tx`
      insert into admin_password (credential_id, salt, iterations, stored_key)
      values (${credentialId}, ${salt}, ${ITERATIONS}, ${key})`;
  });
}

/** It, as a subject of changes. */
const ADMIN_PASSWORD: Subject = {
  kind: 'admin-password',
  name: '',
  async read(tx) {
    const [row] = await tx<{ changedAt: Date }[]>`select changed_at as "changedAt" from admin_password`;
    return row === undefined ? null : { since: row.changedAt.toISOString() };
  },
};

async function signIn(
  sql: Sql,
  pool: HashPool,
  { limits, history, now }: LoginWatch,
  context: LoginContext,
  password: string,
): Promise<AdminSignIn> {
  const beganAt = now();
  const attempt = { context, mechanism: 'admin password', loginName: null, account: null, program: null } as const;
  await limits.refresh();
  const origin = limits.origin(context.clientAddress);
  const block = limits.block(origin);
  if (block !== null) {
    history.add({ ...attempt, outcome: 'limited' });
    return { type: 'wrong', refusal: limits.refusal(block), delayMs: limits.refusalDelayMs(now() - beganAt) };
  }
  const stored = await selectPassword(sql);
  const isRight = stored !== null && (await isPassword(pool, stored, password));
  history.add({ ...attempt, outcome: isRight ? 'success' : 'wrong-credentials' });
  if (isRight) return { type: 'right', credentialId: stored.credentialId };
  limits.countFailure(origin, null, password);
  return { type: 'wrong', refusal: null, delayMs: limits.failureDelayMs(origin, null) };
}

async function isPassword(pool: HashPool, stored: StoredPassword, password: string): Promise<boolean> {
  if (Buffer.byteLength(password) > MAX_PASSWORD_OCTETS) return false;
  const prepared = await preparePassword(password, 'query');
  return prepared !== null && equalKeys(await derive(pool, prepared, stored), stored.storedKey);
}

async function derive(
  pool: HashPool,
  password: PreparedPassword,
  { salt, iterations }: Pick<StoredPassword, 'salt' | 'iterations'>,
): Promise<Buffer> {
  const keys = await pool.run(() => deriveScramKeys(password, { hash: 'sha256', salt, iterations }));
  return keys.storedKey;
}

async function selectPassword(sql: Sql): Promise<StoredPassword | null> {
  const [row] = await readDirectory(
    () => sql.read<StoredPassword[]>`
      select credential_id as "credentialId", salt, iterations, stored_key as "storedKey" from admin_password`,
  );
  return row ?? null;
}
