import { useState } from 'preact/hooks';
import type { Login } from '../../../src/schemas/account.ts';
import { formatCount, formatMoment, formatProgram } from '../format.ts';
import { usePages } from '../use-pages.ts';
import { Badge, Card, Choice, Empty, PageHead, Show } from './basics.tsx';
import { More } from './more.tsx';

const OUTCOMES = new Map([
  ['success', 'logged in'],
  ['wrong-credentials', 'wrong password or key'],
  ['not-authorized', 'not allowed'],
  ['channel-binding', 'somebody may be in between'],
  ['malformed', 'not understood'],
  ['cancelled', 'not completed'],
  ['unavailable', 'could not be checked'],
  ['limited', 'refused: too many had failed'],
  ['unknown-key', 'showed a key that is nobody’s'],
]);

const SERVICES = new Map([
  ['imap', 'IMAP'],
  ['smtp', 'SMTP'],
  ['web', 'web'],
]);

interface LoginsPageProps {
  readonly path: string;
  readonly lead: string;
  /** They are of several accounts. */
  readonly hasAccounts: boolean;
}

export function LoginsPage({ path, lead, hasAccounts }: LoginsPageProps) {
  const [onlyFailed, setOnlyFailed] = useState(false);
  const logins = usePages<Login>(path);
  return (
    <>
      <PageHead title="Login history" lead={lead} />
      <Card>
        <Choice label="Only those that failed" isOn={onlyFailed} onChange={setOnlyFailed} />
        <Show of={logins}>
          {(list) => (
            <Logins
              logins={onlyFailed ? list.filter(({ outcome }) => outcome !== 'success') : list}
              hasAccounts={hasAccounts}
            />
          )}
        </Show>
        <More of={logins} />
      </Card>
    </>
  );
}

export function Logins({ logins, hasAccounts }: { logins: readonly Login[]; hasAccounts: boolean }) {
  if (logins.length === 0) return <Empty>Nothing to see: nobody tried.</Empty>;
  return (
    <table class="cards">
      <thead>
        <tr>
          <th scope="col">When</th>
          {hasAccounts ? <th scope="col">Who</th> : null}
          <th scope="col">What came of it</th>
          <th scope="col">From</th>
          <th scope="col">How</th>
        </tr>
      </thead>
      <tbody>
        {logins.map((login) => (
          <tr key={JSON.stringify(login)}>
            <td data-label="When" class="nowrap">
              {formatMoment(login.lastAt)}
            </td>
            {hasAccounts ? <td data-label="Who">{login.account ?? login.loginName ?? 'nobody'}</td> : null}
            <td data-label="What came of it">
              <Badge kind={login.outcome === 'success' ? '' : login.outcome === 'cancelled' ? 'warn' : 'bad'}>
                {OUTCOMES.get(login.outcome) ?? login.outcome}
              </Badge>
              {login.count > 1 ? ` ${formatCount(login.count, 'time')} in an hour` : ''}
            </td>
            <td data-label="From" class="nowrap">
              {login.from ?? 'everywhere'}
            </td>
            <td data-label="How">{howOf(login)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function howOf({ service, mechanism, credential, credentialName, tlsVersion, program }: Login): string {
  const by = credentialName ?? (credential === 'password' ? 'password' : mechanism);
  const parts = [SERVICES.get(service) ?? service, by, tlsVersion === null ? 'without TLS' : tlsVersion];
  return [...parts, program === null ? null : formatProgram(program)]
    .filter((part) => part !== null && part !== '')
    .join(' · ');
}
