import { useState } from 'preact/hooks';
import type { AppPassword, Device, Login } from '../../../src/schemas/account.ts';
import type { AccountDetails, AccountUse } from '../../../src/schemas/admin.ts';
import { call } from '../api.ts';
import { FormError } from '../form-error.ts';
import { formatAgo, formatMoment, formatOctets } from '../format.ts';
import { Bar } from '../parts/bar.tsx';
import { Badge, Card, CopyButton, Empty, Field, Notice, PageHead, Select, Show } from '../parts/basics.tsx';
import { Confirm, Dialog, useWork, WorkForm } from '../parts/dialog.tsx';
import { Logins } from '../parts/logins.tsx';
import { Said } from '../parts/said.tsx';
import { goTo } from '../router.tsx';
import { safeText } from '../safe-text.ts';
import { useData } from '../use-data.ts';
import { RoleCard } from './role-card.tsx';

/** @param isOwner who looks at it administers the server, not domains of it alone */
export function AccountPage({ name, isOwner }: { name: string; isOwner: boolean }) {
  const path = `/admin/accounts/${encodeURIComponent(name)}`;
  const account = useData<AccountDetails>(path);
  return (
    <>
      <PageHead title={name} lead="An account of this server." />
      <Show of={account}>
        {(known) => (
          <>
            <div class="packed">
              <StateCard account={known} path={path} etag={account.etag} onChanged={account.reload} />
              <UseCard key={account.etag ?? ''} path={path} />
              {isOwner ? <RoleCard account={known} path={path} etag={account.etag} onChanged={account.reload} /> : null}
              <LimitsCard account={known} path={path} etag={account.etag} onChanged={account.reload} />
              <AddressesCard account={known} onChanged={account.reload} />
              <DevicesCard path={path} />
            </div>
            <LoginsCard path={path} />
          </>
        )}
      </Show>
    </>
  );
}

interface PartProps {
  readonly account: AccountDetails;
  readonly path: string;
  readonly etag: string | null;
  readonly onChanged: () => void;
}

function StateCard({ account, path, etag, onChanged }: PartProps) {
  const { name, isDisabled, createdAt, hasSecondFactor } = account;
  const { isBusy, error, work } = useWork();
  const [password, setPassword] = useState<string | null>(null);
  const [asking, setAsking] = useState<'remove' | 'password' | 'codes' | null>(null);
  const change = (body: object) =>
    work(async () => {
      await call('PATCH', path, { body, ifMatch: etag });
      onChanged();
    });
  return (
    <Card title="State">
      <dl class="facts">
        <dt>Made</dt>
        <dd>{formatMoment(createdAt)}</dd>
        <dt>Logs in</dt>
        <dd>{isDisabled ? <Badge kind="bad">no: disabled</Badge> : <Badge>yes</Badge>}</dd>
        <dt>One-time codes</dt>
        <dd>{hasSecondFactor ? <Badge>on</Badge> : 'off'}</dd>
      </dl>
      {error === null ? null : <Notice kind="bad">{error}</Notice>}
      <div class="actions">
        <button type="button" disabled={isBusy} onClick={() => change({ isDisabled: !isDisabled })}>
          {isDisabled ? 'Enable' : 'Disable'}
        </button>
        <button type="button" disabled={isBusy} onClick={() => setAsking('password')}>
          New password
        </button>
        {hasSecondFactor ? (
          <button type="button" disabled={isBusy} onClick={() => setAsking('codes')}>
            Turn its codes off
          </button>
        ) : null}
        <button type="button" class="bad" disabled={isBusy} onClick={() => setAsking('remove')}>
          Remove
        </button>
      </div>
      {asking === 'password' ? (
        <Confirm
          title={`Give ${name} a new password?`}
          submit="Make one"
          onClose={() => setAsking(null)}
          onAgree={async () => {
            const { data } = await call<{ password: string | null }>('POST', `${path}/password`, { body: {} });
            setPassword(data.password);
            setAsking(null);
          }}
        >
          <p>The old one is refused at once. App passwords and devices go on working.</p>
        </Confirm>
      ) : null}
      {asking === 'codes' ? (
        <Confirm
          title={`Turn the one-time codes of ${name} off?`}
          submit="Turn them off"
          onClose={() => setAsking(null)}
          onAgree={async () => {
            await call('POST', `${path}/second-factor/remove`, { body: {} });
            setAsking(null);
            onChanged();
          }}
        >
          <p>
            For somebody who has lost phone and recovery codes: the password is enough for the web then. Make sure that
            it is they who ask you.
          </p>
        </Confirm>
      ) : null}
      {asking === 'remove' ? (
        <Confirm
          title={`Remove ${name}?`}
          submit="Remove it with all its mail"
          onClose={() => setAsking(null)}
          onAgree={async () => {
            await call('DELETE', path);
            goTo('/admin/accounts');
          }}
        >
          <p>
            Its mail, addresses and keys go with it, and do not come back. To keep the mail and shut it out: disable it.
          </p>
        </Confirm>
      ) : null}
      {password === null ? null : (
        <Dialog title={`The new password of ${name}`} onClose={() => setPassword(null)}>
          <Notice>It is shown this once.</Notice>
          <div class="secret">
            <span class="code">{password}</span>
            <CopyButton text={password} what="the password" />
          </div>
          <div class="actions">
            <button type="button" class="primary" onClick={() => setPassword(null)}>
              Done
            </button>
          </div>
        </Dialog>
      )}
    </Card>
  );
}

