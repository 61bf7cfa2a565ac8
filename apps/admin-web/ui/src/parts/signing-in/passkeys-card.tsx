import { useState } from 'preact/hooks';
import type { Passkeys } from '../../../../src/schemas/sign-in.ts';
import { call } from '../../api.ts';
import { formatAgo } from '../../format.ts';
import { addPasskey, canUsePasskeys } from '../../passkey.ts';
import { t } from '../../texts/texts.ts';
import { useData } from '../../use-data.ts';
import { Card, Field, Notice, Show } from '../basics.tsx';
import { Dialog, useWork, WorkForm } from '../dialog.tsx';

/** Keys that sign in without password and code (WebAuthn). */
export function PasskeysCard() {
  const passkeys = useData<Passkeys>('/passkeys');
  const [isAdding, setAdding] = useState(false);
  const [name, setName] = useState('');
  const { error, work } = useWork();
  const add = async () => {
    await addPasskey(name);
    setAdding(false);
    setName('');
    passkeys.reload();
  };
  const remove = (id: string) =>
    work(async () => {
      await call('DELETE', `/passkeys/${id}`);
      passkeys.reload();
    });
  return (
    <Card title={t.signingIn.passkeys}>
      <p class="quiet small">{t.signingIn.passkeysText}</p>
      <Show of={passkeys}>
        {(list) => (
          <>
            {list.map(({ id, name: known, lastUsedAt }) => (
              <div class="head" key={id}>
                <span>
                  {known} <span class="quiet small">{t.signingIn.lastUsed(formatAgo(lastUsedAt))}</span>
                </span>
                <button type="button" class="bad" onClick={() => remove(id)} aria-label={t.parts.removeOne(known)}>
                  {t.parts.remove}
                </button>
              </div>
            ))}
          </>
        )}
      </Show>
      {error === null ? null : <Notice kind="bad">{error}</Notice>}
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
