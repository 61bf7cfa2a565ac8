import { useCallback, useEffect, useState } from 'preact/hooks';
import type { Session } from '../../src/schemas/session.ts';
import { AccountArea } from './account/account-area.tsx';
import { ApiError, ask } from './api.ts';
import { listen } from './events.ts';
import { LazyAdminArea } from './lazy-admin-area.tsx';
import { Loading } from './parts/basics.tsx';
import { ProofDialog } from './parts/proof-dialog.tsx';
import { usePath } from './router.tsx';
import { SignIn } from './sign-in.tsx';
import { chosenLanguage, speak, t } from './texts/texts.ts';

/** `unknown`: the server was not asked yet, or does not answer. */
type State =
  | { readonly type: 'unknown' }
  | { readonly type: 'nobody' }
  | { readonly type: 'somebody'; readonly session: Session };

/** Who is there, and what they see. */
export function App() {
  const path = usePath();
  const [state, setState] = useState<State>({ type: 'unknown' });
  const [isAway, setAway] = useState(false);
  const [language, setLanguage] = useState(chosenLanguage());
  const [wasSignedIn, setWasSignedIn] = useState(false);

  useEffect(() => {
    const abort = new AbortController();
    ask<Session | null>('/session', abort.signal).then(
      ({ data }) => setState(data === null ? { type: 'nobody' } : { type: 'somebody', session: data }),
      (error: unknown) => {
        if (!abort.signal.aborted && error instanceof ApiError) setState({ type: 'nobody' });
      },
    );
    return () => abort.abort();
  }, []);
  useEffect(
    () =>
      listen((event) => {
        if (event === 'signed-out') {
          setWasSignedIn(true);
          setState({ type: 'nobody' });
        } else if (event === 'language') setLanguage(chosenLanguage());
        else setAway(event === 'away');
      }),
    [],
  );
  const enter = useCallback((session: Session) => {
    setWasSignedIn(false);
    setState({ type: 'somebody', session });
  }, []);
  const leave = useCallback(() => {
    setWasSignedIn(false);
    setState({ type: 'nobody' });
  }, []);

  const isAdmin = path === '/admin' || path.startsWith('/admin/');
  // Pages of the administration are in English alone, and what stands around them too.
  speak(isAdmin ? 'en' : language);
  return (
    <>
      {isAway ? (
        <div class="banner" role="status">
          {t.page.away}
        </div>
      ) : null}
      {content()}
      <ProofDialog />
    </>
  );

  function content() {
    if (state.type === 'unknown') {
      return (
        <div class="alone">
          <Loading />
        </div>
      );
    }
    const session = state.type === 'somebody' ? state.session : null;
    const mayEnter =
      session !== null && (isAdmin ? session.mayAdminister || session.domains.length > 0 : session.account !== null);
    if (!mayEnter)
      return <SignIn as={isAdmin ? 'admin' : 'account'} session={session} isOver={wasSignedIn} onEnter={enter} />;
    if (isAdmin) return <LazyAdminArea path={path} session={session} onLeave={leave} />;
    return <AccountArea path={path} session={session} onLeave={leave} />;
  }
}
