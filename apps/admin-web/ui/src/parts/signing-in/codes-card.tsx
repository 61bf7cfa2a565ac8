import { useState } from 'preact/hooks';
import type { RecoveryCodes, SecondFactor, TotpKey } from '../../../../src/schemas/sign-in.ts';
import { call } from '../../api.ts';
import { t } from '../../texts/texts.ts';
import { useData } from '../../use-data.ts';
import { Badge, Card, CopyButton, Field, Notice, Show } from '../basics.tsx';
import { Dialog, useWork, WorkForm } from '../dialog.tsx';
import { QrCode } from '../qr-code.tsx';
import { Rich } from '../rich.tsx';
import { Secret } from '../secret.tsx';

/** One-time codes (TOTP), and the recovery codes for when they are not at hand. */
export function CodesCard() {
  const state = useData<SecondFactor>('/second-factor');
  const [key, setKey] = useState<TotpKey | null>(null);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const [code, setCode] = useState('');
  const [isRemoving, setRemoving] = useState(false);
  const { isBusy, error, work } = useWork();
  const beginning = () =>
    work(async () => setKey((await call<TotpKey>('POST', '/second-factor/begin', { body: {} })).data));
  const confirm = async () => {
    const { data } = await call<RecoveryCodes>('POST', '/second-factor/confirm', { body: { code } });
    setCodes(data.recoveryCodes);
    setKey(null);
    setCode('');
    state.reload();
  };
  const remove = async () => {
    await call('POST', '/second-factor/remove', { body: { code } });
    setRemoving(false);
    setCode('');
    state.reload();
  };
  return (
    <Card title={t.signingIn.codes}>
      <Show of={state}>
        {({ isOn, recoveryCodes }) => (
          <>
            <p>
              {isOn ? <Badge>{t.signingIn.on}</Badge> : <Badge kind="warn">{t.signingIn.off}</Badge>}{' '}
              {isOn ? t.signingIn.codesOn(recoveryCodes) : t.signingIn.codesOff}
            </p>
            <div class="actions">
              {isOn ? (
                <button type="button" class="bad" onClick={() => setRemoving(true)}>
                  {t.signingIn.turnOff}
                </button>
              ) : (
                <button type="button" onClick={beginning} disabled={isBusy}>
                  {t.signingIn.turnOn}
                </button>
              )}
            </div>
          </>
        )}
      </Show>
      {error === null ? null : <Notice kind="bad">{error}</Notice>}
      {key === null ? null : (
        <Dialog title={t.signingIn.codesDialog} onClose={() => setKey(null)}>
          <p>{t.signingIn.scan}</p>
          <QrCode text={key.uri} label={t.signingIn.qr} />
          <p>
            <Rich text={t.signingIn.orOpen} parts={{ open: (text) => <a href={key.uri}>{text}</a> }} />
          </p>
          <Secret text={key.secret} shown={key.secret.replace(/(.{4})(?=.)/g, '$1 ')} what={t.signingIn.theKey} />
          <WorkForm submit={t.signingIn.turnOn} onSubmit={confirm} onCancel={() => setKey(null)}>
            <Field
              label={t.signingIn.codeShown}
              value={code}
              onValue={setCode}
              autocomplete="one-time-code"
              inputMode="numeric"
              required
            />
          </WorkForm>
        </Dialog>
      )}
      {codes === null ? null : (
        <Dialog title={t.signingIn.recovery} onClose={() => setCodes(null)}>
          <Notice>{t.signingIn.recoveryText}</Notice>
          <pre>{codes.join('\n')}</pre>
          <div class="actions">
            <CopyButton text={codes.join('\n')} what={t.signingIn.theRecoveryCodes} />
            <button type="button" class="primary" onClick={() => setCodes(null)}>
              {t.signingIn.haveThem}
            </button>
          </div>
        </Dialog>
      )}
      {isRemoving ? (
        <Dialog title={t.signingIn.codesOffDialog} onClose={() => setRemoving(false)}>
          <WorkForm
            submit={t.signingIn.turnOff}
            kind="bad primary"
            onSubmit={remove}
            onCancel={() => setRemoving(false)}
          >
            <Field label={t.signingIn.anyCode} value={code} onValue={setCode} autocomplete="one-time-code" required />
          </WorkForm>
        </Dialog>
      ) : null}
    </Card>
  );
}
