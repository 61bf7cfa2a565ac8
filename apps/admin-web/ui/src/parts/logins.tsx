import { useState } from 'preact/hooks';
import type { Login } from '../../../src/schemas/account.ts';
import { formatMoment, formatProgram } from '../format.ts';
import { t } from '../texts/texts.ts';
import { usePages } from '../use-pages.ts';
import { Badge, Choice, Empty } from './basics.tsx';
import { type Column, ListPage, Table } from './list.tsx';
import { Said } from './said.tsx';

interface LoginsPageProps {
  readonly path: string;
  readonly lead: string;
  /** They are of several accounts. */
  readonly hasAccounts: boolean;
}

export function LoginsPage({ path, lead, hasAccounts }: LoginsPageProps) {
  const [onlyFailed, setOnlyFailed] = useState(false);
  const logins = usePages<Login>(path);
  const shown = onlyFailed ? (logins.data?.filter(({ outcome }) => outcome !== 'success') ?? null) : logins.data;
  return (
    <ListPage
      title={t.logins.title}
      lead={lead}
      above={<Choice label={t.logins.onlyFailed} isOn={onlyFailed} onChange={setOnlyFailed} />}
      of={{ ...logins, data: shown }}
      empty={t.logins.empty}
      keyOf={keyOf}
      columns={columns(hasAccounts)}
    />
  );
}

export function Logins({ logins, hasAccounts }: { logins: readonly Login[]; hasAccounts: boolean }) {
  if (logins.length === 0) return <Empty>{t.logins.empty}</Empty>;
  return <Table rows={logins} keyOf={keyOf} columns={columns(hasAccounts)} />;
}

/** As the server writes down who came in by the admin password, which is no account's. */
const ADMINISTRATOR = 'admin password';

function whoOf({ account, loginName, mechanism }: Login): string {
  return account ?? loginName ?? (mechanism === ADMINISTRATOR ? t.page.administrator : t.logins.nobody);
}

const keyOf = (login: Login) => JSON.stringify(login);

function columns(hasAccounts: boolean): readonly Column<Login>[] {
  const who: Column<Login> = {
    title: t.logins.who,
    show: (login) => <Said>{whoOf(login)}</Said>,
  };
  return [
    { title: t.logins.when, kind: 'line', show: ({ lastAt }) => formatMoment(lastAt) },
    ...(hasAccounts ? [who] : []),
    {
      title: t.logins.outcome,
      show: ({ outcome, count }) => (
        <>
          <Badge kind={outcome === 'success' ? '' : outcome === 'cancelled' ? 'warn' : 'bad'}>{wordsOf(outcome)}</Badge>
          {count > 1 ? ` ${t.logins.inAnHour(count)}` : ''}
        </>
      ),
    },
    { title: t.logins.from, kind: 'line', show: ({ from }) => from ?? t.logins.everywhere },
    { title: t.logins.how, show: (login) => <Said>{howOf(login)}</Said> },
  ];
}

function wordsOf(outcome: string): string {
  return new Map(Object.entries(t.logins.outcomes)).get(outcome) ?? outcome;
}

const PROTOCOLS = new Map([
  ['imap', 'IMAP'],
  ['smtp', 'SMTP'],
]);

function howOf({ service, mechanism, credential, credentialName, tlsVersion, program }: Login): string {
  const named = credentialName ?? (credential === 'password' ? t.logins.password : mechanism);
  const by = named === service ? null : named; // a password that was wrong, in the web
  const door = PROTOCOLS.get(service) ?? (service === 'web' ? t.logins.web : service);
  const parts = [door, by, tlsVersion ?? t.logins.noTls, program === null ? null : formatProgram(program)];
  return parts.filter((part) => part !== null && part !== '').join(' · ');
}
