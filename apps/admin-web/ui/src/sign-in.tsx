import { useState } from 'preact/hooks';
import type { Session, SignedIn } from '../../src/schemas/session.ts';
import { call } from './api.ts';
import { Card, Field, Notice, PageHead } from './parts/basics.tsx';
import { useWork, WorkForm } from './parts/dialog.tsx';
import { KeySignIn } from './parts/key-sign-in.tsx';
import { LanguageSwitch } from './parts/switches.tsx';
import { canUsePasskeys, signInByPasskey } from './passkey.ts';
import { Link } from './router.tsx';
import { t } from './texts/texts.ts';

interface SignInProps {
  readonly as: 'account' | 'admin';
  /** Who is signed in already, but may not be here. */
  readonly session: Session | null;
  readonly isOver: boolean;
  readonly onEnter: (session: Session) => void;
}

export function SignIn({ as, session, isOver, onEnter }: SignInProps) {
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [step, setStep] = useState<'password' | 'code'>('password');
  const passkey = useWork();

  const take = ({ next, session: entered }: SignedIn) => {
    if (next === 'code') setStep('code');
    else if (entered !== null) onEnter(entered);
  };
  const sendPassword = async () => {
    const body = as === 'admin' ? { as, password } : { as, login: login.trim(), password };
    take((await call<SignedIn>('POST', '/session', { body })).data);
    setPassword('');
  };
  const sendCode = async () => take((await call<SignedIn>('POST', '/session/code', { body: { code } })).data);
  const usePasskey = () => passkey.work(async () => take(await signInByPasskey()));

  return (
    <div class="alone">
      <main class="stack">
        <div class="brand">
          <img src="/icon.svg" alt="" />
          Postel
        </div>
        <Card>
          <PageHead
            title={step === 'code' ? t.signIn.oneMore : as === 'admin' ? t.signIn.administration : t.signIn.title}
          />
          {isOver ? <Notice kind="warn">{t.signIn.isOver}</Notice> : null}
          {session !== null && session.account !== null ? (
            <Notice kind="warn">{t.signIn.notOwner(session.account)}</Notice>
          ) : null}
          {step === 'password' ? (
            <>
              <WorkForm submit={t.signIn.title} onSubmit={sendPassword}>
                {as === 'account' ? (
                  <Field
                    label={t.signIn.login}
                    value={login}
                    onValue={setLogin}
                    autocomplete="username"
                    required
                    autoFocus
                  />
                ) : null}
                <Field
                  label={as === 'admin' ? t.signIn.adminPassword : t.signIn.password}
                  type="password"
                  value={password}
                  onValue={setPassword}
                  autocomplete="current-password"
                  required
                  autoFocus={as === 'admin'}
                />
              </WorkForm>
              {canUsePasskeys() ? (
                <button type="button" onClick={usePasskey} disabled={passkey.isBusy}>
                  {t.signIn.byPasskey}
                </button>
              ) : null}
              {as === 'account' ? <KeySignIn onTaken={take} /> : null}
              {passkey.error === null ? null : <Notice kind="bad">{passkey.error}</Notice>}
            </>
          ) : (
            <WorkForm submit={t.signIn.proceed} onSubmit={sendCode} onCancel={() => setStep('password')}>
              <Field
                label={t.signIn.code}
                hint={t.signIn.codeHint}
                value={code}
                onValue={setCode}
                autocomplete="one-time-code"
                required
                autoFocus
              />
            </WorkForm>
          )}
        </Card>
        {as === 'account' ? <LanguageSwitch /> : null}
        <p class="small">
          {as === 'admin' ? <Link to="/">{t.signIn.withAccount}</Link> : <Link to="/admin/">{t.page.administer}</Link>}
        </p>
      </main>
    </div>
  );
}
