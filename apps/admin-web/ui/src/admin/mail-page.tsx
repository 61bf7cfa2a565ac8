import { useState } from 'preact/hooks';
import { Card, PageHead } from '../parts/basics.tsx';
import { MailList } from '../parts/mail-list.tsx';
import { ANYTHING, MailSearch } from '../parts/mail-search.tsx';
import { MailWay } from '../parts/mail-way.tsx';

const HINT =
  'An address, or two: of who sent it and whom it was for. Or a Message-ID, the id at the end of an error, or the IP address of a server.';

/** What became of all mail. */
export function MailPage() {
  const [sought, setSought] = useState(ANYTHING);
  return (
    <>
      <PageHead
        title="Mail"
        lead="What came, what was refused and why, and where it is. Without its subject and text."
      />
      <Card>
        <MailSearch hint={HINT} onSearch={setSought} />
        <MailList
          path="/admin/mail"
          sought={sought}
          hasFrom
          hasTo
          pageOf={({ transactionId }) => `/admin/mail/${transactionId}`}
        />
      </Card>
    </>
  );
}

export const MailWayPage = ({ name }: { name: string }) => (
  <MailWay path="/admin/mail" name={name} list="/admin/mail" />
);
