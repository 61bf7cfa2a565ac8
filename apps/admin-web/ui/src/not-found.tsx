import { Empty, PageHead } from './parts/basics.tsx';
import { Link } from './router.tsx';
import { t } from './texts/texts.ts';

export function NotFound({ home }: { home: string }) {
  return (
    <>
      <PageHead title={t.page.noPage} />
      <Empty>
        <p>{t.page.nothingThere}</p>
        <Link to={home}>{t.page.toFirst}</Link>
      </Empty>
    </>
  );
}
