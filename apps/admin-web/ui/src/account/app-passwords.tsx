import { useState } from 'preact/hooks';
import type { AppPassword } from '../../../src/schemas/account.ts';
import { call } from '../api.ts';
import { formatMoment, formatUse } from '../format.ts';
import { Badge, Field, Select } from '../parts/basics.tsx';
import { Dialog, WorkForm } from '../parts/dialog.tsx';
import { Ask, ListPage } from '../parts/list.tsx';
import { ShownOnce } from '../parts/secret.tsx';
import { t } from '../texts/texts.ts';
import { useData } from '../use-data.ts';

/** What each is good for, by what the API calls it. */
function services(): readonly (readonly [string, string])[] {
  const { both, imap, smtp } = t.appPasswords.services;
  return [
    ['', both],
    ['imap', imap],
    ['smtp', smtp],
  ];
}

export function AppPasswordsPage() {
  const list = useData<AppPassword[]>('/account/app-passwords');
  const [isAdding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<AppPassword | null>(null);
  return (
    <ListPage
      title={t.appPasswords.title}
      lead={t.appPasswords.lead}
      head={
        <button type="button" class="primary" onClick={() => setAdding(true)}>
          {t.appPasswords.make}
        </button>
      }
      of={list}
      empty={t.appPasswords.empty}
      keyOf={({ name }) => name}
      columns={[
        { title: t.appPasswords.name, kind: 'name', show: ({ name }) => <bdi>{name}</bdi> },
        {
          title: t.appPasswords.use,
          show: ({ service }) => services().find(([each]) => each === (service ?? ''))?.[1],
        },
        {
          title: t.appPasswords.made,
          show: ({ createdAt, expiresAt }) => (
            <>
              {formatMoment(createdAt)}{' '}
              {expiresAt === null ? null : <Badge kind="warn">{t.appPasswords.until(formatMoment(expiresAt))}</Badge>}
            </>
          ),
        },
        { title: t.appPasswords.lastUsed, show: ({ lastUsedAt, lastUsedFrom }) => formatUse(lastUsedAt, lastUsedFrom) },
      ]}
      actions={(each) => (
        <button type="button" class="bad" onClick={() => setRemoving(each)} aria-label={t.parts.removeOne(each.name)}>
          {t.parts.remove}
        </button>
      )}
    >
      {isAdding ? <AddDialog onClose={() => setAdding(false)} onAdded={list.reload} /> : null}
      <Ask
        about={removing}
        title={({ name }) => t.parts.askRemove(name)}
        submit={t.parts.removeIt}
        onClose={() => setRemoving(null)}
        onAgree={async ({ name }) => {
          await call('DELETE', `/account/app-passwords/${encodeURIComponent(name)}`);
          list.reload();
        }}
      >
        {() => <p>{t.appPasswords.removing}</p>}
      </Ask>
    </ListPage>
  );
}

function AddDialog({ onClose, onAdded }: { onClose: () => void; onAdded: () => void }) {
  const [name, setName] = useState('');
  const [service, setService] = useState('');
  const [password, setPassword] = useState<string | null>(null);
  const make = async () => {
    const body = { name, service: service === '' ? null : service };
    setPassword((await call<{ password: string }>('POST', '/account/app-passwords', { body })).data.password);
    onAdded();
  };
  if (password !== null) {
    return (
      <ShownOnce
        title={t.appPasswords.passwordFor(name)}
        notice={t.appPasswords.shown}
        secret={password}
        what={t.appPasswords.thePassword}
        onClose={onClose}
      />
    );
  }
  return (
    <Dialog title={t.appPasswords.dialog} onClose={onClose}>
      <WorkForm submit={t.appPasswords.makeIt} onSubmit={make} onCancel={onClose}>
        <Field
          label={t.appPasswords.what}
          hint={t.appPasswords.whatHint}
          value={name}
          onValue={setName}
          required
          autoFocus
        />
        <Select label={t.appPasswords.goodFor} value={service} options={services()} onValue={setService} />
      </WorkForm>
    </Dialog>
  );
}
