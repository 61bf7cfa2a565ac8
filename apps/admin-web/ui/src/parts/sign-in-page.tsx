import { useState } from 'preact/hooks';
import type {
  OpenSessions,
  Passkeys,
  RecoveryCodes,
  SecondFactor,
  Tokens,
  TotpKey,
} from '../../../src/schemas/sign-in.ts';
import { call } from '../api.ts';
import { formatAgo, formatMoment, formatProgram } from '../format.ts';
import { addPasskey, canUsePasskeys } from '../passkey.ts';
import { useData } from '../use-data.ts';
import { Badge, Card, Choice, CopyButton, Empty, Field, Notice, PageHead, Show } from './basics.tsx';
import { Dialog, useWork, WorkForm } from './dialog.tsx';

interface SignInPageProps {
  /** Of an account, which can be changed here. */
  readonly hasPassword: boolean;
  readonly onLeave: () => void;
}

/** By what one signs in to the web, and where one is. */
export function SignInPage({ hasPassword, onLeave }: SignInPageProps) {
  return (
    <>
      <PageHead title="Signing in" lead="How you prove that you are you, here in the web." />
      <div class="grid">
        {hasPassword ? <PasswordCard /> : null}
        <CodesCard />
        <PasskeysCard />
        <TokensCard hasAccount={hasPassword} />
      </div>
      <SessionsCard onLeave={onLeave} />
    </>
  );
}

function PasswordCard() {
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
    <Card title="Password">
      <p class="quiet small">
        Programs that use it are logged out, and other browsers are signed out. App passwords, devices, passkeys and
        tokens stay: look whether all of them are yours.
      </p>
      {isDone ? <Notice>The password is changed.</Notice> : null}
      <WorkForm submit="Change it" onSubmit={save}>
        <Field
          label="Current password"
          type="password"
          value={current}
          onValue={setCurrent}
          autocomplete="current-password"
          required
        />
        <Field
          label="New password"
          hint="8 characters at least; three or four words are easy to type and hard to guess."
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

function CodesCard() {
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
    <Card title="One-time codes">
      <Show of={state}>
        {({ isOn, recoveryCodes }) => (
          <>
            <p>
              {isOn ? <Badge>on</Badge> : <Badge kind="warn">off</Badge>}{' '}
              {isOn
                ? `After the password a code is asked for. ${recoveryCodes} recovery codes are left.`
                : 'An authenticator program on your phone shows a code to enter after the password.'}
            </p>
            <div class="actions">
              {isOn ? (
                <button type="button" class="bad" onClick={() => setRemoving(true)}>
                  Turn off
                </button>
              ) : (
                <button type="button" onClick={beginning} disabled={isBusy}>
                  Turn on
                </button>
              )}
            </div>
          </>
        )}
      </Show>
      {error === null ? null : <Notice kind="bad">{error}</Notice>}
      {key === null ? null : (
        <Dialog title="Turn one-time codes on" onClose={() => setKey(null)}>
          <p>
            On your phone, <a href={key.uri}>open your authenticator program</a>; or enter this key there, for a code
            that changes with time:
          </p>
          <div class="secret">
            <span class="code">{key.secret.replace(/(.{4})(?=.)/g, '$1 ')}</span>
            <CopyButton text={key.secret} what="the key" />
          </div>
          <WorkForm submit="Turn on" onSubmit={confirm} onCancel={() => setKey(null)}>
            <Field
              label="The code that it shows"
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
        <Dialog title="Your recovery codes" onClose={() => setCodes(null)}>
          <Notice>
            Keep them where you find them without your phone. Each works once in the place of a code. They are shown
            this once.
          </Notice>
          <pre>{codes.join('\n')}</pre>
          <div class="actions">
            <CopyButton text={codes.join('\n')} what="the recovery codes" />
            <button type="button" class="primary" onClick={() => setCodes(null)}>
              I have them
            </button>
          </div>
        </Dialog>
      )}
      {isRemoving ? (
        <Dialog title="Turn one-time codes off?" onClose={() => setRemoving(false)}>
          <WorkForm submit="Turn off" kind="bad primary" onSubmit={remove} onCancel={() => setRemoving(false)}>
            <Field
              label="A code, or a recovery code"
              value={code}
              onValue={setCode}
              autocomplete="one-time-code"
              required
            />
          </WorkForm>
        </Dialog>
      ) : null}
    </Card>
  );
}

