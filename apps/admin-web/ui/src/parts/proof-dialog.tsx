import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, call } from '../api.ts';
import { canUsePasskeys, proveByPasskey } from '../passkey.ts';
import { askPersonBy } from '../prove-person.ts';
import { t } from '../texts/texts.ts';
import { Field, Notice } from './basics.tsx';
import { Dialog, useWork, WorkForm } from './dialog.tsx';

/** Asks who is there to prove it, when something they do wants that; then that is done. */
export function ProofDialog() {
  const [isAsking, setAsking] = useState(false);
  const answer = useRef<((isProved: boolean) => void) | null>(null);
  const end = useCallback((isProved: boolean) => {
    setAsking(false);
    answer.current?.(isProved);
    answer.current = null;
  }, []);
  useEffect(
    () =>
      askPersonBy(() => {
        answer.current?.(false);
        return new Promise<boolean>((resolve) => {
          answer.current = resolve;
          setAsking(true);
        });
      }),
    [],
  );
  return isAsking ? <AskProof onEnd={end} /> : null;
}

function AskProof({ onEnd }: { readonly onEnd: (isProved: boolean) => void }) {
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [asksCode, setAsksCode] = useState(false);
  const passkey = useWork();
  const send = async () => {
    try {
      await call('POST', '/session/proof', { body: { password, ...(asksCode ? { code } : {}) } });
    } catch (error) {
      if (!(error instanceof ApiError) || error.kind !== 'code-needed') throw error;
      setAsksCode(true);
      return;
    }
    onEnd(true);
  };
  const usePasskey = () =>
    passkey.work(async () => {
      await proveByPasskey();
      onEnd(true);
    });
  return (
    <Dialog title={t.proof.title} onClose={() => onEnd(false)}>
      <p>{t.proof.lead}</p>
      <WorkForm submit={t.signIn.proceed} onSubmit={send} onCancel={() => onEnd(false)}>
        <Field
          label={t.proof.password}
          type="password"
          value={password}
          onValue={setPassword}
          autocomplete="current-password"
          required
          autoFocus
        />
        {asksCode ? (
          <Field
            label={t.signIn.code}
            hint={t.signIn.codeHint}
            value={code}
            onValue={setCode}
            autocomplete="one-time-code"
            required
            autoFocus
          />
        ) : null}
      </WorkForm>
      {canUsePasskeys() ? (
        <button type="button" onClick={usePasskey} disabled={passkey.isBusy}>
          {t.proof.byPasskey}
        </button>
      ) : null}
      {passkey.error === null ? null : <Notice kind="bad">{passkey.error}</Notice>}
    </Dialog>
  );
}
