import { NotFound } from '../not-found.tsx';
import type { AreaProps, Page } from '../parts/shell.tsx';
import { Shell } from '../parts/shell.tsx';
import { AdminStart } from './admin-start.tsx';

const PAGES: readonly (Page & { readonly show: (props: AreaProps) => preact.ComponentChild })[] = [
  { path: '/admin/', title: 'Overview', show: () => <AdminStart /> },
];

export function AdminArea(props: AreaProps) {
  const path = props.path === '/admin' ? '/admin/' : props.path;
  const page = PAGES.find((each) => each.path === path);
  const other = props.session.account === null ? null : { path: '/', title: 'Your own account' };
  return (
    <Shell {...props} path={path} pages={PAGES} other={other}>
      {page === undefined ? <NotFound home="/admin/" /> : page.show(props)}
    </Shell>
  );
}
