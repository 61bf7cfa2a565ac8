import { useState } from 'preact/hooks';
import type { Address, Alias } from '../../../src/schemas/admin.ts';
import { call } from '../api.ts';
import { formatCount } from '../format.ts';
import { Badge, Card, Empty, Field, PageHead, Show } from '../parts/basics.tsx';
import { Dialog, WorkForm } from '../parts/dialog.tsx';
import { More } from '../parts/more.tsx';
import { Link } from '../router.tsx';
import { usePages } from '../use-pages.ts';

export function AddressesPage() {
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
        <Show of={aliases}>
          {(list) =>
            list.length === 0 ? (
              <Empty>None yet. An alias stands for several people, here or elsewhere.</Empty>
            ) : (
              <table class="cards">
                <thead>
                  <tr>
                    <th scope="col">Address</th>
                    <th scope="col">Stands for</th>
                    <th scope="col">Who may write to it</th>
                  </tr>
                </thead>
                <tbody>
                  {list.map(({ address, members, elsewhere, posters, isList }) => (
                    <tr key={address}>
                      <th scope="row">
                        <Link to={`/admin/aliases/${encodeURIComponent(address)}`}>{address}</Link>{' '}
                        {isList ? <Badge>list</Badge> : null}
                      </th>
                      <td data-label="Stands for">
                        {formatCount(members, 'member')}
                        {elsewhere > 0 ? `, ${elsewhere} at other servers` : ''}
                      </td>
                      <td data-label="Who may write to it">{posters}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )
          }
        </Show>
        <More of={aliases} />
      </Card>
      <Card title="Of accounts">
        <Show of={addresses}>
          {(list) =>
            list.length === 0 ? (
              <Empty>None yet: they come with accounts.</Empty>
            ) : (
              <table class="cards">
                <thead>
                  <tr>
                    <th scope="col">Address</th>
                    <th scope="col">Account</th>
                    <th scope="col">Mailbox</th>
                  </tr>
                </thead>
                <tbody>
                  {list.map(({ address, account, mailbox }) => (
                    <tr key={address}>
                      <th scope="row">{address}</th>
                      <td data-label="Account">
                        <Link to={`/admin/accounts/${encodeURIComponent(account)}`}>{account}</Link>
                      </td>
                      <td data-label="Mailbox">{mailbox ?? 'INBOX'}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )
          }
        </Show>
        <More of={addresses} />
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
