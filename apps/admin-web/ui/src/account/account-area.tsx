import { NotFound } from '../not-found.tsx';
import { LoginsPage } from '../parts/logins.tsx';
import type { AreaProps, Page } from '../parts/shell.tsx';
import { Shell } from '../parts/shell.tsx';
import { SignInPage } from '../parts/sign-in-page.tsx';
import { AccountStart } from './account-start.tsx';
import { AppPasswordsPage } from './app-passwords.tsx';
import { DevicesPage } from './devices.tsx';
import { RemovedPage } from './removed.tsx';
import { SetupPage } from './setup.tsx';

const PAGES: readonly (Page & { readonly show: (props: AreaProps) => preact.ComponentChild })[] = [
  { path: '/', title: 'Overview', show: () => <AccountStart /> },
  { path: '/account/setup', title: 'Mail program', show: () => <SetupPage /> },
  { path: '/account/devices', title: 'Devices', show: () => <DevicesPage /> },
  { path: '/account/app-passwords', title: 'App passwords', show: () => <AppPasswordsPage /> },
  { path: '/account/removed', title: 'Removed mail', show: () => <RemovedPage /> },
  {
    path: '/account/logins',
    title: 'Login history',
    show: () => (
      <LoginsPage path="/account/logins" lead="Who logged in to your account, or tried to." hasAccounts={false} />
    ),
  },
  {
    path: '/account/sign-in',
    title: 'Signing in',
    show: ({ onLeave }) => <SignInPage hasPassword onLeave={onLeave} />,
  },
];

export function AccountArea(props: AreaProps) {
  const { path, session } = props;
  const page = PAGES.find((each) => each.path === path);
  const other = administration(session);
  return (
    <Shell {...props} pages={PAGES} other={other}>
      {page === undefined ? <NotFound home="/" /> : page.show(props)}
    </Shell>
  );
}

function administration({ mayAdminister, domains }: AreaProps['session']) {
  if (mayAdminister) return { path: '/admin/', title: 'Administer this server' };
  return domains.length === 0 ? null : { path: '/admin/', title: 'Administer your domains' };
}
