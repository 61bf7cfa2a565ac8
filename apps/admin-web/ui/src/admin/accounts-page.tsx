import { useState } from 'preact/hooks';
import type { AccountRow, Domain } from '../../../src/schemas/admin.ts';
import { call } from '../api.ts';
import { formatOctets } from '../format.ts';
import { Badge, CopyButton, Field, Notice } from '../parts/basics.tsx';
import { Dialog, WorkForm } from '../parts/dialog.tsx';
import { ListPage } from '../parts/list.tsx';
import { Said } from '../parts/said.tsx';
import { Link } from '../router.tsx';
import { useData } from '../use-data.ts';
import { usePages } from '../use-pages.ts';

export function AccountsPage({ isOwner }: { isOwner: boolean }) {
  const [isAdding, setAdding] = useState(false);
  const [text, setText] = useState('');
  const accounts = usePages<AccountRow>('/admin/accounts', text);
  return (
    <ListPage
      title="Accounts"
      lead={isOwner ? 'Who has mail here.' : 'Whose addresses are all in your domains.'}
      head={
        <button type="button" class="primary" onClick={() => setAdding(true)}>
          Add an account
        </button>
      }
      of={accounts}
      empty="No account yet."
      find={{
        hint: 'By name or address.',
        textsOf: ({ name, addresses }) => [name, ...addresses],
        nothing: 'None is called so.',
        typed: [text, setText],
      }}
      keyOf={({ name }) => name}
      columns={[
        {
          title: 'Name',
          kind: 'name',
          show: ({ name, role, isDisabled }) => (
            <>
              <Link to={`/admin/accounts/${encodeURIComponent(name)}`}>{name}</Link>{' '}
              {role === 'account' ? null : <Badge>{role}</Badge>}{' '}
              {isDisabled ? <Badge kind="bad">disabled</Badge> : null}
            </>
          ),
        },
        { title: 'Addresses', show: ({ addresses }) => <Said>{addresses.join(', ')}</Said> },
        { title: 'Messages', kind: 'number', show: ({ usedMessages }) => usedMessages.toLocaleString('en') },
        { title: 'Size', kind: 'number', show: ({ usedOctets }) => formatOctets(usedOctets) },
      ]}
    >
      {isAdding ? <AddAccount isOwner={isOwner} onClose={() => setAdding(false)} onAdded={accounts.reload} /> : null}
    </ListPage>
  );
}

interface AddAccountProps {
  readonly isOwner: boolean;
  readonly onClose: () => void;
  readonly onAdded: () => void;
}

function AddAccount({ isOwner, onClose, onAdded }: AddAccountProps) {
  const domains = useData<Domain[]>('/admin/domains');
  const [name, setName] = useState('');
  const [address, setAddress] = useState('');
  const [made, setMade] = useState<string | null>(null);
  const suggestion = `${name}@${domains.data?.[0]?.name ?? 'example.com'}`;
  const add = async () => {
    const body = { name, address: address === '' ? suggestion : address };
    setMade((await call<{ password: string | null }>('POST', '/admin/accounts', { body })).data.password);
    onAdded();
  };
  if (made !== null) {
    return (
      <Dialog title={`${name} is added`} onClose={onClose}>
        <Notice>
          Tell the person this password, by which they sign in and then choose one of their own. It is shown this once.
        </Notice>
        <div class="secret">
          <span class="code">{made}</span>
          <CopyButton text={made} what="the password" />
        </div>
        <div class="actions">
          <button type="button" class="primary" onClick={onClose}>
            Done
          </button>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog title="Add an account" onClose={onClose}>
      <WorkForm submit="Add it" onSubmit={add} onCancel={onClose}>
        <Field label="Name" hint="a-z, 0-9, dot, _ and -" value={name} onValue={setName} required autoFocus />
        <Field
          label="Address"
          hint={isOwner ? 'A domain that is new here becomes a local one.' : 'In one of your domains.'}
          value={address}
          onValue={setAddress}
          placeholder={suggestion}
        />
      </WorkForm>
    </Dialog>
  );
}
