import { useState } from 'preact/hooks';
import type { Address, Alias } from '../../../src/schemas/admin.ts';
import { call } from '../api.ts';
import { formatCount } from '../format.ts';
import { Badge, Card, Field, PageHead } from '../parts/basics.tsx';
import { Dialog, WorkForm } from '../parts/dialog.tsx';
import { List } from '../parts/list.tsx';
import { Said } from '../parts/said.tsx';
import { Link } from '../router.tsx';
import { usePages } from '../use-pages.ts';

/** @param own whose page none of these is: the account of who administers domains alone */
export function AddressesPage({ own }: { own: string | null }) {
  const addresses = usePages<Address>('/admin/addresses');
  const aliases = usePages<Alias>('/admin/aliases');
  const [isAdding, setAdding] = useState(false);
  return (
    <>
      <PageHead title="Addresses" lead="Where mail for each address goes.">
        <button type="button" class="primary" onClick={() => setAdding(true)}>
          Add an alias
        </button>
      </PageHead>
      <Card title="Aliases and lists">
        <List
          of={aliases}
          empty="None yet. An alias stands for several people, here or elsewhere."
          keyOf={({ address }) => address}
          columns={[
            {
              title: 'Address',
              kind: 'name',
              show: ({ address, isList }) => (
                <>
                  <Link to={`/admin/aliases/${encodeURIComponent(address)}`}>
                    <Said>{address}</Said>
                  </Link>{' '}
                  {isList ? <Badge>list</Badge> : null}
                </>
              ),
            },
            {
              title: 'Stands for',
              show: ({ members, elsewhere }) =>
                `${formatCount(members, 'member')}${elsewhere > 0 ? `, ${elsewhere} at other servers` : ''}`,
            },
            { title: 'Who may write to it', show: ({ posters }) => posters },
          ]}
        />
      </Card>
      <Card title="Of accounts">
        <List
          of={addresses}
          empty="None yet: they come with accounts."
          keyOf={({ address }) => address}
          columns={[
            { title: 'Address', kind: 'name', show: ({ address }) => <Said>{address}</Said> },
            {
              title: 'Account',
              show: ({ account }) =>
                account === own ? (
                  account
                ) : (
                  <Link to={`/admin/accounts/${encodeURIComponent(account)}`}>{account}</Link>
                ),
            },
            { title: 'Mailbox', show: ({ mailbox }) => <Said>{mailbox ?? 'INBOX'}</Said> },
          ]}
        />
      </Card>
      {isAdding ? <AddAlias onClose={() => setAdding(false)} onAdded={aliases.reload} /> : null}
    </>
  );
}

function AddAlias({ onClose, onAdded }: { onClose: () => void; onAdded: () => void }) {
  const [address, setAddress] = useState('');
  const [members, setMembers] = useState('');
  const add = async () => {
    const list = members.split(/[\s,;]+/).filter((member) => member !== '');
    await call('POST', '/admin/aliases', { body: { address, members: list } });
    onAdded();
    onClose();
  };
  return (
    <Dialog title="Add an alias" onClose={onClose}>
      <WorkForm submit="Add it" onSubmit={add} onCancel={onClose}>
        <Field label="Address" value={address} onValue={setAddress} placeholder="team@example.com" required autoFocus />
        <Field
          label="Members"
          hint="Addresses, with spaces or commas between them."
          value={members}
          onValue={setMembers}
          placeholder="mary@example.com fred@example.org"
          required
        />
      </WorkForm>
    </Dialog>
  );
}
