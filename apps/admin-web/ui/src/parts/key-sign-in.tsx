import { useEffect } from 'preact/hooks';
import type { SignedIn } from '../../../src/schemas/session.ts';
import { completeKeySignIn, goShowKey, takeReturn } from '../key-sign-in.ts';
import { t } from '../texts/texts.ts';
import { useData } from '../use-data.ts';
import { Notice } from './basics.tsx';
import { useWork } from './dialog.tsx';

/** Signing in by the key of a device, where the server has it: the way there, and what comes of it. */
export function KeySignIn({ onTaken }: { readonly onTaken: (taken: SignedIn) => void }) {
  const offered = useData<{ isOffered: boolean }>('/session/key');
  const { isBusy, error, work } = useWork();
  useEffect(() => {
    const back = takeReturn();
    if (back !== null) void work(async () => onTaken(await completeKeySignIn(back)));
  }, []);
  if (offered.data?.isOffered !== true && error === null) return null;
  return (
    <>
      <button type="button" onClick={() => work(goShowKey)} disabled={isBusy}>
        {t.signIn.byKey}
      </button>
      {error === null ? null : <Notice kind="bad">{error}</Notice>}
    </>
  );
}
