import { PageHead } from '../parts/basics.tsx';

export function AdminStart() {
  return <PageHead title="This server" lead="Whether all is well." />;
}
