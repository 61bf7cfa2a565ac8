import { useState } from 'preact/hooks';
import { call } from '../../api.ts';
import { t } from '../../texts/texts.ts';
import { Card, Field, Notice } from '../basics.tsx';
import { WorkForm } from '../dialog.tsx';

/** Another password for the account. */
export function PasswordCard() {
  const [current, setCurrent] = useState('');
  const [password, setPassword] = useState('');
  const [isDone, setDone] = useState(false);
  const save = async () => {
    setDone(false);
    await call('POST', '/account/password', { body: { current, password } });
    setCurrent('');
    setPassword('');
    setDone(true);
  };
  return (
    <Card title={t.signingIn.password}>
      <p class="quiet small">{t.signingIn.passwordText}</p>
      {isDone ? <Notice>{t.signingIn.passwordDone}</Notice> : null}
      <WorkForm submit={t.signingIn.changeIt} onSubmit={save}>
        <Field
          label={t.signingIn.current}
          type="password"
          value={current}
          onValue={setCurrent}
          autocomplete="current-password"
          required
        />
        <Field
          label={t.signingIn.next}
          hint={t.signingIn.nextHint}
          type="password"
          value={password}
          onValue={setPassword}
          autocomplete="new-password"
          required
        />
      </WorkForm>
    </Card>
  );
}
