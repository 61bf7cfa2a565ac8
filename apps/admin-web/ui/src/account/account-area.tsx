import { NotFound } from '../not-found.tsx';
import { LoginsPage } from '../parts/logins.tsx';
import type { AreaProps, Page } from '../parts/shell.tsx';
import { Shell } from '../parts/shell.tsx';
import { SignInPage } from '../parts/sign-in-page.tsx';
import { Webhooks } from '../parts/webhooks.tsx';
import { t } from '../texts/texts.ts';
import { AccountStart } from './account-start.tsx';
import { AppPasswordsPage } from './app-passwords.tsx';
import { DevicesPage } from './devices.tsx';
import { MailPage, MailWayPage } from './mail-page.tsx';
import { OutgoingPage } from './outgoing.tsx';
import { RemovedPage } from './removed.tsx';
import { SetupPage } from './setup.tsx';

interface AccountPage extends Page {
  readonly show: (props: AreaProps) => preact.ComponentChild;
}

/** With titles in the language that holds. */
const pages = (): readonly AccountPage[] => [
  { path: '/', title: t.account.nav, show: () => <AccountStart /> },
  { path: '/account/setup', title: t.setup.nav, show: () => <SetupPage /> },
  { path: '/account/devices', title: t.devices.nav, show: () => <DevicesPage /> },
  { path: '/account/app-passwords', title: t.appPasswords.nav, show: () => <AppPasswordsPage /> },
  { path: '/account/mail', title: t.mail.nav, show: () => <MailPage /> },
  { path: '/account/outgoing', title: t.outgoing.nav, show: () => <OutgoingPage message={null} /> },
  {
    path: '/account/webhooks',
    title: t.webhooks.nav,
    show: () => <Webhooks path="/account/webhooks" isOfServer={false} />,
  },
  { path: '/account/removed', title: t.removed.nav, show: () => <RemovedPage /> },
  {
    path: '/account/logins',
    title: t.logins.nav,
    show: () => <LoginsPage path="/account/logins" lead={t.logins.lead} hasAccounts={false} />,
  },
  {
    path: '/account/sign-in',
    title: t.signingIn.nav,
    show: ({ onLeave }) => <SignInPage hasPassword onLeave={onLeave} />,
  },
];

/** A mail transaction, or a message as the log names it. */
const MESSAGE = /^\/account\/(mail|outgoing)\/([0-9a-f-]{1,80})$/;

export function AccountArea(props: AreaProps) {
  const { path, session } = props;
  const all = pages();
  const page = all.find((each) => each.path === path);
  const [, list, message] = MESSAGE.exec(path) ?? [];
  const other = administration(session);
  return (
    <Shell {...props} pages={all} other={other} hasLanguages>
      {message !== undefined ? (
        list === 'mail' ? (
          <MailWayPage key={message} name={message} />
        ) : (
          <OutgoingPage key={message} message={message} />
        )
      ) : page === undefined ? (
        <NotFound home="/" />
      ) : (
        page.show(props)
      )}
    </Shell>
  );
}

function administration({ mayAdminister, domains }: AreaProps['session']) {
  if (mayAdminister) return { path: '/admin/', title: t.page.administer };
  return domains.length === 0 ? null : { path: '/admin/', title: t.page.administerDomains };
}
