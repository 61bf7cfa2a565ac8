import { t } from '../texts/texts.ts';
import { PageHead } from './basics.tsx';
import { CodesCard } from './signing-in/codes-card.tsx';
import { PasskeysCard } from './signing-in/passkeys-card.tsx';
import { PasswordCard } from './signing-in/password-card.tsx';
import { SessionsCard } from './signing-in/sessions-card.tsx';
import { TokensCard } from './signing-in/tokens-card.tsx';

interface SignInPageProps {
  /** Of an account, which can be changed here. */
  readonly hasPassword: boolean;
  readonly onLeave: () => void;
}

/** By what one signs in to the web, and where one is. */
export function SignInPage({ hasPassword, onLeave }: SignInPageProps) {
  return (
    <>
      <PageHead title={t.signingIn.title} lead={t.signingIn.lead} />
      <div class="packed">
        {hasPassword ? <PasswordCard /> : null}
        <CodesCard />
        <PasskeysCard />
        <TokensCard hasAccount={hasPassword} />
      </div>
      <SessionsCard onLeave={onLeave} />
    </>
  );
}
