import { useState } from 'preact/hooks';
import type { Route } from '../../../src/schemas/routes.ts';
import { call } from '../api.ts';
import { Field, Select, Show } from '../parts/basics.tsx';
import { Dialog, WorkForm } from '../parts/dialog.tsx';
import { useData } from '../use-data.ts';
import { draftOf, hasMore, type RouteDraft, type RouteWish, wishOf } from './route-draft.ts';
import { RouteMore, SecretField } from './route-more.tsx';

interface RouteDialogProps {
  /** Null: a new one. */
  readonly name: string | null;
  readonly onClose: () => void;
  readonly onSaved: () => void;
}

/** A route is added or changed here. */
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
    <Dialog title={name === null ? 'Add a way out' : `Change ${name}`} onClose={onClose}>
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

const WHERE = [
  ['host', 'a smarthost'],
  ['domains', 'the servers of each domain'],
] as const;

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
  const [draft, setDraft] = useState(() => draftOf(route));
  const set = (change: Partial<RouteDraft>) => setDraft((before) => ({ ...before, ...change }));
  const { name, isToDomains, hosts, tls, user, password, dropsPassword } = draft;
  return (
    <WorkForm
      submit={route === null ? 'Add it' : 'Save'}
      onSubmit={() => onSave(wishOf(draft, route))}
      onCancel={onClose}
    >
      {route === null ? (
        <Field
          label="Name"
          hint="As you call it: a-z, 0-9, dot, _ and -"
          value={name}
          onValue={(text) => set({ name: text })}
          placeholder="provider"
          required
          autoFocus
        />
      ) : null}
      <Select
        label="Mail goes to"
        value={isToDomains ? 'domains' : 'host'}
        options={WHERE}
        onValue={(where) => set({ isToDomains: where === 'domains' })}
      />
      {isToDomains ? (
        <p class="quiet">
          From addresses or by a proxy of its own: see More. It goes under the TLS that each domain asks for.
        </p>
      ) : (
        <>
          <Field
            label="Host and port"
            hint="Several, with commas between them, are tried in this order."
            value={hosts}
            onValue={(text) => set({ hosts: text })}
            placeholder="smtp.example.net:465"
            required
          />
          <Select label="TLS" value={tls} options={TLS} onValue={(mode) => set({ tls: mode })} />
          <Field
            label="User name"
            hint="Empty: nobody logs in."
            value={user}
            onValue={(text) => set({ user: text })}
            autocomplete="off"
          />
          <SecretField
            label="Password"
            none="It is sealed, and shown to nobody."
            isThere={route?.secrets.includes('password') ?? false}
            value={password}
            onValue={(text) => set({ password: text })}
            isDropped={dropsPassword}
            onDrop={(isDropped) => set({ dropsPassword: isDropped })}
          />
        </>
      )}
      <RouteMore route={route} draft={draft} set={set} isOpen={route !== null && hasMore(route)} />
    </WorkForm>
  );
}
