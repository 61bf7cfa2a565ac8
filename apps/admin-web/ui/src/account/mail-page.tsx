import { useState } from 'preact/hooks';
import { Card, PageHead, Select } from '../parts/basics.tsx';
import { MailList } from '../parts/mail-list.tsx';
import { ANYTHING, MailSearch } from '../parts/mail-search.tsx';
import { MailWay } from '../parts/mail-way.tsx';
import { t } from '../texts/texts.ts';

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
  <MailWay path="/account/mail" name={name} list="/account/mail" />
);