/** What it holds, of what it may hold. */
function UseCard({ path }: { path: string }) {
  const use = useData<AccountUse>(`${path}/use`);
  return (
    <Card title="Space">
      <Show of={use}>
        {({ octets, messages, mailboxes, limitOctets, limitMessages }) => (
          <>
            <Use name="Mail" amount={octets} limit={limitOctets} words={formatOctets} />
            <Use
              name="Messages"
              amount={messages}
              limit={limitMessages}
              words={(count) => count.toLocaleString('en')}
            />
            <p class="quiet small">
              in {mailboxes === 1 ? '1 mailbox' : `${mailboxes.toLocaleString('en')} mailboxes`}
            </p>
          </>
        )}
      </Show>
    </Card>
  );
}

interface UseProps {
  readonly name: string;
  readonly amount: number;
  /** Null: there is none. */
  readonly limit: number | null;
  readonly words: (amount: number) => string;
}

function Use({ name, amount, limit, words }: UseProps) {
  const text = limit === null ? `${words(amount)}, without a limit` : `${words(amount)} of ${words(limit)}`;
  return (
    <div class="stack">
      <p>
        <strong>{name}</strong> <span class="quiet">{text}</span>{' '}
        {limit !== null && amount >= limit * ALMOST ? <Badge kind="bad">almost full</Badge> : null}
      </p>
      {limit === null ? null : <Bar portions={[{ name, amount }]} whole={limit} label={`${name}: ${text}`} />}
    </div>
  );
}

/** Of a limit. */
const ALMOST = 0.9;

const MB = 1_024 * 1_024;
const LIMITS = [
  ['octets', 'Mail, in MB', MB],
  ['messages', 'Messages', 1],
  ['mailboxes', 'Mailboxes', 1],
  ['messagesADay', 'Messages sent a day', 1],
  ['newRecipientsADay', 'New recipients a day', 1],
  ['messageOctets', 'Size of a message it sends, in MB', MB],
] as const;
type LimitName = (typeof LIMITS)[number][0];
type Kind = 'default' | 'none' | 'own';

function LimitsCard({ account, path, etag, onChanged }: PartProps) {
  const [values, setValues] = useState<Partial<Record<LimitName, { readonly kind: Kind; readonly text: string }>>>({});
  const [isDone, setDone] = useState(false);
  const currentOf = (name: LimitName, unit: number) => {
    const { limit, isOwn } = account[name];
    const text = limit === null ? '' : String(Number((limit / unit).toFixed(3)));
    const kind: Kind = isOwn ? (limit === null ? 'none' : 'own') : 'default';
    return values[name] ?? { kind, text };
  };
  const save = async () => {
    setDone(false);
    const body: Record<string, number | 'default' | null> = {};
    for (const [name, label, unit] of LIMITS) {
      if (values[name] === undefined) continue;
      const { kind, text } = values[name];
      const number = Math.round(Number(text) * unit);
      if (kind === 'own' && (text.trim() === '' || !Number.isSafeInteger(number) || number < 0))
        throw new FormError(`“${text}” is no number for ${label.toLowerCase()}.`);
      body[name] = kind === 'default' ? 'default' : kind === 'none' ? null : number;
    }
    await call('PATCH', path, { body, ifMatch: etag });
    setValues({});
    setDone(true);
    onChanged();
  };
  return (
    <Card title="Limits">
      {isDone ? <Notice>Saved. In force for whatever comes next.</Notice> : null}
      <WorkForm submit="Save" onSubmit={save}>
        {LIMITS.map(([name, label, unit]) => {
          const { kind, text } = currentOf(name, unit);
          const set = (change: Partial<{ kind: Kind; text: string }>) =>
            setValues({ ...values, [name]: { kind, text, ...change } });
          return (
            <fieldset key={name} class="stack">
              <Select
                label={label}
                value={kind}
                options={[
                  ['default', 'As all accounts'],
                  ['none', 'No limit'],
                  ['own', 'Its own'],
                ]}
                onValue={(chosen) => set({ kind: chosen === 'own' ? 'own' : chosen === 'none' ? 'none' : 'default' })}
              />
              {kind === 'own' ? (
                <Field
                  label={`${label}: at most`}
                  value={text}
                  onValue={(typed) => set({ text: typed })}
                  inputMode="numeric"
                  required
                />
              ) : null}
            </fieldset>
          );
        })}
      </WorkForm>
    </Card>
  );
}

