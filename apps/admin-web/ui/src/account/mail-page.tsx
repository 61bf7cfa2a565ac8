import { useState } from 'preact/hooks';
import type { SentEntry } from '../../../src/schemas/account-queue.ts';
import { Card, PageHead, Select } from '../parts/basics.tsx';
import { MailList } from '../parts/mail-list.tsx';
import { ANYTHING, MailSearch } from '../parts/mail-search.tsx';
import { MailWay } from '../parts/mail-way.tsx';
import { Link } from '../router.tsx';
import { t } from '../texts/texts.ts';
import { useData } from '../use-data.ts';

/** What came for an account, also what was refused, and what it sent, with its state. */
export function MailPage() {
  const [direction, setDirection] = useState('in');
  const [sought, setSought] = useState(ANYTHING);
  return (
    <>
      <PageHead title={t.mail.title} lead={t.mail.lead} />
      <Card>
        <Select
          label={t.mail.show}
          value={direction}
          options={[
            ['in', t.mail.directions.in],
            ['out', t.mail.directions.out],
          ]}
          onValue={setDirection}
        />
        <MailSearch hint={t.mail.hint} onSearch={setSought} />
        <MailList
          path={`/account/mail?direction=${direction}`}
          sought={sought}
          hasFrom={direction === 'in'}
          hasTo
          pageOf={({ transactionId }) => `/account/mail/${transactionId}`}
        />
      </Card>
    </>
  );
}

export const MailWayPage = ({ name }: { name: string }) => (
  <MailWay
    path="/account/mail"
    name={name}
    list="/account/mail"
    after={({ message, sender }) => (message === null || sender === null ? null : <Waiting message={message} />)}
  />
);

/** That a message waits for other servers, and where its sending can be cancelled. */
function Waiting({ message }: { message: string }) {
  const { data } = useData<SentEntry[]>(`/account/queue?message=${encodeURIComponent(message)}`);
  if (data === null || data.length === 0) return null;
  return (
    <Card title={t.outgoing.title}>
      <p>{t.mail.waitsFor(data.length)}</p>
      <div class="actions">
        <Link to={`/account/outgoing/${encodeURIComponent(message)}`}>{t.mail.whyOrCancel}</Link>
      </div>
    </Card>
  );
}
