import { RETURN_KEYS } from '../../src/return-keys.ts';
import type { SignedIn } from '../../src/schemas/session.ts';
import { ApiError, call } from './api.ts';
import { t } from './texts/texts.ts';

/** The browser goes where it is asked for the key of the device, and comes back here. @throws {ApiError} */
export async function goShowKey(): Promise<never> {
  const { data } = await call<{ url: string }>('POST', '/session/key', { body: {} });
  location.assign(data.url);
  return await new Promise<never>(() => {});
}

/** What the browser came back with; null: nothing. It is taken out of the address. */
export function takeReturn(): { readonly code: string | null; readonly problem: string | null } | null {
  const told = new URLSearchParams(location.hash.slice(1));
  const [code, problem] = [told.get(RETURN_KEYS.code), told.get(RETURN_KEYS.problem)];
  if (code === null && problem === null) return null;
  history.replaceState(null, '', location.pathname);
  return { code, problem };
}

/** @throws {ApiError} */
export async function completeKeySignIn({
  code,
  problem,
}: NonNullable<ReturnType<typeof takeReturn>>): Promise<SignedIn> {
  if (code !== null) return (await call<SignedIn>('POST', '/session/key/complete', { body: { code } })).data;
  const text = problem === 'unknown' ? t.signIn.keyUnknown : t.signIn.keyMissing;
  throw new ApiError(0, 'no-key', text);
}
