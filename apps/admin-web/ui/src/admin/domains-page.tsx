import { useState } from 'preact/hooks';
import type { AccountRow, Domain } from '../../../src/schemas/admin.ts';
import { call } from '../api.ts';
import { formatCount } from '../format.ts';
import { Badge, Card, Choice, Empty, Field, PageHead, Select, Show } from '../parts/basics.tsx';
import { Dialog, WorkForm } from '../parts/dialog.tsx';
import { Ask } from '../parts/list.tsx';
import { Link } from '../router.tsx';
import { safeText } from '../safe-text.ts';
import { useData } from '../use-data.ts';

/** @param isOwner adds and removes domains too; others change theirs */
export function DomainsPage({ isOwner }: { isOwner: boolean }) {
  const domains = useData<Domain[]>('/admin/domains');
  const [isAdding, setAdding] = useState(false);
  const [changing, setChanging] = useState<string | null>(null);
  const [removing, setRemoving] = useState<string | null>(null);
  return (
    <>
      <PageHead title="Domains" lead="Whose mail comes here.">
        {isOwner ? (
          <button type="button" class="primary" onClick={() => setAdding(true)}>
            Add a domain
          </button>
        ) : null}
      </PageHead>
      <Show of={domains}>
        {(list) =>
          list.length === 0 ? (
            <Empty>No domain yet: no mail is for anybody here.</Empty>
          ) : (
            <div class="grid">
              {list.map(({ name, catchall, addresses, aliases, separators, isCaseSensitive }) => (
                <Card key={name} title={safeText(name)}>
                  <p>
                    {formatCount(addresses, 'address', 'addresses')}, {formatCount(aliases, 'alias', 'aliases')}
                  </p>
                  <p>
                    {catchall === null
                      ? 'Mail to other addresses is refused.'
                      : `Mail to other addresses goes to ${catchall}.`}
                  </p>
                  <p class="quiet small">
                    {sayDetails(separators)} {isCaseSensitive ? <Badge kind="warn">tells capitals apart</Badge> : null}
                  </p>
                  <p>
                    <Link to={`/admin/domains/${encodeURIComponent(name)}`}>DNS records of {safeText(name)}</Link>
                  </p>
                  <div class="actions">
                    <button type="button" onClick={() => setChanging(name)} aria-label={`Change ${safeText(name)}`}>
                      Change
                    </button>
                    {isOwner ? (
                      <button
                        type="button"
                        class="bad"
                        onClick={() => setRemoving(name)}
                        aria-label={`Remove ${safeText(name)}`}
                      >
                        Remove
                      </button>
                    ) : null}
                  </div>
                </Card>
              ))}
            </div>
          )
        }
      </Show>
      {isAdding ? <AddDomain onClose={() => setAdding(false)} onAdded={domains.reload} /> : null}
      {changing === null ? null : (
        <ChangeDomain name={changing} onClose={() => setChanging(null)} onChanged={domains.reload} />
      )}
      <Ask
        about={removing}
        title={(name) => `Remove ${safeText(name)}?`}
        submit="Remove it"
        onClose={() => setRemoving(null)}
        onAgree={async (name) => {
          await call('DELETE', `/admin/domains/${encodeURIComponent(name)}`);
          domains.reload();
        }}
      >
        {() => <p>Mail for it is refused from then on. It must have no address, alias or catchall any more.</p>}
      </Ask>
    </>
  );
}

/** What may follow a local part: RFC 5233. */
function sayDetails(separators: string): string {
  if (separators === '') return 'mary+news@ is an address of its own, not one of mary.';
  const examples = [...separators].map((separator) => `mary${separator}news@`).join(' and ');
  return `${examples} ${separators.length === 1 ? 'comes' : 'come'} to mary.`;
}

function AddDomain({ onClose, onAdded }: { onClose: () => void; onAdded: () => void }) {
  const [name, setName] = useState('');
  const add = async () => {
    await call('POST', '/admin/domains', { body: { name } });
    onAdded();
    onClose();
  };
  return (
    <Dialog title="Add a domain" onClose={onClose}>
      <WorkForm submit="Add it" onSubmit={add} onCancel={onClose}>
        <Field
          label="Domain"
          hint="Its MX record must name this server."
          value={name}
          onValue={setName}
          placeholder="example.com"
          required
          autoFocus
        />
      </WorkForm>
    </Dialog>
  );
}

function ChangeDomain({ name, onClose, onChanged }: { name: string; onClose: () => void; onChanged: () => void }) {
  const path = `/admin/domains/${encodeURIComponent(name)}`;
  const domain = useData<Domain>(path);
  const accounts = useData<AccountRow[]>('/admin/accounts?limit=1000');
  return (
    <Dialog title={`Change ${safeText(name)}`} onClose={onClose}>
      <Show of={domain}>
        {(known) => (
          <Show of={accounts}>
            {(list) => (
              <DomainForm
                domain={known}
                accounts={list.map((account) => account.name)}
                onClose={onClose}
                onSave={async (body) => {
                  await call('PATCH', path, { body, ifMatch: domain.etag });
                  onChanged();
                  onClose();
                }}
              />
            )}
          </Show>
        )}
      </Show>
    </Dialog>
  );
}

interface DomainFormProps {
  readonly domain: Domain;
  readonly accounts: readonly string[];
  readonly onSave: (body: object) => Promise<void>;
  readonly onClose: () => void;
}

const MTA_STS = [
  ['testing', 'testing: they report what is wrong, and deliver'],
  ['enforce', 'enforce: they deliver under TLS and to this server alone'],
  ['none', 'none: no policy'],
] as const;

function DomainForm({ domain, accounts, onSave, onClose }: DomainFormProps) {
  const [catchall, setCatchall] = useState(domain.catchall ?? '');
  const [separators, setSeparators] = useState(domain.separators);
  const [isCaseSensitive, setCaseSensitive] = useState(domain.isCaseSensitive);
  const [mtaSts, setMtaSts] = useState<string>(domain.mtaSts);
  const save = () => {
    const rest = { separators, isCaseSensitive, mtaSts };
    if (catchall === (domain.catchall ?? '')) return onSave(rest);
    return onSave({ ...rest, catchall: catchall === '' ? null : catchall });
  };
  // Who administers domains alone may not know the account that the owner named, nor name it.
  const known =
    domain.catchall === null || accounts.includes(domain.catchall) ? accounts : [domain.catchall, ...accounts];
  return (
    <WorkForm submit="Save" onSubmit={save} onCancel={onClose}>
      <Select
        label="Mail to addresses that do not exist"
        value={catchall}
        options={[['', 'is refused'], ...known.map((name) => [name, `goes to ${name}`] as const)]}
        onValue={setCatchall}
      />
      <Field
        label="Separators of details"
        hint="With + mail to mary+news@ comes to mary. Empty: no details."
        value={separators}
        onValue={setSeparators}
      />
      <Choice
        label="Capitals matter in local parts"
        hint="Mary@ and mary@ are then two addresses. Hardly anybody wants that."
        isOn={isCaseSensitive}
        onChange={setCaseSensitive}
      />
      <Select label="TLS of servers that send to it (MTA-STS)" value={mtaSts} options={MTA_STS} onValue={setMtaSts} />
    </WorkForm>
  );
}
