import { useState } from 'preact/hooks';
import type { AccountRow, Domain } from '../../../src/schemas/admin.ts';
import { call } from '../api.ts';
import { formatOctets } from '../format.ts';
import { Badge, Card, CopyButton, Empty, Field, Notice, PageHead, Show } from '../parts/basics.tsx';
import { Dialog, WorkForm } from '../parts/dialog.tsx';
import { More } from '../parts/more.tsx';
import { Link } from '../router.tsx';
import { useData } from '../use-data.ts';
import { usePages } from '../use-pages.ts';

export function AccountsPage() {
  const [isAdding, setAdding] = useState(false);
  const [text, setText] = useState('');
  const accounts = usePages<AccountRow>('/admin/accounts', text);
  return (
    <>
      <PageHead title="Accounts" lead="Who has mail here.">
        <button type="button" class="primary" onClick={() => setAdding(true)}>
          Add an account
        </button>
      </PageHead>
      <Card>
        <Field label="Find" hint="By name or address." value={text} onValue={setText} />
        <Show of={accounts}>
          {(list) => {
            const wanted = text.trim().toLowerCase();
            const found = list.filter(({ name, addresses }) =>
              [name, ...addresses].some((each) => each.includes(wanted)),
            );
            if (found.length === 0)
              return <Empty>{list.length === 0 ? 'No account yet.' : 'None is called so.'}</Empty>;
            return <AccountTable accounts={found} />;
          }}
        </Show>
        <More of={accounts} />
      </Card>
      {isAdding ? <AddAccount onClose={() => setAdding(false)} onAdded={accounts.reload} /> : null}
    </>
  );
}

function AccountTable({ accounts }: { accounts: readonly AccountRow[] }) {
  return (
    <table class="cards">
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Addresses</th>
          <th scope="col" class="number">
            Messages
          </th>
          <th scope="col" class="number">
            Size
          </th>
        </tr>
      </thead>
      <tbody>
        {accounts.map(({ name, addresses, usedMessages, usedOctets, isDisabled, role }) => (
          <tr key={name}>
            <th scope="row">
              <Link to={`/admin/accounts/${encodeURIComponent(name)}`}>{name}</Link>{' '}
              {role === 'account' ? null : <Badge>{role}</Badge>}{' '}
              {isDisabled ? <Badge kind="bad">disabled</Badge> : null}
            </th>
            <td data-label="Addresses">{addresses.join(', ')}</td>
            <td data-label="Messages" class="number">
              {usedMessages.toLocaleString('en')}
            </td>
            <td data-label="Size" class="number">
              {formatOctets(usedOctets)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function AddAccount({ onClose, onAdded }: { onClose: () => void; onAdded: () => void }) {
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
          hint="A domain that is new here becomes a local one."
          value={address}
          onValue={setAddress}
          placeholder={suggestion}
        />
      </WorkForm>
    </Dialog>
  );
}
