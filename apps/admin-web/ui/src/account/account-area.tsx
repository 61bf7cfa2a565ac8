import { NotFound } from '../not-found.tsx';
import type { AreaProps, Page } from '../parts/shell.tsx';
import { Shell } from '../parts/shell.tsx';
import { AccountStart } from './account-start.tsx';

const PAGES: readonly (Page & { readonly show: (props: AreaProps) => preact.ComponentChild })[] = [
  { path: '/', title: 'Overview', show: () => <AccountStart /> },
];

export function AccountArea(props: AreaProps) {
  const { path, session } = props;
  const page = PAGES.find((each) => each.path === path);
  const other = session.mayAdminister ? { path: '/admin/', title: 'Administer this server' } : null;
  return (
    <Shell {...props} pages={PAGES} other={other}>
      {page === undefined ? <NotFound home="/" /> : page.show(props)}
    </Shell>
  );
}
