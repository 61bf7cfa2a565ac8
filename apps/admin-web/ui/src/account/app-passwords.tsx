import { useState } from 'preact/hooks';
import type { AppPassword } from '../../../src/schemas/account.ts';
import { call } from '../api.ts';
import { formatAgo, formatMoment } from '../format.ts';
import { Badge, Card, CopyButton, Empty, Field, Notice, PageHead, Select, Show } from '../parts/basics.tsx';
import { Confirm, Dialog, WorkForm } from '../parts/dialog.tsx';
import { useData } from '../use-data.ts';

const SERVICES = [
  ['', 'Reading and sending'],
  ['imap', 'Reading alone (IMAP)'],
  ['smtp', 'Sending alone (SMTP)'],
] as const;

export function AppPasswordsPage() {
  const list = useData<AppPassword[]>('/account/app-passwords');
  const [isAdding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<AppPassword | null>(null);
  return (
    <>
      <PageHead title="App passwords" lead="One for each program or device, so that each can be taken back alone.">
        <button type="button" class="primary" onClick={() => setAdding(true)}>
          Make one
        </button>
      </PageHead>
      <Card>
        <Show of={list}>
          {(passwords) =>
            passwords.length === 0 ? (
              <Empty>
                No app password yet. Your own password works in mail programs, too, but is then in all of them.
              </Empty>
            ) : (
              <table class="cards">
                <thead>
                  <tr>
                    <th scope="col">Name</th>
                    <th scope="col">For</th>
                    <th scope="col">Made</th>
                    <th scope="col">Last used</th>
                    <th scope="col">
                      <span class="only-read">Actions</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {passwords.map((each) => (
                    <tr key={each.name}>
                      <th scope="row">{each.name}</th>
                      <td data-label="For">{SERVICES.find(([service]) => service === (each.service ?? ''))?.[1]}</td>
                      <td data-label="Made">
                        {formatMoment(each.createdAt)}{' '}
                        {each.expiresAt === null ? null : (
                          <Badge kind="warn">until {formatMoment(each.expiresAt)}</Badge>
                        )}
                      </td>
                      <td data-label="Last used">
                        {formatAgo(each.lastUsedAt)}
                        {each.lastUsedFrom === null ? null : `, from ${each.lastUsedFrom}`}
                      </td>
                      <td class="do">
                        <button
                          type="button"
                          class="bad"
                          onClick={() => setRemoving(each)}
                          aria-label={`Remove ${each.name}`}
                        >
                          Remove
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
      {isAdding ? <AddDialog onClose={() => setAdding(false)} onAdded={list.reload} /> : null}
      {removing === null ? null : (
        <Confirm
          title={`Remove ${removing.name}?`}
          submit="Remove it"
          onClose={() => setRemoving(null)}
          onAgree={async () => {
            await call('DELETE', `/account/app-passwords/${encodeURIComponent(removing.name)}`);
            setRemoving(null);
            list.reload();
          }}
        >
          <p>The program that uses it is logged out at once, and cannot log in any more.</p>
        </Confirm>
      )}
    </>
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
      <Dialog title={`The password for ${name}`} onClose={onClose}>
        <Notice>Enter it in the program as it is, hyphens too. It is shown this once.</Notice>
        <div class="secret">
          <span class="code">{password}</span>
          <CopyButton text={password} what="the password" />
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
    <Dialog title="Make an app password" onClose={onClose}>
      <WorkForm submit="Make it" onSubmit={make} onCancel={onClose}>
        <Field
          label="What is it for?"
          hint="By this name you will know it: Thunderbird at work, for instance."
          value={name}
          onValue={setName}
          required
          autoFocus
        />
        <Select label="Good for" value={service} options={SERVICES} onValue={setService} />
      </WorkForm>
    </Dialog>
  );
}
