import { useState } from 'preact/hooks';
import type { Session, SignedIn } from '../../src/schemas/session.ts';
import { call } from './api.ts';
import { Card, Field, Notice, PageHead } from './parts/basics.tsx';
import { useWork, WorkForm } from './parts/dialog.tsx';
import { canUsePasskeys, signInByPasskey } from './passkey.ts';
import { Link } from './router.tsx';

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
          <PageHead title={step === 'code' ? 'One more step' : as === 'admin' ? 'Administration' : 'Sign in'} />
          {isOver ? <Notice kind="warn">You were signed out: the session is over.</Notice> : null}
          {session !== null && session.account !== null ? (
            <Notice kind="warn">You are signed in as {session.account}, who does not administer this server.</Notice>
          ) : null}
          {step === 'password' ? (
            <>
              <WorkForm submit="Sign in" onSubmit={sendPassword}>
                {as === 'account' ? (
                  <Field
                    label="Address or account name"
                    value={login}
                    onValue={setLogin}
                    autocomplete="username"
                    required
                    autoFocus
                  />
                ) : null}
                <Field
                  label={as === 'admin' ? 'Admin password' : 'Password'}
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
                  Sign in with a passkey
                </button>
              ) : null}
              {passkey.error === null ? null : <Notice kind="bad">{passkey.error}</Notice>}
            </>
          ) : (
            <WorkForm submit="Continue" onSubmit={sendCode} onCancel={() => setStep('password')}>
              <Field
                label="Code of your authenticator program"
                hint="Six digits; or one of your recovery codes, if the device is not at hand."
                value={code}
                onValue={setCode}
                autocomplete="one-time-code"
                required
                autoFocus
              />
            </WorkForm>
          )}
        </Card>
        <p class="small">
          {as === 'admin' ? (
            <Link to="/">Sign in with an account</Link>
          ) : (
            <Link to="/admin/">Administer this server</Link>
          )}
        </p>
      </main>
    </div>
  );
}
