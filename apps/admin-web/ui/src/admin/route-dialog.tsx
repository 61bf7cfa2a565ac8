import { useState } from 'preact/hooks';
import type { Route } from '../../../src/schemas/routes.ts';
import { call } from '../api.ts';
import { FormError } from '../form-error.ts';
import { Choice, Field, Select, Show } from '../parts/basics.tsx';
import { Dialog, WorkForm } from '../parts/dialog.tsx';
import { useData } from '../use-data.ts';

interface RouteDialogProps {
  /** Null: a new one. */
  readonly name: string | null;
  readonly onClose: () => void;
  readonly onSaved: () => void;
}

/** A smarthost is added or changed here. */
export function RouteDialog({ name, onClose, onSaved }: RouteDialogProps) {
  const path = name === null ? null : `/admin/routes/${encodeURIComponent(name)}`;
  const route = useData<Route>(path);
  const save = async (wished: RouteWish) => {
    if (path === null) await call('POST', '/admin/routes', { body: wished });
    else await call('PATCH', path, { body: wished, ifMatch: route.etag });
    onSaved();
    onClose();
  };
  return (
    <Dialog title={name === null ? 'Add a smarthost' : `Change ${name}`} onClose={onClose}>
      {path === null ? (
        <RouteForm route={null} onSave={save} onClose={onClose} />
      ) : (
        <Show of={route}>
          {(known) => <RouteForm key={known.revision} route={known} onSave={save} onClose={onClose} />}
        </Show>
      )}
    </Dialog>
  );
}

interface RouteWish
  extends Partial<Pick<Route, 'name' | 'hosts' | 'tls' | 'user' | 'isTrusted' | 'connections' | 'recipients'>> {
  readonly secrets?: { password?: string | null; token?: null };
}

const TLS = [
  ['implicit', 'from the first octet (port 465)'],
  ['starttls', 'by STARTTLS, always (port 587)'],
  ['opportunistic', 'if it is offered, whoever it is'],
  ['none', 'none: in private networks alone'],
] as const;

interface RouteFormProps {
  readonly route: Route | null;
  readonly onSave: (wish: RouteWish) => Promise<void>;
  readonly onClose: () => void;
}

function RouteForm({ route, onSave, onClose }: RouteFormProps) {
  const [name, setName] = useState('');
  const [hosts, setHosts] = useState(route?.hosts.join(', ') ?? '');
  const [tls, setTls] = useState(route?.tls ?? 'implicit');
  const [user, setUser] = useState(route?.user ?? '');
  const [password, setPassword] = useState('');
  const [isTrusted, setTrusted] = useState(route?.isTrusted ?? false);
  const [connections, setConnections] = useState(textOf(route?.connections));
  const [recipients, setRecipients] = useState(textOf(route?.recipients));
  const isToDomains = route !== null && route.hosts.length === 0;
  const hasPassword = route?.secrets.includes('password') ?? false;
  const more = route === null ? [] : othersOf(route);

  const save = async () => {
    const list = hosts.split(/[\s,;]+/).filter((host) => host !== '');
    const login = user.trim() === '' ? null : user.trim();
    if (login === null && password !== '') throw new FormError('Say whose password it is: the user name is missing.');
    const secrets = {
      ...(password === '' ? {} : { password }),
      ...(login === null && hasPassword ? { password: null } : {}),
      ...(login === null && route?.secrets.includes('token') === true ? { token: null } : {}),
    };
    await onSave({
      ...(route === null ? { name: name.trim() } : {}),
      ...(isToDomains ? {} : { hosts: list, tls, user: login, isTrusted }),
      connections: numberOf(connections, 'transactions'),
      recipients: numberOf(recipients, 'recipients'),
      ...(Object.keys(secrets).length === 0 ? {} : { secrets }),
    });
  };
  return (
    <WorkForm submit={route === null ? 'Add it' : 'Save'} onSubmit={save} onCancel={onClose}>
      {route === null ? (
        <Field
          label="Name"
          hint="As you call it: a-z, 0-9, dot, _ and -"
          value={name}
          onValue={setName}
          placeholder="provider"
          required
          autoFocus
        />
      ) : null}
      {isToDomains ? (
        <p class="quiet">It goes to the servers of each domain, under the TLS that those ask for.</p>
      ) : (
        <>
          <Field
            label="Host and port"
            hint="Several, with commas between them, are tried in this order."
            value={hosts}
            onValue={setHosts}
            placeholder="smtp.example.net:465"
            required
          />
          <Select label="TLS" value={tls} options={TLS} onValue={setTls} />
          <Field label="User name" hint="Empty: nobody logs in." value={user} onValue={setUser} autocomplete="off" />
          <Field
            label="Password"
            hint={
              hasPassword
                ? 'There is one, which nobody is shown. Empty: it stays; without a user name it goes.'
                : 'It is sealed, and shown to nobody.'
            }
            type="password"
            value={password}
            onValue={setPassword}
            autocomplete="new-password"
          />
          <Choice
            label="It is told who submitted a message"
            hint="MAIL AUTH= (RFC 4954). Only for servers of your own, or that you trust as much."
            isOn={isTrusted}
            onChange={setTrusted}
          />
        </>
      )}
      <Field
        label="Transactions at the same time"
        hint="Of each relay process. Empty: as everywhere."
        value={connections}
        onValue={setConnections}
        inputMode="numeric"
      />
      <Field
        label="Recipients in a transaction"
        hint="Empty: as everywhere."
        value={recipients}
        onValue={setRecipients}
        inputMode="numeric"
      />
      {more.length === 0 ? null : (
        <p class="quiet small">
          It also has {more.join(', ')}: these stay as they are, and “postel config route update” changes them.
        </p>
      )}
    </WorkForm>
  );
}

const textOf = (limit: number | null | undefined) => (limit === null || limit === undefined ? '' : String(limit));

function numberOf(text: string, what: string): number | null {
  if (text.trim() === '') return null;
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new FormError(`“${text}” is no whole number of ${what}.`);
  return number;
}

/** What a route has that this form does not show. */
function othersOf(route: Route): readonly string[] {
  const { tlsNames, authorities, pinnedKeys, actAs, mechanisms, certificate, sources, proxy, secrets } = route;
  return [
    ...(tlsNames.length > 0 ? ['names for its certificate'] : []),
    ...(authorities === null ? [] : ['authorities of its own']),
    ...(pinnedKeys.length > 0 ? ['public keys'] : []),
    ...(actAs === null ? [] : ['a name to act as']),
    ...(mechanisms === null ? [] : ['mechanisms of its own']),
    ...(certificate === null ? [] : ['a client certificate']),
    ...(secrets.includes('token') ? ['a token'] : []),
    ...(Object.keys(sources).length > 0 ? ['source addresses'] : []),
    ...(proxy === null ? [] : ['a proxy']),
  ];
}