function PasskeysCard() {
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
    <Card title="Passkeys">
      <p class="quiet small">Sign in by fingerprint, face or security key, without password and code.</p>
      <Show of={passkeys}>
        {(list) => (
          <>
            {list.map(({ id, name: known, lastUsedAt }) => (
              <div class="head" key={id}>
                <span>
                  {known} <span class="quiet small">last used {formatAgo(lastUsedAt)}</span>
                </span>
                <button type="button" class="bad" onClick={() => remove(id)} aria-label={`Remove ${known}`}>
                  Remove
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
            Add a passkey
          </button>
        </div>
      ) : (
        <p class="quiet small">Passkeys need TLS and a host name, which this page was not opened by.</p>
      )}
      {isAdding ? (
        <Dialog title="Add a passkey" onClose={() => setAdding(false)}>
          <WorkForm submit="Continue" onSubmit={add} onCancel={() => setAdding(false)}>
            <Field
              label="What do you call it?"
              hint="Yellow key, or phone."
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

const SCOPES = [
  ['account:read', 'Look at your account'],
  ['account:write', 'Change your account'],
  ['admin:read', 'Look at the server'],
  ['admin:write', 'Change the server'],
] as const;

function TokensCard({ hasAccount }: { hasAccount: boolean }) {
  const tokens = useData<Tokens>('/tokens');
  const [isAdding, setAdding] = useState(false);
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<readonly string[]>([hasAccount ? 'account:read' : 'admin:read']);
  const [made, setMade] = useState<string | null>(null);
  const { error, work } = useWork();
  const offered = SCOPES.filter(([scope]) => scope.startsWith(hasAccount ? 'account:' : 'admin:'));
  const add = async () => {
    setMade((await call<{ token: string }>('POST', '/tokens', { body: { name, scopes } })).data.token);
    setAdding(false);
    setName('');
    tokens.reload();
  };
  const remove = (id: string) =>
    work(async () => {
      await call('DELETE', `/tokens/${id}`);
      tokens.reload();
    });
  return (
    <Card title="Tokens for programs">
      <p class="quiet small">
        For programs of your own that use the API: <a href="/api/v1/openapi.json">its description</a>.
      </p>
      <Show of={tokens}>
        {(list) => (
          <>
            {list.map(({ id, name: known, scopes: has, lastUsedAt }) => (
              <div class="head" key={id}>
                <span>
                  {known}{' '}
                  <span class="quiet small">
                    {has.join(', ')}; last used {formatAgo(lastUsedAt)}
                  </span>
                </span>
                <button type="button" class="bad" onClick={() => remove(id)} aria-label={`Remove ${known}`}>
                  Remove
                </button>
              </div>
            ))}
          </>
        )}
      </Show>
      {error === null ? null : <Notice kind="bad">{error}</Notice>}
      <div class="actions">
        <button type="button" onClick={() => setAdding(true)}>
          Make a token
        </button>
      </div>
      {isAdding ? (
        <Dialog title="Make a token" onClose={() => setAdding(false)}>
          <WorkForm submit="Make it" onSubmit={add} onCancel={() => setAdding(false)}>
            <Field label="What is it for?" value={name} onValue={setName} required autoFocus />
            <fieldset class="stack">
              <legend>It may</legend>
              {offered.map(([scope, label]) => (
                <Choice
                  key={scope}
                  label={label}
                  isOn={scopes.includes(scope)}
                  onChange={(isOn) => setScopes(isOn ? [...scopes, scope] : scopes.filter((each) => each !== scope))}
                />
              ))}
            </fieldset>
          </WorkForm>
        </Dialog>
      ) : null}
      {made === null ? null : (
        <Dialog title="Your token" onClose={() => setMade(null)}>
          <Notice>It is shown this once. Whoever has it can do what it may.</Notice>
          <div class="secret">
            <span class="code">{made}</span>
            <CopyButton text={made} what="the token" />
          </div>
          <div class="actions">
            <button type="button" class="primary" onClick={() => setMade(null)}>
              Done
            </button>
          </div>
        </Dialog>
      )}
    </Card>
  );
}

function SessionsCard({ onLeave }: { onLeave: () => void }) {
  const sessions = useData<OpenSessions>('/sessions');
  const { error, work } = useWork();
  const end = (id: string, isThis: boolean) =>
    work(async () => {
      await call('DELETE', isThis ? '/session' : `/sessions/${id}`);
      if (isThis) onLeave();
      else sessions.reload();
    });
  return (
    <Card title="Where you are signed in">
      {error === null ? null : <Notice kind="bad">{error}</Notice>}
      <Show of={sessions}>
        {(list) =>
          list.length === 0 ? (
            <Empty>Nowhere.</Empty>
          ) : (
            <table class="cards">
              <thead>
                <tr>
                  <th scope="col">Browser</th>
                  <th scope="col">From</th>
                  <th scope="col">Since</th>
                  <th scope="col">Used</th>
                  <th scope="col">
                    <span class="only-read">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {list.map(({ id, isThis, program, from, createdAt, usedAt }) => (
                  <tr key={id}>
                    <td data-label="Browser">
                      {program === null ? 'unknown' : formatProgram(program)} {isThis ? <Badge>this one</Badge> : null}
                    </td>
                    <td data-label="From" class="nowrap">
                      {from ?? 'unknown'}
                    </td>
                    <td data-label="Since" class="nowrap">
                      {formatMoment(createdAt)}
                    </td>
                    <td data-label="Used" class="nowrap">
                      {formatAgo(usedAt)}
                    </td>
                    <td class="do">
                      <button
                        type="button"
                        onClick={() => end(id, isThis)}
                        aria-label={`Sign out, ${isThis ? 'here' : (from ?? 'there')}`}
                      >
                        Sign out
                      </button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Show>
    </Card>
  );
}