function AddressesCard({ account, onChanged }: { account: AccountDetails; onChanged: () => void }) {
  const [address, setAddress] = useState('');
  const { error, work } = useWork();
  const add = async () => {
    await call('POST', '/admin/addresses', { body: { address, account: account.name } });
    setAddress('');
    onChanged();
  };
  const remove = (gone: string) =>
    work(async () => {
      await call('DELETE', `/admin/addresses/${encodeURIComponent(gone)}`);
      onChanged();
    });
  return (
    <Card title="Addresses">
      {account.addresses.length === 0 ? <Empty>None: nobody can write to it.</Empty> : null}
      {account.addresses.map(({ address: known, mailbox }) => (
        <div class="head" key={known}>
          <span>
            <span class="code">
              <Said>{known}</Said>
            </span>{' '}
            {mailbox === null ? null : <span class="quiet small">to {safeText(mailbox)}</span>}
          </span>
          <button type="button" class="bad" onClick={() => remove(known)} aria-label={`Remove ${safeText(known)}`}>
            Remove
          </button>
        </div>
      ))}
      {error === null ? null : <Notice kind="bad">{error}</Notice>}
      <WorkForm submit="Add" onSubmit={add}>
        <Field label="One more address" value={address} onValue={setAddress} placeholder="name@example.com" required />
      </WorkForm>
    </Card>
  );
}

function DevicesCard({ path }: { path: string }) {
  const devices = useData<Device[]>(`${path}/devices`);
  const passwords = useData<AppPassword[]>(`${path}/app-passwords`);
  const { error, work } = useWork();
  const remove = (fingerprint: string) =>
    work(async () => {
      await call('DELETE', `${path}/devices/${fingerprint}`);
      devices.reload();
    });
  return (
    <Card title="Devices and app passwords">
      {error === null ? null : <Notice kind="bad">{error}</Notice>}
      <Show of={devices}>
        {(list) => (
          <>
            {list.length === 0 ? <p class="quiet">No device with a key.</p> : null}
            {list.map(({ fingerprint, name, keyType, lastUsedAt }) => (
              <div class="head" key={fingerprint}>
                <span>
                  <Said>{name}</Said>{' '}
                  <span class="quiet small">
                    {keyType}, last used {formatAgo(lastUsedAt)}
                  </span>
                </span>
                <button
                  type="button"
                  class="bad"
                  onClick={() => remove(fingerprint)}
                  aria-label={`Remove ${safeText(name)}`}
                >
                  Remove
                </button>
              </div>
            ))}
          </>
        )}
      </Show>
      <Show of={passwords}>
        {(list) => (
          <>
            {list.map(({ name, lastUsedAt }) => (
              <p key={name}>
                <Said>{name}</Said> <span class="quiet small">app password, last used {formatAgo(lastUsedAt)}</span>
              </p>
            ))}
          </>
        )}
      </Show>
    </Card>
  );
}

function LoginsCard({ path }: { path: string }) {
  const logins = useData<Login[]>(`${path}/logins`);
  return (
    <Card title="Login history">
      <Show of={logins}>{(list) => <Logins logins={list.slice(0, 30)} hasAccounts={false} />}</Show>
    </Card>
  );
}
