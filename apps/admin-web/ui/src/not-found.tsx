import { Empty, PageHead } from './parts/basics.tsx';
import { Link } from './router.tsx';

export function NotFound({ home }: { home: string }) {
  return (
    <>
      <PageHead title="No such page" />
      <Empty>
        <p>There is nothing at this address, or it was removed.</p>
        <Link to={home}>To the first page</Link>
      </Empty>
    </>
  );
}
