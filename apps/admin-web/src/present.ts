import type { LoginEntry, RegisteredKey, AppPassword as StoredAppPassword } from '@postel/directory';
import type { AppPassword, Device, Login } from './schemas/account.ts';

/** What the directory knows, as the API says it. */
const at = (date: Date | null): string | null => date?.toISOString() ?? null;

export function presentLogin(entry: LoginEntry): Login {
  const { firstAt, lastAt, accountName, credentialKind } = entry;
  return {
    firstAt: firstAt.toISOString(),
    lastAt: lastAt.toISOString(),
    count: entry.count,
    account: accountName,
    loginName: entry.loginName,
    from: entry.from,
    service: entry.service,
    mechanism: entry.mechanism,
    tlsVersion: entry.tlsVersion,
    credential: credentialKind,
    credentialName: entry.credentialName,
    program: entry.program,
    outcome: entry.outcome,
  };
}

export function presentDevice(key: RegisteredKey): Device {
  return {
    fingerprint: key.fingerprint,
    name: key.name,
    account: key.accountName,
    keyType: key.keyType,
    loginAddress: key.loginAddress,
    isPreauth: key.isImapPreauth,
    createdAt: key.createdAt.toISOString(),
    lastUsedAt: at(key.lastUsedAt),
    lastUsedFrom: key.lastUsedFrom,
  };
}

export function presentAppPassword(appPassword: StoredAppPassword): AppPassword {
  const { name, service, createdAt, expiresAt, lastUsedAt, lastUsedFrom } = appPassword;
  return {
    name,
    service,
    createdAt: createdAt.toISOString(),
    expiresAt: at(expiresAt),
    lastUsedAt: at(lastUsedAt),
    lastUsedFrom,
  };
}
