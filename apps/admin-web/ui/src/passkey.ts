import type { SignedIn } from '../../src/schemas/session.ts';
import { ApiError, call } from './api.ts';
import { t } from './texts/texts.ts';

/** Only where the page is from a host that the browser trusts: TLS, or localhost by its name. */
export function canUsePasskeys(): boolean {
  return window.isSecureContext && typeof PublicKeyCredential !== 'undefined' && !/^[\d.]+$|:/.test(location.hostname);
}

/** @throws {ApiError} */
export async function signInByPasskey(): Promise<SignedIn> {
  const { data } = await call<PublicKeyCredentialRequestOptionsJSON>('POST', '/session/passkey/options', { body: {} });
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(data);
  const credential = await fromPerson(() => navigator.credentials.get({ publicKey }));
  return (await call<SignedIn>('POST', '/session/passkey', { body: { credential: credential.toJSON() } })).data;
}

/** @throws {ApiError} */
export async function proveByPasskey(): Promise<void> {
  const path = '/session/proof/passkey';
  const { data } = await call<PublicKeyCredentialRequestOptionsJSON>('POST', `${path}/options`, { body: {} });
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(data);
  const credential = await fromPerson(() => navigator.credentials.get({ publicKey }));
  await call('POST', path, { body: { credential: credential.toJSON() } });
}

/** @throws {ApiError} */
export async function addPasskey(name: string): Promise<void> {
  const { data } = await call<PublicKeyCredentialCreationOptionsJSON>('POST', '/passkeys/options', { body: {} });
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(data);
  const credential = await fromPerson(() => navigator.credentials.create({ publicKey }));
  await call('POST', '/passkeys', { body: { name, credential: credential.toJSON() } });
}

async function fromPerson(ask: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  try {
    const credential = await ask();
    if (credential instanceof PublicKeyCredential) return credential;
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    if (error.name === 'InvalidStateError') throw new ApiError(0, 'exists', t.signIn.passkeyExists);
  }
  throw new ApiError(0, 'cancelled', t.signIn.passkeyNot);
}
