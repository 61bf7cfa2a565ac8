import { NotFound } from '../not-found.tsx';
import { LoginsPage } from '../parts/logins.tsx';
import type { AreaProps, Page } from '../parts/shell.tsx';
import { Shell } from '../parts/shell.tsx';
import { SignInPage } from '../parts/sign-in-page.tsx';
import { Webhooks } from '../parts/webhooks.tsx';
import { AccountPage } from './account-page.tsx';
import { AccountsPage } from './accounts-page.tsx';
import { AddressesPage } from './addresses-page.tsx';
import { AdminStart } from './admin-start.tsx';
import { AliasPage } from './alias-page.tsx';
import { ChangesPage } from './changes-page.tsx';
import { DnsPage } from './dns-page.tsx';
import { DomainsPage } from './domains-page.tsx';
import { LimitsPage } from './limits-page.tsx';
import { MailPage, MailWayPage } from './mail-page.tsx';
import { QueuePage } from './queue-page.tsx';
import { ReportsPage } from './reports-page.tsx';
import { RoutesPage } from './routes-page.tsx';
import { SettingsPage } from './settings-page.tsx';

interface AdminPage extends Page {
  readonly show: (props: AreaProps) => preact.ComponentChild;
}

const PAGES: readonly AdminPage[] = [
  { path: '/admin/', title: 'Overview', show: () => <AdminStart /> },
  {
    path: '/admin/accounts',
    title: 'Accounts',
    show: ({ session }) => <AccountsPage isOwner={session.mayAdminister} />,
  },
  { path: '/admin/domains', title: 'Domains', show: ({ session }) => <DomainsPage isOwner={session.mayAdminister} /> },
  {
    path: '/admin/addresses',
    title: 'Addresses',
    show: ({ session }) => <AddressesPage own={session.mayAdminister ? null : session.account} />,
  },
  { path: '/admin/mail', title: 'Mail', show: () => <MailPage /> },
  { path: '/admin/queue', title: 'Queue', show: () => <QueuePage /> },
  { path: '/admin/routes', title: 'Ways out', show: () => <RoutesPage /> },
  { path: '/admin/webhooks', title: 'Webhooks', show: () => <Webhooks path="/admin/webhooks" isOfServer /> },
  { path: '/admin/reports', title: 'Reports', show: () => <ReportsPage /> },
  { path: '/admin/limits', title: 'Login limits', show: () => <LimitsPage /> },
  {
    path: '/admin/logins',
    title: 'Login history',
    show: () => <LoginsPage path="/admin/logins" lead="Who logged in to this server, or tried to." hasAccounts />,
  },
  { path: '/admin/changes', title: 'Changes', show: () => <ChangesPage /> },
  { path: '/admin/settings', title: 'Settings', show: () => <SettingsPage /> },
];
/** Of who administers domains, not the server. */
const OF_DOMAINS = ['/admin/accounts', '/admin/domains', '/admin/addresses'];
const SIGN_IN: AdminPage = {
  path: '/admin/sign-in',
  title: 'Signing in',
  show: ({ onLeave }) => <SignInPage hasPassword={false} onLeave={onLeave} />,
};

export function AdminArea(props: AreaProps) {
  const path = props.path === '/admin' ? '/admin/' : props.path;
  const isByPassword = props.session.account === null;
  const mayBe = props.session.mayAdminister ? PAGES : PAGES.filter((page) => OF_DOMAINS.includes(page.path));
  const pages = isByPassword ? [...mayBe, SIGN_IN] : mayBe;
  const other = isByPassword ? null : { path: '/', title: 'Your own account' };
  return (
    <Shell {...props} path={placeOf(path, pages)} pages={pages} other={other}>
      {pageAt(path, props, pages)}
    </Shell>
  );
}

function pageAt(path: string, props: AreaProps, pages: readonly AdminPage[]) {
  const account = nameAfter(path, '/admin/accounts/');
  if (account !== null) return <AccountPage key={account} name={account} isOwner={props.session.mayAdminister} />;
  const domain = nameAfter(path, '/admin/domains/');
  if (domain !== null) return <DnsPage key={domain} domain={domain} />;
  const alias = nameAfter(path, '/admin/aliases/');
  if (alias !== null) return <AliasPage key={alias} address={alias} />;
  const message = props.session.mayAdminister ? nameAfter(path, '/admin/mail/') : null;
  if (message !== null) return <MailWayPage key={message} name={message} />;
  const first = path === '/admin/' ? pages[0] : undefined;
  const page = pages.find((each) => each.path === path) ?? first;
  return page === undefined ? <NotFound home="/admin/" /> : page.show(props);
}

/** Which page of those that are linked one is on, or below. */
function placeOf(path: string, pages: readonly AdminPage[]): string {
  if (path.startsWith('/admin/aliases/')) return '/admin/addresses';
  return path === '/admin/' ? (pages[0]?.path ?? path) : path;
}

/** What a person typed may be no encoding of anything. */
function nameAfter(path: string, prefix: string): string | null {
  if (!path.startsWith(prefix) || path === prefix) return null;
  try {
    return decodeURIComponent(path.slice(prefix.length));
  } catch {
    return null;
  }
}
