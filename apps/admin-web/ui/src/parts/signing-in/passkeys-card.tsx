import { useState } from 'preact/hooks';
import type { Passkeys } from '../../../../src/schemas/sign-in.ts';
import { addPasskey, canUsePasskeys } from '../../passkey.ts';
import { t } from '../../texts/texts.ts';
import { useData } from '../../use-data.ts';
import { Card, Field } from '../basics.tsx';
import { Dialog, WorkForm } from '../dialog.tsx';
import { RemovableList } from './removable-list.tsx';

/** Keys that sign in without password and code (WebAuthn). */
export function PasskeysCard() {
  const passkeys = useData<Passkeys>('/passkeys');
  const [isAdding, setAdding] = useState(false);
  const [name, setName] = useState('');
  const add = async () => {
    await addPasskey(name);
    setAdding(false);
    setName('');
    passkeys.reload();
  };
  return (
    <Card title={t.signingIn.passkeys}>
      <p class="quiet small">{t.signingIn.passkeysText}</p>
      <RemovableList of={passkeys} path="/passkeys" />
      {canUsePasskeys() ? (
        <div class="actions">
          <button type="button" onClick={() => setAdding(true)}>
            {t.signingIn.addPasskey}
          </button>
        </div>
      ) : (
        <p class="quiet small">{t.signingIn.noPasskeys}</p>
      )}
      {isAdding ? (
        <Dialog title={t.signingIn.addPasskey} onClose={() => setAdding(false)}>
          <WorkForm submit={t.signingIn.proceed} onSubmit={add} onCancel={() => setAdding(false)}>
            <Field
              label={t.signingIn.passkeyName}
              hint={t.signingIn.passkeyNameHint}
              value={name}
              onValue={setName}
              required
              autoFocus
            />
          </WorkForm>
        </Dialog>
      ) : null}
    </Card>
  );
}
