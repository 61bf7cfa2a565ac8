import { useState } from 'preact/hooks';
import type { AccountDetails, Domain } from '../../../src/schemas/admin.ts';
import { call } from '../api.ts';
import { FormError } from '../form-error.ts';
import { formatCount } from '../format.ts';
import { Card, Choice, Empty, Field, Notice, Select, Show } from '../parts/basics.tsx';
import { WorkForm } from '../parts/dialog.tsx';
import { safeText } from '../safe-text.ts';
import { useData } from '../use-data.ts';

type Role = AccountDetails['role'];

const ROLES: readonly (readonly [Role, string])[] = [
  ['account', 'account'],
  ['domain-admin', 'domain-admin: of domains'],
  ['owner', 'owner: of this server'],
];
/** Domains that are shown at once; others are found by name. */
const SHOWN = 20;

interface RoleCardProps {
  readonly account: AccountDetails;
  readonly path: string;
  readonly etag: string | null;
  readonly onChanged: () => void;
}

/** What else than its own mail is an account's to look after. */
export function RoleCard({ account, path, etag, onChanged }: RoleCardProps) {
  const [chosen, setRole] = useState<Role | null>(null);
  const [chosenDomains, setDomains] = useState<readonly string[] | null>(null);
  const [isDone, setDone] = useState(false);
  const role = chosen ?? account.role;
  const administers = chosenDomains ?? account.administers;
  const isOfDomains = role === 'domain-admin';
  const give = async () => {
    setDone(false);
    if (isOfDomains && administers.length === 0) throw new FormError('Choose a domain, or more.');
    await call('PATCH', path, { body: { role, administers: isOfDomains ? administers : [] }, ifMatch: etag });
    setRole(null);
    setDomains(null);
    setDone(true);
    onChanged();
  };
  const choose = (text: string) => {
    setDone(false);
    setRole(ROLES.find(([each]) => each === text)?.[0] ?? null);
  };
  return (
    <Card title="Role">
      {isDone ? <Notice>Given: it holds from now on, also where the person is signed in.</Notice> : null}
      <WorkForm submit="Give it this role" onSubmit={give}>
        <Select label="Role" value={role} options={ROLES} onValue={choose} />
        {isOfDomains ? <Domains chosen={administers} onChosen={setDomains} /> : null}
        <p class="quiet">{whatItDoes(account.name, role, administers)}</p>
      </WorkForm>
    </Card>
  );
}

function whatItDoes(name: string, role: Role, domains: readonly string[]): string {
  if (role === 'owner')
    return `${name} administers all of this server, as you do: every account and its passwords, all settings, and who else is an owner.`;
  if (role === 'account') return `${name} has its own mail, and administers nothing.`;
  if (domains.length === 0) return `${name} administers the domains that you choose, and nothing else of this server.`;
  const which =
    domains.length > 3 ? formatCount(domains.length, 'domain') : domains.map((domain) => safeText(domain)).join(', ');
  return `${name} administers ${which}: adds, disables and removes accounts there, gives them passwords, and changes aliases and DKIM keys; nothing else of this server.`;
}

interface DomainsProps {
  readonly chosen: readonly string[];
  readonly onChosen: (domains: readonly string[]) => void;
}

function Domains({ chosen, onChosen }: DomainsProps) {
  const domains = useData<Domain[]>('/admin/domains');
  const [text, setText] = useState('');
  const wanted = text.trim().toLowerCase();
  return (
    <fieldset class="stack">
      <legend>Domains</legend>
      <Show of={domains}>
        {(list) => {
          if (list.length === 0) return <Empty>This server has no domain yet.</Empty>;
          const found = list.filter(({ name }) => name.includes(wanted));
          // What is chosen comes first, so that nothing of it is overlooked.
          const isChosen = (name: string) => chosen.includes(name);
          const ordered =
            list.length > SHOWN
              ? [...found.filter(({ name }) => isChosen(name)), ...found.filter(({ name }) => !isChosen(name))]
              : found;
          const most = Math.max(SHOWN, chosen.length);
          return (
            <>
              {list.length > SHOWN ? <Field label="Find a domain" value={text} onValue={setText} /> : null}
              {ordered.slice(0, most).map(({ name }) => (
                <Choice
                  key={name}
                  label={safeText(name)}
                  isOn={isChosen(name)}
                  onChange={(isOn) => onChosen(isOn ? [...chosen, name] : chosen.filter((each) => each !== name))}
                />
              ))}
              {found.length > most ? (
                <p class="quiet small">And {formatCount(found.length - most, 'more domain')}: find them by name.</p>
              ) : null}
            </>
          );
        }}
      </Show>
    </fieldset>
  );
}
